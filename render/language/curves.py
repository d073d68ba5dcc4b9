"""Numbers over time: constant, keyframes, an expression, Deforum's strings. Sampled over a Clock, in float64, pure.

Notation as in clock.py: k are rendered frames, t their seconds, f = t · written their number as the scene was written.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from render.language.clock import Clock, Time
from render.language.easing import interpolate
from render.language.expression import Compiled, compiled, evaluate

NAMES = ("t", "f", "p", "n", "fps", "bpm", "beat")
DEFORUM_NAMES = (*NAMES, "max_f")
BLOCK = 1 << 16  # frames evaluated at once: what an expression holds in between stays in the processor's cache


class Curve(ABC):
    """A number over time: one of the classes below."""

    @staticmethod
    def constant(value: float) -> "Constant":
        """The curve that always has this value."""
        return Constant(float(value))

    @staticmethod
    def keyframes(values: Mapping[float | Time, float], ease: str = "linear") -> "Keyframes":
        """Values at times, bare numbers of which are seconds: Curve.keyframes({0: 1, Time(50, '%'): 2}, 'smooth')."""
        times = tuple(time if isinstance(time, Time) else Time(float(time)) for time in values)
        return Keyframes(times, tuple(map(float, values.values())), ease)

    @property
    def is_constant(self) -> bool:
        """Whether the value is known to be the same at all times."""
        return False

    @property
    def steps(self) -> int:
        """What one value costs, in additions."""
        return 10

    def names(self) -> Iterable[str]:
        """The names that its expressions use."""
        return ()

    def marks(self, clock: Clock) -> np.ndarray:
        """The seconds at which keyframes stand, rising."""
        return np.empty(0)

    @abstractmethod
    def sample(self, clock: Clock) -> np.ndarray:
        """The values at a clock's frames, float64 [m]. ValueError where beats are meant and the clock has no bpm."""


@dataclass(frozen=True)
class Constant(Curve):
    """The same value at all times."""

    value: float

    @property
    def values(self) -> tuple[float, ...]:
        """Its one value, as keyframes have several."""
        return (self.value,)

    @property
    def is_constant(self) -> bool:
        return True

    def sample(self, clock: Clock) -> np.ndarray:
        return np.full(clock.k.shape, self.value)


@dataclass(frozen=True)
class Keyframes(Curve):
    """Values at different times, in any order and unit, eased from one to the next and held outside."""

    times: tuple[Time, ...]
    values: tuple[float, ...]
    ease: str = "linear"

    @property
    def is_constant(self) -> bool:
        return len(set(self.values)) == 1

    def marks(self, clock: Clock) -> np.ndarray:
        return np.sort([clock.when(time) for time in self.times])

    def sample(self, clock: Clock) -> np.ndarray:
        seconds = [clock.when(time) for time in self.times]
        order = np.argsort(seconds)
        return interpolate(clock.t, np.array(seconds)[order], np.array(self.values)[order], self.ease)


@dataclass(frozen=True)
class Expression(Curve):
    """A text such as `1 + 0.1 * sin(t)`, computed at every frame; NAMES are what it may use."""

    text: str

    @property
    def compiled(self) -> Compiled:
        """Ready to run. ExpressionError if the text is no expression."""
        return compiled(self.text, NAMES)

    @property
    def steps(self) -> int:
        return 1 + self.compiled.steps

    def names(self) -> Iterable[str]:
        return self.compiled.names

    def sample(self, clock: Clock) -> np.ndarray:
        out = np.empty(clock.k.shape)
        for a in range(0, len(out), BLOCK):
            part = clock.at(clock.k[a : a + BLOCK])
            out[a : a + BLOCK] = evaluate(self.compiled.run, inputs(part, self.names()))
        return out


@dataclass(frozen=True)
class Deforum(Curve):
    """Deforum's `0:(1.02), 60:(1.05)`: pairs of frame and value, both texts, in which t is the frame, max_f the last.

    As there, values are linear between plain numbers; any other value, such as 0:(1+0.1*sin(t)), is an expression that
    is computed at every frame up to the next keyframe.
    """

    pairs: tuple[tuple[str, str], ...]

    @property
    def steps(self) -> int:
        return 10 + max(compiled(value, DEFORUM_NAMES).steps for _, value in self.pairs)

    def names(self) -> Iterable[str]:
        return {name for _, value in self.pairs for name in compiled(value, DEFORUM_NAMES).names}

    def marks(self, clock: Clock) -> np.ndarray:
        return np.sort(self.frames(clock)) / float(clock.written)

    def frames(self, clock: Clock) -> np.ndarray:
        """The keyframes' frames in the order of `pairs`, whole."""
        return np.array([np.trunc(float(_deforum(frame, clock))) for frame, _ in self.pairs])

    def sample(self, clock: Clock) -> np.ndarray:
        frames = self.frames(clock)
        order = np.argsort(frames)
        frames, texts = frames[order], [self.pairs[i][1] for i in order]
        at = clock.at(frames * float(clock.fps / clock.written))
        starts = [float(_deforum(text, at.at(at.k[i : i + 1]))) for i, text in enumerate(texts)]
        for i, start in enumerate(starts):  # so that only its own frames are without a value, not those before
            starts[i] = start if np.isfinite(start) else starts[i - 1]
        out = np.interp(clock.f, frames, starts)
        bounds = [*np.searchsorted(clock.f, frames), len(out)]
        for text, a, b in zip(texts, bounds, bounds[1:], strict=False):
            if not is_number(text):
                out[a:b] = _deforum(text, clock.at(clock.k[a:b]))
        return out


def is_number(text: str) -> bool:
    """Whether Deforum takes a text for a plain number, after which it is linear."""
    try:
        return np.isfinite(float(text.replace("(", " ").replace(")", " ")))
    except ValueError:
        return False


def _deforum(text: str, clock: Clock) -> np.ndarray:
    expression = compiled(text, DEFORUM_NAMES)
    return np.squeeze(evaluate(expression.run, inputs(clock, expression.names) | {"t": clock.f}))


def inputs(clock: Clock, names: Iterable[str]) -> dict[str, Any]:
    """What an expression's names stand for, [m] or single numbers; fps, n and max_f as the scene was written."""
    known = {
        "n": np.float64(clock.n),
        "fps": np.float64(clock.written),
        "bpm": np.float64(clock.bpm or np.nan),
        "max_f": np.float64(clock.n - 1),
    }
    return {name: known[name] if name in known else getattr(clock, name) for name in names}
