"""Octave sizes, resizing, noise and held colour against independent computations."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick import quickly
from scipy import ndimage

from render.dream import image

pytestmark = pytest.mark.numbers
noise = quickly(image.noise.__wrapped__, static_argnames=("shape", "kind", "scale"))  # the function that is kept


def key(seed=0):
    return jax.random.key(seed)


def test_octaves_shrink_by_the_scale_and_end_at_the_full_size():
    shapes = image.octave_shapes((360, 640), octaves=4, scale=1.4)
    assert shapes == [(131, 233), (184, 327), (257, 457), (360, 640)]


def test_octaves_from_the_bottom_are_the_same_at_every_size():
    draft, film, large = ([min(s) for s in image.octave_shapes(shape, smallest=64)] for shape in SIZES)
    assert draft == [64, 90, 125, 180] and film == [64, 90, 125, 176, 246, 360]
    assert large[:5] == film[:5] and large[-1] == 2160
    assert image.octave_shapes((360, 640), smallest=64)[0] == image.octave_shapes((2160, 3840), smallest=64)[0]


SIZES = [(180, 320), (360, 640), (2160, 3840)]


@pytest.mark.parametrize("shape", [*SIZES, (640, 360), (96, 300), (50, 60), (1024, 8192)])
@pytest.mark.parametrize("scale", [1.2, 1.4, 2.0])
def test_octaves_from_the_bottom_lie_apart_and_keep_the_shape(shape, scale):
    shapes = image.octave_shapes(shape, scale=scale, smallest=60)
    assert shapes[-1] == shape and (len(shapes) == 1 or min(shapes[0]) == 60)
    sides = [min(s) for s in shapes]
    for smaller, larger in itertools.pairwise(sides):
        assert scale**0.5 - 0.03 < larger / smaller < scale**1.5 + 0.03
    for h, w in shapes:
        assert abs(w / h - shape[1] / shape[0]) <= (1 + shape[1] / shape[0]) / (2 * h)


def triangle_matrix(n_in: int, n_out: int) -> np.ndarray:
    """Linear resampling in float64: a triangle as wide as the coarser grid's pixels, normalised at the border."""
    scale = n_in / n_out
    centres = (np.arange(n_out) + 0.5) * scale - 0.5
    weights = np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(n_in)[None]) / max(1, scale))
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize("to", [(40, 52), (13, 20), (29, 37)])
def test_resize_is_antialiased_linear_resampling(to):
    x = np.random.default_rng(0).uniform(0, 255, (29, 37, 3)).astype(np.float32)
    expected = np.einsum("ai,bj,ijc->abc", triangle_matrix(29, to[0]), triangle_matrix(37, to[1]), x.astype(np.float64))
    np.testing.assert_allclose(image.resize(jnp.asarray(x), to), expected, atol=1e-3)


@pytest.mark.parametrize("kind", image.NOISES)
@pytest.mark.parametrize("scale", [0.0, 0.1, 0.3])
def test_noise_has_the_asked_level_and_contrast(kind, scale):
    x = np.asarray(noise(key(), 110.0, 20.0, shape=(90, 160), kind=kind, scale=scale))
    np.testing.assert_allclose(x.mean((0, 1)), 110, atol=1)
    np.testing.assert_allclose(x.std((0, 1)), 20, atol=1)
    assert np.corrcoef(x.reshape(-1, 3).T)[0, 1] < 0.6, "channels are drawn on their own"


@pytest.mark.parametrize("kind", image.NOISES)
def test_noise_has_the_same_composition_at_any_size(kind):
    small = np.asarray(noise(key(), 128.0, 30.0, shape=(90, 160), kind=kind, scale=0.25))
    large = np.asarray(noise(key(), 128.0, 30.0, shape=(270, 480), kind=kind, scale=0.25))
    shrunk = np.asarray(image.resize(jnp.asarray(large), (90, 160)))
    assert (
        np.corrcoef(
            ndimage.gaussian_filter(small, (2, 2, 0)).ravel(), ndimage.gaussian_filter(shrunk, (2, 2, 0)).ravel()
        )[0, 1]
        > 0.97
    )


def test_noise_depends_on_the_key():
    one, two = (noise(jax.random.key(s), 128.0, 30.0, shape=(32, 32), kind="gaussian", scale=0.0) for s in (1, 2))
    assert float(jnp.mean(jnp.abs(one - two))) > 10


@pytest.mark.parametrize("k", [0.0, 0.3, 1.0])
def test_hold_draws_mean_and_contrast_by_the_fraction(k):
    x = np.random.default_rng(1).normal((100, 120, 140), (10, 20, 15), (64, 64, 3)).astype(np.float32)
    want_mean, want_contrast = np.float32([128, 128, 128]), np.float32([20, 20, 20])
    got = np.asarray(
        image.hold(jnp.asarray(x), jnp.asarray(want_mean), jnp.asarray(want_contrast), jnp.float32(k), jnp.float32(k))
    )
    np.testing.assert_allclose(got.mean((0, 1)), (1 - k) * x.mean((0, 1)) + k * want_mean, atol=0.05)
    np.testing.assert_allclose(got.std((0, 1)), (1 - k) * x.std((0, 1)) + k * want_contrast, atol=0.05)


def test_rounding_happens_once_and_saturates():
    x = jnp.array([[[-3.0, 0.49, 0.51], [254.6, 300.0, 128.0]]])
    np.testing.assert_array_equal(image.to_uint8(x), [[[0, 0, 1], [255, 255, 128]]])


def test_perlin_agrees_with_the_textbook_pixel_by_pixel():
    shape, grid = (12, 15), (3, 4)
    angle = 2 * np.pi * np.asarray(jax.random.uniform(key(), (4, 5, 3)), np.float64)

    def fade(t):
        return t * t * t * (t * (t * 6 - 15) + 10)

    def pixel(row, column, channel):
        y, x = (row + 0.5) * 3 / 12, (column + 0.5) * 4 / 15
        i, j, total = int(y), int(x), 0.0
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
            slope = angle[i + a, j + b, channel]
            dot = np.sin(slope) * (y - i - a) + np.cos(slope) * (x - j - b)
            wy, wx = fade(y - i), fade(x - j)
            total += dot * (wy if a else 1 - wy) * (wx if b else 1 - wx)
        return total

    expected = [[[pixel(r, c, k) for k in range(3)] for c in range(15)] for r in range(12)]
    np.testing.assert_allclose(image._gradient_noise(key(), shape, grid), expected, atol=1e-5)
