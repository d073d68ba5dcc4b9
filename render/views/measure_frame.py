"""Numbers of one frame, and of two. frame: float32 or float64 `[h, w, 3]`, RGB, in levels 0..255. No JAX here.

What is grey, clipped and noisy is meant as a gallery's curator counts it: by pixels, at the film's own size.
"""

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BLACK = 16  # levels: what is no brighter in any channel is black on a wall
LOW, HIGH = 4, 251  # at or beyond these a channel is clipped
CHROMA, DARK, BRIGHT = 30, 80, 190  # grey: the channels differ by less than CHROMA, the brightest lies between
BINS, EVERY = 6, 7  # of a palette along each channel; every so many pixels count
Picture = NDArray[np.floating[Any]]


class Numbers(NamedTuple):
    """What one frame is like; shares are of its pixels, 0..1, all else in levels."""

    mean: NDArray[np.float64]  # [3]
    contrast: float
    fine: float  # energy of the finest band, in levels squared
    noise: float
    grey: float
    clipped: float
    black: float
    saturation: float  # 0..1
    palette: NDArray[np.float64]  # [BINS ** 3], sums to 1


def numbers(frame: Picture) -> Numbers:
    """All of a frame's numbers."""
    planes = np.ascontiguousarray(np.moveaxis(frame, -1, 0))  # numpy is slow along an axis of three
    most, least = (reduce(of, planes) for of in (np.maximum, np.minimum))
    grey, chroma = planes.sum(0) / 3, most - least
    mean = np.array([plane.mean(dtype=np.float64) for plane in planes])
    squares = [
        np.square(plane - plane.dtype.type(m)).mean(dtype=np.float64) for plane, m in zip(planes, mean, strict=True)
    ]
    return Numbers(
        mean=mean,
        contrast=float(np.sqrt(np.mean(squares))),
        fine=fine_energy(grey),
        noise=float(np.abs(np.diff(grey, axis=1)).mean(dtype=np.float64)) if grey.shape[1] > 1 else 0.0,
        grey=float(((chroma < CHROMA) & (most > DARK) & (most < BRIGHT)).mean()),
        clipped=float(((least <= LOW) | (most >= HIGH)).mean()),
        black=float((most <= BLACK).mean()),
        saturation=float((chroma / np.maximum(most, 1)).mean(dtype=np.float64)),
        palette=palette(frame),
    )


def fine_energy(grey: Picture) -> float:
    """Mean square of what a 3×3 binomial average takes away of a plane [h, w], the finest band; its edges are left out.

    The first step of Burt and Adelson's Laplacian pyramid (1983), at the film's own size. 0 for less than 3 pixels.
    """
    if min(grey.shape) < 3:
        return 0.0
    rows = (grey[:-2] + 2 * grey[1:-1] + grey[2:]) / 4
    average = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return float(np.square(grey[1:-1, 1:-1] - average).mean(dtype=np.float64))


def palette(pixels: Picture, weights: NDArray[np.floating[Any]] | None = None) -> NDArray[np.float64]:
    """The share of each of BINS³ colours in pixels [..., 3], of every EVERY-th one; weighted pixels all count."""
    flat = pixels.reshape(-1, 3)
    flat = flat[::EVERY] if weights is None else flat
    bins = np.clip((flat * (BINS / 256)).astype(np.int64), 0, BINS - 1)
    counts = np.bincount(bins @ np.array([BINS * BINS, BINS, 1]), weights, BINS**3).astype(np.float64)
    return counts / max(counts.sum(), 1e-12)


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How much two palettes have in common: 1 the same colours in the same shares, 0 none (Swain, Ballard 1991)."""
    return float(np.minimum(one, other).sum())


def change(one: Picture, other: Picture) -> float:
    """Mean absolute difference of two frames, in levels."""
    return float(np.abs(one - other).mean(dtype=np.float64))
