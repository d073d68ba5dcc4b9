"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3), after Lavin and Gray 2016 (arXiv:1509.09308).

d is a 6x6 tile of the padded image, one every 4 pixels (i of I down, j of J across), k the kernel. V = Bᵀ d B for every channel,
U = G k Gᵀ for every pair of channels, M = V U for each of the 36 entries (u, v) of a tile, y = Aᵀ M A, 4x4 pixels of the
result. Rounding errors are about 2e-6 of the result's norm in float32, a direct convolution's about 3e-7.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from models.xla import apart

B = np.array(
    [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0]]
    + [[0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
)  # transposed, as A is
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / [[24]]
A = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


import os
STEP = int(os.environ.get('STEP', 3))

def conv(x: jax.Array, kernel: jax.Array, pads: list[tuple[int, int]]) -> jax.Array:
    """The stride-1 convolution of x `[n, h, w, cin]` with kernel `[3, 3, cin, cout]`, padded by ((top, bottom), (left, right))."""
    n, c, o = x.shape[0], *kernel.shape[2:]
    h, w = (size + sum(pad) - 2 for size, pad in zip(x.shape[1:3], pads, strict=True))
    down, across = -(-h // 4), -(-w // 4)
    whole = [(0, 0, 0)] + [
        (low, 4 * count + 2 - low - size, 0) for count, size, (low, _) in zip((down, across), x.shape[1:3], pads, strict=True)
    ] + [(0, 0, 0)]
    d = apart(lambda x: jax.lax.pad(x, jnp.zeros((), x.dtype), whole))(x)
    d = apart(partial(spread, dim=1, matrix=B))(d)  # [u, n, i, w, c]
    parts = []
    for first in range(0, 6, STEP):  # a product of many small matrices runs on one thread: two halves, two threads
        rows = slice(first, first + STEP)
        v = apart(partial(spread, dim=3, matrix=B[rows]))(d).reshape(6 * STEP, n * down * across, c)
        m = jax.lax.dot_general(v, _transformed(kernel, rows), (((2,), (1,)), ((0,), (0,))))
        parts.append(apart(gather_rows)(m.reshape(STEP, 6, n, down, across, o)))
    return apart(gather_columns)(*parts)[:, :h, :w]


def spread(x: jax.Array, dim: int, matrix: np.ndarray) -> jax.Array:
    """matrix @ the six pixels along `dim` from every fourth on: a new first axis, and a quarter as many along `dim`."""
    last = x.shape[dim] - 5
    taps = [jax.lax.slice_in_dim(x, t, t + last, stride=4, axis=dim) for t in range(6)]
    return jnp.stack([_mix(row, taps) for row in matrix])


def gather_rows(m: jax.Array) -> jax.Array:
    """[v, u, …] -> [4, v, …]: Aᵀ m over u."""
    return jnp.stack([_mix(row, [m[:, u] for u in range(6)]) for row in A])


def gather_columns(*parts: jax.Array) -> jax.Array:
    """Parts [4, v, n, i, j, c] -> the image [n, 4 i, 4 j, c]: Aᵀ over v, and the tiles side by side."""
    z = [part[:, v] for part in parts for v in range(part.shape[1])]
    tiles = jnp.stack([_mix(row, z) for row in A], 4)  # [4, n, i, j, 4, c]
    _, n, i, j, _, c = tiles.shape
    return tiles.transpose(1, 2, 0, 3, 4, 5).reshape(n, 4 * i, 4 * j, c)


def _transformed(kernel: jax.Array, rows: slice) -> jax.Array:
    """U for some v, `[v u, cin, cout]`: as one matrix product, which XLA moves out of a loop around it."""
    c, o = kernel.shape[2:]
    both = np.einsum("va,ub->vuba", G[rows], G).reshape(-1, 9)
    u = jnp.matmul(jnp.asarray(both, kernel.dtype), kernel.reshape(9, c * o), precision="highest")
    return u.reshape(-1, c, o)


def _mix(row: np.ndarray, arrays: list[jax.Array]) -> jax.Array:
    """Σ row[i] arrays[i], without the zeros and ones."""
    total = None
    for factor, array in zip(row, arrays, strict=True):
        if factor:
            term = array if factor == 1 else -array if factor == -1 else array * jnp.asarray(factor, array.dtype)
            total = term if total is None else total + term
    return total
