"""Wobble: at every step the network sees the picture a little larger or smaller, and a little turned.

Forms that hold under such changes are those that people see, too; patterns that hang on the grid of pixels, such as the
checkerboards of layers with a stride, do not (Olah, Mordvintsev and Schubert, "Feature Visualization", 2017). The
picture itself is never resampled, only what the network sees of it: the gradient comes back through the transpose of
the resampling, so that nothing blurs, however long the film.

Notation: x is float32 [h, w, 3]; p = (row, column) is a pixel of what is seen, q = M (p - c) + c the place in the
picture where it looks, c the middle. Beyond an edge is seen what lies along the opposite one, since jitter rolls the
picture that way, but it is not changed from there.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

STREAM = 2  # folded into a step's key: the random numbers of jitter and of the tiles' grid stay what they are


def view(key: Array, step: Array, scale: ArrayLike, rotate: ArrayLike) -> Array:
    """M [2, 2] of one step: a factor between 1 / (1 + scale) and 1 + scale, and up to `rotate` degrees either way."""
    u = jax.random.uniform(jax.random.fold_in(jax.random.fold_in(key, step), STREAM), (2,), minval=-1, maxval=1)
    factor, angle = jnp.exp(u[0] * jnp.log1p(scale)), jnp.deg2rad(u[1] * rotate)
    sin, cos = factor * jnp.sin(angle), factor * jnp.cos(angle)
    return jnp.stack([jnp.stack([cos, -sin]), jnp.stack([sin, cos])])


@jax.custom_vjp
def seen(x: Array, matrix: Array) -> Array:
    """What the network sees of the picture, [h, w, 3], linearly between pixels; its gradient is `gathered`."""
    row, column = _mapped(x.shape, matrix)
    top, left = jnp.floor(row), jnp.floor(column)
    rows, columns = ([_wrapped(i + k, n) for k in (0, 1)] for i, n in ((top, x.shape[0]), (left, x.shape[1])))
    down, across = (row - top)[..., None], (column - left)[..., None]
    upper, lower = ((1 - across) * _at(x, r, columns[0]) + across * _at(x, r, columns[1]) for r in rows)
    # A barrier here and below: what uses the result three times would gather three times, a third of the cost on a CPU.
    return jax.lax.optimization_barrier((1 - down) * upper + down * lower)


def gathered(g: Array, matrix: Array) -> Array:
    """The transpose of `seen`, [h, w, 3]: each pixel j gathers from those that look at it, weighed as they see it.

    They lie around M⁻¹ j, less than 1.5 pixels from it along either axis for scales to 0.2 and turns to 15°.
    """
    h, w, _ = g.shape
    around = _mapped(g.shape, matrix.T / (matrix[0, 0] ** 2 + matrix[0, 1] ** 2))  # M⁻¹ of a turn times a factor
    nearest = [jnp.round(p) for p in around]
    total = jnp.zeros_like(g)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            row, column = nearest[0] + down, nearest[1] + across
            off = row - around[0], column - around[1]
            tents = [jnp.maximum(0, 1 - jnp.abs(m[0] * off[0] + m[1] * off[1])) for m in matrix]
            inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
            total = total + jnp.where(inside, tents[0] * tents[1], 0)[..., None] * _at(g, row, column)
    return jax.lax.optimization_barrier(total)


seen.defvjp(lambda x, matrix: (seen(x, matrix), matrix), lambda matrix, g: (gathered(g, matrix), None))


def _mapped(shape: tuple[int, ...], matrix: Array) -> tuple[Array, Array]:
    """matrix · (p - c) + c for every pixel p: rows and columns [h, w]."""
    middle = (shape[0] - 1) / 2, (shape[1] - 1) / 2
    row = jnp.arange(shape[0], dtype=jnp.float32)[:, None] - middle[0]
    column = jnp.arange(shape[1], dtype=jnp.float32)[None, :] - middle[1]
    return tuple(m[0] * row + m[1] * column + c for m, c in zip(matrix, middle, strict=True))


def _wrapped(i: Array, n: int) -> Array:
    """i brought back into 0..n-1, for whole numbers in float32."""
    return i - n * jnp.floor(i / n)


def _at(x: Array, row: Array, column: Array) -> Array:
    """The pixels [h, w, 3] at whole rows and columns, held within the picture."""
    h, w, channels = x.shape
    row, column = (jnp.clip(i, 0, n - 1).astype(jnp.int32) for i, n in ((row, h), (column, w)))
    return x.reshape(h * w, channels).at[row * w + column].get(mode="promise_in_bounds")
