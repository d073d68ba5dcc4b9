"""What a film's rows come to, and what each number means, in an artist's words.

A number that a film has none of, such as the flicker of a still, is None.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.views.measure import Measured, Row
from render.views.measure_frame import overlap
from render.views.measure_motion import Aim

ALIKE = 0.6  # palettes that overlap by more look like one another
PARTS = 3  # a film's first and its last third are compared


class Word(NamedTuple):
    """A number's unit (levels are of 255), how it is written, and what it says."""

    unit: str
    form: str
    meaning: str


WORDS = {
    "flicker": Word("levels", ".1f", "change per frame beyond the film's motion; 2 to 4 is calm, above 8 boils"),
    "change": Word("levels", ".1f", "change per frame, motion and all"),
    "pop": Word("×", ".2f", "largest change of any frame against the median; above 2: a cut or a pop"),
    "closing": Word(
        "×", ".2f", "last frame to first, against the median step; a loop has up to 1.2, a film that is none far more"
    ),
    "joint": Word("×", ".2f", "largest step over the loop's joint, against the median elsewhere; good: up to 1.2"),
    "joint_sharp": Word("×", ".2f", "least fine detail in the joint, against the median elsewhere; good: from 0.85"),
    "sharp": Word("levels", ".1f", "fine detail (rms of the finest band); noise has it, too: see noise"),
    "sharp_drift": Word("×", ".2f", "fine detail, last third against first; near 1 holds, below 0.7 blurs"),
    "mean_drift": Word("levels", ".1f", "how far the mean colour moves, first third to last; below 10 holds"),
    "contrast": Word("levels", ".1f", "deviation of all pixels; 40 to 75 is rich, below 30 pale"),
    "contrast_drift": Word("×", ".2f", "contrast, last third against first; near 1 holds, above 1.5 burns out"),
    "palette_drift": Word("of 1", ".2f", "colours that first and last third share; 1: the same, low: they wander"),
    "off_mean": Word("levels", ".1f", "mean colour of the last third, from what the scene keeps; below 15 holds"),
    "off_contrast": Word("×", ".2f", "contrast of the last third, against what the scene keeps; near 1 holds"),
    "on_palette": Word("of 1", ".2f", "colours of the last third that the scene's palette has, too"),
    "new": Word(
        "of 1",
        ".2f",
        "how unlike a network finds frames 4 s apart; above 0.1 it goes on to other things, below 0.03 it is stuck",
    ),
    "saturation": Word("of 1", ".2f", "mean saturation"),
    "grey": Word("%", ".1f", "pixels in middle grey; above 10 looks unfinished"),
    "clipped": Word("%", ".1f", "pixels with a channel at its end; above 15 looks burnt"),
    "black": Word("%", ".1f", "pixels that are black on a wall"),
    "noise": Word("levels", ".1f", "difference of neighbouring pixels; above 20 is grain"),
}
Summary = dict[str, float | None]


def summary(film: Measured, joint: int = 0, aim: Aim | None = None) -> Summary:
    """The numbers of WORDS for a film; joint as for `measure`."""
    rows, half = film.rows, film.length // 2
    ripe, parts = [row for row in rows if row.k >= half], thirds(film)
    steps = [row for row in ripe if row.k > half] or [row for row in rows if row.k]
    return {
        "flicker": mean([row.beyond for row in steps]),
        "change": mean([row.change for row in steps]),
        "pop": pop(steps),
        **seam(film, joint),
        "sharp": root(mean([row.numbers.fine for row in ripe])),
        **drift(*parts),
        "contrast": mean([row.numbers.contrast for row in ripe]),
        **(against(parts[1] or ripe, aim) if aim else {}),
        "new": median([unlike for _, unlike in film.new]),
        "saturation": mean([row.numbers.saturation for row in ripe]),
        **{name: percent([getattr(row.numbers, name) for row in ripe]) for name in ("grey", "clipped", "black")},
        "noise": mean([row.numbers.noise for row in ripe]),
    }


def pop(steps: Sequence[Row]) -> float | None:
    """The largest of all steps against the median: of those in between by plain change, of the rows' own beyond it."""
    if not steps:
        return None
    plain = ratio(max(row.largest for row in steps), median([row.change for row in steps]))
    left = ratio(max(row.beyond for row in steps), median([row.beyond for row in steps]))
    return max((value for value in (plain, left) if value is not None), default=None)


def seam(film: Measured, joint: int) -> Summary:
    """How a loop closes: the step from its last frame to its first, and all of the joint."""
    inside = [row for row in film.rows if row.k >= film.length - joint]
    outside = [row for row in film.rows if row.k < film.length - joint]
    usual = median([row.beyond for row in outside if row.k])
    closing = ratio(film.closing, usual) if film.length > 2 else None
    if not inside or not outside:
        return {"closing": closing}
    largest = max(film.closing, *(row.beyond for row in inside if row.k))
    fine = ratio(min(row.numbers.fine for row in inside), median([row.numbers.fine for row in outside]))
    return {"closing": closing, "joint": ratio(largest, usual), "joint_sharp": fine}


def thirds(film: Measured) -> tuple[list[Row], list[Row]]:
    """The rows of the first and of the last third; none of a film that is too short for it."""
    if film.length < PARTS:
        return [], []
    length = film.length / PARTS
    return [r for r in film.rows if r.k < length], [r for r in film.rows if r.k >= film.length - length]


def drift(first: Sequence[Row], last: Sequence[Row]) -> Summary:
    """How the last part of a film differs from its first."""
    if not first or not last:
        return {}
    moved = np.abs(colour(last) - colour(first)).max()
    fine, contrast = (
        [mean([getattr(row.numbers, name) for row in part]) for part in (last, first)] for name in ("fine", "contrast")
    )
    return {
        "sharp_drift": ratio(*fine),
        "mean_drift": float(moved),
        "contrast_drift": ratio(*contrast),
        "palette_drift": overlap(colours(first), colours(last)),
    }


def against(rows: Sequence[Row], aim: Aim) -> Summary:
    """How far rows are from what their scene was to keep."""
    contrast = mean([row.numbers.contrast for row in rows])
    return {
        "off_mean": float(np.abs(colour(rows) - aim.mean).max()),
        "off_contrast": ratio(contrast, aim.contrast),
        "on_palette": None if aim.palette is None else overlap(colours(rows), aim.palette),
    }


def colour(rows: Sequence[Row]) -> NDArray[np.float64]:
    """The mean colour of rows, [3]."""
    return np.mean([row.numbers.mean for row in rows], axis=0)


def colours(rows: Sequence[Row]) -> NDArray[np.float64]:
    """The palette of rows, as `palette` counts it."""
    return np.mean([row.numbers.palette for row in rows], axis=0)


def ripe_colours(film: Measured) -> NDArray[np.float64]:
    """The palette of a film's second half, by which films are compared."""
    return colours([row for row in film.rows if row.k >= film.length // 2])


def mean(values: Sequence[float | None]) -> float | None:
    return float(np.mean(values)) if values else None  # type: ignore[arg-type]


def median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def percent(values: Sequence[float]) -> float | None:
    return 100 * float(np.mean(values)) if values else None


def root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)


def ratio(value: float | None, usual: float | None) -> float | None:
    """value / usual; 1 where nothing moves at all; None where there is nothing to compare with."""
    if value is None or usual is None:
        return None
    if usual < 1e-9:
        return 1.0 if value < 1e-9 else None
    return value / usual
