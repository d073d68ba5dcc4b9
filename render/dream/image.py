"""Pictures as arrays: octave sizes, resizing, noise, holding colour, rounding.

Notation: an image is float32 [h, w, 3], RGB in 8-bit levels 0..255, not rounded; a shape is (h, w) in pixels; a key is
a typed `jax.random.key`. Everything here is pure.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream.compiled import kept
from render.dream.natural import axes

Shape = tuple[int, int]


def octave_shapes(
    shape: Shape, *, octaves: int | None = None, scale: float = 1.4, smallest: int | None = None
) -> list[Shape]:
    """Sizes (h, w) from the smallest octave to `shape`, the last.

    With `smallest` they are counted from the bottom: its shorter side has so many pixels, and each next one is `scale`
    times as large, so that they are the same whatever the picture's size; one that is almost the picture's own, by less
    than the root of `scale`, is left to it. With `octaves` there are so many, counted from the top.
    """
    least = min(shape)
    if octaves is None:
        assert smallest is not None
        count = max(0, math.ceil(math.log(least / smallest) / math.log(scale) - 0.5 - 1e-9))
        sides = [smallest * scale**i for i in range(count)]
    else:
        sides = [least / scale**i for i in reversed(range(1, octaves))]
    h, w = shape
    return [*((max(1, round(h * side / least)), max(1, round(w * side / least))) for side in sides), shape]


def resize(image: Array, shape: Shape, wrap: bool = False) -> Array:
    """[…, h, w, 3] resampled to `shape`, linearly; shrinking is antialiased. With `wrap` each side goes on opposite."""
    *_, h, w, _ = image.shape
    if (h, w) == shape:
        return image
    rows, columns = (jnp.asarray(triangles(a, b, wrap), image.dtype) for a, b in zip((h, w), shape, strict=True))
    return jnp.einsum("ai,...ijc,bj->...abc", rows, image, columns)


def triangles(n: int, m: int, wrap: bool) -> np.ndarray:
    """Weights [m, n] of linear resampling from n to m pixels: triangles as wide as the coarser grid's pixels."""
    scale = n / m
    distance = (np.arange(m)[:, None] + 0.5) * scale - 0.5 - np.arange(n)[None]
    if wrap:
        distance = (distance + n / 2) % n - n / 2
    weights = np.maximum(0, 1 - np.abs(distance) / max(1.0, scale))
    return weights / weights.sum(1, keepdims=True)


@kept()
def to_uint8(image: Array) -> Array:
    """Rounded to uint8 [h, w, 3]. Only the encoder sees this; the film's state stays float32."""
    return jnp.clip(jnp.round(image), 0, 255).astype(jnp.uint8)


# Holding colour


@kept()
def statistics(image: Array) -> tuple[Array, Array]:
    """Mean and contrast (standard deviation) of each channel, in levels: […, h, w, 3] → […, 3], […, 3]."""
    return jnp.mean(image, axis=(-3, -2)), jnp.std(image, axis=(-3, -2))


@kept()
def hold(image: Array, mean: Array, contrast: Array, keep_mean: Array, keep_contrast: Array) -> Array:
    """Draws each channel's mean and contrast […, 3] by the fractions `keep_*` […] in 0..1 towards the given ones."""
    m, s = statistics(image)
    keep_mean, keep_contrast = keep_mean[..., None], keep_contrast[..., None]
    gain = (1 - keep_contrast) + keep_contrast * contrast / jnp.maximum(s, 1e-3)  # a flat picture stays flat
    target = m + keep_mean * (mean - m)
    per_channel = (slice(None),) * (image.ndim - 3) + (None, None)
    return jnp.clip((image - m[per_channel]) * gain[per_channel] + target[per_channel], 0, 255)


# Noise


def grid_shape(shape: Shape, scale: float) -> Shape:
    """How many grains of `scale` times the shorter side fit: the same for a scene at 480p and at 4K."""
    grain = max(1.0, scale * min(shape))
    return max(2, round(shape[0] / grain)), max(2, round(shape[1] / grain))


def grains(key: Array, shape: Shape, scale: float, draw) -> Array:
    """Independent samples `draw(key, shape)` on a grid of grains, smoothly enlarged to [h, w, 3]."""
    return jax.image.resize(draw(key, (*grid_shape(shape, scale), 3)), (*shape, 3), "cubic")


def perlin(key: Array, shape: Shape, scale: float) -> Array:
    """Perlin's gradient noise ("Improving Noise", 2002), each channel its own, octaves of half size and half weight."""
    finest = 2 / min(shape)  # grains under two pixels would be no smooth noise any more
    total, weight, scale = jnp.zeros((*shape, 3)), 1.0, max(scale, finest)
    for octave in range(5):
        if scale < finest:
            break
        total = total + weight * _gradient_noise(jax.random.fold_in(key, octave), shape, grid_shape(shape, scale))
        scale, weight = scale / 2, weight / 2
    return total


def _gradient_noise(key: Array, shape: Shape, grid: Shape) -> Array:
    """One octave: a random slope at every grid point, each fading out towards its neighbours.

    Fading is separable, so the sum over a pixel's four grid points is a product of matrices, rows · slopes · columns.
    """
    angle = 2 * jnp.pi * jax.random.uniform(key, (grid[0] + 1, grid[1] + 1, 3))
    rows, columns = (_fading(n, g) for n, g in zip(shape, grid, strict=True))
    down = jnp.einsum("ia,abc,jb->ijc", rows[1], jnp.sin(angle), columns[0])
    across = jnp.einsum("ia,abc,jb->ijc", rows[0], jnp.cos(angle), columns[1])
    return down + across


def _fading(pixels: int, cells: int) -> tuple[Array, Array]:
    """Along one axis: the weight of each grid point at each pixel [pixels, cells + 1], and weight times distance."""
    at = (jnp.arange(pixels, dtype=jnp.float32) + 0.5) * (cells / pixels)
    distance = at[:, None] - jnp.arange(cells + 1, dtype=jnp.float32)[None]
    t = jnp.minimum(jnp.abs(distance), 1)
    weight = 1 - t**3 * (t * (t * 6 - 15) + 10)
    return weight, weight * distance


NOISES: dict[str, Callable[..., Array]] = {
    "uniform": partial(grains, draw=partial(jax.random.uniform, minval=-1, maxval=1)),
    "gaussian": partial(grains, draw=jax.random.normal),
    "perlin": perlin,
}


def colours() -> np.ndarray:
    """[3, 3]: makes channels that have nothing to do with each other half as alike as a photograph's are."""
    values, vectors = axes()
    return vectors * np.sqrt(0.5 + 0.5 * values) @ vectors.T


@kept("shape", "kind", "scale")
def noise(key: Array, level: float, contrast: float, *, shape: Shape, kind: str, scale: float) -> Array:
    """Noise [h, w, 3] of a kind in `NOISES`, every channel with mean `level` and deviation `contrast` in levels.

    Channels are half as alike as a photograph's, else every noise is a rainbow. `scale` is the size of a grain as a
    fraction of the shorter side; 0 makes every pixel its own grain.
    """
    raw = NOISES[kind](key, shape, scale) @ jnp.float32(colours())
    mean, deviation = statistics(raw)
    return jnp.clip(level + (raw - mean[None, None]) * (contrast / jnp.maximum(deviation, 1e-6))[None, None], 0, 255)
