"""How a scene names what to amplify: `fire7`, `[fire7, fire8]`, `{fire7: 1, "fire8[3,17]": -0.5}`."""

# ruff: noqa: RUF009 - the defaults are frozen
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from render.language.curve_reader import read_curve
from render.language.curves import Curve
from render.language.kinds import Number
from render.language.marks import Entry, Mark, Node, Problems, shown


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
        """As a scene writes it: fire7 or fire7[3,17]."""
        return self.layer + (f"[{','.join(map(str, self.channels))}]" if self.channels else "")


@dataclass(frozen=True)
class Layers:
    """A layer's name, a list of names, or a mapping of names to weights; `fire7[3,17]` names channels."""

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

    def read(self, node: Node, key: str, problems: Problems) -> tuple[Target, ...] | None:
        names = list(self.names(node))
        if not names or len(names) < len(node.value if isinstance(node.value, list) else names):
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
            return None
        return tuple(filter(None, [self._target(name, key, problems) for name in names]))

    def _target(self, name: LayerName, key: str, problems: Problems) -> Target | None:
        parts = split_layer(name.text)
        if parts is None:
            forms = "fire7, fire7[17], fire7[3,17], or a list of such: [fire7, fire8]"
            problems.add(name.mark, key, f"'{name.text}' is no layer's name; write {forms}")
        weight: Curve | None = Curve.constant(1)
        if name.weight:
            weight = read_curve(name.weight, f"{key}.{name.text}", problems, self.weight)
        return Target(*parts, weight) if parts and weight else None


def weighted(names: Iterable[Node], mark: Mark) -> Node:
    """Names that are written without weights as a mapping of names to weights, 1 each."""
    one = Node(1, mark, "1")
    return Node({name.text: Entry(name, one) for name in names}, mark)


def split_layer(text: str) -> tuple[str, tuple[int, ...]] | None:
    """fire7[3,17] → ('fire7', (3, 17)); None for what is written otherwise."""
    match = re.fullmatch(r"([^\[\],\s]+)(?:\[\s*(\d{1,6}(?:\s*,\s*\d{1,6})*)\s*\])?", text.strip())
    return match and (match[1], tuple(int(c) for c in match[2].split(",")) if match[2] else ())
