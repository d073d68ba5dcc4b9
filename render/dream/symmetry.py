"""Kaleidoscopes: a picture of which one part is shown again and again, mirrored and turned.

The mirrors are those of a real kaleidoscope: n of them through the middle, one upright, with equal angles between them.
What is shown everywhere is the wedge between two of them that lies along the picture's longer axis. Where a wedge
reaches out of the frame, the frame's edge is one more mirror: nothing is missing, and nothing jumps.

Only what lies outside of that wedge is ever resampled, and always from it: however long the film, nothing blurs. A
picture that turns or moves does so behind the mirrors: things grow out of one and go into the next.

Notation: x is a picture float32 [h, w, 3]; (u, v) is a place, counted from the picture's middle, right and up.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream.compiled import kept
from render.motion.device_warp import coefficients, read

FOLDS = {"off": 0, "mirror": 1}  # the words for so many mirrors through the middle
BOUNCES = 2  # at the edge of the frame: after so many everything lies within, up to 24 folds and frames of 1:4


def symmetrical(x: Array, folds: int) -> Array:
    """A picture [h, w, 3], or several [n, h, w, 3], with so many mirrors through the middle; 0: as they are."""
    return folded_each(x, folds=folds) if folds else x


@kept("folds")
def folded_each(x: Array, *, folds: int) -> Array:
    """`folded` of one picture or of several."""
    return jnp.vectorize(lambda one: folded(one, folds), signature="(h,w,c)->(h,w,c)")(x)


def folded(x: Array, folds: int) -> Array:
    """One picture [h, w, 3], 0..255, with `folds` mirrors; exactly what it was within the wedge."""
    x = mirrored(x, 1)
    x = x if folds % 2 else mirrored(x, 0)
    if folds <= 2:
        return x
    row, column, itself = sources((x.shape[0], x.shape[1]), folds)
    copied = read(coefficients(x, "mirror"), row, column, "mirror", "cubic")
    return jnp.where(itself[..., None], x, jnp.clip(copied, 0, 255))


def mirrored(x: Array, axis: int) -> Array:
    """The picture [h, w, 3] with its upper half (axis 0) or right half (axis 1) shown in the other one, too."""
    place = jnp.arange(x.shape[axis]) * 2 - (x.shape[axis] - 1)
    shown = (place >= 0)[None, :, None] if axis else (place <= 0)[:, None, None]
    return jnp.where(shown, x, jnp.flip(x, axis))


def sources(shape: tuple[int, int], folds: int) -> tuple[Array, Array, Array]:
    """Row and column [h, w] of what is shown at each pixel, and whether `mirrored` has put it there already."""
    h, w = shape
    u = jnp.abs(jnp.arange(w, dtype=jnp.float32)[None, :] - (w - 1) / 2)
    v = (h - 1) / 2 - jnp.arange(h, dtype=jnp.float32)[:, None]
    v = jnp.abs(v) if folds % 2 == 0 else v
    along = direction(shape, folds)
    a, b = into_wedge(u, v, folds, along)
    for _ in range(BOUNCES):
        a, b = into_wedge(into_frame(a, w), into_frame(b, h), folds, along)
    itself = jnp.maximum(jnp.abs(a - u), jnp.abs(b - v)) < 0.01
    return (h - 1) / 2 - b, (w - 1) / 2 + a, itself


def into_wedge(u: Array, v: Array, folds: int, along: tuple[float, float]) -> tuple[Array, Array]:
    """The image of (u, v) in the wedge around the direction `along`: of all its images, the one farthest that way.

    Where the number of folds is even, a mirror lies across, too, and half of the turns are enough.
    """
    even = folds % 2 == 0
    best = (jnp.float32(-jnp.inf), u, v)
    for k in range(folds // 2 if even else folds):
        cos, sin = float(np.cos(2 * np.pi * k / folds)), float(np.sin(2 * np.pi * k / folds))
        a, b = jnp.abs(cos * u - sin * v), sin * u + cos * v
        b = jnp.abs(b) if even else b
        far = along[0] * a + along[1] * b
        best = tuple(jnp.where(far > best[0], new, old) for new, old in zip((far, a, b), best, strict=True))  # type: ignore[assignment]
    return best[1], best[2]


def into_frame(u: Array, length: int) -> Array:
    """A place along an axis mirrored at the frame's edge, if it lies beyond."""
    return jnp.sign(u) * (length / 2 - jnp.abs(length / 2 - jnp.abs(u)))


def direction(shape: tuple[int, int], folds: int) -> tuple[float, float]:
    """The middle of the wedge that is shown everywhere, (u, v): along the longer axis, between two mirrors."""
    wedge = np.pi / folds
    upright = np.pi / 2 - wedge / 2  # next to the upright mirror, which there always is
    angle = (wedge / 2 if folds % 2 == 0 else 0.0) if shape[1] >= shape[0] else upright
    return float(np.cos(angle)), float(np.sin(angle))
