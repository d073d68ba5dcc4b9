"""The feedback loop: frame 0 is the dreamed start, frame k the dream of frame k-1 after motion.

Notation: x is a batch of frames float32 [n, h, w, 3] in levels 0..255, one of each of n films that differ in numbers
only (n is 1 but for sweeps); ps are their FrameParams of one frame. State stays float32 from frame to frame, and on the
device. All random numbers of frame k come from fold_in(key, k), so that no frame depends on how others were made.
What is frame k of the film is step k + lead here: a loop dreams some before its first (course.py).
"""

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream.ascent import Knobs, Octave, developed, dream_steps, finished
from render.dream.compiled import kept
from render.dream.compilers import Work
from render.dream.guide import guided
from render.dream.image import hold, statistics, to_uint8
from render.dream.palette import Cloud, cloud
from render.dream.programs import Programs
from render.dream.symmetry import FOLDS, symmetrical
from render.dream.tiles import Network
from render.film.loop import Kept, closing
from render.film.moved import Moving
from render.film.needs import climbed, needs, needs_of, shapes, targets, ways
from render.film.start import start_pictures
from render.scene.by_octave import at_octave
from render.scene.course import course_of, unrolled
from render.scene.scene import Scene
from render.scene.schedule import FrameParams
from render.scene.terms import guides

FLAT_CONTRAST = 50.0  # levels to hold a start at that has no contrast of its own to hold
Held = tuple[Array, Array] | Cloud  # mean and contrast [n, 3], or palettes
FLAT = 1.0  # a start with less contrast than this, in levels, counts as flat


def frames(scene: Scene, network: Network) -> Iterator[Array]:
    """The film, frame by frame [h, w, 3]; with `output.record` other than frames, every stage of every frame."""
    return (x[0] for x in films([scene], network))


def films(scenes: Sequence[Scene], network: Network) -> Iterator[Array]:
    """Several films at once, which must be `sweep.alike`: their frames [n, h, w, 3]."""
    lead = course_of(scenes[0]).lead
    return (made.picture for made in steps(scenes, network) if made.picture is not None and made.frame >= lead)


class Made(NamedTuple):
    """What the loop has made in a step: a picture to show, the state that the next one grows from, or both at once."""

    frame: int  # the number of the step
    picture: Array | None
    state: Array | None


def steps(
    scenes: Sequence[Scene],
    network: Network,
    begin: int = 0,
    state: np.ndarray | None = None,
    end: int | None = None,
    work: Work | None = None,
    kept: Kept | None = None,
) -> Iterator[Made]:
    """Steps begin..end-1, where the one before has left `state`, float32 [n, h, w, 3].

    work: told what the compilers are at. kept: what a loop keeps; None: it is kept aside as long as this runs.
    """
    record, video = scenes[0].output.record, scenes[0].start.video is not None
    wrap, every = scenes[0].motion.border == "wrap", 1 if record == "iterations" else None
    course, params = course_of(scenes[0]), [unrolled(scene) for scene in scenes]
    ascend = programs(scenes, network, params[0][0], work)
    ascend.want(needs_of(scenes[0], params[0][begin]))  # first of all, so that the compiler starts at once
    starts = zip(*(start_pictures(scene, start_key(scene.seed)) for scene in scenes), strict=False)
    for _ in range(begin if video else 0):
        next(starts)
    x = ascend.placed(jnp.stack([jnp.asarray(picture, jnp.float32) for picture in next(starts)]))
    held, moving = colours(scenes, x), Moving(scenes, params, x)
    if begin and not video:
        x = ascend.placed(jnp.asarray(state))
    end = course.steps if end is None else end
    ahead = ascend.ahead(needs(scenes[0], params[0], begin, end))
    with ahead, closing(course, kept, ascend.placed) as close:
        for k in range(begin, end):
            ps = [each[k] for each in params]
            ascend.want(needs_of(scenes[0], ps[0]))
            if video and k > begin:
                x = ascend.placed(jnp.stack([jnp.asarray(picture, jnp.float32) for picture in next(starts)]))
                held = held if isinstance(held, Cloud) else to_hold(x)
            elif k and not video:
                x = moving(x, k)
            x = stage = base = symmetrical(close(x, k), folds(scenes[0]))
            for stage, base in dream_steps(ascend, x, every=every, **how(scenes, ps, course.number(k))):
                if record != "frames":
                    yield Made(k, keep(developed(x, stage, base, wrap=wrap), held, ps), None)
            x = keep(finished(x, stage, base, wrap), held, ps)
            yield Made(k, x if record == "frames" else None, x)


def programs(scenes: Sequence[Scene], network: Network, first: FrameParams, work: Work | None = None) -> Programs:
    """The films' programs; nothing is compiled yet."""
    network = guided(network, guides(scenes[0]))
    return Programs(network, shapes(scenes[0], first), scenes[0].dream.tile, len(scenes), work)


def on_host(film: Iterator[Array]) -> Iterator[np.ndarray]:
    """The frames as uint8 on the host, each handed over while the next one is already being dreamed."""
    behind = None
    for frame in film:
        rounded = to_uint8(frame)
        rounded.copy_to_host_async()
        if behind is not None:
            yield np.asarray(behind)
        behind = rounded
    if behind is not None:
        yield np.asarray(behind)


def film_length(scene: Scene, first: int = 0, end: int | None = None) -> int:
    """How many frames the film has of the scene's own first..end-1: more than these where its stages are recorded."""
    lead = course_of(scene).lead
    return pictures(scene, lead + first, lead + (scene.length if end is None else end))


def pictures(scene: Scene, begin: int, end: int) -> int:
    """How many pictures the steps begin..end-1 make."""
    if scene.output.record == "frames":
        return end - begin
    iterations, params = scene.output.record == "iterations", unrolled(scene)
    steps = (steps for k in range(begin, end) for _, steps in climbed(scene, params[k]))
    return sum(steps) if iterations else sum(1 for _ in steps)


def start_key(seed: int) -> Array:
    """The key of the start's noise."""
    return jax.random.fold_in(jax.random.key(seed), 0)


@kept()
def frame_keys(seeds: Array, k: Array) -> Array:
    """The keys [n] of frame k's jitter for films with the seeds [n]."""
    return jax.vmap(lambda seed: jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), 1), k))(seeds)


def folds(scene: Scene) -> int:
    """How many mirrors a scene's pictures have."""
    symmetry = scene.dream.symmetry
    return FOLDS[symmetry] if isinstance(symmetry, str) else symmetry


def octaves(scene: Scene, ps: Sequence[FrameParams]) -> list[Octave]:
    """A frame's octaves with each one's numbers: the knobs are [n], a row for each film."""

    def knobs(number: int) -> Knobs:
        own = [(at_octave(p.step_size, number), at_octave(p.jitter, number)) for p in ps]
        rows = [(*numbers, p.colour, p.spectrum, *p.wobble) for numbers, p in zip(own, ps, strict=True)]
        return Knobs(*(np.array(column) for column in zip(*rows, strict=True)))

    sizes, iterations = shapes(scene, ps[0]), ps[0].iterations if targets(scene, ps[0]) else (0,)
    return [Octave(shape, at_octave(iterations, i), knobs(i)) for i, shape in enumerate(sizes)]


def how(scenes: Sequence[Scene], ps: Sequence[FrameParams], k: int) -> dict:
    """What `dream_steps` takes for frame k: structure from the first scene, numbers from each."""
    return {
        "targets": targets(scenes[0], ps[0]),
        "octaves": octaves(scenes[0], ps),
        "weights": np.array([list(compress(p.weights, p.dreams)) for p in ps], np.float32),
        "ways": ways(ps[0]),
        "folds": folds(scenes[0]),
        "wrap": scenes[0].motion.border == "wrap",
        "key": frame_keys(np.array([scene.seed for scene in scenes], np.uint32), np.int32(k)),
    }


def colours(scenes: Sequence[Scene], x: Array) -> Held:
    """What n films keep: their palettes, or the mean and contrast of their starts x [n, h, w, 3]."""
    return cloud([scene.palette for scene in scenes]) if scenes[0].palette else to_hold(x)


@kept()
def to_hold(x: Array) -> tuple[Array, Array]:
    """The mean and contrast [n, 3] of starts; a flat one has no contrast to hold, and gets FLAT_CONTRAST."""
    mean, contrast = statistics(x)
    flat = jnp.max(contrast, axis=-1, keepdims=True) < FLAT
    return mean, jnp.where(flat, jnp.full_like(contrast, FLAT_CONTRAST), contrast)


def keep(x: Array, held: Held, ps: Sequence[FrameParams]) -> Array:
    """Draws frames' colours by p.keep_* towards those held, or towards the contrast p.target."""
    strengths = [p.keep_mean for p in ps], [p.keep_contrast for p in ps]
    if isinstance(held, Cloud):
        return held.draw(x, [p.palette for p in ps], [p.target for p in ps], *strengths)
    target = [np.nan if p.target is None else p.target for p in ps]
    return held_to(x, *held, *map(jnp.asarray, np.array([target, *strengths], np.float32)))


@kept()
def held_to(x: Array, mean: Array, contrast: Array, target: Array, keep_mean: Array, keep_contrast: Array) -> Array:
    """`hold`, with a target [n] in place of a contrast [n, 3] where it is a number."""
    aim = jnp.where(jnp.isnan(target)[:, None], contrast, target[:, None])
    return hold(x, mean, aim, keep_mean, keep_contrast)
