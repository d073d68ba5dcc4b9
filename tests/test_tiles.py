"""Tiles against the whole picture, on networks small enough to compare exactly, and on the real one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick import quickly

from render.dream import ascent, tiles
from render.dream.ascent import PLAIN, Knobs, Octave
from render.dream.objective import Target, score
from render.dream.programs import Programs

pytestmark = pytest.mark.numbers

ALL = (Target("a"),)


def key():
    return jax.random.key(3)


def image(h=50, w=70):
    return jnp.asarray(np.random.default_rng(0).uniform(40, 200, (h, w, 3)), jnp.float32)


def pixelwise(images):
    """Two layers that look at single pixels, so that tiles have no blind border."""
    return {"a": images, "b": jnp.square(images) / 100}


def size_of(h, w):
    return jnp.int32(h), jnp.int32(w)


BOTH, WEIGHTS = (Target("a"), Target("b", (0, 2))), (1.0, -0.6)


@partial(quickly, static_argnames=("tile", "group"))
def in_tiles(padded, size, *, tile, group):
    """The gradient and the energies met on the way, those of the whole picture, how many tiles cover each pixel."""
    network, origin = jax.tree_util.Partial(pixelwise), jnp.array([13, 29])
    whole = tiles.energies_of(network, padded, size, targets=BOTH, tile=tile)
    g, energies = tiles.tiled_gradient(
        network, padded, size, origin, jnp.float32(WEIGHTS), whole, targets=BOTH, tile=tile, group=group
    )
    return g, energies, whole, tiles.coverage(padded.shape, size, tile, origin)


@quickly
@jax.grad
def in_one_piece(x):
    return score(pixelwise(x[None]), BOTH, jnp.float32(WEIGHTS))


@pytest.mark.parametrize(
    "shape, tile", [((50, 70), (16, 32)), ((50, 70), (50, 35)), ((33, 47), (32, 46)), ((48, 64), (16, 16))]
)
@pytest.mark.parametrize("group", [1, 3])
def test_tiles_give_the_gradient_of_the_whole(shape, tile, group):
    x = image(*shape)
    padded = jnp.zeros((60, 80, 3)).at[: shape[0], : shape[1]].set(x)
    got, energies, whole, covered = map(np.asarray, in_tiles(padded, size_of(*shape), tile=tile, group=group))
    assert not got[shape[0] :].any() and not got[:, shape[1] :].any()
    got, expected = got[: shape[0], : shape[1]], np.asarray(in_one_piece(x))
    if (covered[: shape[0], : shape[1]] == 1).all():
        np.testing.assert_allclose(got / np.abs(got).mean(), expected / np.abs(expected).mean(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(energies, whole, rtol=1e-5)
    else:  # pixels in two tiles weigh a little more in the energies, which only scales the layers
        assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("shape, tile", [((50, 70), (16, 32)), ((33, 47), (32, 46)), ((64, 64), (64, 64))])
@pytest.mark.parametrize("origin", [(0, 0), (-5, 61)])
def test_every_pixel_is_covered(shape, tile, origin):
    covered = np.zeros(shape, int)
    for k in range(int(tiles.tile_count(size_of(*shape), tile))):
        row, column = tiles.place(jnp.int32(k), size_of(*shape), tile, jnp.array(origin))
        rows, columns = (int(row) + np.arange(tile[0])) % shape[0], (int(column) + np.arange(tile[1])) % shape[1]
        covered[rows[:, None], columns[None]] += 1
    assert covered.min() >= 1
    np.testing.assert_array_equal(
        tiles.coverage((*shape, 3), size_of(*shape), tile, jnp.array(origin))[..., 0], covered
    )


def test_the_tile_chosen_wastes_little():
    shapes = [(1102, 1959), (1543, 2743), (2160, 3840)]
    a, b = tiles.tile_shape(shapes, 400)
    assert 200 <= a <= 400 and 200 <= b <= 400
    covered = sum(-(-h // a) * a * -(-w // b) * b for h, w in shapes)
    assert covered < 1.08 * sum(h * w for h, w in shapes)


def test_one_compilation_serves_every_tiled_octave(squeezenet):
    shapes = [(40, 56), (80, 112), (112, 160), (128, 192)]
    programs = Programs(squeezenet, shapes, tile=64)
    ascent.dream(
        programs,
        image(128, 192)[None],
        [[1.0]],
        targets=(Target("fire2"),),
        octaves=[Octave(shape, 1, Knobs([1.0], [4])) for shape in shapes],
        key=key()[None],
    )
    assert set(programs.compilers.futures) == {(size, (Target("fire2"),), PLAIN) for size in ((40, 56), "tiles")}


def test_no_seam_grows(squeezenet):
    """Ten steps in tiles: the change along no row or column stands out from that of the whole picture."""
    x, targets, knobs = image(160, 160), (Target("fire3"),), Knobs(1.5, 8)
    tiled = Programs(squeezenet, [(160, 160)], tile=80)
    tiled = tiled(x[None], jnp.ones((1, 1)), knobs, key()[None], (0, 10), targets=targets)[0]
    whole = ascent.ascend(squeezenet, jnp.array(x), jnp.ones(1), knobs, key(), (0, 10), targets=targets)

    def profile(y):
        energy = np.square(np.diff(np.asarray(y - x), axis=1)).mean((0, 2))
        return energy / energy.mean()

    assert profile(tiled).max() < 1.3 * profile(whole).max()
    assert np.abs(np.asarray(tiled - x)).mean() > 0.5 * np.abs(np.asarray(whole - x)).mean()


@pytest.mark.parametrize("tile", ["off", 64])
def test_bfloat16_dreams_the_same(squeezenet, monkeypatch, tile):
    """The accelerators' path, on a CPU: XLA's own blocks, activations in bfloat16, float32 outside. It looks alike."""
    x = jnp.asarray(np.repeat(np.repeat(image(12, 16), 8, 0), 8, 1)[:96, :128])
    numbers, targets = (jnp.ones((1, 1)), Knobs(1.0, 8), key()[None], (0, 4)), (Target("fire4"),)

    def change():
        programs = Programs(squeezenet, [(96, 128)], tile=tile)
        y = programs(jnp.array(x)[None], *numbers, targets=targets)
        assert y.dtype == jnp.float32
        return np.asarray(y[0] - x).ravel()

    exact = change()
    monkeypatch.setattr("render.dream.programs.HALF", {"cpu"})
    monkeypatch.setattr("models.blocks.layers.own_gradients", lambda: False)
    half = change()
    assert 0.9 < np.corrcoef(exact, half)[0, 1] < 0.99999


def test_a_picture_goes_on_behind_its_border():
    x = np.random.default_rng(0).uniform(0, 1, (9, 11, 3)).astype(np.float32)
    buffer = np.zeros((12, 14, 3), np.float32)
    buffer[:9, :11] = x
    y = np.asarray(tiles.wrapped(jnp.asarray(buffer), size_of(9, 11), (4, 5)))
    np.testing.assert_array_equal(y[: 9 + 4, : 11 + 5], np.tile(x, (2, 2, 1))[:13, :16])


def test_folding_is_the_transpose_of_wrapping():
    rng, size, tile = np.random.default_rng(0), size_of(9, 11), (4, 5)
    x = np.zeros((12, 14, 3), np.float32)
    x[:9, :11] = rng.normal(size=(9, 11, 3))
    y = np.zeros((16, 19, 3), np.float32)
    y[:13, :16] = rng.normal(size=(13, 16, 3))
    there = np.sum(np.asarray(tiles.wrapped(jnp.asarray(x), size, tile)) * y)
    back = np.sum(x * np.asarray(tiles.folded(jnp.asarray(y), size, tile)))
    np.testing.assert_allclose(there, back, rtol=1e-4)


def test_bfloat16_keeps_the_direction(squeezenet):
    """What accelerators compute in: the gradient is a float32, and points where float32's own does."""
    from render.dream.programs import InBfloat16

    def gradient(network, x):
        return jax.grad(lambda x: score(network(x[None]), (Target("fire5"),), jnp.ones(1)))(x)

    x = image(48, 64)
    exact, half = (np.asarray(jax.jit(partial(gradient, f(squeezenet)))(x)) for f in (lambda n: n, InBfloat16))
    assert half.dtype == np.float32
    assert np.corrcoef(exact.ravel(), half.ravel())[0, 1] > 0.9
