"""The feedback loop: frame 0 is the dreamed start, frame k the dream of frame k-1 after motion.

Notation: frames are float32 [h, w, 3] in levels 0..255 and stay so from frame to frame; p is a frame's FrameParams.
All random numbers of frame k come from fold_in(key, k), so that no frame depends on how the ones before were made.
"""

from collections.abc import Iterator

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
    """The film, frame by frame; with `output.record` other than frames, every stage of every frame."""
    record, params = scene.output.record, frame_params(scene)
    ascend = programs(scene, network, params[0])
    prepare(ascend, scene, params[0])  # first of all, so that the compiler starts at once
    starts = start_pictures(scene, start_key(scene.seed))
    x = jnp.asarray(next(starts), jnp.float32)
    held = to_hold(x)
    for k, p in enumerate(params):
        if k and scene.start.video is not None:
            x = jnp.asarray(next(starts), jnp.float32)
            held = to_hold(x)
        elif k:
            x = move(x, p, scene.motion.border, scene.motion.interpolation)
        how = dream_arguments(scene, p, jax.random.fold_in(dream_key(scene.seed), k))
        stage = x
        for stage, base in dream_steps(ascend, x, every=1 if record == "iterations" else None, **how):
            if record != "frames":
                yield keep(developed(x, stage, base), held, p)
        x = keep(stage, held, p)
        if record == "frames":
            yield x


def programs(scene: Scene, network: Network, first: FrameParams) -> Programs:
    """The film's programs; nothing is compiled yet."""
    return Programs(network, dream_arguments(scene, first, dream_key(scene.seed))["shapes"], scene.dream.tile)


def prepare(ascend: Programs, scene: Scene, p: FrameParams) -> None:
    """Starts to compile what a frame needs, the small octaves first."""
    how = dream_arguments(scene, p, dream_key(scene.seed))
    if how["iterations"]:
        for shape in how["shapes"]:
            ascend.prepare(shape, how["targets"])


def on_host(film: Iterator[Array]) -> Iterator[np.ndarray]:
    """The frames as uint8 [h, w, 3] on the host, each handed over while the next one is already being dreamed."""
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
    stages = (dream_arguments(scene, p, dream_key(scene.seed)) for p in frame_params(scene))
    return sum(len(s["shapes"]) * (s["iterations"] if scene.output.record == "iterations" else 1) for s in stages)


def move(x: Array, p: FrameParams, border: str, interpolation: str) -> Array:
    """Zooms, rotates and shifts a frame, on the device: on a CPU too that takes half of scipy's time or less."""
    h, w, _ = x.shape
    pull = jnp.asarray(matrix(p.zoom, p.rotate, p.translate, p.center, (h, w)), jnp.float32)
    return warp_on_device(x, pull, border, interpolation)


def start_key(seed: int) -> Array:
    """The key of the start's noise."""
    return jax.random.fold_in(jax.random.key(seed), 0)


def dream_key(seed: int) -> Array:
    """The key of all frames' jitter, to be folded with the frame's number."""
    return jax.random.fold_in(jax.random.key(seed), 1)


def dream_arguments(scene: Scene, p: FrameParams, key: Array) -> dict:
    """What `dream` takes for one frame; layers of weight 0 are left out, so that they cost nothing."""
    active = [(Target(t.layer, t.channels), w) for t, w in zip(scene.dream.layers, p.weights, strict=True) if w != 0]
    w, h = scene.size
    shapes = octave_shapes((h, w), octaves=p.octaves, scale=p.octave_scale, smallest=p.smallest)
    return {
        "targets": tuple(t for t, _ in active),
        "weights": [w for _, w in active],
        "shapes": shapes,
        "iterations": p.iterations if active else 0,
        "step_size": p.step_size,
        "jitter": p.jitter,
        "key": key,
    }


def to_hold(x: Array) -> tuple[Array, Array]:
    """The mean and contrast [3], [3] of a start; a flat one has no contrast to hold, and gets FLAT_CONTRAST."""
    mean, contrast = statistics(x)
    return mean, jnp.where(jnp.max(contrast) < FLAT, jnp.full_like(contrast, FLAT_CONTRAST), contrast)


def keep(x: Array, held: tuple[Array, Array], p: FrameParams) -> Array:
    """Draws a frame's mean and contrast by p.keep_* towards the start's, or towards the contrast p.target."""
    mean, contrast = held
    if p.target is not None:
        contrast = jnp.full_like(contrast, p.target)
    return hold(x, mean, contrast, jnp.float32(p.keep_mean), jnp.float32(p.keep_contrast))
