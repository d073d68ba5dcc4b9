"""`models` lists the networks, `fetch` brings one."""

import argparse

from render.commands.shared import DONE, FAILED, MISTAKE, beside, following, given, no_network, say
from render.grammar import Grammar
from render.media import screen
from render.media.screen import called


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


def fetch_parser() -> Grammar:
    """The grammar of `fetch`."""
    p = Grammar(prog=f"{called()} fetch", description="Downloads a network's weights, checks and converts them, once.")
    p.add_argument("model", metavar="MODEL", help=f"a network, as `{called()} models` lists them")
    p.add_argument("--from", dest="source", type=given, metavar="FILE", help="read this file instead of downloading it")
    return p
