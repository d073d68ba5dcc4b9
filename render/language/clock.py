"""A film's frames as moments in time, at which curves are sampled.

Notation: k is the number of a rendered frame, t = k / fps its second, f = t · written its number at the frame rate that
the scene was written for. So `--quality`, which renders another fps, moves nothing over the seconds.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

UNITS = {"s": "seconds", "f": "frames", "%": "per cent of the film", "b": "beats"}


class Time(NamedTuple):
    """When something happens, in one of UNITS: Time(8, 'b') is the eighth beat."""

    amount: float
    unit: str = "s"


@dataclass(frozen=True, eq=False)
class Clock:
    """The frames k (float64 [m], rising) of a film of `seconds`; rates are exact: frame 96 is 4 s at 24 fps."""

    k: np.ndarray
    fps: Fraction
    written: Fraction
    seconds: Fraction
    bpm: Fraction | None = None

    @classmethod
    def of(
        cls,
        frames: int,
        fps: Fraction,
        written: Fraction | None = None,
        seconds: float = 0,
        bpm: float | None = None,
        most: int | None = None,
    ) -> "Clock":
        """All frames of a film, or `most` of them, evenly spread; it lasts frames / fps where `seconds` is 0."""
        k = np.arange(float(frames)) if most is None or frames <= most else _spread(frames, most)
        lasts = exact(seconds) if seconds else Fraction(frames) / fps
        return cls(k, fps, written or fps, lasts, None if bpm is None else exact(bpm))

    def at(self, k: np.ndarray) -> "Clock":
        """The same film at other frames, which may lie between its own."""
        return replace(self, k=np.asarray(k, np.float64))

    def sampled(self, most: int) -> "Clock":
        """The same film at no more than `most` of its frames, evenly spread, its first and last among them."""
        return self if len(self.k) <= most else self.at(self.k[_spread(len(self.k), most).astype(np.int64)])

    @property
    def n(self) -> int:
        """How many frames the film has at the written frame rate."""
        return max(1, int(self.seconds * self.written + Fraction(1, 2)))

    @cached_property
    def t(self) -> np.ndarray:
        """Seconds from the film's start."""
        return self._count(1 / self.fps)

    @cached_property
    def f(self) -> np.ndarray:
        """Frames of the written frame rate; fractions of one where the film is rendered at another."""
        return self._count(self.written / self.fps)

    @cached_property
    def p(self) -> np.ndarray:
        """How much of the film is over: 0 at its first frame, 1 at its end, which is one frame after its last."""
        return self._count(1 / (self.fps * self.seconds))

    @cached_property
    def beat(self) -> np.ndarray:
        """Beats from the film's start. ValueError without bpm."""
        return self._count(self._bpm / 60 / self.fps)

    def when(self, time: Time) -> float:
        """A time in seconds. ValueError for beats without bpm."""
        amount = exact(time.amount)
        match time.unit:
            case "f":
                return float(amount / self.written)
            case "%":
                return float(amount * self.seconds / 100)
            case "b":
                return float(amount * 60 / self._bpm)
        return time.amount

    @property
    def _bpm(self) -> Fraction:
        if self.bpm is None:
            raise ValueError("beats need a scene with bpm")
        return self.bpm

    def _count(self, rate: Fraction) -> np.ndarray:
        """k · rate, rounded once: every twelfth frame is a whole beat at 24 fps and 120 bpm, not nearly one."""
        return self.k * float(rate.numerator) / float(rate.denominator)


def exact(number: float) -> Fraction:
    """The fraction that a number's shortest decimal stands for: 0.1 is 1/10."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _spread(count: int, most: int) -> np.ndarray:
    """`most` of the numbers 0..count-1, at least the first and the last, float64."""
    return np.rint(np.linspace(0, count - 1, max(2, most)))
