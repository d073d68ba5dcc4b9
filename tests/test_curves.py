"""Every form of a schedule against values computed by hand, and the same over the seconds at any frame rate."""

# ruff: noqa: F401 - a fixture is imported

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import TWO_LINES, folder, read
from scipy.interpolate import PchipInterpolator

from render.language.clock import Clock, Time
from render.language.curves import Curve, Deforum, Expression
from render.language.easing import EASINGS
from render.scene.schedule import frame_params, scene_clock

pytestmark = pytest.mark.usefixtures("folder")
CLOCK = Clock.of(96, Fraction(24), bpm=120)  # four seconds, eight beats


def at(curve, *seconds, clock=CLOCK):
    """The curve's values at some seconds."""
    return curve.sample(clock.at(np.array(seconds) * float(clock.fps))).tolist()


def rotation(text, *overrides, quality=None):
    """The rotation that a scene's text gives, degrees per second at each of its frames."""
    scene = read(f"{TWO_LINES}bpm: 120\nmotion: {{rotate: {text}}}", *overrides, quality=quality)
    return np.array([p.rotate for p in frame_params(scene)]) * float(scene.fps)


def test_a_clock_counts_exactly():
    clock = Clock.of(481, Fraction(30000, 1001), bpm=90)
    np.testing.assert_array_equal(clock.f, np.arange(481))
    assert clock.t[300] == 300 * 1001 / 30000
    assert Clock.of(481, Fraction(24), bpm=90).beat[::16].tolist() == list(range(31))  # 1.5 beats a second
    assert (CLOCK.p[0], CLOCK.p[48], CLOCK.n) == (0, 0.5, 96)


def test_a_clock_at_another_frame_rate_counts_the_frames_that_were_written():
    clock = Clock.of(240, Fraction(60), Fraction(24), bpm=120)
    assert (clock.f[150], clock.t[150], clock.n, clock.p[120]) == (60, 2.5, 96, 0.5)


def test_a_constant():
    assert at(Curve.constant(1.5), 0, 1, 9) == [1.5, 1.5, 1.5]
    assert Curve.constant(1.5).is_constant and Curve.keyframes({0: 2, 1: 2}).is_constant


def test_keyframes_are_linear_between_and_held_outside():
    curve = Curve.keyframes({3: 20, 1: 10, 4: 0})
    assert at(curve, 0, 1, 1.5, 2, 3, 3.25, 4, 9) == [10, 10, 12.5, 15, 20, 15, 0, 0]


@pytest.mark.parametrize("time", [2.0, Time(2), Time(48, "f"), Time(50, "%"), Time(4, "b")])
def test_two_seconds_in_every_unit(time):
    assert at(Curve.keyframes({0: 0, time: 1}), 0, 1, 2, 3) == [0, 0.5, 1, 1]


def test_units_may_be_mixed():
    assert rotation("{0s: 0, 24f: 24, 75%: 48, 8b: 0}")[[0, 12, 24, 48, 72, 84]].tolist() == [
        f * 24 for f in (0, 12, 24, 36, 48, 24)
    ]


@pytest.mark.parametrize(
    "ease, quarter, half",
    [
        ("linear", 0.25, 0.5),
        ("step", 0, 0),
        ("smooth", 0.15625, 0.5),
        ("in", 0.0625, 0.25),
        ("out", 0.4375, 0.75),
        ("in_out", 0.125, 0.5),
        ("spline", 0.25, 0.5),
    ],
)
def test_easings(ease, quarter, half):
    curve = Curve.keyframes({0: 10, 4: 20}, ease)
    assert at(curve, -1, 0, 1, 2, 4, 5) == [10, 10, 10 + 10 * quarter, 10 + 10 * half, 20, 20]


def test_every_easing_was_tested_by_hand():
    assert set(EASINGS) == {"linear", "step", "smooth", "in", "out", "in_out", "spline"}


def test_a_step_comes_at_the_keyframes_own_frame():
    for fps in (24, 30, 60, Fraction(30000, 1001)):
        clock = Clock.of(100, Fraction(fps))
        curve = Curve.keyframes({0: 0, Time(7, "f"): 1, 2: 2}, "step")
        assert curve.sample(clock)[[6, 7]].tolist() == [0, 1]


def test_a_spline_is_scipys_and_never_overshoots():
    times, values = [0.0, 1.0, 1.5, 4.0], [0.0, 0.0, 3.0, 2.0]
    curve = Curve.keyframes(dict(zip(times, values, strict=True)), "spline")
    t = np.linspace(0, 4, 97)[:-1]
    np.testing.assert_allclose(curve.sample(CLOCK), PchipInterpolator(times, values)(t), rtol=1e-12, atol=1e-15)
    assert curve.sample(CLOCK).min() == 0 and curve.sample(CLOCK).max() == 3


@given(
    st.dictionaries(st.floats(-2, 6, width=16), st.floats(-9, 9, width=16), min_size=1, max_size=6),
    st.sampled_from(EASINGS),
)
def test_every_easing_meets_its_keyframes_and_stays_between_them(values, ease):
    curve = Curve.keyframes(values, ease)
    samples = curve.sample(CLOCK)
    assert samples.min() >= min(values.values()) - 1e-9 and samples.max() <= max(values.values()) + 1e-9
    np.testing.assert_allclose(at(curve, *sorted(values)), [values[t] for t in sorted(values)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "text, second, value",
    [
        ("1.01 + 0.005 * sin(2*pi*t/8)", 2, 1.015),
        ("t", 1.5, 1.5),
        ("f", 1.5, 36),
        ("p", 1, 0.25),
        ("n + fps + bpm", 0, 96 + 24 + 120),
        ("beat", 1, 2),
        ("pulse(beat)", 1.125, 1),
        ("pulse(beat)", 1.375, 0),
        ("1 if t < 2 else 3", 2, 3),
    ],
)
def test_what_an_expression_knows(text, second, value):
    assert at(Expression(text), second) == [pytest.approx(value, rel=1e-14)]


def test_an_expression_is_the_same_in_blocks():
    clock = Clock.of(200_000, Fraction(24))
    np.testing.assert_array_equal(Expression("t * t").sample(clock), clock.t**2)


@pytest.mark.parametrize(
    "text, values",
    [
        ("0:(0), 60:(6)", {0: 0, 30: 3, 60: 6, 90: 6}),
        ("30:(3), 0:(0)", {0: 0, 15: 1.5, 30: 3, 90: 3}),
        ("24: (2), 48: (4),", {0: 2, 24: 2, 36: 3}),
        ("0: 1.5, 60: (-1.5)", {0: 1.5, 30: 0}),
        ("0:(sin(t/10))", {0: 0, 10: np.sin(1), 90: np.sin(9)}),  # an expression is computed at every frame
        ("0:(t), 40:(0), 60:(1)", {0: 0, 39: 39, 40: 0, 50: 0.5, 60: 1}),  # … up to the next keyframe
        ("0:(0), 40:(t), 60:(1)", {0: 0, 20: 20, 39: 39, 50: 50, 60: 1, 80: 1}),
        ("0:(where(t<10,1,2))", {0: 1, 9: 1, 10: 2}),
        ("0:(where((t>=10)&(t<20), min(1, 2), 5))", {0: 5, 10: 1, 19: 1, 20: 5}),
        ("0:(t/max_f), max_f:(0)", {0: 0, 19: 0.2, 95: 0}),
        ("0:(0), max_f/5:(19)", {0: 0, 19: 19}),
    ],
)
def test_deforums_strings(text, values):
    degrees = rotation(f"'{text}'") / 24
    np.testing.assert_allclose(degrees[list(values)], list(values.values()), rtol=1e-12, atol=1e-12)


def test_deforums_pairs_are_what_was_written():
    assert read(f"{TWO_LINES}motion: {{zoom: '0:(1.02), 60:(1.05)'}}").motion.zoom == Deforum(
        (("0", "(1.02)"), ("60", "(1.05)"))
    )


FORMS = [
    "{0s: 1, 1.5: 3, 96f: 2, ease: smooth}",
    "{0%: 1, 50%: 3, 7b: 2, ease: spline}",
    "{0s: 1, 36f: 3, ease: step}",
    "1 + t * sin(f / 10) + p + n + fps + noise(beat)",
    "'0:(1), 36:(sin(t/10)), 60:(3)'",
    "'0:(max_f), max_f:(3)'",
]


@pytest.mark.parametrize("text", FORMS)
def test_the_same_seconds_at_24_and_at_60_frames_a_second(text):
    coarse, fine = rotation(text), rotation(text, quality="high")
    assert (len(coarse), len(fine)) == (96, 240)
    np.testing.assert_allclose(coarse[::2], fine[::5], rtol=1e-12, atol=1e-12)  # every twelfth of a second is in both


@pytest.mark.parametrize("text", ["{0s: 1, 3s: 3}", "1 + t", "1 + p"])
def test_a_scene_written_for_another_frame_rate_is_the_same_over_the_seconds(text):
    coarse, fine = (rotation(text, f"fps={fps}", "motion.per=second") for fps in (24, 60))
    np.testing.assert_allclose(coarse[::2], fine[::5], rtol=1e-12)


def test_a_quoted_number_and_a_fraction_are_constants():
    scene = read(TWO_LINES + 'motion: {zoom: "1.5", rotate: 1/4}\ndream: {octaves: "3"}')
    assert (scene.motion.zoom, scene.motion.rotate, scene.dream.octaves) == tuple(map(Curve.constant, (1.5, 0.25, 3)))


def test_layers_cross_fade_and_suppress():
    scene = read(
        TWO_LINES + 'dream: {layers: {fire5: {0s: 1, 4s: 0}, "fire8[3,17]": {0s: 0, 4s: 1}, "fire7[2]": 0 - p}}'
    )
    assert [(t.layer, t.channels) for t in scene.dream.layers] == [("fire5", ()), ("fire8", (3, 17)), ("fire7", (2,))]
    frames = frame_params(scene)
    assert [frames[k].weights for k in (0, 48)] == [(1, 0, 0), (0.5, 0.5, -0.5)]


def test_marks_are_the_keyframes_seconds():
    assert Curve.keyframes({Time(4, "b"): 1, 0: 0}).marks(CLOCK).tolist() == [0, 2]
    assert Deforum((("48", "1"), ("0", "t"))).marks(CLOCK).tolist() == [0, 2]
    assert not len(Expression("t").marks(CLOCK))


def test_beats_need_bpm():
    with pytest.raises(ValueError, match="bpm"):
        at(Curve.keyframes({Time(1, "b"): 1, 0: 0}), 0, clock=Clock.of(9, Fraction(24)))


def test_a_scenes_clock():
    clock = scene_clock(read(TWO_LINES + "bpm: 90", quality="high"))
    assert (clock.fps, clock.written, clock.seconds, clock.bpm, len(clock.k)) == (60, 24, 4, 90, 240)
