"""Plain data that remembers where it was written, and the mistakes found in it. Knows neither YAML nor scenes.

A mark's line and column count from 1; line 0 is a place without lines, such as the command line.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from render.language.clock import Clock


ESCAPES = r"in double quotes \ begins an escape; write / or single quotes"


class SceneError(Exception):
    """A scene that cannot be rendered; `problems` holds one line for each mistake, ready to be printed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Mark(NamedTuple):
    """Where something is written; paths written there are relative to `folder`."""

    where: str
    line: int = 0
    column: int = 0
    folder: Path = Path()

    def __str__(self) -> str:
        return f"{self.where}:{self.line}:{self.column}" if self.line else self.where


class Entry(NamedTuple):
    """A key of a mapping and its value."""

    key: "Node"
    value: "Node"


@dataclass(frozen=True)
class Node:
    """A value (None, bool, int, float, str, list of Nodes or dict of text to Entry), its place, its text.

    `source` is how the text is written, with quotes and escapes, if it is written on one line. `raw`: it was not
    written in YAML at all, and means itself.
    """

    value: Any
    mark: Mark
    text: str = ""
    source: str = ""
    raw: bool = False


class Problems:
    """Collects mistakes; a second one about the same key at the same place is a consequence and left out.

    `later` are the checks of values over time, for which the film's length must be known.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Mark, str], str] = {}
        self.later: list[Callable[[Clock], None]] = []
        self.notes: list[str] = []  # what is no mistake, and yet hardly meant

    def add(self, mark: Mark, key: str, message: str) -> None:
        """Notes a mistake about the key (a dotted path) at a place."""
        self._found.setdefault((mark, key), f"{mark}: {key}: {message}" if key else f"{mark}: {message}")

    def note(self, mark: Mark, key: str, message: str) -> None:
        """Notes what can be rendered, but is hardly meant."""
        self.notes.append(one_line(f"{mark}: {key}: note: {message}"))

    @property
    def found(self) -> bool:
        """Whether there is a mistake."""
        return bool(self._found)

    def about(self, keys: Iterable[str]) -> bool:
        """Whether a mistake is about one of these keys."""
        return not {key for _, key in self._found}.isdisjoint(keys)

    def take(self, mark: Mark, error: SceneError) -> None:
        """Notes what was raised at a place."""
        self._found.setdefault((mark, ""), error.problems[0])

    def check(self) -> None:
        """Raises SceneError if anything was found, sorted by place, the command line's last."""
        if self._found:
            places = sorted(self._found, key=lambda at: (at[0].line == 0, at[0].line, at[0].column))
            raise SceneError([one_line(self._found[at]) for at in places])


def one_line(text: str) -> str:
    """Text with control characters and line ends made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def fail(mark: Mark, message: str) -> SceneError:
    """The error for a mistake after which nothing more can be read."""
    return SceneError([one_line(f"{mark}: {message}")])


def join(*names: str) -> str:
    """A dotted path."""
    return ".".join(filter(None, names))


def shown(node: Node) -> str:
    """A value as messages show it: short, on one line."""
    if isinstance(node.value, dict):
        return "a mapping {" + ", ".join(list(node.value)[:3]) + (", …}" if len(node.value) > 3 else "}")
    if isinstance(node.value, list):
        flat = [n.text if not isinstance(n.value, list | dict) else "…" for n in node.value[:4]]
        return _cut("[" + ", ".join(flat) + (", …]" if len(node.value) > 4 else "]"))
    if node.value is None:
        return "nothing"
    return _cut(f"'{node.text}'" if isinstance(node.value, str) else node.text)


def _cut(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def near(word: str, known: Iterable[str]) -> str:
    """'; did you mean …?' for a word that nearly is a known one, or nothing."""
    lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower()[:60], lower, n=1, cutoff=0.6)
    return f"; did you mean '{lower[close[0]]}'?" if close else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """a, b or c"""
    *some, final = words
    return f"{', '.join(some)} {last} {final}" if some else final
