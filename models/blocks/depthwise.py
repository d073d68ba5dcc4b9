"""Depthwise convolutions, one kernel for each channel: XLA's CPU backend takes 25 times as long for one as need be.

x `[n, h, w, c]`, kernel `[k, k, 1, c]` (HWIO of c groups), s the stride, g the cotangent of the result `[n, m, l, c]`;
blocks, phases and reach as in windows.py. Weights get no gradient, as in convolution.py.

Phases: x with zeros around it as s s arrays `[n, m + reach - 1, l + reach - 1, c]`, the pixels at phase (a, b) of every
block. A tap then is a slice without strides, and the gradient writes every phase by itself: pixels s apart, or zeros
between them, would cost as much again as all the multiplications.
"""

from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp
import numpy as np

from models.blocks.convolution import NHWC
from models.blocks.windows import Axis, Padding, axes

Axes = tuple[Axis, Axis]
Phases = tuple[jax.Array, ...]


def plain(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The same as XLA has it: right where a library does the work (cuDNN), and the reference of the tests."""
    pads = [(axis.low, axis.high) for axis in axes(x.shape, kernel.shape[:2], stride, padding)]
    kernel = jax.lax.stop_gradient(kernel)
    strides, groups = (stride, stride), x.shape[-1]
    return jax.lax.conv_general_dilated(x, kernel, strides, pads, dimension_numbers=NHWC, feature_group_count=groups)


def conv(x: jax.Array, kernel: jax.Array, stride: int, padding: Padding) -> jax.Array:
    """The convolution of x as it is."""
    both = axes(x.shape, kernel.shape[:2], stride, padding)
    return correlated(spread(x, both), kernel, both)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def spread(x: jax.Array, both: Axes) -> Phases:
    """x as its phases, row by row."""
    s, (q, r) = both[0].s, blocks(both)
    sides = [(axis.low, s * count - axis.low - axis.n, 0) for axis, count in zip(both, (q, r), strict=True)]
    x = jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *sides, (0, 0, 0)])
    x = x.reshape(x.shape[0], q, s, r, s, -1)
    return tuple(x[:, :, a, :, b] for a in range(s) for b in range(s))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def gathered(phases: Phases, both: Axes) -> jax.Array:
    """x from its phases: the inverse of `spread`, and its transpose."""
    s, (q, r) = both[0].s, blocks(both)
    if s == 1:
        x = phases[0]
    else:
        rows = [jnp.stack(phases[s * a : s * a + s], 3) for a in range(s)]
        x = jnp.stack(rows, 2).reshape(phases[0].shape[0], s * q, s * r, -1)
    down, across = both
    return x[:, down.low : down.low + down.n, across.low : across.low + across.n]


spread.defvjp(lambda x, both: (spread(x, both), None), lambda both, _, g: (gathered(g, both),))
gathered.defvjp(lambda phases, both: (gathered(phases, both), None), lambda both, _, g: (spread(g, both),))


def inside(both: Axes) -> list[np.ndarray]:
    """Of every phase, whether its pixels lie in the picture: `[1, q, r, 1]`."""
    pixels = (
        axis.s * np.arange(count)[:, None] + np.arange(axis.s) - axis.low
        for axis, count in zip(both, blocks(both), strict=True)
    )
    rows, columns = ((p >= 0) & (p < axis.n) for p, axis in zip(pixels, both, strict=True))
    s = both[0].s
    return [(rows[:, a, None] & columns[:, b])[None, :, :, None] for a in range(s) for b in range(s)]


def blocks(both: Axes) -> tuple[int, int]:
    """The sides of a phase."""
    down, across = both
    return down.m + down.reach - 1, across.m + across.reach - 1


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def correlated(phases: Phases, kernel: jax.Array, both: Axes) -> jax.Array:
    """The convolution: Σ over the taps of a shifted slice times its weights."""
    down, across = both

    def tap(u: int, v: int) -> jax.Array:
        x = phases[u % down.s * down.s + v % down.s]
        i, j = u // down.s, v // down.s
        return x[:, i : i + down.m, j : j + across.m] * _weights(kernel, u, v)

    return reduce(add, (tap(u, v) for u in range(down.k) for v in range(across.k)))


def _backward(both: Axes, kernel: jax.Array, g: jax.Array) -> tuple[Phases, None]:
    """Block q, at phase (a, b), takes from window q - d through tap s d + a, for all d."""
    down, across = both
    (q, r), far = blocks(both), down.reach - 1
    g = jax.lax.pad(g, jnp.zeros((), g.dtype), [(0, 0, 0), (far, far, 0), (far, far, 0), (0, 0, 0)])

    def tap(u: int, v: int) -> jax.Array:
        i, j = far - u // down.s, far - v // down.s
        return g[:, i : i + q, j : j + r] * _weights(kernel, u, v)

    def phase(a: int, b: int) -> jax.Array:
        return reduce(add, (tap(u, v) for u in range(a, down.k, down.s) for v in range(b, across.k, down.s)))

    return tuple(phase(a, b) for a in range(down.s) for b in range(down.s)), None


def _weights(kernel: jax.Array, u: int, v: int) -> jax.Array:
    return kernel[u, v].reshape(1, 1, 1, -1)


correlated.defvjp(lambda phases, kernel, both: (correlated(phases, kernel, both), kernel), _backward)
