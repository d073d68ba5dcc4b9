"""Films as they are judged: read, measured, and told as a table or as plain data."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from render.views.measure import Measured, Progress, measure
from render.views.measure_footage import opened
from render.views.measure_frame import overlap
from render.views.measure_motion import Motion, aim, told
from render.views.measure_new import AGO, seen
from render.views.measure_summary import ALIKE, WORDS, Summary, colour, ripe_colours, summary

COLUMNS = (  # of a table of several films
    *("flicker", "pop", "joint", "joint_sharp", "sharp", "sharp_drift", "mean_drift", "contrast", "palette_drift"),
    *("new", "saturation", "grey", "clipped", "black", "noise"),
)
LISTED = 12  # pairs of films whose palettes are alike


class Judged(NamedTuple):
    """A film with its numbers; `why` there is no motion known, or nothing."""

    path: Path
    size: tuple[int, int]
    fps: Fraction
    film: Measured
    summary: Summary
    why: str


def judge(path: Path, joint: float = 0, progress: Progress = lambda done, total: None) -> Judged:
    """Measures the film at path; joint: seconds of the film's end in which a loop closes.

    FilmError, PictureError: there is no such film, or it cannot be read. WeightsError: nor can the network's weights.
    """
    footage = opened(path)
    record = told(footage.path, footage.length)
    fps = record.scene.fps if record.scene and footage.stills else footage.fps
    motion = Motion(record.scene, footage.size, record.first) if record.scene and not record.why else None
    frames = min(round(joint * float(fps)), footage.length)
    ago = round(min(AGO * float(fps), footage.length / 2))
    film = measure(
        footage.frames(),
        footage.length,
        joint=frames,
        beyond=motion.beyond if motion else None,
        seen=seen() if ago else None,
        ago=ago,
        progress=progress,
    )
    last = record.first + film.length - 1
    wanted = aim(record.scene, min(last, record.scene.length - 1)) if record.scene and not record.why else None
    return Judged(path, footage.size, fps, film, summary(film, frames, wanted), record.why)


def table(films: Sequence[Judged]) -> str:
    """What is printed: of one film each number with its meaning, of several a row each and how alike they are."""
    return "\n".join(one(films[0]) if len(films) == 1 else several(films))


def one(judged: Judged) -> list[str]:
    """The lines about one film."""
    there = {name: value for name, value in judged.summary.items() if value is not None}
    cells = [(name, written(name, value), WORDS[name].unit, WORDS[name].meaning) for name, value in there.items()]
    names, values, units = (max(len(cell[i]) for cell in cells) for i in range(3))
    lines = [f"{name:{names}}  {value:>{values}} {unit:{units}}  {says}" for name, value, unit, says in cells]
    return [described(judged), "", *(line.rstrip() for line in lines), "", *notes([judged])]


def described(judged: Judged) -> str:
    """A film's name, length, size and mean colour."""
    count, (w, h) = judged.film.length, judged.size
    length = f"{count} frames, {count / float(judged.fps):.4g} s" if count > 1 else "a still"
    return f"{judged.path}: {length}, {w}×{h}, mean colour {mean_colour(judged)}"


def mean_colour(judged: Judged) -> str:
    """The mean colour of the second half, as people write it."""
    mean = colour([row for row in judged.film.rows if row.k >= judged.film.length // 2])
    return "#" + "".join(f"{round(level):02x}" for level in np.clip(mean, 0, 255))


def several(films: Sequence[Judged]) -> list[str]:
    """The lines about a gallery."""
    columns = [name for name in COLUMNS if any(judged.summary.get(name) is not None for judged in films)]
    rows = [["film", *(name.replace("_drift", "±") for name in columns), "colour"]]
    rows.append(["", *(WORDS[name].unit for name in columns), ""])
    for judged, name in zip(films, labels(films), strict=True):
        rows.append([name, *(written(key, judged.summary.get(key)) for key in columns), mean_colour(judged)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    says = [f"  {name.replace('_drift', '±')}: {WORDS[name].meaning}" for name in columns]
    return [*(line.rstrip() for line in lines), "", *says, "", alike(films), *notes(films)]


def alike(films: Sequence[Judged]) -> str:
    """Which films have the same colours."""
    pairs = overlaps(films)
    over = [f"{a} ~ {b} {share:.2f}" for a, b, share in pairs if share > ALIKE]
    more = f", and {len(over) - LISTED} more" if len(over) > LISTED else ""
    which = f": {', '.join(over[:LISTED])}{more}" if over else ""
    return f"{len(over)} of {len(pairs)} pairs have palettes that overlap by more than {ALIKE:g}{which}"


def overlaps(films: Sequence[Judged]) -> list[tuple[str, str, float]]:
    """Each pair of films and how much their palettes overlap, the most alike first."""
    palettes = dict(zip(labels(films), (ripe_colours(judged.film) for judged in films), strict=True))
    pairs = [(a, b, overlap(palettes[a], palettes[b])) for a, b in combinations(palettes, 2)]
    return sorted(pairs, key=lambda pair: -pair[2])


def labels(films: Sequence[Judged]) -> list[str]:
    """Films' names: short ones, where they tell them apart."""
    short = [judged.path.stem if judged.path.suffix else judged.path.name for judged in films]
    return short if len({*short}) == len(short) else [str(judged.path) for judged in films]


def notes(films: Sequence[Judged]) -> list[str]:
    """What is to be known of the numbers."""
    lines = ["means over the second half; levels are of 255, × a ratio (1: the same)"]
    unknown = [(judged, name) for judged, name in zip(films, labels(films), strict=True) if judged.film.length > 1]
    return lines + [f"{name}: flicker is with motion and all; {judged.why}" for judged, name in unknown if judged.why]


def written(name: str, value: float | None) -> str:
    """A number as its table shows it."""
    return "-" if value is None else f"{value:{WORDS[name].form}}"


def data(films: Sequence[Judged]) -> dict[str, Any]:
    """All numbers as JSON holds them: of each film its summary and its curves; the units; how alike films are."""
    units = {name: {"unit": word.unit, "meaning": word.meaning} for name, word in WORDS.items()}
    pairs = [{"films": [a, b], "overlap": share} for a, b, share in overlaps(films)]
    return {"films": [of_film(judged) for judged in films], "numbers": units, "palettes": pairs}


def of_film(judged: Judged) -> dict[str, Any]:
    """One film as plain data; its curves have a value for each measured frame."""
    film = judged.film
    return {
        "film": str(judged.path),
        "size": list(judged.size),
        "fps": float(judged.fps),
        "frames": film.length,
        "motion": "unknown: " + judged.why if judged.why else "as its record tells",
        "colour": mean_colour(judged),
        "summary": judged.summary,
        "curves": {name: list(values) for name, values in curves(film).items()},
        "new": [{"frame": k, "unlike": value} for k, value in film.new],
    }


def curves(film: Measured) -> dict[str, list[Any]]:
    """Every number over time: lists of one length."""
    numbers = [row.numbers for row in film.rows]
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in film.rows] for name in ("k", "change")}
    columns |= {"largest_change": [row.largest for row in film.rows], "flicker": [row.beyond for row in film.rows]}
    columns |= {"sharp": [float(n.fine**0.5) for n in numbers], "mean": [n.mean.tolist() for n in numbers]}
    names = ("contrast", "noise", "saturation", "grey", "clipped", "black")
    return columns | {name: [getattr(n, name) for n in numbers] for name in names}
