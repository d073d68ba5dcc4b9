"""Numbers over time: how a scene writes one, and its value at any time. t is seconds from the film's start."""

import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from render.marks import Node, Problems, shown

SO_FAR = "only numbers and keyframes in seconds, such as {0s: 1.0, 4s: 1.05}, are understood so far"
SECONDS = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*s?")
MAX_SECONDS = 1e9


@dataclass(frozen=True)
class Curve:
    """A number over time: keyframes, linear between them and held outside. `times` rise strictly; one is a constant."""

    times: tuple[float, ...]
    values: tuple[float, ...]

    @classmethod
    def constant(cls, value: float) -> "Curve":
        """The curve that always has this value."""
        return cls((0.0,), (float(value),))

    @property
    def is_constant(self) -> bool:
        """Whether the value is the same at all times."""
        return len(set(self.values)) == 1

    def sample(self, times: np.ndarray) -> np.ndarray:
        """The values at times (seconds, float64 [n]), float64 [n]."""
        return np.interp(times, self.times, self.values)


class NumberKind(Protocol):
    """What a curve's values may be."""

    def number(self, node: Node, key: str, problems: Problems) -> float | None: ...
    def describe(self) -> str: ...


def is_keyframes(node: Node) -> bool:
    """Whether a mapping is meant as keyframes rather than as a section: a key that begins like a time, or `ease`."""
    return isinstance(node.value, dict) and any(k == "ease" or re.match(r"[-+]?\.?\d", k) for k in node.value)


def read_curve(node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    """The curve that a scene's value describes; None, with every mistake in problems, where it describes none."""
    if isinstance(node.value, dict):
        return _keyframes(node, key, problems, kind)
    if isinstance(node.value, str):
        problems.add(node.mark, key, _no_number(node, kind))
        return None
    value = kind.number(node, key, problems)
    return None if value is None else Curve.constant(value)


def _no_number(node: Node, kind: NumberKind) -> str:
    """What to say about a text where a number belongs."""
    text = node.value.strip()
    if SECONDS.fullmatch(text) and not text.endswith("s"):
        return f"{shown(node)} is text because of its quotes; write {text} without them"
    if re.match(r"\d+\s*:\s*\(", text):
        return f"{shown(node)} is Deforum's form; {SO_FAR}"
    if re.search(r"[-+*/%()]|^(t|f|p|n|fps|bpm|beat|pi|tau)$", text):
        return f"{shown(node)} is an expression; {SO_FAR}"
    return f"must be {kind.describe()}, or keyframes in seconds, not {shown(node)}"


def _keyframes(node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    found: dict[float | None, float | None] = {}
    for name, value in node.value.values():
        if name.text == "ease":
            problems.add(name.mark, key, f"easing is not understood yet; {SO_FAR}")
            return None
        time = _seconds(name, key, problems)
        if time is not None and time in found:
            problems.add(name.mark, key, f"two keyframes at {time:g} s")
        found[time] = kind.number(value, f"{key}.{name.text}", problems)
    if not found:
        problems.add(node.mark, key, "holds no keyframe; write a number or keyframes such as {0s: 1.0, 4s: 1.05}")
        return None
    pairs = sorted((t, v) for t, v in found.items() if t is not None and v is not None)
    return Curve(tuple(t for t, _ in pairs), tuple(v for _, v in pairs)) if len(pairs) == len(node.value) else None


def _seconds(name: Node, key: str, problems: Problems) -> float | None:
    text = name.text.strip()
    if match := SECONDS.fullmatch(text):
        if abs(time := float(match[1])) <= MAX_SECONDS:
            return time
        problems.add(name.mark, key, f"a keyframe at {text} is too far away")
    elif re.fullmatch(r"[-+]?[\d.]+\s*[%fb]", text):
        kinds = {"%": "per cent", "f": "frames", "b": "beats"}
        problems.add(name.mark, key, f"{text} is a time in {kinds[text[-1]]}; {SO_FAR}")
    else:
        problems.add(name.mark, key, f"'{text}' is no time; keyframes begin with seconds, as in {{0s: 1.0, 4s: 1.05}}")
    return None
