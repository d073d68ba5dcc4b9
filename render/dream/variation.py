"""Total variation: how much a picture changes from pixel to pixel, and the gradient that makes it less.

Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms", 1992: noise goes, edges stay.
"""

import jax.numpy as jnp
from jax import Array

from render.dream.tiles import wrapped

SOFT = 2.0  # levels: changes below it count by their square, so that flat ground does not tremble


def variation_gradient(x: Array, size: tuple, border: tuple, wrap: bool) -> Array:
    """∇ Σ √(dx² + dy² + SOFT²), without a unit and at most 4 anywhere, for x [H, W, 3] in levels.

    The picture is the first `size` = (h, w) pixels, a torus whose edge lies behind row and column `border`; nothing is
    compared across it unless the picture is to `wrap`. Zero outside the picture.
    """
    size, border = tuple(map(jnp.int32, size)), tuple(map(jnp.int32, border))
    y = wrapped(x, size, (1, 1))
    across, down = y[:-1, 1:] - y[:-1, :-1], y[1:, :-1] - y[:-1, :-1]
    rows, columns = jnp.arange(x.shape[0])[:, None, None], jnp.arange(x.shape[1])[None, :, None]
    inside = (rows < size[0]) & (columns < size[1])
    across = jnp.where(inside & ((columns != border[1]) | wrap), across, 0)
    down = jnp.where(inside & ((rows != border[0]) | wrap), down, 0)
    steep = 1 / jnp.sqrt(jnp.square(across) + jnp.square(down) + SOFT**2)
    across, down = across * steep, down * steep
    return _before(across, size, 1) - across + _before(down, size, 0) - down


def _before(p: Array, size: tuple, axis: int) -> Array:
    """p [H, W, 3] one pixel earlier along an axis, in a torus of `size`; zero outside of it."""
    last = jnp.take(p, size[axis][None] - 1, axis=axis)
    moved = jnp.concatenate([last, jnp.take(p, jnp.arange(p.shape[axis] - 1), axis=axis)], axis)
    index = jnp.arange(p.shape[axis]).reshape([-1 if a == axis else 1 for a in range(3)])
    return jnp.where(index < size[axis], moved, 0)
