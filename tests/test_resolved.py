"""A scene that is read, written and read again is the same scene."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from render.film.keeping.provenance import described
from render.scene.reader import read_scene
from render.scene.resolved import as_text, files
from render.scene.scene import QUALITIES, Scene
from tests.scenes import folder, read  # noqa: F401 - a fixture

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


def again(scene: Scene) -> Scene:
    """The scene by way of its record, which lies where its film would."""
    record = scene.output.path.with_suffix(".json")
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(as_text(described(scene)), encoding="utf-8")
    return read_scene(record)


def absolute(scene: Scene) -> str:
    """A scene for comparison: its paths may be written in several ways."""
    text = repr(scene)
    for _, path in files(scene):
        text = text.replace(repr(path), repr(path.resolve()))
    return text


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("quality", [None, *QUALITIES])
def test_every_scene_that_ships(folder, config, quality):  # noqa: F811
    scene = read_scene(config, quality=quality)
    assert absolute(again(scene)) == absolute(scene)


@pytest.mark.parametrize(
    "text",
    [
        "start: {noise: perlin, scale: 0.001, level: 0.1, contrast: 1e-3}\nframes: 7\nfps: 30000/1001",
        'start: {colour: "#204060"}\nduration: 0.3\nfps: 23.976\nbpm: 123.4',
        "start: {noise: perlin, palette: [teal, '#123', [0.5, 1, 255]]}\nframes: 3\ndream: {keep: {palette: grey.png}}",
        "start: {image: grey.png, palette: {teal: 2, grey.png: {0s: 0, 1s: 1}}}\nduration: 1\ndream: {keep: {mean: 0}}",
        "start: {colour: [0.5, 1, 255]}\nduration: 4\ndream: {keep: {mean: {0s: 0, 1s: 1}, target: 50}}",
        'start: {image: grey.png, fit: contain}\nframes: 3\ndream: {layers: {"fire7[3,17-20]": -0.5, fire2: "sin(t)"}}',
        "start: {video: film.mp4, fit: stretch}\nframes: 3",
        'duration: 4\nstart: {noise: uniform}\nmotion: {translate: [0, "0:(0), 60:(0.01*t + max_f)"], per: second}',
        "frames: 9\nstart: {noise: uniform}\ndream: {symmetry: mirror}",
        "frames: 9\nstart: {noise: uniform}\ndream: {symmetry: 6, tile: off}",
        "duration: 9\nstart: {noise: uniform}\nmotion: {zoom: {0s: 1, 3f: 1.1, 50%: 1.2, 100%: 1, ease: spline}}",
        "frames: 9\nbpm: 90\nstart: {noise: uniform}\ndream: {octaves: {smallest: {0b: 16, 1b: 32}}, tile: 128}",
        "frames: 9\nstart: {noise: perlin}\ndream: {iterations: {octaves: [9, {0: 8, 4: 2}]}, jitter: {octaves: [t]}}",
        "frames: 1\nstart: {noise: uniform}\ndream: {layers: [fire7, fire7, 'fire7[1]']}\noutput: {path: a/é😀.png}",
        "frames: 9\nstart: {noise: uniform}\noutput: {path: '~x \"y\" z: .gif', record: iterations}",
    ],
)
def test_all_ways_to_write_a_scene(folder, text):  # noqa: F811
    scene = read(text)
    assert absolute(again(scene)) == absolute(scene)


curves = st.one_of(
    st.floats(0.01, 9).map(repr),
    st.integers(1, 9).map(str),
    st.sampled_from(['"1 + 0.5 * sin(t / 3)"', '"0:(1), 2:(1.5 + 0.1*cos(t)), max_f:(2)"', '"mix(1, 2, p)"']),
    st.builds(
        lambda times, unit, values, ease: (
            "{"
            + ", ".join(f"{t}{unit}: {v}" for t, v in zip(sorted(times), values, strict=False))
            + f", ease: {ease}}}"
        ),
        st.sets(st.integers(0, 4000).map(lambda n: n / 1000), min_size=2, max_size=4),
        st.sampled_from(["s", "f", "b", "%"]),
        st.lists(st.floats(0.1, 5), min_size=4, max_size=4),
        st.sampled_from(["linear", "step", "smooth", "in", "out", "in_out", "spline"]),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(curves, min_size=5, max_size=5), st.fractions(2, 60, max_denominator=1001), st.sampled_from([None, "low"])
)
def test_curves(folder, curves, fps, quality):  # noqa: F811
    zoom, step, weight, turn, target = curves
    text = f"""
        fps: {fps.numerator}/{fps.denominator}
        bpm: 120
        duration: 5
        start: {{noise: uniform}}
        dream: {{layers: {{fire2: {weight}}}, step_size: {step}, keep: {{target: {target}}}}}
        motion: {{zoom: {zoom}, rotate: {turn}}}
    """
    scene = read(text, quality=quality)
    assert again(scene) == scene


def test_no_default_is_left_out(folder):  # noqa: F811
    scene = read("start: {noise: uniform}\nduration: 4\n", quality="draft")
    record = json.loads(as_text(described(scene)))
    assert record["scene"]["dream"]["step_size"] == 1.5 and record["scene"]["fps"] == 12
    assert record["written_fps"] == 24 and again(scene).motion.fps == Fraction(24)


def test_characters_that_yaml_would_refuse():
    text = "\x7f\x85\u2028\ufeff\U0001f600é\\\"'"
    assert json.loads(as_text({"a": text})) == {"a": text}
    assert not set("\x7f\x85\ufeff") & set(as_text({"a": text}))
