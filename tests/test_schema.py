"""The editor's schema is current, and judges scenes as the reader does."""

# ruff: noqa: F401, F811 - a fixture is imported, and named again by the tests that take it

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from scenes import TWO_LINES, folder, read

from render.language.document import compose
from render.language.marks import Mark, Node, Problems
from render.scene.reader import SceneError

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(ROOT.joinpath("configs").glob("*.yaml"))
SCHEMA = json.loads(ROOT.joinpath("configs", "scene.schema.json").read_text(encoding="utf-8"))


def script() -> Any:
    """scripts/write_schema.py as a module."""
    spec = importlib.util.spec_from_file_location("write_schema", ROOT / "scripts" / "write_schema.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(node: Node) -> Any:
    """A tree as JSON would hold it."""
    if isinstance(node.value, dict):
        return {name: plain(entry.value) for name, entry in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, list) else node.value


def valid(text: str) -> bool:
    """Whether a scene's text fits the schema."""
    jsonschema = pytest.importorskip("jsonschema")
    tree = plain(compose(text, Mark("s.yaml", 1, 1), Problems()))
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(tree)


def test_it_is_current():
    assert ROOT.joinpath("configs", "scene.schema.json").read_text(encoding="utf-8") == script().written(), (
        "run python scripts/write_schema.py"
    )


def test_it_is_a_schema():
    pytest.importorskip("jsonschema").Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_scene_that_ships_is_valid(path):
    assert valid(path.read_text(encoding="utf-8"))


GOOD = [
    "motion: {zoom: 1 + 0.1 * sin(t)}",
    "motion: {zoom: '0:(1.02), 60:(1.05)', translate: [0, {0: 1, 50%: 2, ease: smooth}]}",
    "dream: {octaves: {smallest: 96}, keep: {0s: 1, 96f: 0}}",
    "dream: {octaves: {0s: 1, 4s: 3}, keep: {mean: 0.1, target: 50}, tile: auto}",
    "dream: {layers: [fire7, 'fire8[3, 17 - 20]', 'fire8[5-6]']}",
    "dream: {layers: {fire7: {8b: 1}, 'fire8[3]': -1}}\nbpm: 120",
    "dream: {iterations: {octaves: [10, {0s: 8, 4s: 2}, 4 + t]}, jitter: {octaves: [8]}, step_size: {0s: 1}}",
    "dream: {symmetry: 6, tile: off, wobble: {0s: 0, 4s: 0.1}}",
    "dream: {wobble: {scale: 0.05, rotate: 4 * p}}",
    "dream: {symmetry: mirror, tile: 128}",
    "dream:\nmodel: squeezenet1_1\nfps: 30000/1001",
    "output: {path: x.gif, crf: 20, record: octaves}",
    "dream: {keep: {palette: [teal, '#fff', [1, 2, 3]], strength: 1 - p}}",
    "dream: {keep: {palette: {teal: 2, gold: {0s: 0, 4s: 1}}}}",
    "dream: {keep: {palette: gold, target: 50}}",
]
BAD = [
    "motion: {zom: 1}",
    "motion: {zoom: 0}",
    "motion: {zoom: [1, 2]}",
    "motion: {zoom: {0s: 1, ease: bounce}}",
    "motion: {zoom: {later: 1}}",
    "motion: {translate: 0}",
    "dream: {octaves: 2.5}",
    "dream: {octaves: {largest: 9}}",
    "dream: {iterations: {octaves: [1.5]}}",
    "dream: {jitter: {octaves: []}}",
    "dream: {step_size: {octave: [1]}}",
    "dream: {symmetry: 2.5}",
    "dream: {symmetry: sixfold}",
    "dream: {keep: 2}",
    "dream: {layers: {'fire7[': 1}}",
    "dream: {layers: 'fire7[3-]'}",
    "size: [641, 360]",
    "frames: 5",
    "fps: fast",
    "dream: {keep: {palette: []}}",
    "dream: {keep: {palette: teel}}",
    "dream: {keep: {palette: {teal: -1}}}",
    "output: {record: frame}",
    "colour: 5",
]


@pytest.mark.parametrize("more", GOOD)
def test_what_the_reader_takes_is_valid(more, folder):
    read(TWO_LINES + more)
    assert valid(TWO_LINES + more)


@pytest.mark.parametrize("more", BAD)
def test_what_the_reader_refuses_is_not(more, folder):
    with pytest.raises(SceneError):
        read(TWO_LINES + more)
    assert not valid(TWO_LINES + more)


@pytest.mark.parametrize(
    "text", ["duration: 4", "start: {noise: uniform}", "start: {noise: uniform, image: x.png}\nframes: 1"]
)
def test_a_start_and_a_length_are_needed(text):
    assert not valid(text)
