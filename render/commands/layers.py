"""`layers` draws a contact sheet: what layers or channels dream."""

import argparse
from pathlib import Path

from render.commands.shared import MISTAKE, following, given, no_network, overwriting, save, say, unknown
from render.grammar import Grammar
from render.media import screen
from render.media.paths import refusal
from render.media.screen import called
from render.scene.scene import TAKING


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
