"""Smoothed gradients and total variation against plain numpy, and in tiles against the whole picture."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import correlate1d

from render.dream import ascent, pyramid
from render.dream.ascent import Tame
from render.dream.objective import Target
from render.dream.programs import Programs
from render.dream.variation import SOFT, variation_gradient

KERNEL = np.array([1, 4, 6, 4, 1]) / 16
ALL = (Target("a"),)


def noise(h, w, seed=0):
    return np.random.default_rng(seed).normal(size=(h, w, 3))


def blurred(x):
    for axis in (0, 1):
        x = correlate1d(x, KERNEL, axis, mode="wrap")
    return x


def bands(x, levels):
    """A Laplacian pyramid on a torus whose sides 2^levels divides, each band enlarged to full size, float64."""
    if not levels:
        return [x]
    small = blurred(x)[::2, ::2]

    def enlarged(y):
        spread = np.zeros((2 * y.shape[0], 2 * y.shape[1], 3))
        spread[::2, ::2] = 4 * y
        return blurred(spread)

    return [x - enlarged(small), *(enlarged(band) for band in bands(small, levels - 1))]


def bands_at_their_size(x, levels):
    small = blurred(x)[::2, ::2]
    spread = np.zeros_like(x)
    spread[::2, ::2] = 4 * small
    return [x - blurred(spread), *bands_at_their_size(small, levels - 1)] if levels else [x]


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_bands_are_those_of_a_pyramid_each_with_mean_square_one(levels):
    x = noise(64, 96) + 30 * blurred(noise(64, 96, 1))
    sizes = [np.sqrt(np.mean(band**2)) for band in bands_at_their_size(x, levels)]
    expected = sum(band / size for band, size in zip(bands(x, levels), sizes, strict=True))
    got = pyramid.smooth(jnp.asarray(x, jnp.float32), (64, 96), levels)
    np.testing.assert_allclose(got, expected, atol=2e-4)


def test_the_picture_may_lie_in_a_larger_buffer():
    x = np.zeros((90, 120, 3), np.float32)
    x[:75, :81] = noise(75, 81)
    got = jax.jit(lambda h, w: pyramid.smooth(jnp.asarray(x), (h, w), 3))(75, 81)
    np.testing.assert_allclose(got[:75, :81], pyramid.smooth(jnp.asarray(x[:75, :81]), (75, 81), 3), atol=1e-4)
    assert not np.asarray(got[75:]).any() and not np.asarray(got[:, 81:]).any()


def test_no_gradient_stays_none():
    assert not np.asarray(pyramid.smooth(jnp.zeros((40, 40, 3)), (40, 40), 2)).any()


def test_coarse_detail_gains():
    """Of grain with a faint wave in it, the wave is a much greater part afterwards."""
    wave = np.sin(np.arange(64) / 64 * 2 * np.pi)[:, None, None] * np.ones((64, 64, 3))
    x = jnp.asarray(noise(64, 64) + 0.2 * wave, jnp.float32)

    def share(y):
        return float(np.corrcoef(np.ravel(y), wave.ravel())[0, 1])

    assert share(pyramid.smooth(x, (64, 64), 3)) > 3 * share(x)


def test_only_as_many_levels_as_there_is_room_for():
    assert pyramid.fitting(4, (96, 170)) == 4 and pyramid.fitting(4, (54, 96)) == 3 and pyramid.fitting(2, (5, 9)) == 0


def variation(x, wrap):
    """Σ √(dx² + dy² + SOFT²) of a whole picture."""
    mode = {"mode": "wrap"} if wrap else {"mode": "edge"}
    y = jnp.pad(x, ((0, 1), (0, 1), (0, 0)), **mode)
    dx, dy = y[:-1, 1:] - y[:-1, :-1], y[1:, :-1] - y[:-1, :-1]
    return jnp.sum(jnp.sqrt(dx**2 + dy**2 + SOFT**2))


@pytest.mark.parametrize("wrap", [False, True])
def test_the_gradient_of_total_variation(wrap):
    x = jnp.asarray(60 * noise(20, 30), jnp.float32)
    expected = jax.grad(variation)(x, wrap)
    np.testing.assert_allclose(variation_gradient(x, (20, 30), (19, 29), wrap), expected, atol=1e-5)
    rolled = variation_gradient(jnp.roll(x, (7, 11), (0, 1)), (20, 30), (6, 10), wrap)
    np.testing.assert_allclose(jnp.roll(rolled, (-7, -11), (0, 1)), expected, atol=1e-5)
    buffer = jnp.full((26, 33, 3), 99.0).at[:20, :30].set(x)
    got = variation_gradient(buffer, (20, 30), (19, 29), wrap)
    np.testing.assert_allclose(got[:20, :30], expected, atol=1e-5)
    assert not np.asarray(got[20:]).any() and not np.asarray(got[:, 30:]).any()


def ascended(tame, amount, jitter=0, x=None, steps=4):
    x = jnp.asarray(128 + 40 * noise(48, 64), jnp.float32) if x is None else x
    numbers = jnp.ones(1), jnp.float32(1.5), jnp.int32(jitter), jax.random.key(0), (jnp.int32(0), jnp.int32(steps))
    return ascent.ascend(jax.tree_util.Partial(mirror), jnp.array(x), *numbers, amount, targets=ALL, tame=tame)


def mirror(images):
    return {"a": images}


def test_total_variation_takes_noise_away():
    rough, calm = ascended(Tame(), 0.0), ascended(Tame(variation=True), 0.5)
    assert variation(calm, False) < 0.97 * variation(rough, False)


def test_jitter_does_not_move_the_border():
    """A step against total variation is the same whatever the roll: nothing is compared across the border."""
    still, rolled = (ascended(Tame(variation=True), jnp.float32(3.0), jitter, steps=1) for jitter in (0, 40))
    np.testing.assert_allclose(still, rolled, atol=1e-4)


@pytest.mark.parametrize("tame", [Tame(2), Tame(variation=True), Tame(2, True, True)])
def test_in_tiles_as_in_one_piece(tame):
    """A network that sees single pixels: tiles change nothing."""
    x = jnp.asarray(128 + 30 * noise(96, 128), jnp.float32)
    network = jax.tree_util.Partial(mirror)
    tiled = Programs(network, [(96, 128)], tile=64)
    knobs = {"step_size": jnp.ones(1), "jitter": jnp.zeros(1, jnp.int32), "key": jax.random.key(0)[None]}
    steps, amount = (jnp.int32(0), jnp.int32(3)), np.full(1, 0.4, np.float32)
    weights = jnp.ones((1, 1))
    got = tiled(x[None], weights, steps=steps, targets=ALL, tame=tame, variation=amount, **knobs)[0]
    assert tiled.tiled((96, 128))
    whole = ascent.ascend(
        network,
        jnp.array(x),
        weights[0],
        jnp.float32(1),
        jnp.int32(0),
        jax.random.key(0),
        steps,
        0.4,
        targets=ALL,
        tame=tame,
    )
    np.testing.assert_allclose(got, whole, atol=2e-2)
    assert np.abs(np.asarray(whole) - x).mean() > 1
