"""Laplacian pyramid normalisation: a gradient whose coarse, middle and fine detail all count the same.

A raw gradient is mostly fine grain. Split into bands of one octave of frequency each and every band divided by its own
size, it draws soft shapes, too (Mordvintsev, TensorFlow's DeepDream notebook, 2016; the pyramid is that of Burt and
Adelson, 1983). A picture counts as a torus, as it does for jitter: no border stands out.

Notation: planes are float32 [3, h, w]; R is how far a pyramid of so many levels reaches.
"""

import jax.numpy as jnp
from jax import Array

from render.dream.image import Shape
from render.dream.tiles import wrapped

Size = tuple[Array | int, Array | int]


def reach(levels: int) -> int:
    """R, the pixels that a pyramid needs around a picture: whole at every level, above the filters' 4·2^levels - 4."""
    return 4 * 2**levels


def fitting(levels: int, shape: Shape) -> int:
    """As many levels as a picture of this shape has room for, up to `levels`."""
    while levels and reach(levels) > min(shape):
        levels -= 1
    return levels


def smooth(g: Array, size: Size, levels: int) -> Array:
    """The gradient g [H, W, 3] of a picture in its first `size` = (h, w) pixels, each of its bands with mean square 1.

    levels: how many bands are split off before what is left. Zero outside the picture.
    """
    r, (h, w) = reach(levels), size
    around = wrapped(g, (jnp.int32(h), jnp.int32(w)), (2 * r, 2 * r))  # the picture starts again behind its end
    planes = _normalised(jnp.moveaxis(around, -1, 0), size, levels, r)
    y = jnp.moveaxis(planes, 0, -1)
    # y's pixels R..R+h-1 are right: those behind the picture's end are its first R rows, and columns likewise
    for axis, length in enumerate(size):
        y = _first(y, length, r, axis)
    inside = [jnp.arange(n) < length for n, length in zip(g.shape, size, strict=False)]
    return jnp.where((inside[0][:, None] & inside[1][None, :])[..., None], y[: g.shape[0], : g.shape[1]], 0)


def _first(y: Array, length: Array | int, r: int, axis: int) -> Array:
    """y with what lies behind `length` along an axis copied over its first r."""
    behind = jnp.take(y, jnp.arange(r) + length, axis=axis)
    return jnp.concatenate([behind, jnp.take(y, jnp.arange(r, y.shape[axis]), axis=axis)], axis)


def _normalised(y: Array, size: Size, levels: int, margin: int) -> Array:
    """Planes y, its bands normalised by their mean squares over the picture, which lies `margin` from the corner."""
    if levels == 0:
        return y / _root_mean_square(y, size, margin)
    coarse = down(y)
    band = y - up(coarse, y.shape)
    half = -(-size[0] // 2), -(-size[1] // 2)
    return band / _root_mean_square(band, size, margin) + up(
        _normalised(coarse, half, levels - 1, margin // 2), y.shape
    )


def _root_mean_square(y: Array, size: Size, margin: int) -> Array:
    inside = [(jnp.arange(n) >= margin) & (jnp.arange(n) < margin + s) for n, s in zip(y.shape[1:], size, strict=True)]
    energy = jnp.sum(jnp.where((inside[0][:, None] & inside[1][None])[None], jnp.square(y), 0))
    mean = energy / (3.0 * jnp.float32(size[0]) * jnp.float32(size[1]))
    return jnp.sqrt(mean) + jnp.finfo(jnp.float32).tiny ** 0.5


def down(y: Array) -> Array:
    """Every second pixel of planes y blurred with (1 4 6 4 1)/16 along both axes."""
    for axis in (1, 2):
        count = -(-y.shape[axis] // 2)
        padded = jnp.pad(y, [(2, 3) if a == axis else (0, 0) for a in range(3)])
        a, b, c, d, e = (_every_second(padded, axis, k, count) for k in range(5))
        y = (a + e + 4 * (b + d) + 6 * c) / 16
    return y


def _every_second(y: Array, axis: int, first: int, count: int) -> Array:
    index = [slice(None)] * 3
    index[axis] = slice(first, first + 2 * count - 1, 2)
    return y[tuple(index)]


def up(y: Array, shape: tuple[int, ...]) -> Array:
    """Planes y at twice their size, cut to `shape`: the transpose of `down`, times 4."""
    for axis in (1, 2):
        padded = jnp.pad(y, [(1, 1) if a == axis else (0, 0) for a in range(3)])
        n = y.shape[axis]
        left, middle, right = (jnp.take(padded, jnp.arange(n) + k, axis=axis) for k in range(3))
        even, odd = (left + 6 * middle + right) / 8, (middle + right) / 2
        both = jnp.stack([even, odd], axis + 1)
        y = both.reshape(*y.shape[:axis], 2 * n, *y.shape[axis + 1 :])
        y = jnp.take(y, jnp.arange(shape[axis]), axis=axis)
    return y
