"""How a scene names the classes to dream of: `Egyptian cat`, `285`, `[tabby, 285]`, `{Egyptian cat: 1, tabby: 0.5}`."""

# ruff: noqa: RUF009 - the defaults are frozen
from collections.abc import Iterator
from dataclasses import dataclass

from render.language.curve_reader import read_curve
from render.language.curves import Curve
from render.language.kinds import Number
from render.language.marks import Node, Problems, shown
from render.scene.layers import weighted


@dataclass(frozen=True)
class Class:
    """A class that a network knows, by name or number, and its weight, negative to suppress."""

    name: str
    weight: Curve = Curve.constant(1)


@dataclass(frozen=True)
class Classes:
    """A class's name or number, a list of such, or a mapping of such to weights."""

    weight: Number = Number(moving=True)

    def describe(self) -> str:
        return "a class's name or number, a list of such, or a mapping of such to weights: {Egyptian cat: 1, 281: 0.5}"

    def opened(self, node: Node) -> Node:
        """The value written out as a mapping to weights."""
        if isinstance(node.value, dict):
            return node
        return weighted([Node(name.text, name.mark, name.text) for name, _ in self.names(node)], node.mark)

    def names(self, node: Node) -> Iterator[tuple[Node, Node | None]]:
        """Every class that a value names, however it is written, and the node of its weight if it has one."""
        if isinstance(node.value, dict):
            yield from node.value.values()
        else:
            for item in node.value if isinstance(node.value, list) else [node]:
                if isinstance(item.value, str | int) and not isinstance(item.value, bool) and item.text.strip():
                    yield item, None

    def read(self, node: Node, key: str, problems: Problems) -> tuple[Class, ...] | None:
        names = list(self.names(node))
        if not names or len(names) < len(node.value if isinstance(node.value, list) else names):
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
            return None
        return tuple(filter(None, [self._class(name, weight, key, problems) for name, weight in names]))

    def _class(self, name: Node, weight: Node | None, key: str, problems: Problems) -> Class | None:
        curve = read_curve(weight, f"{key}.{name.text}", problems, self.weight) if weight else Curve.constant(1)
        return Class(name.text, curve) if curve else None
