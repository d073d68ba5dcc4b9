"""Max-pools whose gradient is a gather; XLA's own on a CPU (select_and_scatter) took 97 ms of a 160 ms step.

x `[n, h, w, c]`, y its maxima `[n, m, l, c]`, g the cotangent of y. Everything is `pick`: rows and columns of pixels by number, the
numbers known when the program is compiled. Padding, strided slices and stacking of phases, the obvious ways to say the same, each
cost a pass over memory of their own (2 to 4 times the time); a gather of whole pixels vectorises over channels and fuses.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from models.windows import Axis, Padding, axes, pick
from models.xla import apart


def plain(x: jax.Array, k: int, stride: int, padding: Padding) -> jax.Array:
    """The same as XLA has it: right where its gradient is fast, and the reference of the tests."""
    pads = [(0, 0), *((axis.low, axis.high) for axis in axes(x.shape, k, stride, padding)), (0, 0)]
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, k, k, 1), (1, stride, stride, 1), pads)


def max_pool(x: jax.Array, k: int, stride: int, padding: Padding) -> jax.Array:
    """The maximum of every k x k window (k <= 7). A tied gradient goes to the first of a window, row by row, as in lax."""
    return _max_pool(x, axes(x.shape, k, stride, padding))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _max_pool(x: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    return apart(partial(maxima, both=both))(x)


def maxima(x: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    """y, without a gradient of its own."""
    # A tap outside the image stands for the nearest pixel inside, which the window holds anyway: no padding, the same maximum.
    rows, columns = both
    taps = [pick(x, rows.tap(u)[0], columns.tap(v)[0]) for u in range(rows.k) for v in range(columns.k)]
    y = taps[0]
    for tap in taps[1:]:
        y = jnp.maximum(y, tap)
    return y


def winners(x: jax.Array, y: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    """The number u k + v of every window's first maximum: int8 `[n, m, l, c]`, a quarter of the bytes of y."""
    rows, columns = both
    winner = None
    for u in reversed(range(rows.k)):
        for v in reversed(range(rows.k)):
            (i, down), (j, right) = rows.tap(u), columns.tap(v)
            number = jnp.broadcast_to(_numbers(down, right, rows.k), y.shape)
            winner = number if winner is None else jax.lax.select(pick(x, i, j) == y, number, winner)
    return winner


def _numbers(down: np.ndarray, right: np.ndarray, k: int) -> jax.Array:
    """int8 `[1, len(down), len(right), 1]`; a tap of k, which is none, gives a number no tap has: at least k·k."""
    grid = np.where(down < k, down * k, k * k)[:, None] + np.where(right < k, right, k * k)
    return jnp.asarray(grid[None, :, :, None], jnp.int8)


def _forward(x, both):
    y = _max_pool(x, both)
    return y, (x, y)


def _backward(both, saved, g):
    winner = apart(partial(winners, both=both))(*saved)
    return (apart(partial(shares, both=both))(winner, g),)


def shares(winner: jax.Array, g: jax.Array, both: tuple[Axis, Axis]) -> jax.Array:
    """The gradient: every pixel asks each window that can hold it whether it won there.

    Asking `x == y` instead would give a tied gradient twice, and ties are no rarity: flat or clipped patches, pools behind
    overlapping pools.
    """
    rows, columns = both
    total = None
    for d in range(rows.reach):
        for e in range(columns.reach):
            (i, u), (j, v) = rows.window(d), columns.window(e)
            share = pick(g, i, j)
            term = jax.lax.select(pick(winner, i, j) == _numbers(u, v, rows.k), share, jnp.zeros_like(share))
            total = term if total is None else total + term
    return total


_max_pool.defvjp(_forward, _backward)
