"""Every moving number of a scene with its name, unit and values over time, as a plan shows them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from render.language.clock import Clock
from render.language.curves import Curve, Keyframes
from render.language.kinds import Number
from render.language.section import written
from render.scene.by_octave import ByOctave, PerOctave
from render.scene.classes import Class
from render.scene.layers import Target
from render.scene.palettes import Swatch
from render.scene.scene import Guide, Motion, Octaves, Scene
from render.scene.schedule import scene_clock

SAMPLES = 3000  # more than a plot has columns
WEIGHTS = (
    "dream.layers.",
    "dream.class.",
    "dream.guide.",
    "start.palette.",
    "dream.keep.palette.",
)  # before the names of what has a weight
UNITS = {
    "zoom": "×",
    "rotate": "°",
    "tilt": "°",
    "pan": "°",
    "swirl": "°",
    "translate x": "of the width",
    "translate y": "of the height",
    "center x": "of the width",
    "center y": "of the height",
    "step_size": "levels",
    "target": "levels",
    "grain": "levels",
    "jitter": "pixels",
    "smallest": "pixels",
}
PER_TIME = ("zoom", "rotate", "translate", "tilt", "pan", "swirl")  # what motion.per is about


@dataclass(frozen=True)
class Track:
    """One number over time: float64 values at the seconds t, and at its keyframes' seconds `marks`."""

    path: str
    unit: str
    curve: Curve
    whole: bool
    t: np.ndarray
    values: np.ndarray
    marks: np.ndarray
    marked: np.ndarray

    @property
    def moves(self) -> bool:
        """Whether it is different at different times."""
        return float(np.ptp(self.values)) > 0

    @property
    def steps(self) -> bool:
        """Whether it jumps from value to value."""
        return self.whole or (isinstance(self.curve, Keyframes) and self.curve.ease == "step")


def tracks(scene: Scene) -> list[Track]:
    """All numbers of a scene that may move, in its own order; weights are `dream.layers.NAME` and the like."""
    clock = scene_clock(scene, SAMPLES)
    return [_track(scene, clock, *found) for found in _curves(scene, "", None)]


def _curves(value: Any, path: str, kind: Any) -> Iterator[tuple[str, Curve, Any]]:
    """Every curve within a value, with its path and kind."""
    if isinstance(value, Curve):
        yield path, value, kind
    elif isinstance(value, ByOctave):
        for number, curve in enumerate(value.octaves, 1):
            yield f"{path} {number}", curve, kind
    elif isinstance(value, Target | Class | Swatch):
        yield f"{path}.{value.name}", value.weight, kind
    elif isinstance(value, Guide):
        for target in value.layers:
            yield f"{path}.{value.image.stem if value.image else ''} {target.name}", target.weight, kind
    elif isinstance(value, tuple):
        for part, axis in zip(value, (" x", " y") if len(value) == 2 else [""] * len(value), strict=True):
            yield from _curves(part, path + axis if isinstance(part, Curve) else path, kind)
    elif is_dataclass(value):
        for field in fields(value):
            if kind := field.metadata.get("kind"):
                yield from _curves(getattr(value, field.name), f"{path}.{written(field)}".strip("."), kind)


def _track(scene: Scene, clock: Clock, path: str, curve: Curve, kind: Any) -> Track:
    marks = curve.marks(clock)
    marks = marks[(marks >= 0) & (marks <= float(clock.seconds))]
    values, marked = curve.sample(clock), curve.sample(clock.at(marks * float(scene.fps)))
    number = kind.count if isinstance(kind, Octaves) else kind.number if isinstance(kind, PerOctave) else kind
    whole = isinstance(number, Number) and number.whole
    if whole:
        values, marked = np.rint(values), np.rint(marked)
    return Track(path, unit(path, scene.motion), curve, whole, clock.t, values, marks, marked)


def unit(path: str, motion: Motion) -> str:
    """What a number is counted in: × per frame, levels, pixels, or nothing."""
    name = path.rpartition(".")[2]
    first = name.split()[0]
    per = f" per {motion.per}" if path.startswith("motion.") and first in PER_TIME else ""
    return (UNITS.get(name, UNITS.get(first, "")) + per).strip()


def doublings(zoom: np.ndarray, motion: Motion) -> np.ndarray:
    """How many times a second a picture zoomed so doubles; negative if it halves. ln zoom · rate / ln 2."""
    return np.log2(zoom) * float(motion.fps if motion.per == "frame" else 1)


def pace(rate: float) -> str:
    """Doublings a second in words: ×2 in 1.9 s."""
    if abs(rate) < 1e-4:
        return "still"
    seconds = 1 / abs(rate)
    shown = f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    return f"{'×2' if rate > 0 else '×½'} in {shown}"


def magnified(rate: np.ndarray, seconds: float) -> str:
    """How much larger a film's last picture is than its first, from doublings a second at its frames."""
    power = float(np.mean(rate)) * seconds
    return f"{2**power:.3g}×" if abs(power) < 16 else f"10^{power * math.log10(2):.0f}×"


def constants(scene: Scene, still: Sequence[Track]) -> list[tuple[str, str]]:
    """Name and value of what does not move, the layers and pairs on one line each."""
    lines: dict[str, list[str]] = {}
    for track in still:
        value = f"{track.values[0]:.6g}"
        if track.path.startswith(WEIGHTS):
            lines.setdefault(".".join(track.path.split(".")[:2]), []).append(f"{weighed(track.path)} {value}")
        elif track.path == "motion.zoom":
            lines[track.path] = [f"{value} {track.unit}", pace(float(doublings(track.values[:1], scene.motion)[0]))]
        else:
            path, _, axis = track.path.partition(" ")
            lines.setdefault(path, []).append(f"{axis} {value} {track.unit}".strip())
    return [(name, cut(",  ".join(values), 110)) for name, values in lines.items()]


def columns(constants: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Lines of two constants side by side, long ones alone and first."""
    long = [[constant] for constant in constants if len(constant[1]) > 60]
    short = [constant for constant in constants if len(constant[1]) <= 60]
    half = (len(short) + 1) // 2
    return long + [short[i::half][:2] for i in range(half)]


def weighed(path: str) -> str:
    """The name of what a weight is for: a layer, a class, a guide's layer."""
    return path.split(".", 2)[2]


def cut(text: str, most: int) -> str:
    """A text of no more than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
