"""3x3 convolutions with a quarter of the multiplications: Winograd's F(4x4, 3x3) (Lavin and Gray, arXiv:1509.09308).

d is a 6x6 tile of the padded image, one every 4 pixels (i of I down, j of J across), k the kernel. V = Bᵀ d B for every
channel, U = G k Gᵀ for every pair of channels, M = V U for each of a tile's 36 entries (v across, u down), and
y = Aᵀ M A, 4x4 pixels of the result. Rounding: 1e-6 to 3e-6 of the result's norm in float32.
"""

from functools import partial, reduce
from operator import add

import jax
import jax.numpy as jnp
import numpy as np

from models.blocks.xla import apart

# fmt: off
BT = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
               [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]])
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
AT = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])
# fmt: on


def conv(x: jax.Array, kernel: jax.Array, pads: list[tuple[int, int]]) -> jax.Array:
    """x `[n, h, w, cin]`, padded by ((top, bottom), (left, right)), with kernel `[3, 3, cin, cout]` at stride 1."""
    h, w = (size + sum(pad) - 2 for size, pad in zip(x.shape[1:3], pads, strict=True))
    d = apart(partial(whole_tiles, starts=[pad[0] for pad in pads], counts=[-(-h // 4), -(-w // 4)]))(x)
    d = apart(partial(spread, dim=1, matrix=BT))(d)  # [u, n, I, w, c]
    v = apart(partial(spread, dim=3, matrix=BT))(d)  # [v, u, n, I, J, cin]
    u = _transformed(kernel)
    m = jax.lax.dot_general(v.reshape(36, -1, v.shape[-1]), u, (((2,), (1,)), ((0,), (0,))))
    m = m.reshape(*v.shape[:-1], u.shape[-1])
    return apart(across)(apart(down)(m))[:, :h, :w]


def whole_tiles(x: jax.Array, starts: list[int], counts: list[int]) -> jax.Array:
    """x padded to 4 count + 2 pixels, of which `start` lie before it."""
    pairs = zip(x.shape[1:3], starts, counts, strict=True)
    pads = [(0, 0, 0), *((start, 4 * count + 2 - start - size, 0) for size, start, count in pairs), (0, 0, 0)]
    return jax.lax.pad(x, jnp.zeros((), x.dtype), pads)


def spread(x: jax.Array, dim: int, matrix: np.ndarray) -> jax.Array:
    """matrix @ the six pixels from every fourth on along `dim`: a new first axis, and `dim` holds tiles."""
    last = x.shape[dim] - 5
    taps = [jax.lax.slice_in_dim(x, t, t + last, stride=4, axis=dim) for t in range(6)]
    return jnp.stack([_mix(row, taps) for row in matrix])


def down(m: jax.Array) -> jax.Array:
    """Aᵀ M over u: [v, u, …] -> [4, v, …]."""
    return jnp.stack([_mix(row, [m[:, u] for u in range(6)]) for row in AT])


def across(z: jax.Array) -> jax.Array:
    """M A over v, and the tiles side by side: [4, v, n, I, J, c] -> [n, 4 I, 4 J, c]."""
    tiles = jnp.stack([_mix(row, [z[:, v] for v in range(6)]) for row in AT], 4)  # [4, n, I, J, 4, c]
    _, n, i, j, _, c = tiles.shape
    return tiles.transpose(1, 2, 0, 3, 4, 5).reshape(n, 4 * i, 4 * j, c)


def _transformed(kernel: jax.Array) -> jax.Array:
    """U `[v u, cin, cout]`: one matrix product, which XLA moves out of a loop around it."""
    both = jnp.asarray(np.einsum("va,ub->vuba", G, G).reshape(36, 9), kernel.dtype)
    return jnp.matmul(both, kernel.reshape(9, -1), precision="highest").reshape(36, *kernel.shape[2:])


def _mix(row: np.ndarray, arrays: list[jax.Array]) -> jax.Array:
    """Σ row[i] arrays[i], without the zeros."""
    terms = [array * jnp.asarray(factor, array.dtype) for factor, array in zip(row, arrays, strict=True) if factor]
    return reduce(add, terms)
