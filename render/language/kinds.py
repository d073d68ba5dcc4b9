"""What a scene's value may be. A kind reads a marked value, notes every mistake, and says in words what it accepts.

`read(node, key, problems)` gives the plain value, or None where it noted a mistake; key is the value's dotted path.
"""

import math
import os
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from render.language.curve_reader import is_keyframes, read_curve
from render.language.curves import Curve
from render.language.marks import ESCAPES, Node, Problems, listed, near, shown
from render.language.slips import POINT, of_number, of_size

CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udc7f\udd00-\udfff]")  # what is left is a byte that is no UTF-8
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # of a web page, or as file managers copy a path
ADDRESSES = "only files are read; save it, and write its path alone"
RARE = re.compile("[\xa0\u2028\u2029]")  # blanks that hardly anybody means in a path: \_, \L and \P are their escapes
HUGE = 1e9  # the bound of a number that has no other, so that arithmetic on it stays finite


class Kind(Protocol):
    """What every kind can do."""

    def describe(self) -> str:
        """What is accepted, to follow 'must be'."""
        ...

    def read(self, node: Node, key: str, problems: Problems) -> Any:
        """The plain value, or None."""
        ...


@dataclass(frozen=True)
class Number:
    """A number within bounds; `moving` makes it a Curve, `note` explains the bounds in messages."""

    least: float = -HUGE
    most: float = HUGE
    above: float | None = None
    whole: bool = False
    moving: bool = False
    note: str = ""

    def describe(self) -> str:
        return f"a {'whole ' if self.whole else ''}number {self.bounds()}".strip()

    def bounds(self) -> str:
        """The bounds in words; those far beyond sense go unsaid."""
        if self.above is not None:
            return f"above {self.above:g}"
        if self.least == -HUGE:
            return "" if self.most == HUGE else f"at most {self.most:.10g}"
        return f"at least {self.least:g}" if self.most == HUGE else f"from {self.least:g} to {self.most:.10g}"

    def read(self, node: Node, key: str, problems: Problems) -> Curve | float | int | None:
        return read_curve(node, key, problems, self) if self.moving else self.number(node, key, problems)

    def number(self, node: Node, key: str, problems: Problems) -> float | None:
        """A value that stands still."""
        complaint = self.complaint(node.value)
        if complaint:
            hint = of_number(node.value, key) if isinstance(node.value, str) else ""
            note = self.note and not hint and f" ({self.note})"
            problems.add(node.mark, key, f"must be {complaint}, not {shown(node)}{note or hint}")
            return None
        return int(node.value) if self.whole else float(node.value)

    def allowed(self, values: np.ndarray) -> np.ndarray:
        """Which of the values are within the bounds, bool [n]; nan is not."""
        return (
            (values >= self.least) & (values <= self.most) & (values > (-np.inf if self.above is None else self.above))
        )

    def complaint(self, value: Any) -> str:
        """What a value that is none of these must be, or nothing."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.describe()
        if not math.isfinite(value):
            return f"a finite number {self.bounds()}".strip()
        if self.whole and value != int(value):
            return self.describe()
        low = value < self.least or (self.above is not None and value <= self.above)
        if value > self.most and (self.above is not None or self.most == HUGE):
            return f"at most {self.most:.10g}"
        if low and self.above is None and self.least == -HUGE:
            return f"at least {self.least:g}"
        return self.bounds() if low or value > self.most else ""


@dataclass(frozen=True)
class Choice:
    """One of a few words or numbers."""

    words: tuple[str, ...] | tuple[int, ...]

    def describe(self) -> str:
        return listed(map(str, self.words))

    def read(self, node: Node, key: str, problems: Problems) -> str | int | None:
        known = {str(word): word for word in self.words}
        if node.text in known and not isinstance(node.value, list | dict):
            return known[node.text]
        hint = near(node.value, known) if isinstance(node.value, str) else ""
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
        return None


@dataclass(frozen=True)
class WordOrNumber:
    """One of a few words, or a number."""

    words: tuple[str, ...]
    number: Number

    def describe(self) -> str:
        return f"{', '.join(self.words)}, or {self.number.describe()}"

    def read(self, node: Node, key: str, problems: Problems) -> str | float | None:
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return self.number.number(node, key, problems)
        if node.text in self.words and not isinstance(node.value, list | dict):
            return node.text
        hint = near(node.value, self.words) if isinstance(node.value, str) else ""
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
        return None


@dataclass(frozen=True)
class Switch:
    """true or false."""

    def describe(self) -> str:
        return "true or false"

    def read(self, node: Node, key: str, problems: Problems) -> bool | None:
        if isinstance(node.value, bool):
            return node.value
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
        return None


@dataclass(frozen=True)
class Name:
    """A word whose meaning is checked where its table is known."""

    what: str

    def describe(self) -> str:
        return self.what

    def read(self, node: Node, key: str, problems: Problems) -> str | None:
        if isinstance(node.value, str):
            return node.value
        problems.add(node.mark, key, f"must be {self.what}, not {shown(node)}")
        return None


@dataclass(frozen=True)
class Colour:
    """A colour as (red, green, blue), 0..255: a CSS name, hexadecimal digits or a list. `or_else`: what else may be."""

    or_else: str = ""
    always = True  # None is a mistake: what an unquoted # leaves

    def describe(self) -> str:
        return f'{self.or_else}a colour such as teal, "#202020" or [32, 32, 32], 0 to 255 each'

    def read(self, node: Node, key: str, problems: Problems) -> tuple[float, float, float] | None:
        text = node.value if isinstance(node.value, str) else ""
        if text in colour_names():
            return named_colour(text)
        digits = re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text)
        if digits:
            full = digits[1] if len(digits[1]) == 6 else "".join(c * 2 for c in digits[1])
            return float(int(full[0:2], 16)), float(int(full[2:4], 16)), float(int(full[4:6], 16))
        if isinstance(node.value, list) and len(node.value) == 3:
            parts = [Number(0, 255).number(part, key, problems) for part in node.value]
            return None if None in parts else tuple(parts)  # type: ignore[return-value]
        hint = " (an unquoted # begins a comment)" if node.value is None else near(text, colour_names())
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
        return None


def colour_names() -> tuple[str, ...]:
    """CSS's names of colours."""
    from PIL.ImageColor import colormap  # 12 ms, which only a scene with a colour waits for

    return tuple(colormap)


def named_colour(name: str) -> tuple[float, float, float]:
    """The colour of one of `colour_names`."""
    from PIL.ImageColor import getrgb

    red, green, blue = getrgb(name)[:3]
    return float(red), float(green), float(blue)


@dataclass(frozen=True)
class Fps:
    """Frames per second as an exact fraction: 23.976 is 2997/125, `30000/1001` itself."""

    def describe(self) -> str:
        return "a number from 0.01 to 1000, or a fraction such as 30000/1001"

    def read(self, node: Node, key: str, problems: Problems) -> Fraction | None:
        written = re.fullmatch(r"(\d{1,9})\s*/\s*(\d{1,9})", node.text)
        if written and int(written[2]):
            fps = Fraction(int(written[1]), int(written[2]))
        elif isinstance(node.value, int | float) and not isinstance(node.value, bool) and 0.01 <= node.value <= 1000:
            fps = Fraction(repr(node.value)).limit_denominator(100_000)  # ffmpeg's fractions are of 32-bit numbers
        else:
            fps = Fraction(0)
        if Fraction(1, 100) <= fps <= 1000:
            return fps
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{of_number(node.text, key)}")
        return None


OWN = (0, 0)  # the size of what a word names


@dataclass(frozen=True)
class Size:
    """[width, height] in pixels, both even, since film codecs halve the colour's resolution; or a word, as OWN."""

    least: int = 16
    most: int = 16384
    word: str = ""  # that may stand for a size which is known later only

    def describe(self) -> str:
        numbers = f"[width, height] in pixels, two even numbers from {self.least} to {self.most}"
        return f"{numbers}, or {self.word}" if self.word else numbers

    def read(self, node: Node, key: str, problems: Problems) -> tuple[int, int] | None:
        if self.word and node.value == self.word:
            return OWN
        if not isinstance(node.value, list) or len(node.value) != 2:
            hint = of_size(node.value) if isinstance(node.value, str) else ""
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
            return None
        kind = Number(self.least, self.most, whole=True)
        w, h = (kind.number(part, key, problems) for part in node.value)
        for part, value in zip(node.value, (w, h), strict=True):
            if value and value % 2:
                near_by = f"{value - 1} and {value + 1} are"
                problems.add(part.mark, key, f"must be even, not {value} (film codecs need it); {near_by}")
                w = None
        return None if w is None or h is None else (int(w), int(h))


@dataclass(frozen=True)
class Pair:
    """[x, y], each a number of its own kind."""

    number: Number

    def describe(self) -> str:
        return f"[x, y], each {self.number.describe()}"

    def read(self, node: Node, key: str, problems: Problems) -> tuple[Any, Any] | None:
        if not isinstance(node.value, list) or len(node.value) != 2:
            hint = "; keyframes stand within: [{0s: 0, 4s: 0.1}, 0]" if is_keyframes(node) else ""
            if isinstance(node.value, list) and len(node.value) in (3, 4):
                hint = f"; {POINT}, no comma: [0.1, 0.2]"
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{hint}")
            return None
        x, y = (self.number.read(part, key, problems) for part in node.value)
        return None if x is None or y is None else (x, y)


@dataclass(frozen=True)
class File:
    """A path; a relative one starts at the folder of the scene that names it, or at the working directory."""

    here: bool = False  # at the working directory, wherever it is written

    def describe(self) -> str:
        return "the path of a file"

    def read(self, node: Node, key: str, problems: Problems) -> Path | None:
        text = node.value if isinstance(node.value, str) else ""
        path = Path(os.path.expanduser(text))
        path = path if self.here else node.mark.folder / path
        escaped = CONTROL.search(text) or (RARE.search(text) and (not self.here or "\\" in node.source))
        there = not self.here and os.path.exists(path)
        if ADDRESS.match(text) and not there:
            problems.add(node.mark, key, f"must be {self.describe()}, not the address {shown(node)}; {ADDRESSES}")
            return None
        meant = node.raw or not escaped or there
        if text.strip() and "\0" not in text and meant:
            return path
        problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}{f'; {ESCAPES}' if escaped else ''}")
        return None
