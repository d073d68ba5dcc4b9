"""Colour is the artist's: a picture's colours are drawn towards a palette, by optimal transport between distributions.

Notation: x is float32 [h, w, 3] in levels 0..255; y are its colours in Oklab, as three planes (L, a, b) of [h, w]; a
palette is a cloud of N points float32 [N, 3] in Oklab with weights [N] that sum to 1. In Oklab distances are those that
an eye sees, and what lies between two colours has their hues (Ottosson 2020, "A perceptual color space").

A colour's new place is found in two steps. `sliced` moves it along seven directions by what makes the one-dimensional
distributions alike (Pitié, Kokaram, Dahyot 2007, "Automated colour grading using colour distribution transfer";
averaged as in Rabin, Peyré, Delon, Bernot 2011): colours gather around the palette's. `linear` then makes mean and
covariance the palette's own (Pitié, Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping for
example-based colour transfer").
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.special import ndtri

from render.dream.compiled import kept
from render.media.pictures import read_picture
from render.scene.palettes import Swatch

LMS = np.array(  # linear sRGB → cones, and the cones' cube roots → (L, a, b): Ottosson's matrices
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
AXES = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
DIAGONALS = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]]) / np.sqrt(3)
DIRECTIONS = np.concatenate([AXES, DIAGONALS])  # their d dᵀ sum to 7/3 of the identity: what is moved is moved exactly
POINTS = 1024  # of a palette's cloud
SAMPLE = 2048  # pixels, at least, from which a picture's own distribution is taken
BINS = 48  # of a one-dimensional map; linear between them
WIDTH = 0.008  # of the kernel that smooths a picture's distribution: about two levels; so flat areas stay finite
LEAST = 1e-5  # variance that counts as none, of about one level: there is nothing to stretch below it
SHADES, SHADE, TINT = 0.16, 0.035, 0.02  # deviation of lightness in all, of a colour's own at least, of its hue

Planes = Sequence[Array]


class Cloud(NamedTuple):
    """Palettes of n films: their points [n, N, 3] on the device, and of how many each swatch consists, by film."""

    points: Array
    counts: list[NDArray[np.int64]]
    levels: NDArray[np.float32]  # the points as levels of 255, [n, N, 3]

    def draw(
        self,
        x: Array,
        weights: Sequence[Sequence[float]],
        contrasts: Sequence[float | None],
        mean: Sequence[float],
        rest: Sequence[float],
    ) -> Array:
        """`drawn` by numbers: n palettes' weights by swatch, and the contrasts that they are to have, if not their own.

        A palette all of whose weights are 0 draws nothing.
        """
        each = [np.repeat(np.divide(w, counts), counts) for w, counts in zip(weights, self.counts, strict=True)]
        shares = np.array([w / max(w.sum(), 1e-12) for w in each], np.float32)
        gain = [1 if c is None else c / own for c, own in zip(contrasts, self.contrast(shares), strict=True)]
        numbers = np.array([gain, mean, rest], np.float32)
        return drawn(x, self.points, jnp.asarray(shares), *map(jnp.asarray, numbers))

    def contrast(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The palettes' contrast [n] in levels, at least 1: the root of the mean of the channels' variances."""
        mean = np.einsum("np,npc->nc", weights, self.levels)
        variance = np.einsum("np,npc->n", weights, (self.levels - mean[:, None]) ** 2) / 3
        return np.sqrt(np.maximum(variance, 1))


def cloud(palettes: Sequence[Sequence[Swatch]]) -> Cloud:
    """The palettes of n films. PictureError: a picture that cannot be read."""
    counts = [_shares(len(swatches)) for swatches in palettes]
    points = np.stack([_points(swatches, count) for swatches, count in zip(palettes, counts, strict=True)])
    levels = shown(jnp.asarray(points))
    return Cloud(seen(levels), counts, np.asarray(levels))


def _shares(parts: int) -> NDArray[np.int64]:
    """POINTS as evenly divided as whole numbers can be."""
    return np.array([POINTS // parts + (k < POINTS % parts) for k in range(parts)])


def _points(swatches: Sequence[Swatch], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """A palette's points [N, 3] in Oklab: pixels of its pictures, and shades of its colours."""
    plain = [swatch.colour for swatch in swatches if swatch.colour]
    colours = iter(np.asarray(seen(jnp.asarray(plain, jnp.float32))) if plain else [])
    lightness = np.asarray(seen(jnp.asarray(plain, jnp.float32)))[:, 0] if plain else np.zeros(1)
    # Lightness is what shows form. Colours that differ in it enough need few shades of their own.
    shade = max(SHADE, np.sqrt(max(0, SHADES**2 - np.var(lightness))))
    parts = [
        _pixels(swatch.picture, count) if swatch.picture else _shades(next(colours), shade, count)
        for swatch, count in zip(swatches, counts, strict=True)
    ]
    return np.concatenate(parts).astype(np.float32)


def _shades(colour: NDArray[np.float32], shade: float, count: int) -> NDArray[np.float64]:
    """Points around a colour in Oklab, more of them lighter and darker than of another hue; [count, 3]."""
    z = ndtri(0.02 + 0.96 * _even(count, 3))
    chroma = 1 + 0.15 * z[:, :1]  # what is lighter is a little more colourful, as things in light are
    return np.concatenate([colour[:1] + shade * z[:, :1], colour[1:] * chroma + TINT * z[:, 1:]], axis=1)


def _pixels(path: Path, count: int) -> NDArray[np.float32]:
    """So many of a picture's pixels in Oklab, from all over it; [count, 3]."""
    picture = read_picture(path)
    rows, columns = (_even(count, 2) * picture.shape[:2]).astype(int).T
    return np.asarray(seen(jnp.asarray(picture[rows, columns])))


def _even(count: int, dimensions: int) -> NDArray[np.float64]:
    """Points that fill the unit cube evenly, [count, dimensions]: Roberts 2018, a generalised golden ratio."""
    ratio = 1.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    return (0.5 + np.arange(1, count + 1)[:, None] / ratio ** np.arange(1, dimensions + 1)) % 1


@kept()
def seen(x: Array) -> Array:
    """Levels […, 3] as Oklab […, 3]."""
    return jnp.stack(oklab(x), -1)


@kept()
def shown(y: Array) -> Array:
    """Oklab […, 3] as levels […, 3], 0..255."""
    return jnp.clip(srgb([y[..., c] for c in range(3)]), 0, 255)


def oklab(x: Array) -> list[Array]:
    """Levels of sRGB […, 3] → planes (L, a, b)."""
    c = x / 255
    c = jnp.where(c <= 0.04045, c / 12.92, ((jnp.maximum(c, 0.04045) + 0.055) / 1.055) ** 2.4)
    # Not cbrt, which is slow on a CPU. The floor is far below the darkest level but black, 3e-4.
    cones = [jnp.maximum(plane, 1e-12) ** (1 / 3) for plane in _mixed(LMS, [c[..., k] for k in range(3)])]
    return _mixed(LAB, cones)


def srgb(y: Planes) -> Array:
    """Planes (L, a, b) → levels of sRGB […, 3], not clipped."""
    c = jnp.stack(_mixed(np.linalg.inv(LMS), [root**3 for root in _mixed(np.linalg.inv(LAB), y)]), -1)
    return 255 * jnp.where(c <= 0.0031308, 12.92 * c, 1.055 * jnp.maximum(c, 0.0031308) ** (1 / 2.4) - 0.055)


def _mixed(matrix: NDArray[np.float64] | Array, planes: Planes) -> list[Array]:
    """matrix · planes, plane by plane: three numbers as the last dimension vectorise badly on a CPU."""
    a, b, c = planes
    return [row[0] * a + row[1] * b + row[2] * c for row in matrix.astype(a.dtype)]


@kept()
def drawn(x: Array, points: Array, weights: Array, gain: Array, mean: Array, rest: Array) -> Array:
    """Frames [n, h, w, 3] with their colours drawn towards palettes, points [n, N, 3] and weights [n, N].

    The mean by the fraction `mean` [n] of the way, all else by `rest` [n]; the palettes spread `gain` [n] times as far.
    """
    return jax.vmap(_drawn)(x, points, weights, gain, mean, rest)


def _drawn(x: Array, points: Array, weights: Array, gain: Array, mean: Array, rest: Array) -> Array:
    with jax.default_matmul_precision("highest"):
        y, middle, is_any = oklab(x), weights @ points, jnp.sum(weights) > 0
        new = transported(y, middle[None] + gain * (points - middle[None]), weights)
    far = [(mean - rest) * (middle[c] - jnp.mean(y[c])) for c in range(3)]
    moved = [old + jnp.where(is_any, rest * (to - old) + by, 0) for old, to, by in zip(y, new, far, strict=True)]
    return jnp.clip(srgb(moved), 0, 255)


def transported(y: Planes, points: Array, weights: Array) -> list[Array]:
    """Planes whose colours are distributed as a palette's: all the way."""
    return linear(sliced(y, points, weights), *moments(points, weights))


def sliced(y: Planes, points: Array, weights: Array) -> list[Array]:
    """One step of sliced optimal transport, from a picture's colours towards a palette's."""
    h, w = y[0].shape
    every = max(1, int(np.sqrt(h * w / SAMPLE)))
    sample = jnp.stack([plane[every // 2 :: every, every // 2 :: every].ravel() for plane in y], -1)
    directions = jnp.asarray(DIRECTIONS, sample.dtype)
    low, high, by = jax.vmap(_shift, (1, 1, None))(sample @ directions.T, points @ directions.T, weights)
    moved = list(y)
    for d, along in enumerate(_mixed(DIRECTIONS, y)):
        at = jnp.clip((along - low[d]) / (high[d] - low[d]), 0, 1) * BINS
        k = jnp.minimum(at.astype(jnp.int32), BINS - 1)
        here, next_ = (by[d].at[k + step].get(mode="clip") for step in (0, 1))
        far = (here + (at - k.astype(at.dtype)) * (next_ - here)) * (3 / len(DIRECTIONS))
        moved = [plane + far * float(part) for plane, part in zip(moved, DIRECTIONS[d], strict=True)]
    return moved


def _shift(own: Array, theirs: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Along one direction: from where to where a map reaches, and how far it moves, at BINS + 1 places in between.

    It carries each place to the palette's quantile of what share of the picture lies below it.
    """
    low, high = jnp.min(own) - 3 * WIDTH, jnp.max(own) + 3 * WIDTH
    places = low + (high - low) * jnp.arange(BINS + 1, dtype=own.dtype) / BINS
    below = jnp.mean(jax.nn.sigmoid((places[:, None] - own[None]) * (1.7 / WIDTH)), axis=1)  # nearly a Gaussian's
    order = jnp.argsort(theirs)
    upto = jnp.cumsum(weights[order])
    return low, high, jnp.interp(below, upto - weights[order] / 2, theirs[order]) - places


def moments(points: Array, weights: Array) -> tuple[Array, Array]:
    """Mean [3] and covariance [3, 3] of weighted points."""
    mean = weights @ points
    away = points - mean[None]
    return mean, jnp.einsum("p,pi,pj->ij", weights, away, away)


def linear(y: Planes, mean: Array, covariance: Array) -> list[Array]:
    """Planes with another mean and covariance, by the linear map that moves colours least.

    T = A^-½ (A^½ B A^½)^½ A^-½ for covariances A → B (Pitié, Kokaram 2007, eq. 5).
    """
    own = [jnp.mean(plane) for plane in y]
    away = [plane - middle for plane, middle in zip(y, own, strict=True)]
    a = jnp.stack([jnp.stack([jnp.mean(one * other) for other in away]) for one in away])
    return [plane + middle for plane, middle in zip(_mixed(monge(a, covariance), away), mean, strict=True)]


def monge(a: Array, b: Array) -> Array:
    """The symmetric T [3, 3] with T a T = b. What varies less than LEAST in a is not stretched any further."""
    a = a + LEAST * jnp.eye(3, dtype=a.dtype)
    half, inverse = power(a, 0.5), power(a, -0.5)
    return inverse @ power(half @ b @ half, 0.5) @ inverse


def power(a: Array, exponent: float) -> Array:
    """A power of a symmetric matrix without negative eigenvalues; those that rounding makes negative are 0."""
    values, vectors = jnp.linalg.eigh((a + a.T) / 2)
    return (vectors * jnp.maximum(values, 1e-20)[None] ** exponent) @ vectors.T
