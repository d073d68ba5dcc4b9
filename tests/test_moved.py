"""What happens to a frame beside its motion: sharpening, grain, the start mixed back; each against float64."""

# ruff: noqa: F401 - a fixture is imported, and named again by the tests that take it

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scenes import TWO_LINES, folder, mistakes, read
from scipy import ndimage

from render.film.frames import films, frames, steps
from render.film.moved import Moving
from render.film.sweep import alike
from render.motion.grain import GRAINS, grained
from render.motion.sharpen import RADIUS, sharpened
from render.motion.warp import matrix, warp
from render.scene.scene import with_quality
from render.scene.schedule import frame_params

SHAPE = 36, 64
pytestmark = [pytest.mark.numbers, pytest.mark.usefixtures("folder")]


def noise(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).uniform(20, 235, (*shape, 3))


# Sharpening


@pytest.mark.parametrize("border, mode", [("fresh", "reflect"), ("wrap", "wrap")])
def test_sharpening_is_scipys_unsharp_mask(border, mode):
    image = noise((400, 40))
    average = ndimage.gaussian_filter(image, (1, 1, 0), mode=mode, truncate=3)
    expected = np.clip(image + 0.7 * (image - average), 0, 255)
    np.testing.assert_allclose(sharpened(jnp.float32(image), jnp.float32(0.7), border), expected, atol=1e-3)


def test_sharpening_is_the_same_at_every_size():
    """A wave of so many across the picture grows by the same, and at twice the size."""
    gains = []
    for n in (180, 360):
        wave = 128 + 20 * np.sin(2 * np.pi * 20 * (np.arange(n) + 0.5) / n)
        image = np.broadcast_to(wave[:, None, None], (n, n, 3))
        sharp = np.asarray(sharpened(jnp.float32(image), jnp.float32(1), "mirror"))
        gains.append(sharp[n // 4 : -n // 4].std() / image[n // 4 : -n // 4].std())
    assert RADIUS * 180 == 1 and gains[0] > 1.1
    np.testing.assert_allclose(gains, gains[0], rtol=0.02)


# Grain


def test_grain_has_its_deviation_in_every_channel_and_is_nearly_grey():
    flat = jnp.full((360, 360, 3), 128.0)
    new = np.asarray(grained(flat, jnp.float32(8), jax.random.key(1))) - 128
    np.testing.assert_allclose(new.std((0, 1)), 8, rtol=0.2)  # there are few large grains
    assert np.abs(new.mean((0, 1))).max() < 2 and np.corrcoef(new[..., 0].ravel(), new[..., 2].ravel())[0, 1] > 0.6
    small = np.asarray(grained(flat[:180, :180], jnp.float32(8), jax.random.key(1))) - 128
    assert np.corrcoef(small.ravel(), new.reshape(180, 2, 180, 2, 3).mean((1, 3)).ravel())[0, 1] > 0.97
    assert GRAINS[-1] * 180 >= 1


# The start, mixed back


def mixed(scene, x, k):
    """What Moving makes of a frame k-1, a start beside it."""
    start = jnp.float32(noise())[None]
    moving = Moving([scene], [frame_params(scene)], start)
    return np.asarray(start[0]), np.asarray(moving(jnp.float32(x)[None], k)[0])


def blending(start: str, motion: str):
    """A scene with such keys."""
    return read(f"size: [64, 36]\nduration: 4\nstart: {{noise: uniform, {start}}}\nmotion: {{{motion}}}\n")


def test_a_start_that_stands_still():
    x = noise(seed=1)
    start, got = mixed(blending("blend: 0.25", "zoom: 1, rotate: 0"), x, 1)
    np.testing.assert_allclose(got, 0.75 * x + 0.25 * start, atol=1e-4)
    start, got = mixed(blending("blend: {0s: 0, 1s: 1}", "zoom: 0.9"), x, 30)
    np.testing.assert_array_equal(got, start)


@pytest.mark.parametrize("border", ["mirror", "wrap"])
def test_a_start_that_moves_along(border):
    """It lies where the product of all motions has carried it; what it does not reach stays the frame's own."""
    x, motion = noise(seed=1), "zoom: 0.97, rotate: 2, translate: [0.01, 0.02]"
    scene = read(
        f"size: [64, 36]\n{TWO_LINES.replace('}', ', blend: 1, moves: true}')}motion: {{{motion}, border: {border}}}"
    )
    start, got = mixed(scene, x, 12)
    one = matrix(0.97, 2, (0.01, 0.02), (0.5, 0.5), SHAPE)
    way = np.linalg.matrix_power(one, 12)
    expected = warp(start, way, "wrap" if border == "wrap" else "edge")
    row, column, _ = np.einsum("ij,jkl->ikl", way, np.stack([*np.mgrid[:36, :64], np.ones(SHAPE)]))
    beyond = np.maximum.reduce([-row, row - 35, -column, column - 63])
    own = (np.zeros_like(beyond) if border == "wrap" else np.clip(beyond, 0, 1))[..., None]
    moved = warp(np.float32(x), one, border)
    np.testing.assert_allclose(got, own * moved + (1 - own) * expected, atol=0.3)


def test_a_start_that_is_far_away_is_gone():
    scene = read(
        f"size: [64, 36]\n{TWO_LINES.replace('}', ', blend: 1, moves: true}')}motion: {{zoom: 0.01, border: edge}}"
    )
    x = noise(seed=1)
    _, got = mixed(scene, x, 95)
    expected = warp(np.float32(x), matrix(0.01, 0.2, (0, 0), (0.5, 0.5), SHAPE), "edge")
    np.testing.assert_allclose(got, expected, atol=0.3)


# Over time


def test_they_do_as_much_in_a_second_at_every_frame_rate():
    scene = read(TWO_LINES.replace("}", ", blend: 0.3}") + "motion: {sharpen: 0.5, grain: 4}")
    for quality, share in (("draft", 2), ("high", 24 / 60)):
        other = frame_params(with_quality(scene, quality))[5]
        assert 1 - other.blend == pytest.approx(0.7**share)
        assert 1 + other.sharpen == pytest.approx(1.5**share)
        assert other.grain**2 == pytest.approx(16 * share)


TINY = """\
size: [32, 32]
frames: 4
start: {noise: perlin}
dream: {layers: fire2, octaves: 1, iterations: 2, step_size: 4}
motion: {border: fresh, interpolation: linear}
"""
ALL = ["motion.zoom=0.95", "motion.sharpen=0.4", "motion.grain=5", "start.blend=0.1", "start.moves=true"]
NONE = ["motion.zoom=1.1", "motion.sharpen=0", "motion.grain=0", "start.blend=0", "seed=1"]


@pytest.fixture
def network():
    return jax.tree_util.Partial(lambda images: {"fire2": images - jnp.roll(images, 3, 2)})


def test_a_film_goes_on_from_any_state(network):
    scene = read(TINY, *ALL)
    whole = [np.asarray(made.state) for made in steps([scene], network)]
    assert np.abs(whole[3] - whole[2]).mean() > 1
    for begin in (1, 3):
        rest = [np.asarray(made.state) for made in steps([scene], network, begin, whole[begin - 1])]
        np.testing.assert_array_equal(np.stack(rest), np.stack(whole[begin:]))


def test_at_zero_nothing_changes(network):
    plain = np.stack(list(frames(read(TINY), network)))
    zeros = read(TINY, "motion.sharpen={0s: 0, 9s: 0}", "motion.grain=0", "start.blend=0", "start.moves=true")
    np.testing.assert_array_equal(np.stack(list(frames(zeros, network))), plain)


def test_films_of_a_sweep_differ_in_them(network):
    scenes = [
        read(TINY, *ALL),
        read(TINY, *ALL, "motion.sharpen=0", "motion.grain=0", "start.blend=0", "seed=1", "motion.zoom=1.1"),
    ]
    assert alike(*scenes) and not alike(scenes[0], read(TINY, *ALL, "start.moves=false"))
    batch = np.stack(list(films(scenes, network)))
    for k, scene in enumerate(scenes):
        alone = np.stack(list(frames(scene, network)))
        assert np.abs(batch[:, k] - alone).mean() < 0.05


# Mistakes


@pytest.mark.parametrize(
    "text, told",
    [
        ("motion: {sharpen: 3}", "3:19: motion.sharpen: must be from 0 to 2, not 3"),
        ("motion: {grain: -1}", "3:17: motion.grain: must be from 0 to 255, not -1"),
        ("motion: {grian: 1}", "3:10: motion.grian: unknown key 'grian'; did you mean 'grain'?"),
        (
            "motion: {border: frsh}",
            "3:18: motion.border: must be fresh, mirror, wrap, edge or black, not 'frsh'; did you mean 'fresh'?",
        ),
        ("blend: 1", "3:1: blend: unknown key 'blend'; it belongs under start.blend"),
    ],
)
def test_what_is_told_of_motion(text, told):
    assert mistakes(f"{TWO_LINES}{text}\n") == [f"s.yaml:{told}"]


@pytest.mark.parametrize(
    "start, told",
    [
        ("noise: uniform, blend: 1.5", "1:32: start.blend: must be from 0 to 1, not 1.5"),
        ("noise: uniform, moves: 1", "1:32: start.moves: must be true or false, not 1"),
        ("noise: uniform, moves: true", "1:25: start.moves: a start cannot follow motion.swirl; leave one of them out"),
        ("video: film.mp4, blend: 0.5", "1:26: start.blend: belongs to noise, image or colour only"),
    ],
)
def test_what_is_told_of_a_start(start, told):
    swirl = "" if "video" in start else "motion: {swirl: t}\n"
    lines = mistakes(f"start: {{{start}}}\nduration: 4\n{swirl}")
    assert f"s.yaml:{told}" in lines
