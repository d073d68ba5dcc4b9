"""`border: fresh`: what comes in from outside the frame is its surroundings' colour, soft, with grain.

The next dream grows something new there. A mirrored or repeated border instead shows the same strip again and again,
frame after frame, and freezes into stripes. Lengths are fractions of the picture's shorter side, and noise moves on by
how far the border has moved, so that a film brings in the same at every resolution and frame rate.

Notation: image float32 [h, w, 3], 0..255; a grid is as in soft.py; q = M p as in warp.py.
"""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from render.motion.device_warp import read, sources, warp_on_device
from render.motion.soft import as_noise, enlarged, grid, through, windows

GRAINS = (0.08, 0.04, 0.02, 0.01)  # of the noise, all equally strong: the finest is the grid of what comes in
NEAR, WIDE = 0.05, 0.25  # how far the colours around a place are averaged
RETURN = 0.25  # the share of the wide average, without which colours would wander off to black and white
GAIN = 0.6  # the noise's deviation, of the picture's own
FADE = 0.01  # how far inside the frame what came in earlier is still renewed, so that no line shows
RENEWED = 2.0  # how often: a place that is carried through FADE is e^-(RENEWED / 2) of what it was


@partial(jax.jit, static_argnames=("interpolation",))
def fresh_on_device(
    image: Array,
    matrix: Array,
    swirl: Array | float,
    key: Array,
    phases: tuple[Array, Array],
    interpolation: str = "cubic",
) -> Array:
    """`warp_on_device` where the frame's own picture is seen, and something new elsewhere.

    phases: for each of GRAINS, which two of its noises are mixed (int32 [4], the first's number) and how far the second
    has come in, 0..1 (float32 [4]); see `phases_at`.
    """
    shape = image.shape[0], image.shape[1]
    moved = warp_on_device(image, matrix, "mirror", interpolation, swirl)
    veil = veiled(outside(matrix, swirl, shape))[..., None]
    new = enlarged(surroundings(image, matrix, swirl) + grain(image, key, phases), shape)
    return jnp.where(veil > 0, jnp.clip(moved + veil * (new - moved), 0, 255), moved)


def outside(matrix: Array, swirl: Array | float, shape: tuple[int, int]) -> Array:
    """How much of each output pixel lies outside the input, [h, w], 0..1."""
    row, column = sources(matrix, swirl, shape, shape)
    beyond = [jnp.maximum(-q, q - (n - 1)) for q, n in zip((row, column), shape, strict=True)]
    return jnp.clip(jnp.maximum(*beyond), 0, 1)


def veiled(cover: Array) -> Array:
    """How much of what comes in is laid over each pixel, [h, w]: all outside, and less and less within FADE of it.

    What lies just inside came in a moment ago. The faster the picture moves, the less of it is renewed in each frame.
    """
    shape = cover.shape[0], cover.shape[1]
    sigma = FADE * min(shape)
    rows, columns = (windows(n, m, sigma, whole=False) for n, m in zip(shape, grid(shape, FADE), strict=True))
    near = enlarged(through(rows, cover[..., None], columns), shape)[..., 0]
    return jnp.maximum(cover, 1 - jnp.exp(-RENEWED * jnp.maximum(near, 0)))


def surroundings(image: Array, matrix: Array, swirl: Array | float) -> Array:
    """The colours around where each place of the finest grid is read, or around the nearest place inside: [a, b, 3]."""
    shape = image.shape[0], image.shape[1]
    where = sources(matrix, swirl, shape, grid(shape, GRAINS[-1]))
    return (1 - RETURN) * average(image, NEAR, where) + RETURN * average(image, WIDE, where)


def average(image: Array, reach: float, where: tuple[Array, Array]) -> Array:
    """The Gaussian average of an image at places (row, column) [a, b] each: [a, b, 3]; of what lies inside it."""
    shape = image.shape[0], image.shape[1]
    small = grid(shape, reach / 2)
    rows, columns = (windows(n, m, reach * min(shape)) for n, m in zip(shape, small, strict=True))
    q = [(at + 0.5) * (m / n) - 0.5 for at, n, m in zip(where, shape, small, strict=True)]
    return read(through(rows, image, columns), q[0], q[1], "edge", "linear")


def grain(image: Array, key: Array, phases: tuple[Array, Array]) -> Array:
    """Noise on the finest grid [a, b, 3], with the colours' deviations and correlations of the picture."""
    shape = image.shape[0], image.shape[1]
    finest, count = grid(shape, GRAINS[-1]), len(GRAINS)

    def draw(which: tuple[Array, Array]) -> Array:  # one program for all: each would be half a second of compiling
        return jax.random.normal(jax.random.fold_in(jax.random.fold_in(key, which[0]), which[1]), (*finest, 3))

    octaves = jnp.arange(count)
    one, two = (jax.lax.map(draw, (octaves, phases[0] + n)) for n in (0, 1))
    along = (jnp.pi / 2 * phases[1])[:, None, None, None]
    mixed = jnp.cos(along) * one + jnp.sin(along) * two
    sizes = [grid(finest, size) for size in GRAINS]
    total = sum((as_noise(mixed[k, :a, :b], finest) for k, (a, b) in enumerate(sizes)), jnp.zeros((*finest, 3)))
    return (GAIN / count**0.5) * total @ colours(image).T


def colours(image: Array) -> Array:
    """A matrix [3, 3] that makes of independent numbers colours with the picture's deviations and correlations."""
    every = max(1, min(image.shape[:2]) // 90)  # pixels enough
    pixels = image[::every, ::every].reshape(-1, 3)
    deviations = pixels - jnp.mean(pixels, axis=0)[None]
    return cholesky(deviations.T @ deviations / len(pixels))


def cholesky(a: Array) -> Array:
    """The lower triangle L [3, 3] with L Lᵀ = a, positive semidefinite; what is flat gets next to nothing.

    Written out: LAPACK's is a call by address, and a program that is kept on disk and read again crashes in it.
    """

    def root(square: Array) -> Array:
        return jnp.sqrt(jnp.maximum(square, 1e-3))

    first = root(a[0, 0])
    down, far = a[1, 0] / first, a[2, 0] / first
    second = root(a[1, 1] - down * down)
    beside = (a[2, 1] - far * down) / second
    third = root(a[2, 2] - far * far - beside * beside)
    zero = jnp.zeros(())
    return jnp.stack([jnp.stack(row) for row in ([first, zero, zero], [down, second, zero], [far, beside, third])])


# On the host, by the schedule


def comes_in(pull: NDArray[np.float64], shape: tuple[int, int]) -> float:
    """How far outside the input the output reaches, at its corners and the middles of its sides.

    As a fraction of the shorter side; 0: all of it is inside, since a picture seen through a matrix has straight sides.
    """
    h, w = shape
    rows, columns = np.meshgrid([0, (h - 1) / 2, h - 1], [0, (w - 1) / 2, w - 1], indexing="ij")
    q = np.tensordot(pull, np.stack([rows, columns, np.ones_like(rows)]), 1)
    depth = np.maximum(q[2], 1e-3)
    beyond = [np.maximum(-at / depth, at / depth - (n - 1)).max() for at, n in zip(q[:2], shape, strict=True)]
    return max(0.0, *beyond) / min(h, w)


def phases_at(travelled: Sequence[float]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Which noises are seen after borders have moved so far: int32 and float32 [n, 4], one new noise for each grain."""
    along = np.array(travelled)[:, None] / np.array(GRAINS)
    return (np.floor(along) % 2**30).astype(np.int32), (along % 1).astype(np.float32)
