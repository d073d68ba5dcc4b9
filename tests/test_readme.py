"""The README's lines, keys and links hold."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_the_first_two_commands_set_everything_up_by_themselves():
    film, tests = blocks("sh")[:2]
    assert len(film.strip().splitlines()) == len(tests.strip().splitlines()) == 1
    for line in (film, tests):
        assert "-m venv" in line and "pip install" in line
    assert film.strip().endswith("python -m render configs/endless_zoom.yaml")
    assert tests.strip().endswith("python -m pytest")
    assert f"<!-- test line -->\n```sh\n{tests}" in README, "continuous integration runs this very line"


def test_every_command_names_a_scene_and_options_that_exist():
    from render.__main__ import COMMANDS, parser, render

    lines = [line for block in blocks("sh")[2:] for line in block.splitlines() if line.startswith("python -m render ")]
    assert lines
    for line in lines:
        words = shlex.split(line, comments=True)[3:]
        _, grammar = COMMANDS.get(words[0], (render, parser))
        options = grammar().parse_args(words[1:] if words[0] in COMMANDS else words)
        scene = getattr(options, "scene", None)
        assert scene is None or (ROOT / scene).exists() or scene.name == "my.yaml", line


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README):
        path = target[0] or target[1]
        assert path.startswith("http") or (ROOT / path).exists(), path


def test_the_reference_is_the_dataclasses_own():
    from scripts.write_reference import written

    assert written(README) == README, "run python scripts/write_reference.py"
