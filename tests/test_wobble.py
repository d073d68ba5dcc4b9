"""Wobble against numpy in float64, pixel by pixel; whole and in tiles; none at all is the dream without it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick import quickly

from render.dream import ascent, wobble
from render.dream.ascent import Knobs, Ways
from render.dream.objective import Target
from render.dream.programs import Programs
from render.film.needs import ways
from render.film.sweep import alike
from render.scene.reader import read_scene
from render.scene.schedule import frame_params

pytestmark = pytest.mark.numbers

ALL, WOBBLE = (Target("a"),), Ways(wobble=True)
MATRICES = [(1, 0), (1.2, 15), (1 / 1.2, -15), (1.03, 2)]  # a factor, degrees


def key():
    return jax.random.key(5)


def matrix(factor, degrees):
    a = np.deg2rad(degrees)
    return factor * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def image(h=20, w=30):
    return np.random.default_rng(0).uniform(60, 180, (h, w, 3))


def by_hand(shape, m):
    """The linear map of `seen`, pixels seen × pixels of the picture, and the same with nothing beyond the edges."""
    h, w = shape
    around, inside = np.zeros((2, h * w, h, w))
    middle = (np.array(shape) - 1) / 2
    for n, p in enumerate(np.ndindex(shape)):
        q = m @ (p - middle) + middle
        for corner in np.ndindex(2, 2):
            r, c = (np.floor(q) + corner).astype(int)
            weight = np.prod(1 - np.abs(q - (r, c)))
            around[n, r % h, c % w] += weight
            if 0 <= r < h and 0 <= c < w:
                inside[n, r, c] += weight
    return around.reshape(h * w, h * w), inside.reshape(h * w, h * w)


def seen_and_back(x, m, g):
    got, back = jax.vjp(lambda x: wobble.seen(x, m), x)
    return got, back(g)[0]


@pytest.mark.parametrize("factor, degrees", MATRICES)
def test_what_is_seen_and_its_gradient_are_a_linear_map_and_its_transpose(factor, degrees):
    m, x, g = matrix(factor, degrees), image(), image()[::-1]
    around, inside = by_hand((20, 30), m)
    got, back = quickly(seen_and_back)(jnp.float32(x), jnp.float32(m), jnp.float32(g))
    np.testing.assert_allclose(got.reshape(-1, 3), around @ x.reshape(-1, 3), atol=0.02)
    np.testing.assert_allclose(back.reshape(-1, 3), inside.T @ g.reshape(-1, 3), atol=0.02)


def test_views_stay_within_their_bounds_and_reach_them():
    views = np.array(jax.vmap(lambda i: wobble.view(key(), i, 0.2, 15.0))(jnp.arange(100)), float)
    factors = np.sqrt(np.linalg.det(views))
    degrees = np.rad2deg(np.arctan2(views[:, 1, 0], views[:, 0, 0]))
    assert 1 / 1.2001 < factors.min() < 0.88 and 1.15 < factors.max() < 1.2001
    assert -15.01 < degrees.min() < -12 and 12 < degrees.max() < 15.01
    np.testing.assert_allclose(wobble.view(key(), jnp.int32(3), 0.0, 0.0), np.eye(2), atol=1e-7)


def pixelwise(images):
    """A network that sees single pixels, so that tiles have no blind border, one colour more than another."""
    return {"a": images * jnp.linspace(0.5, 2, 3)[None, None, None]}


NETWORK = jax.tree_util.Partial(pixelwise)


def climbed(x, ways, **knobs):
    knobs = Knobs(2.0, 6, **{name: jnp.float32(number) for name, number in knobs.items()})
    return np.asarray(ascent.ascend(NETWORK, jnp.float32(x), jnp.ones(1), knobs, key(), (0, 3), targets=ALL, ways=ways))


def test_the_ascent_agrees_with_numpy_in_float64():
    """Roll, look, gradient, its way back, step, roll back."""
    x, shape, colours = image(), (20, 30), np.linspace(0.5, 2, 3)
    expected = x.copy()
    for i in range(3):
        offset = tuple(int(n) for n in ascent.shift(key(), jnp.int32(i), jnp.int32(6)))
        m = np.asarray(wobble.view(key(), jnp.int32(i), 0.1, 8.0), np.float64)
        around, inside = by_hand(shape, m)
        rolled = np.roll(expected, offset, (0, 1))
        y = (around @ rolled.reshape(-1, 3)).reshape(rolled.shape)
        g = 2 * colours**2 * y / np.sum((colours * y) ** 2)
        g = (inside.T @ g.reshape(-1, 3)).reshape(g.shape)
        rolled = rolled + 2.0 * g / np.abs(g).mean()
        expected = np.clip(np.roll(rolled, (-offset[0], -offset[1]), (0, 1)), 0, 255)
    np.testing.assert_allclose(climbed(x, WOBBLE, scale=0.1, rotate=8.0), expected, atol=0.01)


def test_none_at_all_is_the_dream_without():
    np.testing.assert_allclose(climbed(image(), WOBBLE), climbed(image(), Ways()), atol=1e-3)


def test_amounts_that_move_compile_nothing():
    climbed(image(), WOBBLE, scale=0.1, rotate=1.0)
    count = ascent.ascend._cache_size()
    for amount in (0.0, 0.03, 0.2):
        climbed(image(), WOBBLE, scale=amount, rotate=40 * amount)
    assert ascent.ascend._cache_size() == count


def test_tiles_see_what_the_whole_picture_shows():
    x = jnp.float32(image(80, 100))
    knobs, network = Knobs(2.0, 6, scale=0.1, rotate=8.0), jax.tree_util.Partial(pixelwise)
    tiled = Programs(network, [(80, 100)], tile=64)
    assert tiled.tiled((80, 100))
    tiled = tiled(x[None], jnp.ones((1, 1)), knobs, key()[None], (0, 3), targets=ALL, ways=WOBBLE)[0]
    whole = ascent.ascend(network, jnp.array(x), jnp.ones(1), knobs, key(), (0, 3), targets=ALL, ways=WOBBLE)
    np.testing.assert_allclose(tiled, whole, atol=0.02)


def test_in_a_scene(tmp_path):
    def scene(more):
        (tmp_path / "s.yaml").write_text(f"start: {{noise: perlin}}\nframes: 3\ndream: {{wobble: {more}}}")
        return read_scene(tmp_path / "s.yaml")

    assert frame_params(scene("0.05"))[0].wobble == (0.05, 0)
    assert frame_params(scene("{rotate: {0f: 0, 2f: 10}}"))[1].wobble == (0, 5)
    assert [ways(frame_params(scene(amount))[0]) for amount in ("0", "0.1")] == [Ways(True), Ways(True, True)]
    assert alike(scene("0.05"), scene("{scale: 0.1, rotate: 3}")) and not alike(scene("0.05"), scene("0"))
