"""Max-pools whose gradient is a gather; XLA's own on a CPU (select_and_scatter) took 97 ms of a 160 ms step.

x `[n, h, w, c]`, y its maxima `[n, m, l, c]`, g the cotangent of y; u and v are a window's taps down and across.
Everything is `pick`: pixels by row and column numbers that are known when the program is compiled. Padding, strided
slices and stacking of phases, the obvious ways to say the same, each cost a pass over memory (two to four times the
time); a gather of whole pixels vectorises over channels and needs none.
"""

from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp
import numpy as np

from models.blocks.windows import Axis, Padding, axes, pick
from models.blocks.xla import apart

Axes = tuple[Axis, Axis]


def plain(x: jax.Array, k: int, stride: int, padding: Padding) -> jax.Array:
    """The same as XLA has it: right where its gradient is fast, and the reference of the tests."""
    pads = [(0, 0), *((axis.low, axis.high) for axis in axes(x.shape, k, stride, padding)), (0, 0)]
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, k, k, 1), (1, stride, stride, 1), pads)


def max_pool(x: jax.Array, k: int, stride: int, padding: Padding) -> jax.Array:
    """The maximum of every k x k window, k up to 7. A tied gradient goes to a window's first, row by row, as in lax."""
    return _max_pool(x, axes(x.shape, k, stride, padding))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _max_pool(x: jax.Array, both: Axes) -> jax.Array:
    return apart(partial(maxima, both=both))(x)


def maxima(x: jax.Array, both: Axes) -> jax.Array:
    """y. A tap outside the image reads the nearest pixel inside, which its window holds anyway: no padding needed."""
    down, across = both
    taps = (pick(x, down.tap(u)[0], across.tap(v)[0]) for u in range(down.k) for v in range(across.k))
    return reduce(jnp.maximum, taps)


def winners(x: jax.Array, y: jax.Array, both: Axes) -> jax.Array:
    """The number u k + v of every window's first maximum: int8 `[n, m, l, c]`, a quarter of the bytes of y."""
    down, across = both
    winner = jnp.zeros(y.shape, jnp.int8)
    for u in reversed(range(down.k)):
        for v in reversed(range(across.k)):
            (i, row), (j, column) = down.tap(u), across.tap(v)
            number = jnp.broadcast_to(_numbers(row, column, down.k), y.shape)
            winner = jax.lax.select(pick(x, i, j) == y, number, winner)
    return winner


def shares(winner: jax.Array, g: jax.Array, both: Axes) -> jax.Array:
    """The gradient: every pixel asks each window that can hold it whether it won there.

    Asking `x == y` instead would give a tied gradient twice, and ties are no rarity: flat or clipped patches, pools
    behind overlapping pools.
    """
    down, across = both

    def share(d: int, e: int) -> jax.Array:
        (i, u), (j, v) = down.window(d), across.window(e)
        part = pick(g, i, j)
        return jax.lax.select(pick(winner, i, j) == _numbers(u, v, down.k), part, jnp.zeros_like(part))

    return reduce(add, (share(d, e) for d in range(down.reach) for e in range(across.reach)))


def _numbers(u: np.ndarray, v: np.ndarray, k: int) -> jax.Array:
    """u k + v as int8 `[1, len(u), len(v), 1]`. A tap of k, which is none, gives at least k k, the number of no tap."""
    grid = np.where(u < k, u * k, k * k)[:, None] + np.where(v < k, v, k * k)
    return jnp.asarray(grid[None, :, :, None], jnp.int8)


def _forward(x: jax.Array, both: Axes) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    y = _max_pool(x, both)
    return y, (x, y)


def _backward(both: Axes, saved: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array]:
    winner = apart(partial(winners, both=both))(*saved)
    return (apart(partial(shares, both=both))(winner, g),)


_max_pool.defvjp(_forward, _backward)
