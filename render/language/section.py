"""A kind made of a dataclass: a mapping whose keys are the dataclass's fields, or a shorthand for some of them.

A field takes part if its metadata holds a `kind`.
"""

import re
from dataclasses import Field, dataclass, fields
from typing import Any

from render.language.curve_reader import is_keyframes
from render.language.marks import Entry, Node, Problems, join, listed, near, shown
from render.language.slips import of_key


def written(field: Field[Any]) -> str:
    """The key that a field is in a scene: its own name, but for words that Python keeps to itself."""
    return field.metadata.get("name", field.name)


@dataclass(frozen=True)
class Section:
    """A mapping read into a dataclass; anything else is a shorthand for each of the fields named in `short`."""

    cls: type
    short: tuple[str, ...] = ()
    example: str = ""

    def describe(self) -> str:
        return f"a mapping such as {self.example}" if self.example else f"a mapping of {listed(self.keys(), 'and')}"

    def keys(self) -> dict[str, Field[Any]]:
        """The dataclass's fields that a scene may hold."""
        return {written(f): f for f in fields(self.cls) if "kind" in f.metadata}

    def opened(self, node: Node) -> Node:
        """The value with its shorthand written out."""
        if isinstance(node.value, dict) and not (self.short and is_keyframes(node)):
            return node
        return Node({name: Entry(Node(name, node.mark, name), node) for name in self.short}, node.mark)

    def read(self, node: Node, key: str, problems: Problems) -> Any:
        is_section = isinstance(node.value, dict) and not (self.short and is_keyframes(node))
        if not is_section and not self.short:
            hint = " (a colon needs a space after it)" if re.match(r"\w+:\S", node.text) else ""
            if "=" in node.text and (meant := of_key(node.text)):
                hint = f"; a key ends with a colon and a space: {meant[:80]}"
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
            return None
        values = {}
        for name, entry in self.opened(node).value.items():
            path = join(key, name) if is_section else key
            if name not in self.keys():
                problems.add(entry.key.mark, path, self.unknown(name))
            # Where nothing is written the default stays.
            elif entry.value.value is not None or getattr(self.kind(name), "always", False):
                values[name] = self.kind(name).read(entry.value, path, problems)
        return self.cls(**{self.keys()[name].name: value for name, value in values.items() if value is not None})

    def kind(self, name: str) -> Any:
        """What the value of a key may be; None if there is no such key."""
        field = self.keys().get(name)
        return field.metadata["kind"] if field else None

    def unknown(self, name: str) -> str:
        """The message for a key that does not exist."""
        hint = near(name, self.keys()) or self._elsewhere(name) or f"; known are {listed(self.keys(), 'and')}"
        return f"unknown key '{name}'{hint}"

    def _elsewhere(self, name: str) -> str:
        inner = {n: self.kind(n) for n in self.keys()}
        places = [f"{n}.{name}" for n, kind in inner.items() if isinstance(kind, Section) and name in set(kind.keys())]
        return f"; it belongs under {listed(places)}" if places else ""
