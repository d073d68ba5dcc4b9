"""How a scene names colours: `teal`, `sunset.jpg`, `[teal, orange]`, `{sunset.jpg: 2, "#ff8000": {0s: 0, 4s: 1}}`."""

# ruff: noqa: RUF009 - the defaults are frozen
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from render.language.curve_reader import TIME, read_curve
from render.language.curves import Curve
from render.language.kinds import Colour, File, Number
from render.language.marks import Node, Problems, shown
from render.scene.layers import weighted

RGB = tuple[float, float, float]
PATH = r"[./\\~]"  # a picture has an ending or a folder, as no colour has
MOST = 64  # colours and pictures of one palette: each needs some points of its distribution for itself


@dataclass(frozen=True)
class Swatch:
    """A colour of a palette, or all colours of a picture: exactly one is not None; and its weight over time."""

    colour: RGB | None = None
    picture: Path | None = field(default=None, metadata={"kind": File()})
    weight: Curve = Curve.constant(1)

    @property
    def name(self) -> str:
        """What it is called beside its weight: the colour's digits, or the picture's file."""
        return self.picture.name if self.picture else digits(self.colour or (0, 0, 0))


@dataclass(frozen=True)
class Palettes:
    """A colour, a picture, a list of such, or a mapping of such to weights."""

    weight: Number = Number(0, moving=True)
    moving = True  # its weights may
    always = True  # None is a mistake: what an unquoted # leaves

    def describe(self) -> str:
        return "a picture, a list of colours such as [teal, gold], or a mapping of such to weights: {teal: 3, gold: 1}"

    def opened(self, node: Node) -> Node:
        """The value written out as a mapping to weights."""
        if isinstance(node.value, dict):
            return node
        names = (digits(name) if isinstance(name.value, list) else name.text for name, _ in self.named(node))
        return weighted([Node(name, node.mark, name) for name in names if name], node.mark)

    def named(self, node: Node) -> Iterator[tuple[Node, Node | None]]:
        """Every colour and picture that a value names, however it is written, and the node of its weight if any."""
        if isinstance(node.value, dict):
            yield from node.value.values()
        elif isinstance(node.value, list) and not _is_levels(node):
            yield from ((item, None) for item in node.value)
        else:
            yield node, None

    def pictures(self, node: Node) -> Iterator[tuple[Path, Node]]:
        """The paths among them, and where they are written."""
        for name, _ in self.named(node):
            if is_path(name) and (path := File().read(name, "", Problems())):
                yield path, name

    def read(self, node: Node, key: str, problems: Problems) -> tuple[Swatch, ...] | None:
        names = list(self.named(node))
        if not 0 < len(names) <= MOST:
            most = f", at most {MOST} in all" if names else ""
            problems.add(node.mark, key, f"must be {self.describe()}{most}, not {shown(node)}")
            return None
        if isinstance(node.value, dict) and any(name == "ease" or TIME.fullmatch(name) for name in node.value):
            how = "weights move: {teal: {0s: 1, 4s: 0}, gold: {0s: 0, 4s: 1}}"
            problems.add(node.mark, key, f"must be {self.describe()}, not keyframes; {how}")
            return None
        seen: set[RGB | str] = set()
        swatches = [self._swatch(name, weight, seen, key, problems) for name, weight in names]
        return tuple(swatch for swatch in swatches if swatch)

    def _swatch(self, name: Node, weight: Node | None, seen: set, key: str, problems: Problems) -> Swatch | None:
        colour, path = None, None
        if is_path(name):
            path = File().read(name, key, problems)
        else:
            colour = Colour("a picture's path, or ").read(name, key, problems)
        curve = read_curve(weight, f"{key}.{name.text}", problems, self.weight) if weight else Curve.constant(1)
        which = colour or (path and os.path.normpath(path))
        if which and which in seen:
            problems.add(name.mark, key, f"{shown(name)} is here twice; a weight gives more room: {{teal: 2, gold: 1}}")
        seen.add(which)
        return Swatch(colour, path, curve) if which and curve else None


def is_path(node: Node) -> bool:
    """Whether a swatch is a picture's path rather than a colour."""
    return isinstance(node.value, str) and bool(re.search(PATH, node.value))


def _is_levels(node: Node) -> bool:
    """Whether a list is one colour in levels and not several colours."""
    return bool(node.value) and all(isinstance(part.value, int | float) for part in node.value)


def digits(colour: Node | RGB) -> str:
    """A colour in levels as "#rrggbb"; nothing for what is none."""
    levels = Colour().read(colour, "", Problems()) if isinstance(colour, Node) else colour
    return "#" + "".join(f"{round(level):02x}" for level in levels) if levels else ""
