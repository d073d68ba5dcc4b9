"""Every block with a gradient of its own, held against XLA's convolution or pool and plain jax.grad."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec

from models.blocks import convolution, depthwise, layers, pool
from models.blocks.windows import axes, ceil_mode

pytestmark = pytest.mark.numbers


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def few_values(seed, *shape):
    """Only four values: most windows have ties."""
    return jnp.asarray(np.random.default_rng(seed).integers(0, 4, shape), jnp.float32)


def assert_same(f, reference, x, *weights):
    """f and its gradient in x agree with the reference's to 1e-5 of its norm, under jit."""

    def both(f, x, g):
        y, back = jax.vjp(f, x)
        return y, back(g)[0]

    g = normal(7, *jax.eval_shape(reference, x).shape)
    mine, theirs = (jax.jit(both, static_argnums=0)(h, x, g) for h in (f, reference))
    for a, b in zip(mine, theirs, strict=True):
        assert a.shape == b.shape
        assert jnp.linalg.norm(a - b) <= 1e-5 * jnp.linalg.norm(b)


SIZES = [(1, 1), (12, 17)]


@pytest.mark.parametrize("h, w", SIZES)
@pytest.mark.parametrize(
    "k, stride, padding",
    [(3, 1, "SAME"), (3, 2, "SAME"), (5, 1, "SAME"), (7, 2, "SAME"), (3, 3, "SAME"), (3, 1, 1), (7, 2, 3), (3, 2, 1)],
)
def test_conv(h, w, k, stride, padding):
    x, kernel = normal(0, 2, h, w, 6), normal(1, k, k, 6, 5)
    back = convolution.turned(kernel, stride)
    assert_same(
        lambda x: convolution.conv(x, kernel, back, stride, padding),
        lambda x: convolution.plain(x, kernel, stride, padding),
        x,
    )


@pytest.mark.parametrize("h, w", SIZES)
@pytest.mark.parametrize(
    "k, stride, padding", [(3, 2, "SAME"), (7, 2, "SAME"), (7, 2, 3), (3, 1, "SAME"), (1, 2, "SAME")]
)
def test_thin(h, w, k, stride, padding):
    x, kernel = normal(0, 2, h, w, 3), normal(1, k, k, 3, 8)
    assert_same(
        lambda x: convolution.thin(x, kernel, stride, padding),
        lambda x: convolution.plain(x, kernel, stride, padding),
        x,
    )


@pytest.mark.parametrize("h, w", [*SIZES, (2, 3), (7, 6)])
@pytest.mark.parametrize("k, stride", [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_depthwise(h, w, k, stride):
    x, kernel = normal(0, 2, h, w, 6), normal(1, k, k, 1, 6)
    assert_same(
        lambda x: depthwise.conv(x, kernel, stride, "SAME"),
        lambda x: depthwise.plain(x, kernel, stride, "SAME"),
        x,
    )


@pytest.mark.parametrize("h, w", [*SIZES, (2, 3), (7, 6)])
@pytest.mark.parametrize(
    "k, stride, padding", [(3, 2, "SAME"), (2, 2, "SAME"), (3, 1, "SAME"), (3, 2, 1), (3, 3, "SAME")]
)
def test_max_pool(h, w, k, stride, padding):
    x = few_values(0, 2, h, w, 5)
    assert_same(
        lambda x: pool.max_pool(x, k, stride, padding),
        lambda x: pool.plain(x, k, stride, padding),
        x,
    )


def test_max_pool_that_rounds_up():
    x = few_values(0, 1, 12, 13, 4)
    padding = ceil_mode(x.shape, 3, 2, 0)
    assert pool.plain(x, 3, 2, padding).shape == (1, 6, 6, 4)  # as Caffe: ceil((12 - 3) / 2) + 1, (13 - 3) / 2 + 1
    assert_same(lambda x: pool.max_pool(x, 3, 2, padding), lambda x: pool.plain(x, 3, 2, padding), x)


def test_same_padding_is_tensorflows():
    assert [(a.low, a.high, a.m) for a in axes((1, 6, 7, 3), 3, 2, "SAME")] == [(0, 1, 3), (1, 1, 4)]


@pytest.mark.parametrize("h, w, padding", [(12, 16, "SAME"), (13, 18, "SAME"), (10, 11, ((0, 3), (2, 0)))])
def test_conv_by_winograd(h, w, padding):
    x, kernel = normal(0, 2, h, w, 32), normal(1, 3, 3, 32, 40)
    back = convolution.turned(kernel, 1)
    assert_same(
        lambda x: convolution.conv(x, kernel, back, 1, padding),
        lambda x: convolution.plain(x, kernel, 1, padding),
        x,
    )


def test_weights_get_no_gradient():
    x, kernel = normal(0, 1, 6, 6, 4), normal(1, 3, 3, 4, 4)

    def score(kernel):
        return jnp.sum(convolution.conv(x, kernel, convolution.turned(kernel, 1), 1, "SAME"))

    assert not jax.grad(score)(kernel).any()


def make_convs(key):
    shapes = [(3, 8, 3, 2), (8, 6, 1, 1), (8, 10, 3, 1), (16, 5, 1, 1), (16, 5, 3, 1)]
    return tuple(layers.Conv(*shape, rngs=nnx.Rngs(jax.random.fold_in(key, i))) for i, shape in enumerate(shapes))


def branches(convs, x):
    """A stem with a pool, two branches, and two readers of their parts."""
    stem, narrow, wide, reader, wide_reader = convs
    _, x = stem.pooled((x,))
    parts = (narrow((x,)), wide((x,)))
    return reader(parts), wide_reader(parts)


def branches_by_xla(convs, x):
    def unit(conv, x, stride=1):
        y = jax.lax.conv_general_dilated(
            x, conv.kernel[...], (stride, stride), "SAME", dimension_numbers=convolution.NHWC
        )
        return jax.nn.relu(y + conv.bias[...].reshape(1, 1, 1, -1))

    stem, narrow, wide, reader, wide_reader = convs
    x = pool.plain(unit(stem, x, 2), 3, 2, "SAME")
    joined = jnp.concatenate([unit(narrow, x), unit(wide, x)], -1)
    return unit(reader, joined), unit(wide_reader, joined)


@pytest.fixture(scope="module")
def convs():
    made = jax.jit(make_convs)(jax.random.key(0))  # a constant key: XLA folds all of it, for 20 s
    for i, conv in enumerate(made):
        conv.bias[...] = 0.1 * normal(i, *conv.bias.shape)
    return made


def energy(f):
    return lambda convs, x: sum(jnp.sum(jnp.square(y)) for y in f(convs, x))


def close(a, b):
    return bool(jnp.linalg.norm(a - b) <= 1e-5 * jnp.linalg.norm(b))


@pytest.mark.parametrize("h, w", [(32, 48), (1, 2)])
def test_blocks_together(convs, h, w):
    x = normal(3, 2, h, w, 3)
    mine, theirs = (jax.jit(jax.value_and_grad(energy(f), argnums=1))(convs, x) for f in (branches, branches_by_xla))
    assert close(mine[0], theirs[0]) and close(mine[1], theirs[1])


def test_blocks_by_xla_where_they_are_chosen(convs, monkeypatch):
    x = normal(3, 2, 31, 45, 3)
    mine = jax.jit(jax.grad(energy(branches), argnums=1))(convs, x)
    monkeypatch.setattr(layers, "own_gradients", lambda: False)
    theirs = jax.jit(jax.grad(lambda c, x: energy(branches)(c, x), argnums=1))(convs, x)
    assert close(mine, theirs)


def test_blocks_under_vmap(convs):
    x = normal(3, 3, 2, 31, 45, 3)
    gradient = jax.grad(energy(branches), argnums=1)
    batched = jax.jit(jax.vmap(gradient, in_axes=(None, 0)))(convs, x)
    assert close(batched, jnp.stack([jax.jit(gradient)(convs, image) for image in x]))


def test_blocks_on_two_devices(convs):
    x = normal(3, 4, 31, 45, 3)
    gradient = jax.jit(jax.grad(energy(branches), argnums=1))
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    split = NamedSharding(mesh, PartitionSpec("batch"))
    spread = gradient(convs, jax.device_put(x, split))
    assert spread.sharding.is_equivalent_to(split, 4)
    assert close(spread, gradient(convs, x))


def test_parts_join():
    parts = (normal(0, 1, 2, 3, 4), normal(1, 1, 2, 3, 5))
    assert jnp.array_equal(layers.join(parts), jnp.concatenate(parts, -1))
