"""Depthwise convolutions, one kernel for each channel: XLA's CPU backend takes 25 times as long for one as need be.

x `[n, h, w, c]`, kernel `[k, k, 1, c]` (HWIO of c groups), s the stride, g the cotangent of the result `[n, m, l, c]`.
Weights get no gradient, as in convolution.py.
"""

from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp

from models.blocks.convolution import NHWC
from models.blocks.windows import Axis, Padding, axes

Axes = tuple[Axis, Axis]


def plain(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The same as XLA has it: right where a library does the work (cuDNN), and the reference of the tests."""
    pads = [(axis.low, axis.high) for axis in axes(x.shape, kernel.shape[:2], stride, padding)]
    kernel = jax.lax.stop_gradient(kernel)
    strides, groups = (stride, stride), x.shape[-1]
    return jax.lax.conv_general_dilated(x, kernel, strides, pads, dimension_numbers=NHWC, feature_group_count=groups)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def depthwise(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The convolution: k k shifted slices times their weights."""
    both = axes(x.shape, kernel.shape[:2], stride, padding)
    return _correlate(x, kernel, [(axis.low, axis.high, 0) for axis in both], stride)


def _forward(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding):
    return depthwise(x, kernel, stride, padding), (axes(x.shape, kernel.shape[:2], stride, padding), kernel)


def _backward(stride: int, padding: Padding, saved: tuple[Axes, jax.Array], g: jax.Array):
    """The same with g, its pixels s apart, and the kernel turned by 180 degrees."""
    both, kernel = saved
    pads = []
    for axis in both:
        low = axis.k - 1 - axis.low
        pads.append((low, axis.n + axis.k - 1 - low - ((axis.m - 1) * stride + 1), stride - 1))
    return _correlate(g, kernel[::-1, ::-1], pads, 1), None


depthwise.defvjp(_forward, _backward)


def _correlate(x: jax.Array, kernel: jax.Array, pads: list[tuple[int, int, int]], stride: int) -> jax.Array:
    x = jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *pads, (0, 0, 0)])
    n, h, w, c = x.shape
    down, across = (1 + (size - k) // stride for size, k in zip((h, w), kernel.shape[:2], strict=True))

    def tap(u: int, v: int) -> jax.Array:
        end = (n, u + stride * (down - 1) + 1, v + stride * (across - 1) + 1, c)
        return jax.lax.slice(x, (0, u, v, 0), end, (1, stride, stride, 1)) * kernel[u, v].reshape(1, 1, 1, c)

    return reduce(add, (tap(u, v) for u in range(kernel.shape[0]) for v in range(kernel.shape[1])))
