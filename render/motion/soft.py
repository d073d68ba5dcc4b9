"""Soft pictures on coarse grids: averages, smooth enlargement and smooth noise that look alike at every resolution.

Notation: a grain is a length as a fraction of a picture's shorter side; a grid is a small picture whose pixels are one
grain wide, so that a scene has the same grids at 320 and at 3840 pixels. Weights are float32 matrices [m, n] that take
n numbers to m and are made once for a shape.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

Shape = tuple[int, int]


def grid(shape: Shape, grain: float) -> Shape:
    """The grid (rows, columns) of a picture; its pixels are no smaller than the picture's."""
    h, w = shape
    size = max(1.0, grain * min(h, w))
    return max(2, round(h / size)), max(2, round(w / size))


def windows(n: int, m: int, sigma: float, whole: bool = True) -> np.ndarray:
    """Gaussian averages [m, n] of n pixels around the centres of m equal parts; sigma in pixels.

    whole: each is divided by what of it lies inside; else what lies outside counts as zero.
    """
    centres = (np.arange(m) + 0.5) * n / m - 0.5
    weights = np.exp(-((centres[:, None] - np.arange(n)) ** 2) / (2 * sigma**2))
    inside = weights.sum(1, keepdims=True) if whole else sigma * np.sqrt(2 * np.pi)
    return (weights / inside).astype(np.float32)


def splines(n: int, m: int) -> np.ndarray:
    """Weights [n, m] of enlarging m numbers to n by cubic B-splines, which smooth and never overshoot; edges go on."""
    at = (np.arange(n) + 0.5) * m / n - 0.5
    whole, weights = np.floor(at).astype(int), np.zeros((n, m))
    t = at - whole
    values = (1 - t) ** 3 / 6, 2 / 3 - t**2 * (1 - t / 2), 2 / 3 - (1 - t) ** 2 * (1 + t) / 2, t**3 / 6
    for k, value in enumerate(values):
        np.add.at(weights, (np.arange(n), np.clip(whole - 1 + k, 0, m - 1)), value)
    return weights.astype(np.float32)


def through(rows: np.ndarray, image: Array, columns: np.ndarray) -> Array:
    """The picture [h, w, c] with weights [a, h] on its rows and [b, w] on its columns: [a, b, c]."""
    return jnp.einsum("ai,ijc,bj->abc", rows, image, columns)


def enlarged(small: Array, shape: Shape) -> Array:
    """A grid [a, b, c] as a smooth picture [h, w, c]."""
    rows, columns = (splines(n, m) for n, m in zip(shape, small.shape, strict=False))
    return through(rows, small, columns)


def as_noise(small: Array, shape: Shape) -> Array:
    """A grid of independent numbers enlarged to [h, w, c]; its deviation stays what it is."""
    if small.shape[:2] == shape:
        return small
    rows, columns = (splines(n, m) for n, m in zip(shape, small.shape, strict=False))
    return through(rows, small, columns) / float(np.sqrt((rows**2).sum(1).mean() * (columns**2).sum(1).mean()))
