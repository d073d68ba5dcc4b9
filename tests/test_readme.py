"""The README's and the docs' commands, scenes, links and tables hold: every page alike."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_formats import new_layer

from render.__main__ import COMMANDS, parser, render
from render.language.functions import FUNCTIONS, NUMEXPR
from render.language.section import Section
from render.scene.reader import SceneError, read_scene
from render.scene.scene import Scene

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))
EXTRAS = (
    r"(python3 -m venv \.venv|source \.venv/bin/activate|pip install (-e )?'?\.(\[\w+\])?'?|"
    r'eval "\$\(register-python-argcomplete dreamreel\)")\s*(#.*)?'
)


def blocks(page: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page: language, text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page, re.S | re.M)


def of(page: Path, language: str) -> list[str]:
    return [text for name, text in blocks(page.read_text(encoding="utf-8")) if name == language]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def anchors(page: Path) -> set[str]:
    """What GitHub calls a page's headings in links."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def keys(section: Section, prefix: str = "") -> list[str]:
    """Every key of a scene, by its dotted path."""
    kinds = {f"{prefix}{name}": section.kind(name) for name in section.keys()}  # noqa: SIM118 - no mapping
    inner = [keys(kind, f"{path}.") for path, kind in kinds.items() if isinstance(kind, Section)]
    return [*kinds, *(path for paths in inner for path in paths)]


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes an example as my.yaml into a folder of its own, with the files that it names, and hands its path on."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        for name in re.findall(r"[\w/]+\.(?:jpg|png|mp4|caffemodel|mp3|wav|npz)\b", re.sub(r"path: \S+", "", text)):
            Path(name).parent.mkdir(exist_ok=True, parents=True)
            if name.endswith(".caffemodel"):
                Path(name).write_bytes(new_layer("conv1/7x7_s2", np.zeros((64, 3, 7, 7), np.float32)))
            else:
                Image.fromarray(np.zeros((4, 4), np.uint8)).save(Path(name), "png")
        Path("my.yaml").write_text(text, encoding="utf-8")
        return Path("my.yaml")

    return write


def whole(text: str) -> str:
    """An example with the start and duration that it leaves to others."""
    start = "" if re.search("^start:", text, re.M) else "start: {noise: perlin}\n"
    return text + start + ("" if re.search("^(duration|frames):", text, re.M) else "duration: 4\n")


def test_the_first_two_commands_set_everything_up_by_themselves():
    film, tests = of(ROOT / "README.md", "sh")[:2]
    assert len(film.strip().splitlines()) == len(tests.strip().splitlines()) == 1
    for line in (film, tests):
        assert "-m venv" in line and "pip install" in line
    assert film.strip().endswith("python -m render configs/endless_zoom.yaml")
    assert tests.strip().endswith("python -m pytest")
    assert f"<!-- test line -->\n```sh\n{tests}" in README, "continuous integration runs this very line"


def test_the_readme_is_a_page_and_names_all_others():
    assert len(README.encode()) < 9000
    assert {f"docs/{page.name}" for page in EXAMPLES[1:]} <= set(re.findall(r"\]\(([^)#]+)", README))


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda p: p.stem)
def test_every_command_names_a_scene_and_options_that_exist(page):
    lines = [line for block in of(page, "sh")[2 * (page.stem == "README") :] for line in block.splitlines()]
    inline = re.findall(
        r"`((?:PYTHONPATH=\. )?python (?:-m render|scripts/) ?[^`]+)`", page.read_text(encoding="utf-8")
    )
    for line in [*lines, *inline]:
        words = shlex.split(line, comments=True)
        if words[:3] == ["python", "-m", "render"]:
            _, grammar = COMMANDS.get(words[3], (render, parser))
            options = grammar().parse_args(words[4:] if words[3] in COMMANDS else words[3:])
            scene = getattr(options, "scene", None)
            assert scene is None or (ROOT / scene).exists() or scene.name in ("my.yaml", "film.mp4"), line
        elif words[:2] == ["PYTHONPATH=.", "python"]:
            script = (ROOT / words[2]).read_text(encoding="utf-8")
            assert all(f'"{word}"' in script for word in words if word.startswith("-")), line
        else:
            assert re.fullmatch(EXTRAS, line), line


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda p: p.stem)
def test_every_scene_reads_without_a_mistake_or_with_the_very_ones_that_are_shown(page, beside):
    there = blocks(page.read_text(encoding="utf-8"))
    for (language, text), (after, shown) in pairwise([*there, ("", "")]):
        wrong = shown.splitlines() if after == "text" and shown.startswith("my.yaml:") else []
        if language == "yaml" and wrong:
            with pytest.raises(SceneError) as error:
                read_scene(beside(text))
            assert error.value.problems == wrong
        elif language == "yaml":
            read_scene(beside(whole(text)))
        else:
            assert language in ("sh", "text"), f"who holds a block of {language or 'nothing'}?"


@pytest.mark.parametrize("page", EXAMPLES, ids=lambda p: p.stem)
def test_every_key_with_a_value_within_a_sentence_is_one_that_a_scene_takes(page, beside):
    """Such as `border: wrap`: the value suits at least one of the keys of that name."""
    for name, value in re.findall(r"`([a-z_.]+): ([^`]+)`", prose(page)):
        paths = [path for path in keys(Section(Scene)) if path == name or path.endswith(f".{name}")]
        assert any(takes(beside, path, value) for path in paths), f"{name}: {value}"


def takes(beside, path: str, value: str) -> bool:
    """Whether a scene, of noise or of a picture, can hold this value at a path."""
    for start in ("noise: perlin", "image: a.jpg"):
        try:
            read_scene(beside(whole(f"start: {{{start}}}\n# a.jpg {value}\n")), [f"{path}={value}"])
            return True
        except SceneError:
            continue
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if not path.startswith("http"):
            there = (page.parent / path) if path else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


def test_every_function_of_an_expression_is_told():
    told = (ROOT / "docs" / "movement.md").read_text(encoding="utf-8")
    assert not [name for name in {*FUNCTIONS} - {*NUMEXPR} if not re.search(rf"\b{name}\b", told)]


def test_the_reference_is_the_dataclasses_own():
    from scripts.write_reference import PAGE, written

    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run python scripts/write_reference.py"
