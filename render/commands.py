"""The commands beside rendering: plan, models, fetch, layers, measure. With __main__.py the only place that prints.

A command is a function of its parsed options to an exit status, and a function that makes its grammar.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from render.grammar import Grammar
from render.language.kinds import ADDRESS, ADDRESSES
from render.media import screen
from render.media.paths import refusal
from render.media.screen import called
from render.media.system import fitting, whole_file
from render.scene.scene import ORIGINAL, QUALITIES, TAKING

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130


def say(message: str, status: int) -> int:
    """Says something on stderr, and hands the exit status on."""
    screen.say(message)
    return status


def given(text: str) -> Path:
    """A path from the command line, where shells leave the ~ of --output=~/film.mp4. ArgumentTypeError: an address."""
    if ADDRESS.match(text) and not os.path.exists(text):
        raise argparse.ArgumentTypeError(f"'{text}' is an address; {ADDRESSES}")
    return Path(os.path.expanduser(text))


def scene_arguments(p: Grammar) -> None:
    """What every command on a scene takes."""
    p.add_argument("scene", type=given, metavar="SCENE.yaml", help="the scene, such as configs/endless_zoom.yaml")
    p.add_argument("-o", "--output", type=given, metavar="PATH", help="where the result goes")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override any key of the scene, such as --set dream.octaves=3; may be given many times",
    )
    p.add_argument(
        "--quality",
        choices=(*QUALITIES, ORIGINAL),
        help="draft (longest side 320, 12 fps) to 4k (3840, 60 fps), or original (the size of the picture or film that "
        "it starts from); the film lasts as long, moves as fast, and is named after it: film-draft.mp4",
    )


def draw(options: argparse.Namespace) -> int:
    """Draws a scene's schedules: python -m render plan SCENE.yaml -o plan.png."""
    from render.scene.reader import read_scene
    from render.scene.resolved import files
    from render.views.plot import PlotError, plot

    scene = read_scene(options.scene, options.overrides, quality=options.quality, tell=screen.say)
    path = options.output or Path(fitting(options.scene.stem, "-plan.png"))
    if refused := unknown(path) or refusal(
        path, [options.scene, *(file for _, file in files(scene))], options.overwrite
    ):
        return say(refused, MISTAKE)
    try:
        picture = plot(scene, options.scene.stem)
    except PlotError as error:
        return say(str(error), FAILED)
    return save(picture, path)


def draw_parser() -> Grammar:
    """The grammar of `plan`."""
    p = Grammar(prog=f"{called()} plan", description="Draws every schedule of a scene over time.")
    scene_arguments(p)
    overwriting(p)
    return p


def list_models(options: argparse.Namespace) -> int:
    """Lists the networks: python -m render models."""
    import models

    rows = [("network", "family", "weights", "size", "trained on", "licence", "try")]
    for entry in models.NETWORKS.values():
        here = "here" if models.find(entry) else f"fetch {entry.name}"
        what = entry.trained_on, entry.licence, entry.default_layers[0]
        rows.append((entry.name, entry.family, here, f"{entry.size / 1e6:.0f} MB", *what))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return DONE if screen.result("\n".join(lines)) else FAILED


def models_parser() -> Grammar:
    """The grammar of `models`."""
    return Grammar(prog=f"{called()} models", description="Lists the networks, and whether their weights are here.")


def fetch_weights(options: argparse.Namespace) -> int:
    """Brings a network's weights: python -m render fetch MODEL [--from FILE]."""
    from models.files.fetch import fetch
    from models.files.formats import WeightsError

    if mistake := no_network(options.model):
        return say(f"fetch: {mistake}", MISTAKE)
    try:
        with screen.bar(unit="B", unit_scale=True, disable=options.source is not None) as bar:
            fetched = fetch(options.model, options.source, following(bar), beside(bar))
    except WeightsError as error:
        return say(str(error), FAILED)
    screen.result(f"{fetched.path} ({fetched.checked})")
    return DONE


def no_network(name: str) -> str:
    """What is wrong with a network's name, or nothing."""
    import models
    from render.language.marks import listed, near

    hint = near(name, models.NETWORKS) or f"; known are {listed(models.NETWORKS, 'and')}"
    return "" if name in models.NETWORKS else f"there is no network '{name}'{hint}"


def fetch_parser() -> Grammar:
    """The grammar of `fetch`."""
    p = Grammar(prog=f"{called()} fetch", description="Downloads a network's weights, checks and converts them, once.")
    p.add_argument("model", metavar="MODEL", help=f"a network, as `{called()} models` lists them")
    p.add_argument("--from", dest="source", type=given, metavar="FILE", help="read this file instead of downloading it")
    return p


def draw_layers(options: argparse.Namespace) -> int:
    """A contact sheet of layers or channels: python -m render layers [--layer L] [-o sheet.png]."""
    from models.files.formats import WeightsError
    from render.media.pictures import PictureError

    try:
        mistake = layers_mistake(options)
    except WeightsError as error:
        return say(f"--weights: {error}", MISTAKE)
    mistake = (
        mistake
        or unknown(options.output)
        or refusal(options.output, filter(None, [options.image, options.colours, options.weights]), options.overwrite)
    )
    if mistake:
        return say(mistake, MISTAKE)
    try:
        return save(sheet(options), options.output)
    except (WeightsError, PictureError) as error:
        return say(str(error), MISTAKE)


def layers_mistake(options: argparse.Namespace) -> str:
    """What is wrong with the options of `layers`, or nothing. WeightsError: with its file of weights."""
    import models
    from render.language.marks import listed, near

    if mistake := no_network(options.model):
        return f"--model: {mistake}"
    if options.input != "auto" and not options.weights:
        return "--input: is about a file of weights, and --weights names none"
    layers = models.entry_of(options.model, options.weights).layers
    if options.layer and options.layer not in layers:
        hint = near(options.layer, layers) or f". Its layers are {listed(layers, 'and')}"
        return f"--layer: {options.model} has no layer '{options.layer}'{hint}"
    count = layers[options.layer] if options.layer else len(layers)
    if options.strongest and not options.image:
        return "--strongest: which channels like a picture needs one: --image PICTURE"
    if options.strongest:
        return ""
    first, last = options.tiles
    return "" if 0 <= first < min(last, count) else f"--tiles: must be A:B within 0:{count}, not {first}:{last}"


def sheet(options: argparse.Namespace):
    """The sheet that `layers` asks for. WeightsError, PictureError."""
    import models
    from render.dream import device
    from render.media.pictures import read_picture
    from render.views.search import SIDE, strongest
    from render.views.sheet import channel_sheet, chosen_sheet, layer_sheet, small

    device.prepare(screen.say)
    layers = models.entry_of(options.model, options.weights).layers
    picture = read_picture(options.image) if options.image else None
    network = models.load(options.model, options.weights, options.input)
    title = f"{options.model}: {options.layer or 'what each layer dreams'}"
    first, last = options.tiles
    with screen.bar(unit="tile") as bar:
        look = {"side": options.side, "colours": options.colours, "progress": following(bar)}
        if options.strongest and picture is not None:
            searched = {options.layer: layers[options.layer]} if options.layer else layers
            found = strongest(network, searched, small(picture, SIDE), options.strongest)
            title = f"{options.model}: the channels that like {options.image.name} most"
            return chosen_sheet(network, layers, [(one.layer, one.channel) for one in found], picture, title, **look)
        if options.layer:
            of = options.layer, layers[options.layer], picture
            return channel_sheet(network, *of, first=first, last=last, title=title, **look)
        return layer_sheet(network, layers, picture, first=first, last=last, title=title, **look)


def layers_parser() -> Grammar:
    """The grammar of `layers`."""
    p = Grammar(
        prog=f"{called()} layers",
        description="A contact sheet: what each layer, or with --layer each channel, dreams, by the names of a scene.",
    )
    p.add_argument("--model", default="squeezenet1_1", metavar="MODEL", help="a network (squeezenet1_1)")
    p.add_argument("--weights", type=given, metavar="FILE", help="a file of weights to use instead of its own")
    p.add_argument("--input", choices=TAKING, default="auto", help="what those weights take, as model.input says it")
    p.add_argument("--layer", metavar="LAYER", help="its channels, instead of all layers")
    p.add_argument("--tiles", type=span, default=(0, 64), metavar="A:B", help="the tiles A to B-1 only (0:64)")
    p.add_argument("--image", type=given, metavar="PICTURE", help="dream of this picture, instead of noise")
    p.add_argument(
        "--strongest", type=counted, metavar="N", help="the N channels, of --layer or of all, that like --image most"
    )
    p.add_argument("--colours", type=given, metavar="PICTURE", help="in the colours of this picture, instead of grey")
    p.add_argument("--side", type=counted, default=160, metavar="PIXELS", help="a tile's longer side (160)")
    p.add_argument("-o", "--output", type=given, default=Path("sheet.png"), metavar="PATH", help="where it goes")
    overwriting(p)
    return p


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


def unknown(path: Path) -> str:
    """What is wrong with the ending of a picture's path, or nothing."""
    from PIL import Image

    known = Image.registered_extensions()  # ending → kind, of which some can only be read
    if known.get(path.suffix.lower()) in Image.SAVE:
        return ""
    return f"{path} ends in {path.suffix or 'nothing'}; a picture ends in .png, .jpg or .webp"


def overwriting(p: Grammar) -> None:
    """--overwrite of commands that make a picture."""
    p.add_argument("--overwrite", action="store_true", help="replace what is already there")


def span(text: str) -> tuple[int, int]:
    """A:B as two numbers."""
    first, _, last = text.partition(":")
    try:
        return int(first), int(last)
    except ValueError:
        raise argparse.ArgumentTypeError(f"write A:B for the tiles A to B-1, such as 0:64, not '{text}'") from None


def counted(text: str) -> int:
    """A number from 1 to 2048. ValueError: it is none."""
    if not 1 <= int(text) <= 2048:
        raise ValueError(text)
    return int(text)


def following(bar):
    """A progress callback (done, total) for a tqdm bar."""

    def progress(done: int, total: int | None) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return progress


def beside(bar) -> Callable[[str], None]:
    """Says something while a tqdm bar is shown."""

    def tell(text: str) -> None:
        bar.clear()
        screen.say(text)

    return tell


def save(picture, path: Path) -> int:
    """Saves a PIL image, whole or not at all, and prints the path."""
    try:
        with whole_file(path) as temporary:
            picture.save(temporary)
    except (OSError, ValueError) as error:  # ValueError: an ending that Pillow does not know
        return say(f"{path}: {error}", FAILED)
    screen.result(path)
    return DONE


COMMANDS = {
    "plan": (draw, draw_parser),
    "models": (list_models, models_parser),
    "fetch": (fetch_weights, fetch_parser),
    "layers": (draw_layers, layers_parser),
    "measure": (measure_films, measure_parser),
}
