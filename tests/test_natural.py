"""Natural gradients against their definition in float64, in one piece and in tiles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick import quickly

from render.dream import ascent
from render.dream.ascent import Knobs, Ways
from render.dream.natural import LONGEST, ROOT, natural, nature
from render.dream.objective import Target
from render.dream.programs import Programs

pytestmark = pytest.mark.numbers

ALL, NATURAL = (Target("a"),), Ways(natural=True)


def noise(h, w, seed=0):
    return np.random.default_rng(seed).normal(size=(h, w, 3))


def mapped(g, colour, spectrum):
    return np.asarray(as_natural(jnp.asarray(g, jnp.float32), colour, spectrum))


@quickly
def as_natural(g, colour, spectrum):
    return natural(g, nature(g.shape[:2], colour, spectrum))


def defined(g, colour, spectrum):
    """The map as the module's docstring says it, float64, with the whole transform of every plane."""
    h, w, _ = g.shape
    correlation = 3 * ROOT @ ROOT.T / np.trace(ROOT @ ROOT.T)
    values, vectors = np.linalg.eigh(correlation)
    order = np.argsort(-values)
    planes = np.einsum("hwc,cd->dhw", g, vectors[:, order])

    def s(n, m, pixel):
        f = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(m)[None]) / pixel
        return np.where(f == 0, 1, (0.5 / np.maximum(f, 1 / LONGEST)) ** spectrum)

    def through(plane, pixel):
        return np.fft.ifft2(np.fft.fft2(plane) * s(*plane.shape, pixel)).real

    done = [through(planes[0], 1)]
    for plane in planes[1:]:
        even = np.pad(plane, ((0, h % 2), (0, w % 2)), mode="edge")
        coarse = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean((1, 3))
        done.append(plane + np.kron(through(coarse, 2) - coarse, np.ones((2, 2)))[:h, :w])
    scaled = np.stack(done) * ((1 - colour) + colour * values[order])[:, None, None]
    return np.einsum("dhw,cd->hwc", scaled, vectors[:, order])


@pytest.mark.parametrize("shape", [(48, 64), (45, 63), (90, 34)])
@pytest.mark.parametrize("colour, spectrum", [(0.5, 0.5), (1.0, 0.0), (0.0, 1.0)])
def test_the_map_is_its_definition(shape, colour, spectrum):
    g = noise(*shape)
    np.testing.assert_allclose(mapped(g, colour, spectrum), defined(g, colour, spectrum), atol=2e-5)


def test_nothing_natural_is_the_gradient_itself():
    g = noise(40, 52)
    np.testing.assert_allclose(mapped(g, 0.0, 0.0), g, atol=1e-5)


def test_colour_is_lucids_matrix():
    """C = (1 - a) I + 3a SSᵀ / trace(SSᵀ), pixel by pixel."""
    g = noise(24, 32)
    matrix = 0.3 * np.eye(3) + 0.7 * 3 * ROOT @ ROOT.T / np.trace(ROOT @ ROOT.T)
    np.testing.assert_allclose(mapped(g, 0.7, 0.0), g @ matrix, atol=2e-5)


@pytest.mark.parametrize("spectrum", [0.3, 1.0])
def test_the_spectrum_falls_as_it_says(spectrum):
    """A wave four times as long grows 4^spectrum times as much; the mean, and what is longer than LONGEST, no more."""
    x = np.arange(384)

    def gain(length):
        wave = np.cos(2 * np.pi * x / length)[None, :, None] * np.ones((32, 1, 3))
        return mapped(wave, 0.0, spectrum)[0, 0].mean()

    np.testing.assert_allclose(gain(64) / gain(16), 4**spectrum, rtol=1e-2)
    np.testing.assert_allclose(gain(384) / gain(96), 1, rtol=1e-2)
    np.testing.assert_allclose(mapped(np.ones((32, 48, 3)), 0.0, spectrum), 1, rtol=1e-4)


def test_a_step_still_climbs():
    """The map is positive: <g, natural(g)> is above 0 whatever g is."""
    for seed in range(5):
        g = noise(33, 46, seed)
        assert np.sum(g * mapped(g, 1.0, 1.0)) > 0


def ramp(images):
    """A network of one layer, whose response depends on where a pixel is."""
    h, w = images.shape[1:3]
    return {"a": images * (jnp.linspace(1, 3, h)[:, None] * jnp.linspace(0.5, 2, w)[None])[None, :, :, None]}


def test_an_ascent_of_natural_gradients_agrees_with_numpy_in_float64():
    x, key, knobs = 120 + 30 * noise(20, 30), jax.random.key(3), Knobs(2.0, 8, 0.4, 0.6)
    network = jax.tree_util.Partial(ramp)
    got = ascent.ascend(network, jnp.float32(x), jnp.ones(1), knobs, key, (0, 3), targets=ALL, ways=NATURAL)
    where = np.linspace(1, 3, 20)[:, None, None] * np.linspace(0.5, 2, 30)[None, :, None]
    for i in range(3):
        offset = tuple(int(n) for n in ascent.shift(key, jnp.int32(i), jnp.int32(8)))
        x = np.roll(x, offset, (0, 1))
        g = defined(where**2 * x, 0.4, 0.6)
        x = np.roll(np.clip(x + 2.0 * g / np.abs(g).mean(), 0, 255), (-offset[0], -offset[1]), (0, 1))
    np.testing.assert_allclose(got, x, atol=5e-3)


def test_in_tiles_as_in_one_piece():
    """Of a network that sees single pixels, so that tiles have no blind border."""
    x = jnp.float32(120 + 30 * noise(96, 128))
    network = jax.tree_util.Partial(lambda images: {"a": images})
    knobs, key = Knobs(1.5, 0, 0.5, 0.5), jax.random.key(0)
    tiled = Programs(network, [(96, 128)], tile=64)
    assert tiled.tiled((96, 128))
    got = tiled(x[None], jnp.ones((1, 1)), knobs, key[None], (0, 3), targets=ALL, ways=NATURAL)[0]
    whole = ascent.ascend(network, jnp.array(x), jnp.ones(1), knobs, key, (0, 3), targets=ALL, ways=NATURAL)
    np.testing.assert_allclose(got, whole, atol=0.02)
