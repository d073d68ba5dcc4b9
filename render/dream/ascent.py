"""Gradient ascent on a picture, octave by octave: the heart.

Notation: x is the image, float32 [h, w, 3] in levels 0..255; g is the gradient of the objective with respect to x;
the network is any callable pytree, net(images [n, h, w, 3]) -> {layer: activation}. Names and shapes are static;
step size, jitter, iterations and weights are traced, so a schedule that moves them compiles nothing again.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh
from jax.typing import ArrayLike

from render.dream.compiled import kept
from render.dream.image import Shape, resize
from render.dream.natural import Nature, natural, nature
from render.dream.objective import Target, score
from render.dream.symmetry import symmetrical
from render.dream.tiles import Network, energies_of, tiled_gradient
from render.dream.wobble import gathered, seen, view

Ascend = Callable[..., Array]  # ascend with its network, compiled: see programs.py


class Knobs(NamedTuple):
    """The numbers of a step, traced: each a scalar, or [n] for n films that climb together."""

    step_size: ArrayLike  # mean change of a pixel, in levels
    jitter: ArrayLike  # pixels
    colour: ArrayLike = 0.0  # how far a gradient follows the colours of photographs, and
    spectrum: ArrayLike = 0.0  # how far their spectrum, 0..1
    scale: ArrayLike = 0.0  # how much larger or smaller the network sees the picture, and
    rotate: ArrayLike = 0.0  # by how many degrees turned


class Ways(NamedTuple):
    """What a step does at all: static, one program for each."""

    natural: bool = False  # whether knobs.colour and knobs.spectrum count
    wobble: bool = False  # whether knobs.scale and knobs.rotate do


PLAIN = Ways()


class Octave(NamedTuple):
    """One size that a dream climbs."""

    shape: Shape
    iterations: int  # 0: it is left out
    knobs: Knobs


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


def advanced(x: Array, g: Array, step_size: ArrayLike, by: Nature | None) -> Array:
    """What one step makes of a picture x [h, w, 3] or canvas [h, 3w] with its objective's gradient g; docs/looks.md.

    g is made natural; x ← x + step_size · g / mean|g|; clipped to 0..255.
    """
    g = g if by is None else natural(g, by)
    return jnp.clip(x + step_size * normalised(g), 0, 255)


def nature_of(shape: Shape, knobs: Knobs, ways: Ways) -> Nature | None:
    """How gradients are made natural, worked out before the steps; None: they stay as they are."""
    return nature(shape, knobs.colour, knobs.spectrum) if ways.natural else None


@partial(jax.jit, static_argnames=("targets", "ways"), donate_argnames=("x",))
def ascend(
    network: Network,
    x: Array,
    weights: Array,
    knobs: Knobs,
    key: Array,
    steps: tuple[ArrayLike, ArrayLike],
    *,
    targets: tuple[Target, ...],
    ways: Ways = PLAIN,
) -> Array:
    """Steps first..last-1 of the ascent of one octave: x [h, w, 3] -> x [h, w, 3]; the x passed in is used up.

    One step: roll by a random offset, advance, roll back.
    """
    h, w, _ = shape = x.shape
    by = nature_of((h, w), knobs, ways)

    def gradient(canvas: Array, i: Array) -> Array:
        def objective(canvas: Array) -> Array:
            picture = canvas.reshape(shape)
            picture = seen(picture, view(key, i, knobs.scale, knobs.rotate)) if ways.wobble else picture
            return score(network(picture[None]), targets, weights)

        return jax.grad(objective)(canvas)

    # Between two steps the canvas stays rolled and moves by the difference of their offsets: one roll a step, not two.
    # It is held as [h, 3w], because three as the last dimension vectorises badly on a CPU.
    def step(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        canvas, rolled = state
        offset = shift(key, i, jnp.int32(knobs.jitter))
        canvas = roll(canvas, offset - rolled)
        return advanced(canvas, gradient(canvas, i), knobs.step_size, by), offset

    start = x.reshape(h, -1), jnp.zeros(2, jnp.int32)
    canvas, rolled = jax.lax.fori_loop(*steps, step, start)
    return roll(canvas, -rolled).reshape(shape)


def looked_at(x: Array, knobs: Knobs, key: Array, step: Array) -> Array:
    """The picture [h, w, 3] as a step of `ascend` sees it, rolled and wobbled: what is then cut into tiles."""
    offset = shift(key, step, jnp.int32(knobs.jitter))
    return seen(jnp.roll(x, offset, (0, 1)), view(key, step, knobs.scale, knobs.rotate))


def brought_back(g: Array, knobs: Knobs, key: Array, step: Array) -> Array:
    """The gradient [h, w, 3] of what `looked_at` shows as that of the picture."""
    offset = shift(key, step, jnp.int32(knobs.jitter))
    return jnp.roll(gathered(g, view(key, step, knobs.scale, knobs.rotate)), -offset, (0, 1))


def gradient_in_tiles(
    network: Network,
    x: Array,
    weights: Array,
    jitter: Array,
    key: Array,
    whole: Array,
    step: Array,
    fresh: Array,
    size: tuple[Array, Array],
    *,
    targets: tuple[Target, ...],
    tile: Shape,
    group: int,
    mesh: Mesh | None = None,
) -> tuple[Array, Array]:
    """A step's gradient [H, W, 3] of a picture in tiles, and the energies [targets] that the next step takes as whole.

    x [H, W, 3] is a buffer that holds the picture in its first `size` = (h, w) pixels. The grid of tiles lies anywhere
    at each step, beyond what jitter reaches, so that no border stays in its place. fresh: `whole` is not known yet.
    """
    h, w = size
    grid = jax.random.randint(jax.random.fold_in(jax.random.fold_in(key, step), 1), (2,), 0, jnp.array([h, w]))
    if len(targets) > 1:  # a single one's magnitude is normalised away
        measured = partial(energies_of, network, x, size, targets=targets, tile=tile)
        whole = jax.lax.cond(fresh, measured, lambda: whole)
    else:
        whole = jnp.ones(1)
    origin = grid - shift(key, step, jitter)
    return tiled_gradient(network, x, size, origin, weights, whole, targets=targets, tile=tile, group=group, mesh=mesh)


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
    octaves: Sequence[Octave],
    key: Array,
    every: int | None = None,
    wrap: bool = False,
    ways: Ways = PLAIN,
    folds: int = 0,
) -> Iterator[tuple[Array, Array]]:
    """The dream x and its base, both at the octave's size, after `every` steps of an octave (None: after all of them).

    ascend(x, weights, knobs, key, steps, targets=, ways=) -> x is what climbs one octave; full is [h, w, 3]; targets
    and weights as in `score`. Octaves are counted from the smallest, so that equal sizes have equal random numbers in a
    draft and in the film. folds: what an octave ends as is symmetrical, as `symmetry` says. Several pictures
    [n, h, w, 3] climb together where weights, knobs and keys have n rows, and ascend takes them so.
    """
    x = base = full
    for number, (shape, iterations, knobs) in enumerate(octaves):
        if not iterations:
            continue
        x, base = climb(full, x, base, shape=shape, wrap=wrap)
        if wrap:
            # The network is blind where the rolled picture ends. A picture that wraps is rolled anywhere, so that this
            # is no more often at its own border than elsewhere.
            knobs = knobs._replace(jitter=np.maximum(knobs.jitter, max(shape)))
        own_key = octave_key(key, jnp.int32(number))
        for first in range(0, iterations, every or iterations):
            last = min(first + (every or iterations), iterations)
            x = ascend(x, jnp.float32(weights), knobs, own_key, (first, last), targets=targets, ways=ways)
            shown = symmetrical(x, folds)
            x = shown if last == iterations else x
            yield shown, base


@kept()
def octave_key(key: Array, octave: Array) -> Array:
    """The key of an octave, or a batch of them."""
    return jax.vmap(jax.random.fold_in, (0, None))(key, octave) if key.ndim else jax.random.fold_in(key, octave)


def dream(ascend: Ascend, full: Array, weights: ArrayLike, **how) -> Array:
    """One picture [h, w, 3] dreamed through all octaves; arguments as in `dream_steps`."""
    x = base = full
    for x, base in dream_steps(ascend, full, weights, **how):  # noqa: B007 - the last ones are the dream
        pass
    return finished(full, x, base)


def finished(full: Array, x: Array, base: Array, wrap: bool = False) -> Array:
    """The dream over its base as the whole picture: itself, unless the largest octaves were left out."""
    return x if x.shape == full.shape else developed(full, x, base, wrap=wrap)
