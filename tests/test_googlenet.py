"""GoogLeNet by Caffe's and TensorFlow's rules, held against slow sums over loops in float64."""

from importlib import import_module

import drawn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from quick import quickly

from models.blocks import normalise
from models.blocks.convolution import plain
from models.blocks.layers import ceil_mode, local_response, max_pool, mean3
from models.plans.table import NETWORKS

pytestmark = pytest.mark.numbers


def slow_lrn(x, radius, alpha, beta, bias):
    """Channel by channel, as TensorFlow's documentation of tf.nn.local_response_normalization says."""
    y = np.empty_like(x)
    for c in range(x.shape[-1]):
        around = x[..., max(0, c - radius) : c + radius + 1]
        y[..., c] = x[..., c] / (bias + alpha * (around**2).sum(-1)) ** beta
    return y


def slow_caffe_lrn(x, size=5, alpha=1e-4, beta=0.75, k=1.0):
    """As Caffe's documentation says: alpha is divided by the number of channels in the sum."""
    return slow_lrn(x, (size - 1) // 2, alpha / size, beta, k)


def slow_pool(x, k, stride, rows, columns):
    """The maximum of every window; rows and columns are (first pixel of the first window, number of windows)."""
    n, _, _, c = x.shape
    y = np.empty((n, rows[1], columns[1], c))
    for i in range(rows[1]):
        for j in range(columns[1]):
            top, left = rows[0] + stride * i, columns[0] + stride * j
            y[:, i, j] = x[:, max(0, top) : top + k, max(0, left) : left + k].max((1, 2))
    return y


def slow_conv(x, kernel, stride, top, left, rows, columns):
    """Every window's product; zeros lie outside."""
    k, length, _, outputs = kernel.shape
    padded = np.pad(x, ((0, 0), (top, k + stride), (left, length + stride), (0, 0)))
    y = np.empty((x.shape[0], rows, columns, outputs))
    for i in range(rows):
        for j in range(columns):
            window = padded[:, stride * i : stride * i + k, stride * j : stride * j + length]
            y[:, i, j] = np.tensordot(window, kernel, 3)
    return y


def close(mine, slow, tolerance=1e-5):
    return mine.shape == slow.shape and np.linalg.norm(mine - slow) <= tolerance * np.linalg.norm(slow)


def numbers(*shape, scale=1.0):
    return np.random.default_rng(shape).standard_normal(shape) * scale


@pytest.mark.parametrize("radius, alpha, beta, bias", [(5, 1e-4, 0.5, 2.0), (2, 0.02, 0.75, 1.0), (1, 0.3, 0.6, 1.5)])
def test_local_response_and_its_gradient(radius, alpha, beta, bias):
    x, g = numbers(1, 2, 3, 12, scale=20), numbers(1, 2, 3, 12)
    y, back = jax.vjp(lambda x: local_response(x, radius, alpha, beta, bias), jnp.float32(x))
    assert close(y, slow_lrn(x, radius, alpha, beta, bias))
    step = 1e-4
    slope = np.empty_like(x)
    for at in np.ndindex(x.shape):  # by differences in float64
        d = np.zeros_like(x)
        d[at] = step
        up, down = (slow_lrn(x + s * d, radius, alpha, beta, bias) for s in (1, -1))
        slope[at] = (g * (up - down)).sum() / (2 * step)
    assert close(back(jnp.float32(g))[0], slope, 1e-4)


def test_caffes_local_response_divides_alpha():
    x = numbers(1, 2, 2, 64, scale=300)
    norm = import_module("models.networks.googlenet").VARIANTS["googlenet"].norm
    assert close(local_response(jnp.float32(x), *norm), slow_caffe_lrn(x))


@pytest.mark.parametrize("n, windows", [(1, 1), (2, 1), (3, 1), (4, 2), (7, 3), (8, 4), (112, 56), (113, 56)])
def test_caffes_pools_round_up(n, windows):
    """ceil((n - 3) / 2) + 1 windows of 3 at stride 2, which may hang over the end."""
    x = numbers(1, n, 3, 2)
    y = max_pool(jnp.float32(x), 3, 2, ceil_mode(x.shape, 3, 2, 0))
    assert close(y, slow_pool(np.float32(x), 3, 2, (0, windows), (0, 1)))


@pytest.mark.parametrize("n, first, windows", [(1, -1, 1), (6, 0, 3), (7, -1, 4), (112, 0, 56)])
def test_tensorflows_pools_pad_the_end_more(n, first, windows):
    x = numbers(1, n, n, 2)
    y = max_pool(jnp.float32(x), 3, 2, "SAME")
    assert close(y, slow_pool(np.float32(x), 3, 2, (first, windows), (first, windows)))


@pytest.mark.parametrize("size, padding, low", [(9, "SAME", 3), (10, "SAME", 2), (9, 3, 3), (10, 3, 3)])
def test_the_first_convolution_of_both(size, padding, low):
    x, kernel = numbers(1, size, size, 3), numbers(7, 7, 3, 2)
    slow = slow_conv(x, kernel, 2, low, low, -(-size // 2), -(-size // 2))
    assert close(plain(jnp.float32(x), jnp.float32(kernel), 2, padding), slow)


def test_mean3_counts_what_lies_outside():
    x, g = numbers(1, 4, 5, 2), numbers(1, 4, 5, 2)
    y, back = jax.vjp(mean3, jnp.float32(x))
    slow = slow_conv(x, np.einsum("ij,cd->ijcd", np.full((3, 3), 1 / 9), np.eye(2)), 1, 1, 1, 4, 5)
    assert close(y, slow)
    assert np.vdot(back(jnp.float32(g))[0], x) == pytest.approx(np.vdot(g, slow), rel=1e-4)


def test_powers_are_powers():
    s = jnp.linspace(1, 50, 20)
    for beta in (0.5, 0.75, 0.6):
        assert np.allclose(normalise.power(s, beta), np.asarray(s, np.float64) ** -beta, rtol=1e-6)


# One inception block and the stem of both, by loops


def small(name):
    """A network with narrow blocks and drawn weights, and those weights in float64."""
    from dataclasses import replace

    from models.networks import googlenet
    from models.plans.widths import Block

    entry, variant = NETWORKS[name], googlenet.VARIANTS[name]
    variant = replace(variant, blocks={"3a": Block(4, 3, 5, 2, 3, 2)})
    network = googlenet.GoogLeNet(variant, 7, entry.mean, rngs=nnx.Rngs(0))
    weights = {}
    for layer in (part for _, part in nnx.iter_graph(network) if hasattr(part, "derive")):
        layer.bias[...] = jnp.asarray(drawn.weight("b", layer.bias.shape))
        weights[id(layer)] = np.float64(layer.kernel[...]), np.float64(layer.bias[...])
    return network, variant, lambda layer: weights[id(getattr(network, layer))]


@pytest.mark.parametrize("name", ["googlenet", "inception5h"])
def test_stem_and_block_are_those_of_the_slow_sums(name):
    network, variant, weight = small(name)
    image = drawn.picture(21, 26)
    caffe = name == "googlenet"

    def relu_conv(x, layer, stride=1, low=None):
        kernel, bias = weight(layer)
        low = kernel.shape[0] // 2 if low is None else low
        top, left = low if isinstance(low, tuple) else (low, low)
        sides = (-(-n // stride) for n in x.shape[1:3])
        return np.maximum(slow_conv(x, kernel, stride, top, left, *sides) + bias, 0)

    def pool(x):
        if caffe:
            first, windows = (0, 0), [max(-(-(n - 3) // 2), 0) + 1 for n in x.shape[1:3]]
        else:
            first, windows = [-(n % 2) for n in x.shape[1:3]], [-(-n // 2) for n in x.shape[1:3]]
        return slow_pool(x, 3, 2, *zip(first, windows, strict=True))

    names, expected = variant.names, {}
    norm = slow_caffe_lrn if caffe else lambda x: slow_lrn(x, 5, 1e-4, 0.5, 2.0)
    x = np.float64(image) - np.array(NETWORKS[name].mean)
    x = expected[names.convs[0]] = relu_conv(x, names.convs[0], 2, 3 if caffe else (3, 2))
    x = expected[names.norms[0]] = norm(pool(x))
    x = relu_conv(relu_conv(x, names.convs[1]), names.convs[2])
    x = expected[names.pools[1]] = pool(norm(x))
    one, three_reduce, three, five_reduce, five, _, project = (part.format("3a") for part in names.parts)
    pooled = slow_pool(x, 3, 1, (-1, x.shape[1]), (-1, x.shape[2]))
    branches = [
        relu_conv(x, one),
        relu_conv(relu_conv(x, three_reduce), three),
        relu_conv(relu_conv(x, five_reduce), five),
        relu_conv(pooled, project),
    ]
    expected[names.block.format("3a")] = np.concatenate(branches, -1)
    out = quickly(lambda network, x: network(x))(network, jnp.asarray(image))
    assert {layer: close(out[layer], slow, 1e-4) for layer, slow in expected.items()} == dict.fromkeys(expected, True)
    if not caffe:
        assert np.array_equal(out["conv2d0"], np.maximum(out["conv2d0_pre_relu"], 0))
