"""Where windows lie on an axis, shared by convolutions and pools.

On one axis: n pixels, windows of k taps every s pixels, `low` and `high` pixels of padding, m windows. Tap t of
window i is pixel s i + t - low. A padded pixel p = s q + a is in block q at phase a; tap t = s d + a of window i is
phase a of block i + d.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Padding = Literal["SAME", "VALID"] | int | tuple[tuple[int, int], tuple[int, int]]


class Axis(NamedTuple):
    """n pixels, k taps, stride s, padding low and high, m windows."""

    n: int
    k: int
    s: int
    low: int
    high: int
    m: int

    @property
    def reach(self) -> int:
        """How many blocks a window touches, and how many windows can hold one pixel: d = 0 … reach - 1."""
        return -(-self.k // self.s)

    @property
    def blocks(self) -> int:
        """How many blocks hold the low padding and all pixels."""
        return -(-(self.low + self.n) // self.s)

    def tap(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """For every window the pixel under tap t, or the nearest one to it; and its number as a tap. Both `[m]`."""
        start = self.s * np.arange(self.m) - self.low
        pixel = np.clip(start + t, 0, self.n - 1)
        return pixel, pixel - start

    def window(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        """For every pixel the d-th window that can hold it; and its number there as a tap, or k. Both `[n]`."""
        p = np.arange(self.n) + self.low
        i = p // self.s - d
        t = p - self.s * i
        return np.clip(i, 0, self.m - 1), np.where((i >= 0) & (i < self.m) & (t < self.k), t, self.k)


def axes(shape: tuple[int, ...], k: int | tuple[int, ...], s: int, padding: Padding) -> tuple[Axis, Axis]:
    """The two axes of images `[n, h, w, c]`; k for both, or (down, across).

    Padding: 'SAME' as TensorFlow (the odd one goes to the end), 'VALID', p for every side, or ((top, bottom), (left,
    right)).
    """
    pairs = (padding, padding) if isinstance(padding, (str, int)) else padding
    down, across = (k, k) if isinstance(k, int) else k
    return _axis(shape[1], down, s, pairs[0]), _axis(shape[2], across, s, pairs[1])


def ceil_mode(shape: tuple[int, ...], k: int, s: int, p: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The padding of a pool that rounds its size up, as Caffe's do: the last window begins before the image's end."""

    def pair(n: int) -> tuple[int, int]:
        m = max(-(-(n + 2 * p - k) // s), 0) + 1
        m -= (m - 1) * s >= n + p
        return p, max((m - 1) * s + k - n - p, 0)

    return pair(shape[1]), pair(shape[2])


def pick(x: jax.Array, rows: np.ndarray, columns: np.ndarray) -> jax.Array:
    """x[:, rows][:, :, columns], as one gather of pixels from a flat list."""
    n, h, w, c = x.shape
    flat = (jnp.asarray(rows * w, jnp.int32)[:, None] + jnp.asarray(columns, jnp.int32)[None]).reshape(-1)
    return x.reshape(n, h * w, c).at[:, flat].get(mode="promise_in_bounds").reshape(n, len(rows), len(columns), c)


def _axis(n: int, k: int, s: int, padding: Literal["SAME", "VALID"] | int | tuple[int, int]) -> Axis:
    if padding == "SAME":
        m = -(-n // s)
        total = max((m - 1) * s + k - n, 0)
        return Axis(n, k, s, total // 2, total - total // 2, m)
    low, high = (0, 0) if padding == "VALID" else (padding, padding) if isinstance(padding, int) else padding
    return Axis(n, k, s, low, high, (n + low + high - k) // s + 1)
