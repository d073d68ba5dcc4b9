"""Curves and frame parameters against hand-computed values."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from render.language.curves import Expression
from render.language.marks import SceneError
from render.scene.by_octave import ByOctave
from render.scene.layers import Target
from render.scene.scene import Dream, Keep, Motion, Scene, Smallest, Start, with_quality
from render.scene.schedule import Curve, FrameParams, frame_params

SCENE = Scene(start=Start(noise="uniform"), duration=4.0)
C = Curve.constant


def with_motion(fps=24, written=24, **motion):
    return replace(SCENE, fps=Fraction(fps), motion=Motion(fps=Fraction(written), **motion))


def test_defaults_are_the_contracts():
    assert frame_params(SCENE)[0] == FrameParams(
        weights=(1.0, 1.0),
        dreams=(True, True),
        octaves=None,
        smallest=64,
        octave_scale=1.4,
        iterations=(10,),
        step_size=(1.5,),
        jitter=(32,),
        wobble=(0.0, 0.0),
        colour=0.5,
        spectrum=0.8,
        palette=(),
        keep_mean=0.2,
        keep_contrast=0.2,
        target=None,
        zoom=1.015,
        rotate=0.2,
        tilt=0.0,
        pan=0.0,
        swirl=0.0,
        translate=(0.0, 0.0),
        center=(0.5, 0.5),
        sharpen=0.0,
        grain=0.0,
        blend=0.0,
    )


def test_frame_k_is_at_k_over_fps():
    scene = with_motion(fps=Fraction(30000, 1001), written=Fraction(30000, 1001), zoom=Curve.keyframes({0: 1, 2: 2}))
    frames = frame_params(scene)
    assert len(frames) == scene.length == 120
    for k in (0, 1, 59, 119):
        assert frames[k].zoom == pytest.approx(min(2.0, 1 + k * 1001 / 30000 / 2), rel=1e-12)


def test_integers_are_rounded_and_plain():
    ramp = Curve.keyframes({0: 1, 4: 5})
    dream = Dream(octaves=ramp, iterations=ramp, jitter=ramp, layers=(Target("a", (), ramp),))
    frame = frame_params(replace(SCENE, dream=dream))[35]  # 1.458 s: 2.458
    assert (frame.octaves, frame.iterations, frame.jitter) == (2, (2,), (2,))
    assert all(type(n) is int for n in (frame.octaves, *frame.iterations, *frame.jitter))
    assert type(frame.zoom) is float and frame.weights == (pytest.approx(2.4583333),)


def test_smallest_takes_the_place_of_octaves():
    frame = frame_params(replace(SCENE, dream=Dream(octaves=Smallest(C(96)))))[0]
    assert (frame.octaves, frame.smallest) == (None, 96)


@pytest.mark.parametrize("fps", [12, 24, 60, Fraction(30000, 1001)])
def test_per_second_is_the_same_second_at_any_frame_rate(fps):
    motion = {
        "per": "second",
        "zoom": C(1.5),
        "rotate": C(-30),
        "translate": (C(0.1), C(-0.2)),
        "center": (C(0.3), C(0.5)),
    }
    frame = frame_params(with_motion(fps=fps, **motion))[0]
    assert frame.zoom ** float(fps) == pytest.approx(1.5, rel=1e-12)
    assert frame.rotate * float(fps) == pytest.approx(-30, rel=1e-12)
    assert frame.translate == (pytest.approx(0.1 / float(fps)), pytest.approx(-0.2 / float(fps)))
    assert frame.center == (0.3, 0.5)


def test_zoom_over_a_second_is_equal_at_24_and_60_fps():
    seconds = [with_motion(fps=fps, per="second", zoom=C(1.3)) for fps in (24, 60)]
    products = [math.prod(p.zoom for p in frame_params(scene)[: int(scene.fps)]) for scene in seconds]
    assert products == [pytest.approx(1.3, rel=1e-12)] * 2


@pytest.mark.parametrize("fps", [12, 24, 30, 60])
def test_a_second_dreams_as_much_at_any_frame_rate(fps):
    """What a second adds, and what it leaves of a deviation, for constants and for schedules."""
    moving = Dream(
        iterations=Expression("7 + 0 * t"), step_size=Expression("1 + 0 * t"), keep=Keep(mean=Expression("0.2 + 0 * t"))
    )
    for dream in (Dream(iterations=C(7), step_size=C(1)), moving):
        ps = frame_params(replace(with_motion(fps), dream=dream))
        second = ps[fps : 2 * fps]
        assert sum(p.iterations[0] * p.step_size[0] for p in second) == pytest.approx(24 * 7)
        assert math.prod(1 - p.keep_mean for p in second) == pytest.approx(0.8**24)
        assert math.prod(1 - p.keep_contrast for p in second) == pytest.approx(0.8**24)
        assert max(p.iterations for p in second) <= (7,)
    assert (ps[0].iterations, ps[0].step_size, ps[0].keep_mean) == ((7,), (1,), 0.2)  # forms as its schedule says


def test_each_octave_keeps_its_own_pace():
    dream = Dream(iterations=ByOctave((C(10), Expression("3 + 0 * t"), C(0))), step_size=ByOctave((C(1), C(2))))
    frame = frame_params(replace(with_motion(12), dream=dream))[5]
    assert frame.iterations == (10, 3, 0) and frame.step_size[:2] == (2, 4)
    frame = frame_params(replace(with_motion(48), dream=dream))[5]
    assert frame.iterations == (5, 2, 0) and frame.step_size[:2] == (1, pytest.approx(1.5))
    for written in (24, 12):
        scene = replace(with_motion(12, written), dream=replace(dream, iterations=C(4)))
        assert len(frame_params(scene)[1].step_size) == 2 and frame_params(scene)[1].jitter == (32,)


def test_a_still_and_a_films_frames_do_not_depend_on_the_frame_rate():
    still = replace(with_motion(60), frames=1, duration=None)
    film = replace(with_motion(60), start=Start(video=Path("film.mp4")))
    for scene in (still, film):
        assert (frame_params(scene)[0].iterations, frame_params(scene)[0].step_size) == ((10,), (1.5,))


@pytest.mark.parametrize("quality", ["draft", "low", "medium", "high", "4k"])
def test_quality_keeps_duration_and_speed(quality):
    scene = with_motion(zoom=C(1.02), rotate=C(0.5), translate=(C(0.01), C(0)))
    other = with_quality(replace(scene, frames=96, duration=None), quality)
    assert other.length / other.fps == scene.length / scene.fps == 4
    a, b = frame_params(scene)[0], frame_params(other)[0]
    assert b.zoom ** float(other.fps) == pytest.approx(a.zoom**24, rel=1e-12)
    assert b.rotate * float(other.fps) == pytest.approx(a.rotate * 24, rel=1e-12)
    assert b.translate[0] * float(other.fps) == pytest.approx(0.01 * 24, rel=1e-12)


def test_indexing():
    frames = frame_params(SCENE)
    assert len(frames) == 96 and frames[-1] == frames[95]
    assert [p.zoom for p in frames[2:4]] == [1.015, 1.015]
    assert len(list(frames)) == 96
    with pytest.raises(IndexError):
        frames[96]


def test_a_week_costs_little():
    frames = frame_params(replace(SCENE, duration=7 * 86400.0))
    assert len(frames) == 7 * 86400 * 24
    assert frames[len(frames) - 1].zoom == 1.015
    assert all(column.base is not None for column in frames.columns["weights"])  # views, no memory of their own


def test_extreme_zooms_stay_finite():
    for zoom in (1e-300, 1000.0):
        z = frame_params(with_motion(fps=12, written=1000, zoom=C(zoom)))[0].zoom
        assert 0 < z < math.inf and 1 / z < math.inf


def test_a_schedule_without_a_value_at_some_frame_is_no_schedule():
    with pytest.raises(SceneError, match="no value at frame 5"):
        frame_params(with_motion(zoom=Expression("1 / (f - 5)")))


def test_an_expression_moves_every_frame():
    frames = frame_params(with_motion(fps=60, zoom=Expression("1 + f / 100"), rotate=Expression("t")))
    assert frames[150].zoom ** 60 == pytest.approx((1 + 60 / 100) ** 24, rel=1e-12)  # frame 60 as written, at 2.5 s
    assert frames[150].rotate * 60 == pytest.approx(2.5 * 24, rel=1e-12)
