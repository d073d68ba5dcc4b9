"""What a render will do, in words: sizes, time and memory, the last two from a short measured step (--dry-run)."""

import time

import jax
import jax.numpy as jnp

import models
from render import device
from render.frames import dream_arguments, film_length, programs
from render.image import Shape
from render.programs import Programs
from render.progress import clock
from render.scene import Scene
from render.schedule import FrameParams, frame_params

MEASURED_PIXELS = 120_000  # the octave timed is the largest up to this many pixels: quick, and past the fixed costs

FRAMES_HELD = 6  # besides the network's own: start, base, detail, the warped and the finished frame, its 8-bit copies


def plan(scene: Scene) -> str:
    """The plan of a scene, several lines. Compiles two octaves and runs a few steps of one."""
    device.prepare()
    network = models.load(scene.model.name, scene.model.weights)
    params = frame_params(scene)
    w, h = scene.size
    how = dream_arguments(scene, params[0], jax.random.key(0))
    sizes = ", ".join(f"{w}×{h}" for h, w in how["shapes"])
    ascend = programs(scene, network, params[0])
    seconds = step_pixels(scene) * seconds_per_pixel(ascend, how)
    return "\n".join(
        [
            f"film      {scene.output.path}: {film_length(scene)} frames, {w}×{h}, "
            f"{float(film_length(scene) / scene.fps):.1f} s at {float(scene.fps):g} fps",
            f"network   {scene.model.name}: {', '.join(label(t) for t in how['targets']) or 'no layer has weight'}",
            f"octaves   {sizes} ({params[0].iterations} iterations each)",
            f"time      about {clock(seconds)}, {seconds / len(params):.2f} s a frame, as measured on {device.name()}",
            f"memory    about {memory(ascend, how, (h, w)) / 1e6:.0f} MB besides Python's own",
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


def seconds_per_pixel(ascend: Programs, how: dict, steps: int = 4) -> float:
    """Seconds of one ascent step, per pixel of the octave."""
    if not how["targets"]:
        return 0.0
    shapes = [s for s in how["shapes"] if s[0] * s[1] <= MEASURED_PIXELS] or how["shapes"][:1]
    times = []
    for _ in range(4):  # the first one compiles
        x, began = jnp.full((*shapes[-1], 3), 128.0), time.perf_counter()
        knobs = {"step_size": jnp.float32(how["step_size"]), "jitter": jnp.int32(how["jitter"]), "key": how["key"]}
        last = jnp.int32(0), jnp.int32(steps)
        jax.block_until_ready(ascend(x, jnp.float32(how["weights"]), steps=last, targets=how["targets"], **knobs))
        times.append(time.perf_counter() - began)
    return sorted(times[1:])[1] / steps / (shapes[-1][0] * shapes[-1][1])


def memory(ascend: Programs, how: dict, shape: Shape) -> float:
    """Bytes that the full-size octave holds at once, as the compiler laid it out, and the frames around it."""
    around = FRAMES_HELD * shape[0] * shape[1] * 3 * 4
    if not how["targets"]:
        return around
    analysis = ascend.prepare(shape, how["targets"]).result().memory_analysis()
    return analysis.temp_size_in_bytes + analysis.argument_size_in_bytes + around
