"""How a scene names what to amplify: `fire7`, `[fire7, fire8]`, `{fire7: 1, "fire8[3,17-20]": -0.5}`."""

# ruff: noqa: RUF009 - the defaults are frozen
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from render.language.curve_reader import read_curve
from render.language.curves import Curve
from render.language.kinds import Number
from render.language.marks import Entry, Mark, Node, Problems, shown

NAME = re.compile(r"([^\[\],\s]+)(?:\[([^\[\]]*)\])?")
CHANNELS = re.compile(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4})\s*)?")  # no layer has ten thousand
MOST = 1000  # names in one place; each may hold thousands of channels


class BadLayer(ValueError):
    """A text that names no layer or channels; the message says why."""


class LayerName(NamedTuple):
    """A layer as a scene names it, where, and the node of its weight if it has one."""

    mark: Mark
    text: str
    weight: Node | None


@dataclass(frozen=True)
class Target:
    """What to amplify: channels of a layer (all of them where none is named) by a weight, negative to suppress."""

    layer: str
    channels: tuple[int, ...] = ()
    weight: Curve = Curve.constant(1)

    @property
    def name(self) -> str:
        """As a scene writes it: fire7 or fire7[3,17-20]."""
        return self.layer + (f"[{','.join(runs(self.channels))}]" if self.channels else "")


@dataclass(frozen=True)
class Layers:
    """A layer's name, a list of names, or a mapping of names to weights; `fire7[3,17-20]` names channels."""

    weight: Number = Number(moving=True)

    def describe(self) -> str:
        return "a layer's name, a list of names, or a mapping of names to weights such as {fire7: 1, fire8: 0.5}"

    def opened(self, node: Node) -> Node:
        """The value written out as a mapping to weights."""
        if isinstance(node.value, dict):
            return node
        return weighted([Node(name.text, name.mark, name.text) for name in self.names(node)], node.mark)

    def names(self, node: Node) -> Iterator[LayerName]:
        """Every layer that a value names, however it is written."""
        if isinstance(node.value, dict):
            yield from (LayerName(k.mark, k.text, weight) for k, weight in node.value.values())
        else:
            items = node.value if isinstance(node.value, list) else [node]
            yield from (LayerName(item.mark, item.value, None) for item in items if isinstance(item.value, str))

    def parted(self, node: Node) -> Iterator[tuple[LayerName, str, tuple[int, ...]]]:
        """Every name that can be read, with the layer and the channels that it names."""
        for name in self.names(node):
            with suppress(BadLayer):
                yield name, *split_layer(name.text)

    def read(self, node: Node, key: str, problems: Problems) -> tuple[Target, ...] | None:
        names = list(self.names(node))
        if len(names) > MOST:
            problems.add(node.mark, key, f"names {len(names)} layers; at most {MOST} are read")
            return None
        if not names or len(names) < len(node.value if isinstance(node.value, list) else names):
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
            return None
        return tuple(filter(None, [self._target(name, key, problems) for name in names]))

    def _target(self, name: LayerName, key: str, problems: Problems) -> Target | None:
        weight: Curve | None = Curve.constant(1)
        if name.weight:
            weight = read_curve(name.weight, f"{key}.{name.text}", problems, self.weight)
        try:
            return Target(*split_layer(name.text), weight) if weight else None
        except BadLayer as error:
            problems.add(name.mark, key, str(error))
            return None


def weighted(names: Iterable[Node], mark: Mark) -> Node:
    """Names that are written without weights as a mapping of names to weights, 1 each."""
    one = Node(1, mark, "1")
    return Node({name.text: Entry(name, one) for name in names}, mark)


def split_layer(text: str) -> tuple[str, tuple[int, ...]]:
    """fire7[3,17-20] → ('fire7', (3, 17, 18, 19, 20)). BadLayer: what is written otherwise."""
    match = NAME.fullmatch(text.strip())
    parts = match[2].split(",") if match and match[2] is not None else []
    spans = [CHANNELS.fullmatch(part) for part in parts]
    if not match or None in spans:
        forms = "fire7, fire7[17], fire7[3,17-20], or a list of such: [fire7, fire8]"
        raise BadLayer(f"'{text}' is no layer's name; write {forms}")
    return match[1], _channels(text, [(int(span[1]), int(span[2] or span[1])) for span in spans if span])


def _channels(text: str, spans: list[tuple[int, int]]) -> tuple[int, ...]:
    """The channels from first to last of every span."""
    channels: dict[int, None] = {}
    for first, last in spans:
        if last < first:
            raise BadLayer(f"{text}: {first}-{last} runs backwards; write {last}-{first}")
        for channel in range(first, last + 1):
            if channel in channels:  # told at once: a line may hold thousands of ranges
                raise BadLayer(f"{text}: the channel {channel} is here twice")
            channels[channel] = None
    return tuple(channels)


def runs(channels: Iterable[int]) -> list[str]:
    """Channels as a scene writes them, three or more in a row as a range: 3, 17, 18, 19 → 3 and 17-19."""
    found: list[list[int]] = []
    for channel in channels:
        if found and channel == found[-1][-1] + 1:
            found[-1].append(channel)
        else:
            found.append([channel])
    return [part for run in found for part in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))]
