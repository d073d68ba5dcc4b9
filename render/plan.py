"""What a render will do, in words: sizes, time and memory, the last two from a short measured step (--dry-run)."""

import time

import jax
import jax.numpy as jnp

import models
from render import device
from render.dream import Network, ascend
from render.frames import dream_arguments, film_length
from render.image import Shape
from render.progress import clock
from render.scene import Scene
from render.schedule import FrameParams, frame_params

MEASURED_PIXELS = 120_000  # the octave timed is the largest up to this many pixels: quick, and past the fixed costs


def plan(scene: Scene) -> str:
    """The plan of a scene, several lines. Compiles two octaves and runs a few steps of one."""
    device.prepare()
    network = models.load(scene.model.name, scene.model.weights)
    params = frame_params(scene)
    w, h = scene.size
    how = dream_arguments(scene, params[0], jax.random.key(0))
    sizes = ", ".join(f"{w}×{h}" for h, w in how["shapes"])
    seconds = step_pixels(scene) * seconds_per_pixel(network, how)
    return "\n".join(
        [
            f"film      {scene.output.path}: {film_length(scene)} frames, {w}×{h}, "
            f"{float(film_length(scene) / scene.fps):.1f} s at {float(scene.fps):g} fps",
            f"network   {scene.model.name}: {', '.join(label(t) for t in how['targets']) or 'no layer has weight'}",
            f"octaves   {sizes} ({params[0].iterations} iterations each)",
            f"time      about {clock(seconds)}, {seconds / len(params):.2f} s a frame, as measured on {device.name()}",
            f"memory    about {memory(network, how, (h, w)) / 1e6:.0f} MB besides Python's own",
        ]
    )


def label(target) -> str:
    """A target as a scene writes it: fire7 or fire7[3,17]."""
    return target.layer + (f"[{','.join(map(str, target.channels))}]" if target.channels else "")


def step_pixels(scene: Scene) -> float:
    """Pixels times ascent steps over the whole film."""

    def of(p: FrameParams) -> int:
        how = dream_arguments(scene, p, jax.random.key(0))
        return how["iterations"] * sum(h * w for h, w in how["shapes"])

    params = frame_params(scene)
    every = max(1, len(params) // 200)  # schedules are smooth enough for two hundred samples
    sampled = [of(params[k]) for k in range(0, len(params), every)]
    return sum(sampled) / len(sampled) * len(params)


def seconds_per_pixel(network: Network, how: dict, steps: int = 4) -> float:
    """Seconds of one ascent step, per pixel."""
    if not how["targets"]:
        return 0.0
    fitting = [s for s in how["shapes"] if s[0] * s[1] <= MEASURED_PIXELS]
    shape = fitting[-1] if fitting else how["shapes"][0]
    run = compiled(network, how, shape)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        jax.block_until_ready(run(*arguments(network, how, shape, steps)))
        times.append(time.perf_counter() - began)
    return sorted(times)[1] / steps / (shape[0] * shape[1])


def memory(network: Network, how: dict, shape: Shape) -> float:
    """Bytes that the full-size octave holds at once, as the compiler laid it out, and the frames around it."""
    frame = shape[0] * shape[1] * 3 * 4
    if not how["targets"]:
        return 4.0 * frame
    analysis = compiled(network, how, shape).memory_analysis()
    return analysis.temp_size_in_bytes + analysis.argument_size_in_bytes + 4.0 * frame


def arguments(network: Network, how: dict, shape: Shape, steps: int):
    """Arguments of `ascend` on a grey picture of a size."""
    x = jnp.full((*shape, 3), 128.0)
    knobs = jnp.float32(how["step_size"]), jnp.int32(how["jitter"]), how["key"], (jnp.int32(0), jnp.int32(steps))
    return network, x, jnp.float32(how["weights"]), *knobs


def compiled(network: Network, how: dict, shape: Shape):
    """`ascend` compiled for a size."""
    return ascend.lower(*arguments(network, how, shape, 0), targets=how["targets"]).compile()
