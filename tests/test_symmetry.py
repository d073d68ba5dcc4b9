"""Kaleidoscopes: where each pixel comes from, against angles in float64; films that are symmetrical throughout."""

import jax.numpy as jnp
import numpy as np
import pytest
from quick import quickly
from scipy import ndimage

from render.dream import symmetry
from render.film.frames import frames
from render.film.sweep import alike
from render.scene.reader import read_scene

pytestmark = pytest.mark.numbers

SHAPES = [(18, 32), (20, 20), (32, 18), (19, 31)]
sources = quickly(symmetry.sources, static_argnums=(0, 1))


def places(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Right and up of each pixel, from the middle."""
    h, w = shape
    return np.broadcast_arrays(np.arange(w)[None] - (w - 1) / 2, (h - 1) / 2 - np.arange(h)[:, None])


def by_angles(shape: tuple[int, int], folds: int) -> tuple[np.ndarray, np.ndarray]:
    """Where pixels come from: angles folded between two mirrors, places reflected at the frame's edge, in turn."""
    (u, v), wedge = places(shape), np.pi / folds
    first = np.pi / 2 - wedge * (1 if shape[0] > shape[1] else (folds + 1) // 2)
    for _ in range(3):
        beyond = [(np.abs(p) > n / 2) * 2 * (np.abs(p) - n / 2) * np.sign(p) for p, n in ((u, shape[1]), (v, shape[0]))]
        u, v = u - beyond[0], v - beyond[1]
        angle = (np.arctan2(v, u) - first) % (2 * wedge)
        angle, radius = first + np.minimum(angle, 2 * wedge - angle), np.hypot(u, v)
        u, v = radius * np.cos(angle), radius * np.sin(angle)
    return (shape[0] - 1) / 2 - v, (shape[1] - 1) / 2 + u


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("folds", [3, 4, 5, 6, 12])
def test_each_pixel_comes_from_the_wedge(shape, folds):
    row, column, itself = sources(shape, folds)
    expected = by_angles(shape, folds)
    np.testing.assert_allclose((row, column), expected, atol=2e-3)
    assert itself.mean() > 0.7 / folds  # the wedge and its mirror images


@pytest.mark.parametrize("folds", [3, 5, 8, 13, 24])
def test_all_comes_from_inside_the_frame(folds):
    for shape in ((45, 80), (50, 50), (160, 40)):
        row, column, _ = sources(shape, folds)
        for at, n in ((row, shape[0]), (column, shape[1])):
            assert float(at.min()) >= -0.51 and float(at.max()) <= n - 0.49  # the edge of the outermost pixels


@pytest.mark.parametrize("folds", [1, 2, 3, 6])
def test_a_picture_is_what_scipy_makes_of_it(folds):
    shape = 24, 40
    x = np.random.default_rng(0).uniform(60, 200, (*shape, 3))
    row, column = (np.arange(n) for n in shape)
    if folds > 2:
        row, column = by_angles(shape, folds)
    else:
        column = np.maximum(column, 39 - column)
        row, column = np.meshgrid(row if folds == 1 else np.minimum(row, 23 - row), column, indexing="ij")
    mirrored = np.asarray(symmetry.mirrored(jnp.asarray(x), 1))
    x = np.asarray(symmetry.mirrored(jnp.asarray(mirrored), 0)) if folds % 2 == 0 else mirrored
    x = x.astype(np.float64)
    expected = [ndimage.map_coordinates(x[..., i], (row, column), order=3, mode="reflect") for i in range(3)]
    got = symmetry.symmetrical(jnp.asarray(x, jnp.float32), folds)
    np.testing.assert_allclose(got, np.stack(expected, -1).clip(0, 255), atol=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_symmetrical_stays_as_it_is(shape):
    """Of a picture that is symmetrical already, to the last bit in the wedge, so that nothing blurs."""
    u, v = places(shape)
    rings = 128 + 100 * np.cos(np.hypot(u, v) / 3)[..., None] * np.array([1, 0.5, -1])
    for folds in (1, 2, 3, 6):
        x = symmetry.symmetrical(jnp.asarray(rings, jnp.float32), folds)
        inner = np.hypot(u, v) < min(shape) / 2 - 3  # at the frame's edge the mirror there makes a kink
        np.testing.assert_allclose(np.asarray(x)[inner], rings[inner], atol=0.5)
        itself = sources(shape, folds)[2] if folds > 2 else np.ones(shape, bool)
        np.testing.assert_array_equal(np.asarray(symmetry.symmetrical(x, folds))[itself], np.asarray(x)[itself])
    assert symmetry.symmetrical(x, 0) is x


TINY = """
size: [48, 48]
frames: 2
start: {noise: perlin}
model: squeezenet1_1
dream: {layers: fire2, iterations: 2, octaves: 2}
motion: {zoom: 1.02, rotate: 5, translate: [0.1, 0.05]}
"""


@pytest.fixture
def scene_of(tmp_path):
    (tmp_path / "s.yaml").write_text(TINY)
    return lambda *overrides: read_scene(tmp_path / "s.yaml", overrides)


@pytest.mark.parametrize("record", ["frames", "iterations"])
def test_a_film_is_symmetrical_at_every_frame(scene_of, squeezenet, record):
    for frame in frames(scene_of("dream.symmetry=mirror", f"output.record={record}"), squeezenet):
        np.testing.assert_allclose(frame, frame[:, ::-1], atol=1e-3)


def test_a_kaleidoscope_turns_into_itself(scene_of, squeezenet):
    for frame in frames(scene_of("dream.symmetry=4"), squeezenet):
        np.testing.assert_allclose(frame, np.rot90(frame), atol=0.1)
        assert np.asarray(frame).std() > 10


def test_films_of_other_symmetries_are_not_dreamed_in_one_pass(scene_of):
    assert alike(scene_of("dream.symmetry=6"), scene_of("dream.symmetry=6", "seed=3"))
    assert not alike(scene_of("dream.symmetry=6"), scene_of("dream.symmetry=5"))
