"""What a render will do, in words: sizes, time and memory, the last two from a short measured step (--dry-run)."""

import time
from collections.abc import Iterator

import jax
import jax.numpy as jnp

import models
from render.dream import device
from render.dream.programs import Programs
from render.film.frames import film_length, how, programs
from render.film.needs import climbed, shapes, targets, ways
from render.film.progress import clock
from render.media.clip import has_sound
from render.media.codecs import CODECS
from render.scene.by_octave import at_octave
from render.scene.scene import Scene
from render.scene.schedule import FrameParams, frame_params

MEASURED_PIXELS = 120_000  # the octave timed is the largest up to this many pixels: quick, and past the fixed costs

FRAMES_HELD = 6  # besides the network's own: start, base, detail, the warped and the finished frame, its 8-bit copies


def plan(scene: Scene) -> str:
    """The plan of a scene, several lines. Compiles one or two octaves and runs a few steps of one."""
    device.prepare()
    network = models.load(scene.model.name, scene.model.weights, scene.model.input)
    params = frame_params(scene)
    p, (w, h) = params[0], scene.size
    ascend = programs([scene], network, p)
    seconds = step_pixels(scene) * seconds_per_pixel(ascend, scene, p)
    length, layers = film_length(scene), ", ".join(weighed(scene, p)) or "nothing has weight"
    sizes = ", ".join(f"{w}×{h}" for h, w in shapes(scene, p))
    steps = [at_octave(p.iterations, number) for number in range(len(shapes(scene, p)))]
    iterations = f"{steps[0]} iterations each" if len({*steps}) == 1 else f"{', '.join(map(str, steps))} iterations"
    tiles = f", in tiles of {ascend.tile[1]}×{ascend.tile[0]} where larger" if ascend.tile else ""
    lasts = f"{float(length / scene.fps):.1f} s at {float(scene.fps):g} fps"
    return "\n".join(
        [
            f"film      {scene.output.path}: {length} frames, {w}×{h}, {lasts}",
            f"network   {scene.model.name}: {layers}",
            f"octaves   {sizes} ({iterations} at first{tiles})",
            f"time      about {clock(seconds)}, {seconds / len(params):.2f} s a frame, as measured on {device.name()}",
            f"memory    about {memory(ascend, scene, p) / 1e6:.0f} MB besides Python's own",
            *left_out(scene),
        ]
    )


def left_out(scene: Scene) -> Iterator[str]:
    """What the film will lack of what one might expect: frames that its kind cannot show, sound."""
    codec = CODECS.get(scene.output.path.suffix.lower())
    length = film_length(scene)
    if codec and (shown := codec.shown(length, scene.fps)) < length:
        yield f"left out  {length - shown} of {length} frames: a GIF shows {codec.fastest} a second at most"
    if scene.start.video is not None and has_sound(scene.start.video):
        yield f"left out  the sound of {scene.start.video}: films are written without any"


def weighed(scene: Scene, p: FrameParams) -> list[str]:
    """What a frame dreams of, as a scene writes it: fire7[3,17], Egyptian cat, flowers.jpg (fire7)."""
    dream = scene.dream
    drawn = [f"{guide.image.name} ({t.name})" for guide in dream.guide if guide.image for t in guide.layers]
    names = [*(t.name for t in dream.layers), *(c.name for c in dream.classes), *drawn]
    return [name for name, weight in zip(names, p.weights, strict=True) if weight]


def step_pixels(scene: Scene) -> float:
    """Pixels times ascent steps over the whole film."""

    def of(p: FrameParams) -> int:
        return sum(steps * h * w for (h, w), steps in climbed(scene, p))

    params = frame_params(scene)
    every = max(1, len(params) // 200)  # schedules are smooth enough for two hundred samples
    sampled = [of(p) for p in params[1::every]] or [0]  # frame 0 may form with many more steps than the others
    return of(params[0]) + sum(sampled) / len(sampled) * (len(params) - 1)


def seconds_per_pixel(ascend: Programs, scene: Scene, p: FrameParams, steps: int = 4) -> float:
    """Seconds of one ascent step, per pixel of the octave."""
    if not targets(scene, p):
        return 0.0
    arguments = how([scene], [p], 0)
    octaves = arguments["octaves"]
    (h, w), _, knobs = ([o for o in octaves if o.shape[0] * o.shape[1] <= MEASURED_PIXELS] or octaves[:1])[-1]
    weights, key = arguments["weights"], arguments["key"]
    what = {name: arguments[name] for name in ("targets", "ways")}
    times = []
    for _ in range(4):  # the first one compiles
        x, began = jnp.full((1, h, w, 3), 128.0), time.perf_counter()
        jax.block_until_ready(ascend(x, weights, knobs, key, (0, steps), **what))
        times.append(time.perf_counter() - began)
    return sorted(times[1:])[1] / steps / (h * w)


def memory(ascend: Programs, scene: Scene, p: FrameParams) -> float:
    """Bytes that the largest octave holds at once, as the compiler laid it out, and the frames around it."""
    w, h = scene.size
    around, octaves = FRAMES_HELD * h * w * 3 * 4, climbed(scene, p)
    if not octaves:
        return around
    analysis = ascend.prepare(octaves[-1][0], targets(scene, p), ways(p)).result().memory_analysis()
    return analysis.temp_size_in_bytes + analysis.argument_size_in_bytes + around
