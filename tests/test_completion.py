"""What the shell offers on TAB, asked as a shell asks."""

# ruff: noqa: F401, F811 - a fixture is imported, and named again by the tests that take it

import argparse
import io
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import argcomplete
import pytest
from scenes import TWO_LINES, folder

import models
from render.__main__ import main, parser
from render.commands import COMMANDS
from render.completion import OFFERED, answer, keys, settings
from render.language.section import Section
from render.scene.overrides import ROOT
from render.scene.scene import QUALITIES, Scene

CODE = Path(__file__).parents[1]
UNKNOWABLE = {"frames", "at", "tiles", "strongest", "side", "joint"}  # numbers, which only the user knows


@pytest.fixture
def tab(folder, monkeypatch) -> Callable[..., list[str]]:
    """What is offered where a line ends, in a folder with a scene and others."""
    Path("mine.yaml").write_text(TWO_LINES + "model: squeezenet1_1\n")
    Path("photos").mkdir()
    Path("photos/sky.JPG").touch()
    Path("photos/notes.txt").touch()
    monkeypatch.setattr(argcomplete.CompletionFinder, "_init_debug_stream", lambda finder: None)

    def ask(line: str) -> list[str]:
        told = io.StringIO()
        asked = partial(argcomplete.CompletionFinder(), output_stream=told, exit_method=sys.exit)
        asking = {"_ARGCOMPLETE": str(1 + 2 * line.startswith("python -m ")), "_ARGCOMPLETE_IFS": "\n"}
        for name, value in {**asking, "COMP_LINE": line, "COMP_POINT": str(len(line))}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(argcomplete, "autocomplete", asked)
        with pytest.raises(SystemExit):
            answer(COMMANDS, parser)
        return sorted(word.strip() for word in told.getvalue().split("\n"))

    return ask


@pytest.mark.parametrize(
    "line, offered",
    [
        ("dreamreel pl", ["plan"]),
        ("dreamreel mi", ["mine.yaml"]),
        ("dreamreel mine.yaml --qua", ["--quality"]),
        ("dreamreel mine.yaml --quality dr", ["draft"]),
        ("dreamreel mine.yaml --each photos/", ["photos/sky.JPG"]),
        ("dreamreel mine.yaml -o fi", ["film.mp4"]),
        ("dreamreel mine.yaml --set motion.sh", ["motion.sharpen="]),
        ("dreamreel mine.yaml --set motion.border=mi", ["motion.border=mirror"]),
        ("dreamreel mine.yaml --set model.name=squ", ["model.name=squeezenet1_1"]),
        ("dreamreel mine.yaml --set model=squ", ["model=squeezenet1_1"]),
        ("dreamreel mine.yaml --set size=", ["size=start"]),
        ("dreamreel mine.yaml --set dream.wobble=", []),
        ("dreamreel mine.yaml --set start.moves=t", ["start.moves=true"]),
        ("dreamreel mine.yaml --set start.image=g", ["start.image=grey.png"]),
        ("dreamreel mine.yaml --set dream.layers=fire1", []),
        ("dreamreel mine.yaml --set dream.layers=fire2", ["dream.layers=fire2"]),
        ("dreamreel mine.yaml --set model=efficientnet_lite0 --set dream.layers=st", ["dream.layers=stem"]),
        ("dreamreel mine.yaml --frames ", []),
        ("dreamreel plan mi", ["mine.yaml"]),
        ("dreamreel plan mine.yaml --ov", ["--overwrite"]),
        ("dreamreel fetch inc", ["inception_v1", "inception_v3"]),
        ("dreamreel layers --model vgg1", ["vgg16", "vgg19"]),
        ("dreamreel layers --layer fire2", ["fire2"]),
        ("dreamreel layers --model efficientnet_lite0 --layer st", ["stem"]),
        ("dreamreel layers --input to", ["torch"]),
        ("dreamreel layers --image gr", ["grey.png"]),
        ("python -m render plan mi", ["mine.yaml"]),
        ("python -m render fetch resn", ["resnet50"]),
        ("python -m render mo", ["models"]),
        ("dreamreel mine.yaml --quallity x --qua", ["--quality"]),
        ("dreamreel nothing/here/", []),
    ],
)
def test_what_is_offered(tab, line, offered):
    if "inc" in line or "resn" in line or "vgg1" in line:
        offered = sorted(name for name in models.NETWORKS if name.startswith(line.split()[-1]))
        assert offered
    assert [word for word in tab(line) if word] == offered


def test_the_first_word_may_be_a_command_or_a_scene_and_options_are_offered_too(tab):
    offered = tab("dreamreel ")
    assert {*COMMANDS, "mine.yaml", "photos/", "--quality"} <= {*offered}
    assert not {"grey.png", "film.mp4", "text.png"} & {*offered}
    assert not {*COMMANDS} & {*tab("dreamreel plan ")}


def test_every_argument_of_every_grammar_is_completed_or_known_to_be_the_users_own():
    for grammar in [parser, *(grammar for _, grammar in COMMANDS.values())]:
        for action in grammar()._actions:
            takes = action.nargs != 0 and action.choices is None
            assert not takes or action.dest in OFFERED or action.dest in UNKNOWABLE, action.dest


def test_every_key_that_is_offered_is_one():
    found = keys(Section(Scene))
    assert {"seed", "model.name", "dream.keep", "dream.keep.palette", "output.path"} <= {*found}
    assert "motion" not in found, "a mapping of many keys is no value"
    for name in found:
        section: Section = ROOT
        *outer, last = name.split(".")
        for part in outer:
            section = section.kind(part)
        assert section.kind(last) is not None
    assert [*settings("seed=", argparse.Namespace(scene="none.yaml", overrides=[]))] == []


@pytest.mark.parametrize("line", ["python -m render ", "python -m render layers --model ", "python -m render a --set "])
def test_it_is_quick_for_nothing_heavy_is_imported(folder, line):
    heavy = "{'jax', 'flax', 'scipy', 'imageio', 'tqdm', 'PIL', 'matplotlib'}"
    code = (
        "import os, sys\nend = os._exit\n"
        f"os._exit = lambda status: end(9 if set(sys.modules) & {heavy} else status)\n"
        "import render.__main__ as it\nit.run()"
    )
    asking = {"_ARGCOMPLETE": "3", "COMP_LINE": line, "COMP_POINT": str(len(line)), "PYTHONPATH": str(CODE)}
    asking["_ARGCOMPLETE_STDOUT_FILENAME"] = str(folder / "told")
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **asking}, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "told").read_text()


def test_shells_that_complete_every_command_find_it():
    """argcomplete's global completion reads the first kilobyte of a module for its mark."""
    assert "PYTHON_ARGCOMPLETE_OK" in (CODE / "render" / "__main__.py").read_text(encoding="utf-8")[:1024]
