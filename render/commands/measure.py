"""`measure` says in numbers how films are."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from render.commands.shared import DONE, FAILED, MISTAKE, following, given, overwriting, save, say, unknown
from render.grammar import Grammar
from render.media import screen
from render.media.paths import refusal
from render.media.screen import called
from render.media.system import whole_file


def measure_films(options: argparse.Namespace) -> int:
    """Films in numbers: python -m render measure FILM... [-o numbers.json] [-o plot.png]."""
    from models.files.formats import WeightsError
    from render.media.ffmpeg import FilmError
    from render.media.pictures import PictureError
    from render.views.measure_footage import within

    paths = list(dict.fromkeys(film for path in options.films for film in within(path)))
    if refused := next(filter(None, (measured_refusal(path, paths, options) for path in options.output)), ""):
        return say(refused, MISTAKE)
    from render.dream import device
    from render.views.measure_report import judge, table

    device.prepare(screen.say)
    films, wrong = [], False
    for path in paths:
        try:
            with screen.bar(unit="frame", desc=path.name, leave=False) as bar:
                films.append(judge(path, options.joint, following(bar)))
        except (FilmError, PictureError, WeightsError, OSError) as error:
            wrong = bool(say(str(error), MISTAKE))
    if not films or not screen.result(table(films)):
        return MISTAKE if wrong else FAILED
    return max([MISTAKE * wrong, *(write_measured(films, path) for path in options.output)])


def measured_refusal(path: Path, films: Sequence[Path], options: argparse.Namespace) -> str:
    """Why the numbers of films are not written to path, or nothing; records of films are as dear as films."""
    from render.views.measure_footage import belonging

    if path.suffix.lower() != ".json" and (wrong := unknown(path)):
        return f"{wrong}, and numbers in .json"
    return refusal(path, (file for film in films for file in belonging(film)), options.overwrite)


def write_measured(films: Sequence[Any], path: Path) -> int:
    """Writes what was measured: .json holds all numbers, a picture their curves."""
    import json

    from render.views.measure_plot import plot
    from render.views.measure_report import data
    from render.views.plot import PlotError

    if path.suffix.lower() != ".json":
        try:
            return save(plot(films), path)
        except PlotError as error:
            return say(str(error), FAILED)
    try:
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(data(films), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        return say(f"{path}: {error}", FAILED)
    screen.result(path)
    return DONE


def measure_parser() -> Grammar:
    """The grammar of `measure`."""
    p = Grammar(
        prog=f"{called()} measure",
        description="Says in numbers how films flicker, drift, blur, repeat themselves and close, and what is good. "
        "Of several films, a row for each, and how alike their colours are.",
    )
    p.add_argument(
        "films",
        type=given,
        nargs="+",
        metavar="FILM",
        help="a film, numbered stills (frames/####.png), a folder of stills, or one of films",
    )
    p.add_argument(
        "-o",
        "--output",
        type=given,
        action="append",
        default=[],
        metavar="PATH",
        help="all numbers as .json, or their curves as .png; may be given several times",
    )
    p.add_argument(
        "--joint",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="the films are loops that close within so many last seconds: each of their frames is looked at",
    )
    overwriting(p)
    return p


def seconds(text: str) -> float:
    """A time from the command line."""
    with suppress(ValueError):
        if 0 <= float(text.removesuffix("s")) < float("inf"):
            return float(text.removesuffix("s"))
    raise argparse.ArgumentTypeError(f"must be seconds, such as 1.5, not '{text}'")
