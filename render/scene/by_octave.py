"""How a scene writes a number for each octave: `iterations: {octaves: [10, 10, 6, 4]}`, the smallest octave's first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from render.language.curve_reader import is_keyframes
from render.language.curves import Curve
from render.language.kinds import Number
from render.language.marks import Node, Problems, near, shown

MOST_OCTAVES = 32
T = TypeVar("T")


@dataclass(frozen=True)
class ByOctave:
    """A number for each octave, the smallest first."""

    octaves: tuple[Curve, ...] = field(metadata={"kind": Number(moving=True)})


def octaves_of(value: Curve | ByOctave) -> tuple[Curve, ...]:
    """A number's curves, one for each octave, or one for all."""
    return value.octaves if isinstance(value, ByOctave) else (value,)


def at_octave(values: Sequence[T], octave: int) -> T:
    """What a list says about an octave, counted from the smallest; the last value goes on."""
    return values[min(octave, len(values) - 1)]


@dataclass(frozen=True)
class PerOctave:
    """A moving number for all octaves, or {octaves: […]} with one for each."""

    number: Number

    def describe(self) -> str:
        return f"{self.number.describe()}, or {{octaves: […]}} with one for each, the smallest first"

    def opened(self, node: Node) -> Node:
        """A mapping that can take `octaves`."""
        return Node({}, node.mark) if not isinstance(node.value, dict) or is_keyframes(node) else node

    def read(self, node: Node, key: str, problems: Problems) -> Curve | ByOctave | None:
        if isinstance(node.value, list):
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
            return None
        if not isinstance(node.value, dict) or is_keyframes(node) or not node.value:
            return self.number.read(node, key, problems)  # type: ignore[return-value]
        for name, entry in node.value.items():
            if name != "octaves":
                hint = near(name, ("octaves",)) or "; known is octaves, and keyframes are written {0s: 1, 4s: 2}"
                problems.add(entry.key.mark, f"{key}.{name}", f"unknown key '{name}'{hint}")
        return (
            self._listed(node.value["octaves"].value, f"{key}.octaves", problems) if "octaves" in node.value else None
        )

    def _listed(self, node: Node, key: str, problems: Problems) -> ByOctave | None:
        if not isinstance(node.value, list) or not 0 < len(node.value) <= MOST_OCTAVES:
            form = f"a list of 1 to {MOST_OCTAVES} numbers, the smallest octave's first"
            problems.add(node.mark, key, f"must be {form}, not {shown(node)}")
            return None
        curves = tuple(self.number.read(part, key, problems) for part in node.value)
        return None if None in curves else ByOctave(curves)  # type: ignore[arg-type]
