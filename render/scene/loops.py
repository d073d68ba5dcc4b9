"""How a scene asks for a film that closes: `loop: true`, or with a mapping {joint: 1.5s, warmup: 3s}."""

# ruff: noqa: RUF009 - field() with metadata, as in scene.py
import re
from dataclasses import dataclass, field

from render.language.clock import Time
from render.language.curve_reader import MAX_AMOUNT, TIME
from render.language.marks import Node, Problems, shown
from render.language.section import Section


@dataclass(frozen=True)
class Lasts:
    """A length of time, in one of clock.UNITS; a bare number is seconds."""

    def describe(self) -> str:
        return "a time such as 1.5s, 36f (frames), 10% (of the film) or 8b (beats)"

    def read(self, node: Node, key: str, problems: Problems) -> Time | None:
        match = None if isinstance(node.value, bool | list | dict) else TIME.fullmatch(node.text.strip())
        if match and 0 <= float(match[1]) <= MAX_AMOUNT:
            return Time(float(match[1]), match[2] or "s")
        least = " of at least 0" if match and float(match[1]) < 0 else ""
        problems.add(node.mark, key, f"must be {self.describe()}{least}, not {shown(node)}")
        return None


@dataclass(frozen=True)
class Loop:
    """How a film closes; what is None is as usual (course.py)."""

    joint: Time | None = field(
        default=None,
        metadata={
            "kind": Lasts(),
            "help": "how long its end grows over into its beginning; 1.5 s unless given, or half of a short film",
        },
    )
    warmup: Time | None = field(
        default=None,
        metadata={"kind": Lasts(), "help": "how long it ripens unseen before that; 3 s unless given"},
    )


@dataclass(frozen=True)
class Looping:
    """true or false, or a mapping of Loop."""

    section: Section = Section(Loop)

    def describe(self) -> str:
        return "true or false, or a mapping {joint: 1.5s, warmup: 3s}"

    def opened(self, node: Node) -> Node:
        """A mapping that can take keys."""
        return node if isinstance(node.value, dict) else Node({}, node.mark)

    def read(self, node: Node, key: str, problems: Problems) -> Loop | None:
        if isinstance(node.value, bool):
            return Loop() if node.value else None
        if isinstance(node.value, dict):
            return self.section.read(node, key, problems)
        hint = f"; write {{joint: {node.text}}}" if re.fullmatch(TIME, node.text.strip()) else ""
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
        return None
