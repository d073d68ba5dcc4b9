"""Gradient ascent on a picture, octave by octave: the heart.

Notation: x is the image, float32 [h, w, 3] in levels 0..255; g is the gradient of the objective with respect to x;
the network is any callable pytree, net(images [n, h, w, 3]) -> {layer: activation}. Names and shapes are static;
step size, jitter, iterations and weights are traced, so a schedule that moves them compiles nothing again.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import Mesh
from jax.typing import ArrayLike

from render.dream.compiled import kept
from render.dream.image import Shape, resize
from render.dream.objective import Target, score
from render.dream.pyramid import fitting, smooth
from render.dream.tiles import Network, energies_of, tiled_gradient
from render.dream.variation import variation_gradient

Ascend = Callable[..., Array]  # ascend or tiled_ascend with its network, compiled: see programs.py


class Tame(NamedTuple):
    """What keeps a dream from noise: static, one program for each."""

    levels: int = 0  # of the gradient's Laplacian pyramid; 0: the gradient as it is
    variation: bool = False  # whether total variation has a weight
    wrap: bool = False  # whether it is measured across the picture's border


AS_IT_IS = Tame()


def normalised(g: Array, count: Array | int | None = None) -> Array:
    """g / mean|g|: a step then changes a pixel by one unit on average. Zero stays zero.

    count: of how many numbers the mean is, where g holds zeros that are none of the picture's.
    """
    size = jnp.sum(jnp.abs(g)) / (g.size if count is None else count)
    return g * jnp.where(size > 0, 1 / jnp.maximum(size, jnp.finfo(g.dtype).tiny), 0)


def shift(key: Array, step: Array, jitter: Array) -> Array:
    """The random roll (rows, columns) of one step: int32 [2], each in [-jitter, jitter]."""
    return jax.random.randint(jax.random.fold_in(key, step), (2,), -jitter, jitter + 1)


def roll(canvas: Array, by: Array) -> Array:
    """Rolls a canvas [h, 3w] by (rows, columns) pixels."""
    return jnp.roll(jnp.roll(canvas, by[0], 0), 3 * by[1], 1)


@partial(jax.jit, static_argnames=("targets", "tame"), donate_argnames=("x",))
def ascend(
    network: Network,
    x: Array,
    weights: Array,
    step_size: Array,
    jitter: Array,
    key: Array,
    steps: tuple[Array, Array],
    variation: ArrayLike = 0.0,
    *,
    targets: tuple[Target, ...],
    tame: Tame = AS_IT_IS,
) -> Array:
    """Steps first..last-1 of the ascent of one octave: x [h, w, 3] -> x [h, w, 3]; the x passed in is used up.

    One step, as SCENE.md defines it: roll by a random offset; x ← x + step_size · g / mean|g|; roll back; clip.
    tame.levels smooths g; with tame.variation, `variation` times the gradient of total variation is taken from
    g / mean|g|.
    """
    h, w, _ = shape = x.shape
    levels = fitting(tame.levels, (h, w))

    def gradient(canvas: Array, offset: Array) -> Array:
        g = jax.grad(lambda c: score(network(c.reshape(1, *shape)), targets, weights))(canvas)
        g = smooth(g.reshape(shape), (h, w), levels).reshape(canvas.shape) if levels else g
        if not tame.variation:
            return normalised(g)
        border = jnp.mod(offset - 1, jnp.array([h, w]))
        rough = variation_gradient(canvas.reshape(shape), (h, w), (border[0], border[1]), tame.wrap)
        return normalised(g) - variation * rough.reshape(canvas.shape)

    # Between two steps the canvas stays rolled and moves by the difference of their offsets: one roll a step, not two.
    # It is held as [h, 3w], because three as the last dimension vectorises badly on a CPU.
    def step(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        canvas, rolled = state
        offset = shift(key, i, jitter)
        canvas = roll(canvas, offset - rolled)
        canvas = canvas + step_size * gradient(canvas, offset)
        return jnp.clip(canvas, 0, 255), offset

    start = x.reshape(shape[0], -1), jnp.zeros(2, jnp.int32)
    canvas, rolled = jax.lax.fori_loop(*steps, step, start)
    return roll(canvas, -rolled).reshape(shape)


@partial(jax.jit, static_argnames=("targets", "tame", "tile", "group", "mesh"), donate_argnames=("x",))
def tiled_ascend(
    network: Network,
    x: Array,
    weights: Array,
    step_size: Array,
    jitter: Array,
    key: Array,
    steps: tuple[Array, Array],
    size: tuple[Array, Array],
    variation: ArrayLike = 0.0,
    *,
    targets: tuple[Target, ...],
    tame: Tame = AS_IT_IS,
    tile: Shape,
    group: int,
    mesh: Mesh | None = None,
) -> Array:
    """`ascend` of a picture in tiles: x [H, W, 3] is a buffer that holds it in its first `size` = (h, w) pixels.

    The grid of tiles lies anywhere at each step, beyond what jitter reaches, so that no border stays in its place.
    """
    h, w = size
    how: dict = {"targets": targets, "tile": tile, "group": group, "mesh": mesh}
    pixels = (3 * h * w).astype(jnp.float32)
    levels = fitting(tame.levels, tile)  # no octave that is cut into tiles is smaller than one

    def step(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        x, whole = state
        grid = jax.random.randint(jax.random.fold_in(jax.random.fold_in(key, i), 1), (2,), 0, jnp.array([h, w]))
        origin = grid - shift(key, i, jitter)
        g, whole = tiled_gradient(network, x, size, origin, weights, whole, **how)
        g = normalised(smooth(g, size, levels) if levels else g, pixels)
        if tame.variation:
            g = g - variation * variation_gradient(x, size, (h - 1, w - 1), tame.wrap)
        return jnp.clip(x + step_size * g, 0, 255), whole

    known = len(targets) == 1  # a single one's magnitude is normalised away
    whole = jnp.ones(1) if known else energies_of(network, x, size, targets=targets, tile=tile)
    return jax.lax.fori_loop(*steps, step, (x, whole))[0]


@kept("shape", "wrap")
def climb(full: Array, x: Array, base: Array, *, shape: Shape, wrap: bool = False) -> tuple[Array, Array]:
    """From one octave to the next: the dream x [h, w, 3] so far and the base it grew from, at the size `shape`.

    The next base is the full picture resized; the detail found so far (x - base) is enlarged and added to it, so that
    the picture's own detail is never lost.
    """
    bigger = resize(full, shape, wrap)
    return bigger + resize(x - base, shape, wrap), bigger


@kept("wrap")
def developed(full: Array, x: Array, base: Array, *, wrap: bool = False) -> Array:
    """What an unfinished dream x over its base shows at full size: the picture plus the detail found so far."""
    *_, h, w, _ = full.shape
    return jnp.clip(full + resize(x - base, (h, w), wrap), 0, 255)


def dream_steps(
    ascend: Ascend,
    full: Array,
    weights: ArrayLike,
    *,
    targets: tuple[Target, ...],
    shapes: Sequence[Shape],
    iterations: int,
    step_size: ArrayLike,
    jitter: ArrayLike,
    key: Array,
    every: int | None = None,
    wrap: bool = False,
    **taming: Any,
) -> Iterator[tuple[Array, Array]]:
    """The dream x and its base, both at the octave's size, after `every` steps of an octave (None: after all of them).

    ascend(x, weights, step_size=, jitter=, key=, steps=, targets=) -> x is what climbs one octave, and takes tame= and
    variation=, too, where they are given; full is [h, w, 3]; shapes are the octaves' sizes, the last one full's own;
    targets and weights as in `score`. Several pictures [n, h, w, 3] climb together where weights, step sizes, jitters
    and keys have n rows, and ascend takes them so.
    """
    x = base = full
    knobs = {"step_size": jnp.float32(step_size), "jitter": jnp.int32(jitter), "targets": targets, **taming}
    for octave, shape in enumerate(shapes):
        x, base = climb(full, x, base, shape=shape, wrap=wrap)
        knobs["key"] = octave_key(key, jnp.int32(octave))
        for first in range(0, iterations, every or max(1, iterations)):
            steps = jnp.int32(first), jnp.int32(min(first + (every or iterations), iterations))
            x = ascend(x, jnp.float32(weights), steps=steps, **knobs)
            yield x, base


@kept()
def octave_key(key: Array, octave: Array) -> Array:
    """The key of an octave, or a batch of them."""
    return jax.vmap(jax.random.fold_in, (0, None))(key, octave) if key.ndim else jax.random.fold_in(key, octave)


def dream(ascend: Ascend, full: Array, weights: ArrayLike, **how) -> Array:
    """One picture [h, w, 3] dreamed through all octaves; arguments as in `dream_steps`."""
    x = full
    for x, _ in dream_steps(ascend, full, weights, **how):  # noqa: B007 - the last one is the dream
        pass
    return x
