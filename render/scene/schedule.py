"""Schedules: every moving number of a scene, evaluated once to one plain value per frame. Numpy only, pure.

Notation as in clock.py: frame k of n is at t = k / fps seconds; a column is float64 [n], a curve sampled at all frames.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from render.language.clock import Clock
from render.language.curves import Curve
from render.language.marks import SceneError
from render.scene.by_octave import at_octave, octaves_of
from render.scene.dreams import dreamed
from render.scene.terms import terms

if TYPE_CHECKING:
    from render.scene.scene import Motion, Scene

MAX_ZOOM = 1e6  # beyond it a frame is less than one pixel of the last; float32 holds it and its inverse

DEGREES = ("rotate", "tilt", "pan", "swirl")

# What is done once a frame, at another frame rate; share: written fps / fps. What a draw towards something leaves of a
# deviation and what sharpening multiplies it by compound; grain adds up as a random walk does.
COMPOUNDING: dict[str, Callable[..., np.ndarray]] = {
    **dict.fromkeys(("keep_mean", "keep_contrast", "blend"), lambda drawn, share: 1 - (1 - drawn) ** share),
    "sharpen": lambda amount, share: (1 + amount) ** share - 1,
    "grain": lambda levels, share: levels * share**0.5,
}


@dataclass(frozen=True)
class FrameParams:
    """The numbers of one frame. Motion is per rendered frame: zoom is a factor, rotate degrees, the rest fractions."""

    weights: tuple[float, ...]  # one for each of terms(scene)
    dreams: tuple[bool, ...]  # and whether it is dreamed of
    octaves: int | None  # exactly one of octaves and smallest is given
    smallest: int | None  # pixels
    octave_scale: float
    iterations: tuple[int, ...]  # as the next two, for each octave from the smallest; the last number goes on
    step_size: tuple[float, ...]  # levels of 255
    jitter: tuple[int, ...]  # pixels
    wobble: tuple[float, float]  # scale, and degrees
    colour: float  # of natural gradients, and
    spectrum: float  # 0..1
    palette: tuple[float, ...]  # the weights of scene.palette
    keep_mean: float
    keep_contrast: float
    target: float | None  # the contrast to hold, in levels; None: the start's
    zoom: float
    rotate: float
    tilt: float
    pan: float
    swirl: float
    translate: tuple[float, float]
    center: tuple[float, float]
    sharpen: float  # times what a Gaussian average takes away
    grain: float  # levels
    blend: float  # the start's share in what is dreamed


@dataclass(frozen=True)
class FrameList(Sequence[FrameParams]):
    """A film's FrameParams, kept as columns: float64 or int64 [n], tuples of such, or None."""

    columns: dict[str, Any]
    length: int

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> FrameParams: ...
    @overload
    def __getitem__(self, index: slice) -> "list[FrameParams]": ...
    def __getitem__(self, index: Any) -> Any:
        """One frame's numbers, or a list for a slice."""
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(self.length))]
        k = range(self.length)[index]
        return FrameParams(**{name: _at(column, k) for name, column in self.columns.items()})


def _at(column: Any, k: int) -> Any:
    if isinstance(column, tuple):
        return tuple(_at(part, k) for part in column)
    return None if column is None else column[k].item()


def frame_params(scene: "Scene") -> FrameList:
    """One FrameParams for each of the film's frames. SceneError where a schedule is not finite."""
    n, dream, motion = scene.length, scene.dream, scene.motion
    first, every = scene_clock(scene, 2), lru_cache(lambda: scene_clock(scene))
    share = motion_share(motion, scene.fps)

    def column(curve: Curve | None, convert: Callable[[np.ndarray], np.ndarray] = lambda values: values) -> Any:
        if curve is None:
            return None
        if curve.is_constant:  # a view without memory of its own: a week of film is fifteen million frames
            return np.broadcast_to(convert(curve.sample(first)[0]), (n,))
        values = curve.sample(every())
        if not np.isfinite(values).all():  # of very long films the reader has looked at a part of the frames only
            raise SceneError([f"a schedule has no value at frame {np.argmin(np.isfinite(values))}: {curve}"])
        return convert(values)

    def whole(curve: Curve | None) -> Any:
        return column(curve, lambda values: np.rint(values).astype(np.int64))

    octaves = dream.octaves if isinstance(dream.octaves, Curve) else None
    smallest = None if isinstance(dream.octaves, Curve) else dream.octaves.smallest
    columns = {
        "weights": tuple(column(term.weight) for term in terms(scene)),
        "octaves": whole(octaves),
        "smallest": whole(smallest),
        "octave_scale": column(dream.octave_scale),
        "iterations": tuple(map(whole, octaves_of(dream.iterations))),
        "step_size": tuple(map(column, octaves_of(dream.step_size))),
        "jitter": tuple(map(whole, octaves_of(dream.jitter))),
        "wobble": (column(dream.wobble.scale), column(dream.wobble.rotate)),
        "colour": column(dream.natural.colour),
        "spectrum": column(dream.natural.spectrum),
        "palette": tuple(column(swatch.weight) for swatch in scene.palette),
        "keep_mean": column(dream.keep.mean or dream.keep.strength),
        "keep_contrast": column(dream.keep.contrast or dream.keep.strength),
        "target": column(dream.keep.target),
        "zoom": column(motion.zoom, lambda zoom: np.clip(zoom**share, 1 / MAX_ZOOM, MAX_ZOOM)),
        **{name: column(getattr(motion, name), lambda degrees: degrees * share) for name in DEGREES},
        "translate": tuple(column(curve, lambda part: part * share) for curve in motion.translate),
        "center": tuple(column(curve) for curve in motion.center),
        "sharpen": column(motion.sharpen),
        "grain": column(motion.grain),
        "blend": column(scene.start.blend),
    }
    columns["dreams"] = dreamed(columns["weights"])
    if scene.start.video is None and n > 1:
        columns |= dreaming(columns, float(motion.fps / scene.fps), 0 if scene.loop else 1)
    return FrameList(columns, n)


def dreaming(columns: dict[str, Any], share: float, forms: int = 1) -> dict[str, Any]:
    """The columns that change so that a film at another frame rate than it was written for dreams as fast as it moves.

    share: written fps / fps. iterations · step_size is what a frame adds; for the rest see COMPOUNDING. There are never
    more iterations, so that drafts are quick; what these do not add, longer steps do. The first `forms` frames form
    with all that their schedules say: frame 0, but in a loop, where it is as any other.
    """
    if share == 1:
        return {}
    iterations, step_size = columns["iterations"], columns["step_size"]
    octaves = range(max(len(iterations), len(step_size)))
    fewer, longer = zip(
        *(_paced(at_octave(iterations, i), at_octave(step_size, i), share, forms) for i in octaves), strict=True
    )
    others = {name: converted(columns[name], partial(f, share=share), forms) for name, f in COMPOUNDING.items()}
    return {"iterations": fewer, "step_size": longer, **others}


def _paced(iterations: np.ndarray, step_size: np.ndarray, share: float, forms: int) -> tuple[np.ndarray, np.ndarray]:
    """`dreaming` of one octave's columns."""
    fewer = converted(iterations, lambda i: np.minimum(i, np.maximum(1, np.rint(i * share))).astype(np.int64), forms)
    if _is_view(fewer) and _is_view(step_size):
        longer = np.broadcast_to(step_size[0] * iterations[0] * share / max(1, fewer[0]), step_size.shape)
    else:
        longer = step_size * np.where(fewer > 0, iterations * share / np.maximum(1, fewer), 1)
        if forms:
            longer[0] = step_size[0] * iterations[0] / max(1, fewer[0]) * (share if _is_view(fewer) else 1)
    return fewer, longer


def converted(column: np.ndarray, convert: Callable[[np.ndarray], np.ndarray], forms: int = 1) -> np.ndarray:
    """A column converted but for its first frames; one that never changes, from frame 0 on: it needs no memory."""
    if _is_view(column):
        return np.broadcast_to(convert(column[:1])[0], column.shape)
    return np.concatenate([column[:forms], convert(column[forms:])])


def _is_view(column: np.ndarray) -> bool:
    """Whether a column is one number that stands for all frames."""
    return column.strides == (0,)


def scene_clock(scene: "Scene", most: int | None = None) -> Clock:
    """All frames of a scene's film, or `most` of them, evenly spread."""
    return Clock.of(scene.length, scene.fps, scene.motion.fps, scene.duration or 0, scene.bpm, most)


def motion_share(motion: "Motion", fps: Any) -> float:
    """How much of a written motion one rendered frame makes: 1 / fps of a second's, written fps / fps of a frame's.

    Zoom is raised to it, since factors multiply: 1.04 ** (30 / fps), not 1.04 * 30 / fps.
    """
    return float((1 if motion.per == "second" else motion.fps) / fps)
