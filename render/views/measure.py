"""A film in numbers: how it flickers, drifts, blurs, repeats itself, and closes. One pass, in bounded memory.

Notation: k is a frame's number, a step the change from frame k-1 to k; the step to frame 0 is the one from the last.
Numbers are means over the second half of the film, when it has ripened, unless they say otherwise. Of a long film every
few frames are measured: at most ROWS of them, beside those of a joint; the plain change of every step is.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.views.measure_frame import Numbers, change, numbers

ROWS = 400  # frames that are measured in full
PAIRS = 24  # of frames that are looked at by the network
THUMBS = 6  # pictures of the film that a plot shows
SMALL = 240  # pixels of their longer side, at most
Frame = NDArray[np.float32]


# What tells change from motion: from one frame to frame k, the mean change in levels that the film's motion leaves.
Beyond = Callable[[Frame, Frame, int], float]
Seen = Callable[[Frame], NDArray[np.float64]]  # what a network makes of a frame: [channels], at least 0
Progress = Callable[[int, int], None]  # (frames that are read, frames in all)


class Row(NamedTuple):
    """Frame k in full."""

    k: int
    change: float  # mean of the steps since the last row, in levels
    largest: float  # the largest of them
    beyond: float  # of the step to k alone; its plain change, where no motion is known
    numbers: Numbers


class Measured(NamedTuple):
    """A film's rows, the step that closes it, what is new in it, and a few pictures."""

    length: int  # frames
    rows: list[Row]
    closing: float  # beyond motion, from the last frame to the first
    new: list[tuple[int, float]]  # (frame, how unlike the frame AGO before)
    pictures: list[NDArray[np.uint8]]


def measure(
    frames: Iterator[Frame],
    count: int,
    joint: int = 0,
    beyond: Beyond | None = None,
    seen: Seen | None = None,
    ago: int = 0,
    progress: Progress = lambda done, total: None,
) -> Measured:
    """Everything about a film of about `count` frames, which are read once.

    joint: so many last frames are measured one by one.
    seen, ago: frames are compared with those `ago` frames before; without, nothing is new.
    """
    every = max(1, ceil(count / ROWS))
    chosen, shown = pairs(count, ago) if seen else set(), {round(u * (count - 1)) for u in np.linspace(0, 1, THUMBS)}
    rows: list[Row] = []
    since: list[float] = []
    new: list[tuple[int, float]] = []
    kept: dict[int, NDArray[np.float64]] = {}
    pictures: list[NDArray[np.uint8]] = []
    first: Frame | None = None
    before: Frame | None = None
    k = -1
    for k, frame in enumerate(frames):
        progress(k + 1, max(count, k + 1))
        if before is not None:
            since.append(change(before, frame))
        if k % every == 0 or k >= count - joint or k in shown:
            left = step(before, frame, k, beyond) if before is not None else 0.0
            rows.append(Row(k, float(np.mean(since or [0])), max(since, default=0.0), left, numbers(frame)))
            since = []
        if seen and k in chosen:
            kept[k] = seen(frame)
            new += [(k, unlike(kept[at], kept[k])) for at in [k - ago] if at in kept]
        if k in shown:
            pictures.append(small(frame))
        first, before = frame if first is None else first, frame
    closing = step(before, first, 0, beyond) if before is not None and first is not None else 0.0
    return Measured(k + 1, rows, closing, new, pictures)


def step(before: Frame, after: Frame, k: int, beyond: Beyond | None) -> float:
    """The change of a step beyond motion; all of it where no motion is known, or nothing of the frame is left."""
    left = beyond(before, after, k) if beyond else float("nan")
    return left if np.isfinite(left) else change(before, after)


def pairs(count: int, ago: int) -> set[int]:
    """The frames that the network looks at: PAIRS of them, evenly over the film, and those `ago` before each."""
    if not 0 < ago < count:
        return set()
    later = {round(k) for k in np.linspace(ago, count - 1, PAIRS)}
    return later | {k - ago for k in later}


def unlike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Bray and Curtis's dissimilarity of what is nowhere below 0: 0 the same, 1 nothing in common."""
    return float(np.abs(one - other).sum() / max((one + other).sum(), 1e-12))


def small(frame: Frame) -> NDArray[np.uint8]:
    """The frame at the size of a thumbnail."""
    picture = Image.fromarray(np.rint(np.clip(frame, 0, 255)).astype(np.uint8))
    picture.thumbnail((SMALL, SMALL))
    return np.asarray(picture)
