"""How long a film takes, and what memory and disk: counted from its schedules, and scaled by a step that is measured.

Times are those of this machine while nothing else runs on it. Bytes of memory are resident ones, ffmpeg's included.
"""

import os
import time
from collections import defaultdict
from functools import cache
from math import ceil
from typing import NamedTuple

import jax
import jax.numpy as jnp

from render.dream.cost import Cost, counter
from render.dream.image import Shape
from render.dream.objective import Target
from render.dream.programs import Need, Programs
from render.dream.tiles import Network
from render.film.costs import Area, PixelCost, area, frame_costs, octave_costs
from render.film.frames import film_length, how, programs
from render.film.keeping.segments import length_of
from render.film.loop import kept_bytes
from render.film.needs import climbed, layers_of, needs, targets, ways
from render.media.codecs import STILLS
from render.media.system import resident
from render.scene.course import course_of, unrolled
from render.scene.scene import Scene
from render.scene.schedule import FrameList

Set = tuple[Target, ...]

MEASURED_PIXELS = 120_000  # the octave timed is the largest up to this many pixels: quick, and past the fixed costs
STEPS, TIMES = 4, 4  # steps in a run, runs; the first one is not counted
SAMPLED = 200  # frames looked at

# What cannot be measured without rendering, from renders on two threads of an EPYC.
COMPILED = 2.2e-3  # seconds of a processor that compiling takes for an operation, where none was compiled just now
READ = 0.11  # and reading a kept program
SMALL, SMALL_PROGRAM = 14, 0.3  # programs of a film besides its ascents, and their seconds each
AT_ONCE = 3  # cores that compilers keep busy
BUSY = 0.85  # the part of all cores that a step keeps busy

PROGRAM = 10.5e3  # bytes that a compiled program holds for each of its operations
COMPILER = 400e6  # that the compilers have while they work
OTHERS = 230e6  # that a film's other programs, and what XLA keeps for later, hold
FRAMES_HELD = 16  # start, base, detail, the warped and the finished frame, states on their way to the disk
ENCODER, ENCODED, AHEAD = 35e6, 4.5, 50  # bytes of ffmpeg, and a pixel's in each of the frames that it looks ahead

BITS = 1.1  # of a film for a pixel at 640×360, 24 frames a second and crf 17


class Estimate(NamedTuple):
    """What a film takes."""

    seconds: float  # from the command to the film
    compiling: float  # of these
    kept: int  # programs that need no compiling,
    programs: int  # of so many
    frame: float  # seconds, on average
    memory: float  # bytes at most
    film: float  # bytes
    disk: float  # bytes while it renders


class Parts(NamedTuple):
    """A film as it is counted: its steps begin..end-1, what they cost, and their programs."""

    scene: Scene
    params: FrameList
    frames: range
    ascend: Programs
    costs: dict[Set, Cost]
    wanted: list[Need]  # one for each program


class Speed(NamedTuple):
    """What was measured."""

    unit: float  # seconds of a unit of cost
    operation: float  # seconds to compile one
    pixel: float  # bytes that a step takes for a pixel


def estimate(scene: Scene, network: Network, frames: range, pictures: int) -> Estimate:
    """What these steps take of a scene, of which so many pictures become the film. Compiles one octave at most."""
    begins, base = loaded()
    parts = parts_of(scene, network, frames)
    speed = measured(parts)
    kept = [need for need in parts.wanted if parts.ascend.is_kept(*need)]
    units = frame_costs(scene, frames.start, frames.stop, pixel_of(parts), covered(parts))
    dreaming = speed.unit * float(units.sum())
    compiling = compiled(parts, speed, len(kept))
    once = film_bytes(scene, pictures)
    film = once * times(scene, pictures)
    return Estimate(
        seconds=begins + compiling + dreaming,
        compiling=compiling,
        kept=len(kept),
        programs=len(parts.wanted),
        frame=dreaming / max(1, len(units)),
        memory=base + memory(parts, speed, len(kept), pictures),
        film=film,
        disk=once + film + beside(scene, pictures) + kept_bytes(course_of(scene), scene.size),
    )


@cache
def loaded() -> tuple[float, float]:
    """Seconds and bytes of this process before its first estimate: a render loads as much before its first frame."""
    return time.process_time(), resident()


def parts_of(scene: Scene, network: Network, frames: range) -> Parts:
    """Counts a film; nothing is compiled."""
    params = unrolled(scene)
    ascend = programs([scene], network, params[0])
    wanted = {ascend.job(*need)[0]: need for need in needs(scene, params, frames.start, frames.stop)}
    cost = counter(network)
    costs = {wanted: cost(layers_of(wanted)) for wanted in {need.targets for need in wanted.values()}}
    return Parts(scene, params, frames, ascend, costs, list(wanted.values()))


def measured(parts: Parts) -> Speed:
    """Runs a few steps of what most of the film dreams, at a small octave."""
    if not parts.wanted:
        return Speed(0.0, 0.0, 0.0)
    scene, k = parts.scene, dearest(parts)
    p = parts.params[k]
    octaves = [shape for shape, _ in climbed(scene, p)]
    shape = ([s for s in octaves if area(s) <= MEASURED_PIXELS] or octaves[:1])[-1]
    need = Need(shape, targets(scene, p), ways(p))
    fresh, began = not parts.ascend.is_kept(*need), time.process_time()
    program = parts.ascend.prepare(*need).result()
    took = time.process_time() - began
    cost, analysis = parts.costs[need.targets], program.memory_analysis()
    unit = step_seconds(parts, k, shape) / (cost.pixel * covered(parts)(shape))
    held = area(parts.ascend.tile) if parts.ascend.tiled(shape) and parts.ascend.tile else area(shape)
    return Speed(unit, took / cost.program if fresh else COMPILED, analysis.temp_size_in_bytes / held)


def pixel_of(parts: Parts) -> PixelCost:
    """What a step costs for a pixel."""
    return lambda wanted: parts.costs[wanted].pixel if wanted in parts.costs else 0.0


def dearest(parts: Parts) -> int:
    """A frame of those that dream what most of the film's time goes to."""
    sums: dict[Set, float] = defaultdict(float)
    first: dict[Set, int] = {}
    for k in parts.frames[:: max(1, len(parts.frames) // SAMPLED)]:
        p = parts.params[k]
        wanted = targets(parts.scene, p)
        if wanted in parts.costs and climbed(parts.scene, p):
            sums[wanted] += sum(octave_costs(parts.scene, p, pixel_of(parts)))
            first.setdefault(wanted, k)
    return first[max(sums, key=lambda wanted: sums[wanted])] if sums else parts.frames.start


def step_seconds(parts: Parts, k: int, shape: Shape) -> float:
    """Seconds of one step of frame k at an octave."""
    arguments = how([parts.scene], [parts.params[k]], k)
    knobs = next(octave.knobs for octave in arguments["octaves"] if octave.shape == shape)
    own = arguments["weights"], knobs, arguments["key"], (0, STEPS)
    what = {name: arguments[name] for name in ("targets", "ways")}
    runs = []
    for _ in range(TIMES):
        x = jax.block_until_ready(jnp.full((1, *shape, 3), 128.0))
        began = time.perf_counter(), time.process_time()
        jax.block_until_ready(parts.ascend(x, *own, **what))
        runs.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    walls, used = zip(*runs[1:], strict=True)
    return quiet(min(walls), min(used)) / STEPS


def quiet(wall: float, used: float) -> float:
    """Seconds that work takes while nothing else runs, by the clock and by what it used of the processors."""
    cores = os.cpu_count() or 1
    try:
        busy = os.getloadavg()[0] > 0.75 * cores
    except (AttributeError, OSError):  # Windows
        busy = False
    return min(wall, used / (BUSY * cores)) if busy and jax.default_backend() == "cpu" else wall


def covered(parts: Parts) -> Area:
    """How many pixels go through the network in a step at an octave: more than it has, where tiles overlap."""

    def pixels(shape: Shape) -> float:
        tile = parts.ascend.tile
        if tile is None or not parts.ascend.tiled(shape):
            return area(shape)
        return ceil(shape[0] / tile[0]) * ceil(shape[1] / tile[1]) * area(tile)

    return pixels


def compiled(parts: Parts, speed: Speed, kept: int) -> float:
    """Seconds that compiling, or reading what is kept, adds to a film: the cores do it beside the dreaming."""
    new = [need for need in parts.wanted if not parts.ascend.is_kept(*need)]
    share = len(new) / max(1, len(parts.wanted))  # the small programs come and go with the large ones
    work = speed.operation * sum(parts.costs[need.targets].program for need in new) + SMALL * SMALL_PROGRAM * share
    return (work + READ * (kept + SMALL * (1 - share))) / min(AT_ONCE, os.cpu_count() or 1)


def memory(parts: Parts, speed: Speed, kept: int, pictures: int) -> float:
    """Bytes that a render has at most, besides Python, JAX and the network."""
    scene, tile = parts.scene, parts.ascend.tile
    pixels = area(scene.size)
    step = speed.pixel * max((tiled_area(parts, need, tile) for need in parts.wanted), default=0)
    code = PROGRAM * sum(parts.costs[need.targets].program for need in parts.wanted)
    held = OTHERS + code + (COMPILER if kept < len(parts.wanted) else 0)
    encoder = ENCODER + ENCODED * pixels * min(pictures, AHEAD) if scene.output.path.suffix.lower() not in STILLS else 0
    return held + step + FRAMES_HELD * 12 * pixels + encoder


def tiled_area(parts: Parts, need: Need, tile: Shape | None) -> int:
    """Pixels that go through the network at a time."""
    return area(tile) if tile and parts.ascend.tiled(need.shape) else area(need.shape)


def times(scene: Scene, pictures: int) -> int:
    """How often the film holds its pictures: as its scene says, but for a part of it."""
    return scene.output.repeat if pictures == film_length(scene) else 1


def film_bytes(scene: Scene, pictures: int) -> float:
    """A film's size, roughly: it depends on what is dreamed."""
    pixels = area(scene.size)
    codec = scene.output.coding.codec
    if not codec.crf:
        return codec.weight * pixels * codec.shown(pictures, scene.fps)
    bits = BITS * (640 * 360 / pixels) ** 0.25 * (24 / float(scene.fps)) ** 0.5 * 2 ** ((17 - scene.output.crf) / 6)
    return bits / 8 * pixels * pictures


def beside(scene: Scene, pictures: int) -> float:
    """Bytes beside a film while it renders: two states, and a segment's pictures as they are."""
    pixels = area(scene.size)
    spool = min(pictures, length_of(scene.fps)) if scene.output.path.suffix.lower() not in STILLS else 0
    return 2 * 12 * pixels + 3 * scene.output.coding.codec.depth / 8 * pixels * spool
