"""Convolutions whose input gradients are their own, because XLA's CPU backend differentiates them badly.

x `[n, h, w, cin]`, kernel HWIO `[k, l, cin, cout]`, s the stride, g the cotangent of the result `[n, m, l, cout]`;
blocks, phases and reach as in windows.py. No function here gives weights a gradient (their cotangent is zero): a
dream changes the picture only.
"""

from functools import partial, reduce
from operator import add
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from models.blocks import winograd
from models.blocks.windows import Axis, Padding, axes
from models.blocks.xla import apart

NHWC = ("NHWC", "HWIO", "NHWC")
Axes = tuple[Axis, Axis]
Pads = list[tuple[int, int]]


def plain(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The same as XLA has it: right where a library does the work (cuDNN), and the reference of the tests."""
    pads = [(axis.low, axis.high) for axis in axes(x.shape, kernel.shape[:2], stride, padding)]
    kernel = jax.lax.stop_gradient(kernel)
    return jax.lax.conv_general_dilated(x, kernel, (stride, stride), pads, dimension_numbers=NHWC)


@jax.custom_vjp
def dot(x: jax.Array, matrix: jax.Array) -> jax.Array:
    """The 1x1 convolution as the matrix product it is: matrix `[cin, cout]`."""
    n, h, w, c = x.shape
    return (x.reshape(n * h * w, c) @ matrix).reshape(n, h, w, matrix.shape[1])


dot.defvjp(lambda x, matrix: (dot(x, matrix), matrix), lambda matrix, g: (dot(g, matrix.T), None))


def turned(kernel: Any, stride: int) -> Any:
    """The kernel of conv's gradient, `[reach, reach, cout, s s cin]`: made once, when weights are loaded.

    Pixel p = s q + a takes from window q - d through tap s d + a, for all d: a convolution of g with a smaller kernel,
    turned by 180 degrees, that yields all s s phases of a block as channels (sub-pixel convolution, Shi et al. 2016).
    At stride 1 it is the flipped, transposed kernel. NumPy's arrays give NumPy's: sixty convolutions of as many shapes
    would keep a compiler busy for seconds.
    """
    k, across, cin, cout = kernel.shape
    reach = -(-k // stride), -(-across // stride)
    extra = [(0, stride * r - size) for r, size in zip(reach, (k, across), strict=True)]
    whole = (np if isinstance(kernel, np.ndarray) else jnp).pad(kernel, (*extra, (0, 0), (0, 0)))
    taps = whole.reshape(reach[0], stride, reach[1], stride, cin, cout)[::-1, :, ::-1]
    return taps.transpose(0, 2, 5, 1, 3, 4).reshape(*reach, cout, stride * stride * cin)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def conv(x: jax.Array, kernel: jax.Array, back: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The convolution; back = turned(kernel, stride). XLA's gradient turns the kernel in every step and dilates g."""
    if stride > 1:
        return plain(x, kernel, stride, padding)
    return _correlate(x, kernel, [(axis.low, axis.high) for axis in axes(x.shape, kernel.shape[:2], 1, padding)])


def _conv_forward(x, kernel, back, stride, padding):
    return conv(x, kernel, back, stride, padding), (axes(x.shape, kernel.shape[:2], stride, padding), back)


def _conv_backward(stride, padding, saved, g):
    both, back = saved
    # blocks that are all padding are left out: at stride 1 the result has just the pixels that are wanted
    pads = [(axis.reach - 1 - axis.low // stride, axis.blocks - axis.m) for axis in both]
    return _from_phases(_correlate(g, back, pads), both), None, None


conv.defvjp(_conv_forward, _conv_backward)


def _correlate(x: jax.Array, kernel: jax.Array, pads: Pads) -> jax.Array:
    """At stride 1, the faster way: Winograd's takes less than half the time from 128 channels on.

    At 32 channels it gains nothing where memory is slow, and takes three times as long to compile.
    """
    if kernel.shape[:2] == (3, 3) and min(kernel.shape[2:]) >= 64 and min(x.shape[1:3]) >= 10:
        return winograd.conv(x, kernel, pads)
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), pads, dimension_numbers=NHWC)


def _from_phases(x: jax.Array, both: Axes) -> jax.Array:
    """Depth to space: `[n, blocks, blocks, s s c]` -> `[n, h, w, c]`, what is left of the padding cut off."""
    down, across = both
    n, q, r, _ = x.shape
    s = down.s
    if s > 1:
        x = x.reshape(n, q, r, s, s, -1).transpose(0, 1, 3, 2, 4, 5).reshape(n, s * q, s * r, -1)
    top, left = down.low % s, across.low % s
    return x[:, top : top + down.n, left : left + across.n]


def thin(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The convolution of few channels, a network's first: a matrix product with K = k k cin, another for its gradient.

    A convolution over 3 channels leaves most of a vector register empty: 3.1 ms where the product takes 1.7. The
    columns come from reshapes of whole blocks, and the gradient's k k shifted additions are of three channels each.
    """
    return _thin(x, kernel.reshape(-1, kernel.shape[-1]), axes(x.shape, kernel.shape[:2], stride, padding))


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _thin(x: jax.Array, matrix: jax.Array, both: Axes) -> jax.Array:
    return apart(partial(columns, both=both))(x) @ matrix


def columns(x: jax.Array, both: Axes) -> jax.Array:
    """[n, h, w, c] -> [n, m, l, k k c]: what every window sees."""
    for dim, axis in ((2, both[1]), (1, both[0])):
        x = _shift(x, dim, -axis.low, axis.s * axis.blocks)
        blocks = x.reshape(*x.shape[:dim], axis.blocks, axis.s, *x.shape[dim + 1 :])
        phases = [jax.lax.index_in_dim(blocks, a, dim + 1, keepdims=False) for a in range(axis.s)]
        x = jnp.concatenate([_shift(phases[t % axis.s], dim, t // axis.s, axis.m) for t in range(axis.k)], -1)
    return x


def scattered(t: jax.Array, both: Axes) -> jax.Array:
    """[n, m, l, k k c] -> [n, h, w, c], the transpose of `columns`: every pixel is the sum of what its windows hold."""
    down, across = both
    k, s = down.k, down.s
    n, m, length, _ = t.shape
    t = t.reshape(n, m, length, k, k, -1)

    def phase(a: int, b: int) -> jax.Array:
        """The pixels at phase a, b of all blocks."""
        taps = [(u, v) for u in range(a, k, s) for v in range(b, k, s)]
        zero = jnp.zeros((n, down.blocks, across.blocks, t.shape[-1]), t.dtype)
        rows = (_shift(t[:, :, :, u, v], 1, -(u // s), down.blocks) for u, v in taps)
        return reduce(
            add, (_shift(row, 2, -(v // s), across.blocks) for row, (_, v) in zip(rows, taps, strict=True)), zero
        )

    z = jnp.stack([jnp.stack([phase(a, b) for b in range(s)], 3) for a in range(s)], 2)
    z = z.reshape(n, s * down.blocks, s * across.blocks, -1)
    return z[:, down.low : down.low + down.n, across.low : across.low + across.n]


def _shift(x: jax.Array, dim: int, d: int, m: int) -> jax.Array:
    """x[d : d + m] along `dim`, zero outside x."""
    pads = [(0, 0, 0)] * x.ndim
    pads[dim] = (-d, m + d - x.shape[dim], 0)
    return jax.lax.pad(x, jnp.zeros((), x.dtype), pads)


_thin.defvjp(
    lambda x, matrix, both: (_thin(x, matrix, both), matrix),
    lambda both, matrix, g: (apart(partial(scattered, both=both))(g @ matrix.T), None),
)
