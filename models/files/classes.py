"""The classes that networks tell apart: their names, and the number that a scene means by one.

Nothing heavy is imported, so that a scene can be checked at once.
"""

from difflib import get_close_matches
from functools import cache
from pathlib import Path

from models.plans.table import NETWORKS, Entry

NAMES = Path(__file__).parents[1] / "names"


class UnknownClass(ValueError):
    """A class that a network does not have; the message says which there are that are meant perhaps."""


@cache
def names(data: str) -> tuple[tuple[str, ...], ...]:
    """All names of each class of the data "imagenet" or "places365", the most usual one first; () without data."""
    if not data:
        return ()
    lines = (NAMES / f"{data}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(tuple(name.strip() for name in line.split(",")) for line in lines)


@cache
def _numbers(data: str) -> dict[str, list[int]]:
    """Lower-case name → the numbers of the classes called so, those first whose first name it is."""
    numbers: dict[str, list[int]] = {}
    for first in (True, False):
        for number, every in enumerate(names(data)):
            for name in every[:1] if first else every[1:]:
                known = numbers.setdefault(name.lower(), [])
                known += [number] * (number not in known)
    return numbers


def number_of(entry: Entry, text: str) -> int:
    """The number of the class that a text names, a name or a number itself. UnknownClass: there is none, or several."""
    if not entry.classifier:
        had = entry.own and NETWORKS[entry.name].classifier
        without = f"{entry.own} holds no classifier" if had else f"{entry.name} runs without its classifier here"
        raise UnknownClass(f"{without}, and knows no classes; its layers can be dreamed")
    text, whose = text.strip(), entry.own or entry.name
    if text.isascii() and text.isdigit():
        if int(text) < entry.classes:
            return int(text)
        raise UnknownClass(f"the classes of {whose} are 0 to {entry.classes - 1}, {text} is none")
    if not entry.names:
        raise UnknownClass(f"the classes of {whose} have numbers only, 0 to {entry.classes - 1}")
    numbers = _numbers(entry.names)
    found = numbers.get(text.lower(), [])
    firsts = [number for number in found if names(entry.names)[number][0].lower() == text.lower()]
    if len(found) == 1 or len(firsts) == 1:
        return (firsts or found)[0]
    if found:
        several = " and ".join(f"{number} ({', '.join(names(entry.names)[number])})" for number in found)
        raise UnknownClass(f"'{text}' is more than one class: {several}; write its number")
    raise UnknownClass(f"{entry.name} knows no class '{text}'{_near(text.lower(), entry.names)}")


def _near(text: str, data: str) -> str:
    """Names that look alike or hold the word, in words."""
    known = list(_numbers(data))
    holding = [name for name in known if text in name.split()] or [name for name in known if text in name]
    close = holding[:5] or get_close_matches(text[:60], known, n=3, cutoff=0.6)
    written = {name.lower(): name for every in names(data) for name in every}
    return f"; did you mean {' or '.join(repr(written[name]) for name in close)}?" if close else ""
