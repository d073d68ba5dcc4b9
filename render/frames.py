"""The feedback loop: frame 0 is the dreamed start, frame k the dream of frame k-1 after motion.

Notation: x is a batch of frames float32 [n, h, w, 3] in levels 0..255, one of each of n films that differ in numbers
only (n is 1 but for sweeps); ps are their FrameParams of one frame. State stays float32 from frame to frame, and on the
device. All random numbers of frame k come from fold_in(key, k), so that no frame depends on how others were made.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream import developed, dream_steps
from render.image import hold, octave_shapes, statistics, to_uint8
from render.objective import Target
from render.programs import Programs
from render.scene import Scene
from render.schedule import FrameParams, frame_params
from render.start import start_pictures
from render.tiles import Network
from render.warp import matrix, warp_on_device

FLAT_CONTRAST = 50.0  # levels to hold a start at that has no contrast of its own to hold
FLAT = 1.0  # a start with less contrast than this, in levels, counts as flat


def frames(scene: Scene, network: Network) -> Iterator[Array]:
    """The film, frame by frame [h, w, 3]; with `output.record` other than frames, every stage of every frame."""
    return (x[0] for x in films([scene], network))


def films(scenes: Sequence[Scene], network: Network) -> Iterator[Array]:
    """Several films at once, which must be `sweep.alike`: their frames [n, h, w, 3]."""
    record, params = scenes[0].output.record, [frame_params(scene) for scene in scenes]
    ascend = programs(scenes, network, params[0][0])
    prepare(ascend, scenes[0], params[0][0])  # first of all, so that the compiler starts at once
    starts = zip(*(start_pictures(scene, start_key(scene.seed)) for scene in scenes), strict=False)
    x = ascend.placed(jnp.stack([jnp.asarray(picture, jnp.float32) for picture in next(starts)]))
    held = to_hold(x)
    for k, ps in enumerate(zip(*params, strict=True)):
        if k and scenes[0].start.video is not None:
            x = ascend.placed(jnp.stack([jnp.asarray(picture, jnp.float32) for picture in next(starts)]))
            held = to_hold(x)
        elif k:
            x = move(x, ps, scenes[0].motion.border, scenes[0].motion.interpolation)
        stage = x
        for stage, base in dream_steps(ascend, x, every=1 if record == "iterations" else None, **how(scenes, ps, k)):
            if record != "frames":
                yield keep(developed(x, stage, base), held, ps)
        x = keep(stage, held, ps)
        if record == "frames":
            yield x


def programs(scenes: Sequence[Scene], network: Network, first: FrameParams) -> Programs:
    """The films' programs; nothing is compiled yet."""
    return Programs(network, shapes(scenes[0], first), scenes[0].dream.tile, len(scenes))


def prepare(ascend: Programs, scene: Scene, p: FrameParams) -> None:
    """Starts to compile what a frame needs, the small octaves first."""
    if p.iterations and targets(scene, p):
        for shape in shapes(scene, p):
            ascend.prepare(shape, targets(scene, p))


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


def film_length(scene: Scene) -> int:
    """How many frames the finished film has: more than the scene's own where its stages are recorded."""
    if scene.output.record == "frames":
        return scene.length
    iterations = scene.output.record == "iterations"
    return sum(len(shapes(scene, p)) * (p.iterations if iterations else p.iterations > 0) for p in frame_params(scene))


def start_key(seed: int) -> Array:
    """The key of the start's noise."""
    return jax.random.fold_in(jax.random.key(seed), 0)


def dream_key(seed: int) -> Array:
    """The key of all frames' jitter, to be folded with the frame's number."""
    return jax.random.fold_in(jax.random.key(seed), 1)


def targets(scene: Scene, p: FrameParams) -> tuple[Target, ...]:
    """The layers that a frame dreams; those of weight 0 are left out, so that they cost nothing."""
    return tuple(Target(t.layer, t.channels) for t, w in zip(scene.dream.layers, p.weights, strict=True) if w)


def shapes(scene: Scene, p: FrameParams) -> list[tuple[int, int]]:
    """A frame's octaves, (h, w) each."""
    w, h = scene.size
    return octave_shapes((h, w), octaves=p.octaves, scale=p.octave_scale, smallest=p.smallest)


def how(scenes: Sequence[Scene], ps: Sequence[FrameParams], k: int) -> dict:
    """What `dream_steps` takes for frame k: structure from the first scene, numbers from each."""
    active = targets(scenes[0], ps[0])
    return {
        "targets": active,
        "shapes": shapes(scenes[0], ps[0]),
        "iterations": ps[0].iterations if active else 0,
        "weights": np.array([[w for w in p.weights if w] for p in ps], np.float32),
        "step_size": np.array([p.step_size for p in ps], np.float32),
        "jitter": np.array([p.jitter for p in ps], np.int32),
        "key": jnp.stack([jax.random.fold_in(dream_key(scene.seed), k) for scene in scenes]),
    }


def move(x: Array, ps: Sequence[FrameParams], border: str, interpolation: str) -> Array:
    """Zooms, rotates and shifts frames, on the device: on a CPU too that takes half of scipy's time or less."""
    _, h, w, _ = x.shape
    pulls = [matrix(p.zoom, p.rotate, p.translate, p.center, (h, w)) for p in ps]
    return warp_each(border, interpolation)(x, jnp.asarray(np.stack(pulls), jnp.float32))


@cache
def warp_each(border: str, interpolation: str):
    """The warp of n frames [n, h, w, 3] through n matrices [n, 3, 3], compiled."""
    return jax.jit(jax.vmap(partial(warp_on_device, border=border, interpolation=interpolation)))


def to_hold(x: Array) -> tuple[Array, Array]:
    """The mean and contrast [n, 3] of starts; a flat one has no contrast to hold, and gets FLAT_CONTRAST."""
    mean, contrast = statistics(x)
    flat = jnp.max(contrast, axis=-1, keepdims=True) < FLAT
    return mean, jnp.where(flat, jnp.full_like(contrast, FLAT_CONTRAST), contrast)


def keep(x: Array, held: tuple[Array, Array], ps: Sequence[FrameParams]) -> Array:
    """Draws a frame's mean and contrast by p.keep_* towards the start's, or towards the contrast p.target."""
    mean, contrast = held
    target = np.array([np.nan if p.target is None else p.target for p in ps], np.float32)[:, None]
    contrast = jnp.where(np.isnan(target), contrast, target)
    fractions = (np.array(f, np.float32) for f in ([p.keep_mean for p in ps], [p.keep_contrast for p in ps]))
    return hold(x, mean, contrast, *map(jnp.asarray, fractions))
