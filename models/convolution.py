"""Convolutions whose input gradients are their own, because XLA's CPU backend differentiates them badly.

x `[n, h, w, cin]`, kernel HWIO `[k, k, cin, cout]`, s the stride, g the cotangent of the result `[n, m, l, cout]`; blocks, phases and
reach as in padding.py. No function here gives its weights a gradient (their cotangent is zero): a dream changes the picture.
"""

from functools import partial

import jax
import jax.numpy as jnp

from models import winograd
from models.windows import Axis, Padding, axes
from models.xla import apart

NHWC = ("NHWC", "HWIO", "NHWC")


def plain(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The same as XLA has it: right where a library does the work (cuDNN), and the reference of the tests."""
    pads = [(axis.low, axis.high) for axis in axes(x.shape, kernel.shape[0], stride, padding)]
    kernel = jax.lax.stop_gradient(kernel)
    return jax.lax.conv_general_dilated(x, kernel, (stride, stride), pads, dimension_numbers=NHWC)


def dot(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The 1x1 convolution, a matrix product: kernel `[cin, cout]`. Twice as fast as XLA's convolution of that size."""
    return _dot(x, kernel)


@jax.custom_vjp
def _dot(x: jax.Array, kernel: jax.Array) -> jax.Array:
    n, h, w, c = x.shape
    return (x.reshape(n * h * w, c) @ kernel).reshape(n, h, w, kernel.shape[1])


_dot.defvjp(lambda x, kernel: (_dot(x, kernel), kernel), lambda kernel, g: (_dot(g, kernel.T), None))


def turned(kernel: jax.Array, stride: int) -> jax.Array:
    """The kernel of `conv`'s gradient, `[reach, reach, cout, s·s·cin]`: made once when weights are loaded, not in every step.

    Pixel p = s q + a takes from window q - d through tap s d + a, for all d: a convolution of the cotangent with a smaller kernel,
    turned by 180 degrees, that yields all s·s phases of a block as channels (sub-pixel convolution, Shi et al. 2016).
    At stride 1 it is the flipped, transposed kernel.
    """
    k, _, cin, cout = kernel.shape
    reach = -(-k // stride)
    extra = stride * reach - k
    whole = jnp.pad(kernel, ((0, extra), (0, extra), (0, 0), (0, 0)))
    taps = whole.reshape(reach, stride, reach, stride, cin, cout)[::-1, :, ::-1]
    return taps.transpose(0, 2, 5, 1, 3, 4).reshape(reach, reach, cout, stride * stride * cin)


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def conv(x: jax.Array, kernel: jax.Array, back: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """Convolution, `back = turned(kernel, stride)`. XLA's own gradient reverses the kernel in the loop, and dilates at stride 2."""
    if stride == 1:
        return _correlate(x, kernel, [(axis.low, axis.high) for axis in axes(x.shape, kernel.shape[0], 1, padding)])
    return plain(x, kernel, stride, padding)


import os
WINO = int(os.environ.get("WINO", 32))


def _correlate(x: jax.Array, kernel: jax.Array, pads: list[tuple[int, int]]) -> jax.Array:
    """At stride 1, by the faster of two ways."""
    if kernel.shape[0] == 3 and min(kernel.shape[2:]) >= WINO and min(x.shape[1:3]) >= 10:
        return winograd.conv(x, kernel, pads)
    return jax.lax.conv_general_dilated(x, kernel, (1, 1), pads, dimension_numbers=NHWC)


def _conv_forward(x, kernel, back, stride, padding):
    return conv(x, kernel, back, stride, padding), (axes(x.shape, kernel.shape[0], stride, padding), back)


def _conv_backward(stride, padding, saved, g):
    both, back = saved
    # blocks that are all padding are left out: at stride 1 the result has just the pixels that are wanted
    pads = [(axis.reach - 1 - axis.low // axis.s, axis.blocks - axis.m) for axis in both]
    phases = _correlate(g, back, pads)
    return from_phases(phases, both), None, None


conv.defvjp(_conv_forward, _conv_backward)


def from_phases(x: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    """Depth to space: `[n, blocks, blocks, s·s·c]` -> `[n, h, w, c]`, the padding (what is left of it: less than a block) cut off."""
    rows, columns = both
    n, q, r, _ = x.shape
    s = rows.s
    if s > 1:
        x = x.reshape(n, q, r, s, s, -1).transpose(0, 1, 3, 2, 4, 5).reshape(n, s * q, s * r, -1)
    top, left = rows.low % s, columns.low % s
    return x[:, top : top + rows.n, left : left + columns.n]


def thin(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """Convolution of a few channels (a network's first): one matrix product with K = k·k·cin, for it and for its gradient.

    A convolution over 3 channels leaves most of a vector register empty. The columns come from reshapes of whole blocks, and
    the gradient's k·k shifted additions have three channels each, which is little.
    """
    both = axes(x.shape, kernel.shape[0], stride, padding)
    return _thin(x, kernel.reshape(-1, kernel.shape[-1]), both)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _thin(x: jax.Array, matrix: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    return apart(partial(columns, both=both))(x) @ matrix


def columns(x: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    """[n, h, w, c] -> [n, m, l, k·k·c]: what every window sees."""
    for dim, axis in ((2, both[1]), (1, both[0])):
        x = fit(x, dim, axis)
        blocks = x.reshape(*x.shape[:dim], axis.blocks, axis.s, *x.shape[dim + 1 :])
        phases = [jax.lax.index_in_dim(blocks, a, dim + 1, keepdims=False) for a in range(axis.s)]
        x = jnp.concatenate([shift(phases[t % axis.s], dim, t // axis.s, axis.m) for t in range(axis.k)], -1)
    return x


def scatter(t: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    """[n, m, l, k·k·c] -> [n, h, w, c], the transpose of `columns`: k·k shifted additions."""
    rows, cols = both
    n, m, l, _ = t.shape
    k, s = rows.k, rows.s
    t = t.reshape(n, m, l, k, k, -1)

    def phase(a: int, b: int) -> jax.Array:
        """All pixels at phase (a, b) of their blocks."""
        terms = [
            shift(shift(t[:, :, :, u, v], 1, -(u // s), rows.blocks), 2, -(v // s), cols.blocks)
            for u in range(a, k, s)
            for v in range(b, k, s)
        ]
        return sum(terms[1:], terms[0]) if terms else jnp.zeros((n, rows.blocks, cols.blocks, t.shape[-1]), t.dtype)

    z = jnp.stack([jnp.stack([phase(a, b) for b in range(s)], 3) for a in range(s)], 2)
    z = z.reshape(n, s * rows.blocks, s * cols.blocks, -1)
    return z[:, rows.low : rows.low + rows.n, cols.low : cols.low + cols.n]


def fit(x: jax.Array, dim: int, axis: Axis) -> jax.Array:
    """x with `low` zeros before it and as many after it as fill the last block."""
    pads = [(0, 0, 0)] * x.ndim
    pads[dim] = (axis.low, axis.s * axis.blocks - axis.low - axis.n, 0)
    return jax.lax.pad(x, jnp.zeros((), x.dtype), pads)


def shift(x: jax.Array, dim: int, d: int, m: int) -> jax.Array:
    """x[d : d + m] along `dim`, zero outside x."""
    pads = [(0, 0, 0)] * x.ndim
    pads[dim] = (-d, m + d - x.shape[dim], 0)
    return jax.lax.pad(x, jnp.zeros((), x.dtype), pads)


def _thin_backward(both, matrix, g):
    return apart(partial(scatter, both=both))(g @ matrix.T), None


_thin.defvjp(lambda x, matrix, both: (_thin(x, matrix, both), matrix), _thin_backward)
