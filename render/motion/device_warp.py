"""The warp of warp.py in jnp, for frames that must not leave an accelerator; held to scipy's by the tests.

Notation as in warp.py: image float32 `[h, w, 3]`; q = M p is where the input is read for the output pixel p. Cubic is
B-spline interpolation (Unser, "Splines: a perfect fit for signal and image processing", 1999): a filter turns samples
into coefficients, and a value is the weighted sum of the 4×4 coefficients around q.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

Shape = tuple[int, int]

# np.pad's words for how samples go on outside. For black, scipy mirrors about the edge pixel's centre, and reads
# nothing beyond that centre.
PADDING = {"mirror": "symmetric", "wrap": "wrap", "edge": "edge", "black": "reflect"}
NEAREST = 1e-3  # a pixel seen through a tilt that turns it behind the camera is drawn from this far
MARGIN = 12  # at an edge that goes on for ever, the coefficients need some pixels to settle; as in scipy

# The inverse of sampling a cubic B-spline (1/6, 4/6, 1/6) is sqrt(3) · POLE**|k|; beyond RADIUS less than 0.002 levels.
POLE = np.sqrt(3) - 2
RADIUS = 9
TAPS = POLE ** np.abs(np.arange(-RADIUS, RADIUS + 1))


@functools.partial(jax.jit, static_argnames=("border", "interpolation"))
def warp_on_device(
    image: Array, matrix: Array, border: str = "mirror", interpolation: str = "cubic", swirl: Array | float = 0.0
) -> Array:
    """warp.warp as a pure function: image `[h, w, 3]`, 0..255; matrix `[3, 3]`, traced: motion compiles nothing new.

    swirl: degrees by which the middle turns counter-clockwise, falling off to nothing at the nearest border.

    Equal to scipy's within one 8-bit level (float32 places a pixel to about 1e-4 of its width); the identity is exact.
    """
    matrix = jnp.asarray(matrix, jnp.float32)
    h, w = image.shape[:2]
    samples, margin = image, 0
    if interpolation == "cubic":
        if border == "edge":
            margin = MARGIN
            samples = jnp.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
        samples = coefficients(samples, border)
    row, column = sources(matrix, swirl, (h, w), (h, w))
    result = read(samples, row + margin, column + margin, border, interpolation)
    if border == "black":
        inside = (row >= 0) & (row <= h - 1) & (column >= 0) & (column <= w - 1)
        result = jnp.where(inside[..., None], result, 0)
    still = (matrix == jnp.eye(3)).all() & (jnp.asarray(swirl) == 0)
    return jnp.where(still, image, jnp.clip(result, 0, 255))


def sources(matrix: Array, swirl: Array | float, shape: Shape, grid: Shape) -> tuple[Array, Array]:
    """Where in the input the middles of a grid of output pixels are read, [a, b] each; shape itself is the finest."""
    places = [(jnp.arange(m, dtype=jnp.float32) + 0.5) * (n / m) - 0.5 for n, m in zip(shape, grid, strict=True)]
    p_row, p_column = swirled(places[0][:, None], places[1][None, :], swirl, shape)
    depth = jnp.maximum(matrix[2, 0] * p_row + matrix[2, 1] * p_column + matrix[2, 2], NEAREST)
    row = (matrix[0, 0] * p_row + matrix[0, 1] * p_column + matrix[0, 2]) / depth
    column = (matrix[1, 0] * p_row + matrix[1, 1] * p_column + matrix[1, 2]) / depth
    return row, column


def swirled(row: Array, column: Array, degrees: Array | float, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Where a swirl reads its pixels from: turned back about the middle, by degrees · (1 - r²/R²)² at the distance r.

    R is half the shorter side, beyond which nothing turns; row [h, 1] and column [1, w] give [h, w] each.
    """
    y, x = row - (shape[0] - 1) / 2, column - (shape[1] - 1) / 2
    falling = jnp.maximum(0, 1 - (y * y + x * x) / (min(shape) / 2) ** 2) ** 2
    angle = jnp.deg2rad(jnp.asarray(degrees, jnp.float32)) * falling
    sin, cos = jnp.sin(angle), jnp.cos(angle)
    return row + (cos - 1) * y + sin * x, column + (cos - 1) * x - sin * y


def coefficients(samples: Array, border: str) -> Array:
    """The B-spline coefficients `[h, w, 3]` of the samples, which go on outside as the border says."""
    return filtered(samples, TAPS / TAPS.sum(), PADDING[border])


def filtered(samples: Array, taps: NDArray[np.float64], padding: str) -> Array:
    """The samples `[h, w, 3]` under an odd number of symmetric taps, down and then across; padding is np.pad's word."""
    radius = len(taps) // 2
    for axis in (0, 1):
        reach = [(radius, radius) if a == axis else (0, 0) for a in range(3)]
        # The barrier makes it one array: folding each tap's index anew is 4 times slower on a CPU.
        padded = jax.lax.optimization_barrier(jnp.pad(samples, reach, mode=padding))
        n = samples.shape[axis]
        shifted = [jax.lax.slice_in_dim(padded, k, k + n, axis=axis) for k in range(len(taps))]
        samples = sum((float(tap) * part for tap, part in zip(taps, shifted, strict=True)), jnp.zeros_like(samples))
    return samples


def read(samples: Array, row: Array, column: Array, border: str, interpolation: str) -> Array:
    """The weighted sum of the samples around each (row, column) `[h, w]`."""
    h, w, channels = samples.shape
    rows, row_weights = _neighbours(row, h, border, interpolation)
    columns, column_weights = _neighbours(column, w, border, interpolation)
    flat = samples.reshape(h * w, channels)
    result = jnp.zeros((*row.shape, channels), samples.dtype)
    for r, a in zip(rows, row_weights, strict=True):
        for c, b in zip(columns, column_weights, strict=True):
            result += (a * b)[..., None] * flat.at[r * w + c].get(mode="promise_in_bounds")
    return result


def _neighbours(q: Array, n: int, border: str, interpolation: str) -> tuple[list[Array], list[Array]]:
    """The samples' indices around the coordinate q on an axis of n, folded back into it, and their weights."""
    if border == "edge":
        q = jnp.clip(q, 0, n - 1)
    whole = jnp.floor(q)
    t = q - whole
    if interpolation == "linear":
        offsets, weights = range(2), [1 - t, t]
    else:
        offsets, weights = range(-1, 3), [(1 - t) ** 3 / 6, _inner(t), _inner(1 - t), t**3 / 6]
    return [_fold(whole.astype(jnp.int32) + k, n, border) for k in offsets], weights


def _inner(t: Array) -> Array:
    return 2 / 3 - t**2 * (1 - t / 2)


def _fold(i: Array, n: int, border: str) -> Array:
    """The index inside 0..n-1 of the sample that stands at i."""
    if border == "wrap":
        return i % n
    if border == "mirror":
        i = i % (2 * n)
        return jnp.minimum(i, 2 * n - 1 - i)
    if border == "black":
        i = jnp.minimum(jnp.abs(i), jnp.abs(2 * (n - 1) - i))
    return jnp.clip(i, 0, n - 1)
