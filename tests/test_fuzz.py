"""Whatever is in a scene file or an override, the answer is a Scene or a SceneError of single lines, and comes soon."""

# ruff: noqa: F401 - a fixture is imported, and named again by the tests that take it

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scenes import TWO_LINES, folder

from render.scene.reader import SceneError, read_scene
from render.scene.schedule import frame_params

pytestmark = pytest.mark.usefixtures("folder")

FUZZ = settings(
    max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
WORDS = st.sampled_from(
    """start noise uniform image grey.png duration frames dream layers fire7 octaves smallest keep mean motion zoom
    translate output path x.png record iterations size fps model weights colour ease 0s 4s 1 -1 0.5 1e-3 1e400 .nan ~
    true on 30000/1001 50% "1+t" "#abc" fire7[3] &a *a !!python/x << bpm 8b 96f smooth spline "0:(1),9:(t)"
    1+sin(t) 1/t beat**9 (t) '1-'""".split()  # noqa: SIM905
)
MARKS = st.sampled_from(
    [": ", ":", ", ", "\n", "\n  ", "\n- ", "{", "}", "[", "]", "'", '"', " ", "#", "\t", "|\n", "? ", "---\n"]
)
SOUP = st.lists(st.one_of(WORDS, MARKS, st.text(max_size=3)), max_size=40).map("".join)


def check(data, overrides=(), quality=None):
    Path("s.yaml").write_bytes(data)
    try:
        scene = read_scene("s.yaml", overrides, quality=quality)
        assert scene.length == len(frame_params(scene))
        frame_params(scene)[scene.length - 1]
    except SceneError as error:
        assert error.problems and all(line.isprintable() for line in error.problems)


@FUZZ
@given(st.binary(max_size=60))
@example(b"\xff\xfe a: 1")
@example(b"%YAML 99999999999999999999.1\n---\na: 1")
def test_any_bytes(data):
    check(data)


@FUZZ
@given(SOUP)
@example('a: "\\UFFFFFFFF"')
@example("a: !<%FF> b")
def test_any_text(text):
    check(text.encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.data())
def test_a_good_scene_with_mistakes(data):
    text = (
        TWO_LINES
        + "size: [64, 36]\ndream:\n  layers: {fire7: 1}\n  keep: 0.2\nmotion:\n  zoom: {0s: 1, 4s: 1.1}\n  per: frame\n"
    )
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.one_of(WORDS, MARKS)) + text[at + data.draw(st.integers(0, 6)) :]
    check(text.encode())


PIECES = st.sampled_from(
    """t f p n fps bpm beat max_f sin cos log sqrt noise pulse where clamp x import lambda 1 2.5 1e999 9**9 + - * / ** %
    < == ( ) , : ; . ' " [ ] { } \\ # 0:( 60:( if else not and in \t \n × \0 \ud800""".split(" ")  # noqa: SIM905
)
EXPRESSIONS = st.lists(PIECES, max_size=16).map(" ".join) | st.lists(PIECES, max_size=16).map("".join)
TIMES = st.sampled_from(["0", "4s", "-1.5s", "96f", "50%", "8b", "1e99s", "1e-300", "ease", "later", ".5", "0f", "0b"])
NUMBERS = st.one_of(st.integers(-9, 9), st.floats(), EXPRESSIONS, st.dictionaries(TIMES, st.floats(-9, 9) | WORDS))


@FUZZ
@given(
    st.sampled_from(["motion.zoom", "motion.rotate", "dream.octaves", "dream.keep", "dream.layers.fire7"]),
    NUMBERS,
    st.sampled_from([[], ["bpm=90"], ["bpm=0.01"], ["fps=1000"], ["duration=1e-3"], ["duration=1e7", "fps=5"]]),
    st.sampled_from([None, "draft", "4k"]),
)
@example("motion.zoom", "(" * 10_000, [], None)
@example("motion.zoom", "1 / (t - 2)", [], "4k")
def test_any_schedule(key, value, more, quality):
    text = value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n")
    quoted = "'" + text.replace("'", "''") + "'" if isinstance(value, str) else text.strip()
    parts = key.split(".")
    scene = (
        "start: {noise: uniform}\n"
        + ("" if more else "duration: 4\n")
        + "".join(f"{'  ' * i}{part}:{f' {quoted}' if i == len(parts) - 1 else ''}\n" for i, part in enumerate(parts))
    )
    check(
        scene.encode("utf-8", "surrogatepass"),
        [*more, *(["duration=4"] if more and "dur" not in more[0] else [])],
        quality,
    )


KEYS = [
    *(
        "size",
        "fps",
        "frames",
        "seed",
        "bpm",
        "model",
        "start",
        "start.noise",
        "start.colour",
        "start.image",
        "output.path",
    ),
    *("dream.layers", "dream.octaves", "dream.keep", "motion.zoom", "motion.zoom.0s", "motion.translate"),
]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)


@FUZZ
@given(st.sampled_from(KEYS), VALUES)
def test_any_value_for_a_key(key, value):
    written = yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n")
    check(TWO_LINES.encode(), [f"{key}={written}"])


@FUZZ
@given(st.text(max_size=20))
def test_any_override(argument):
    check(TWO_LINES.encode(), [argument])
