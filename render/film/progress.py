"""How far a render is, on stderr: a tqdm bar in a terminal, a line now and then elsewhere.

Frames cost different amounts; the time left is what is left of their costs, at the pace of those that were dreamed.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TypeVar

import numpy as np

from render.dream.compilers import Work
from render.media.screen import bar, errors, say

T = TypeVar("T")
Costs = Callable[[], np.ndarray]

LINE_EVERY = 30.0  # seconds between lines when stderr is no terminal
FADING = 0.97  # of a frame's part in the pace, for each later frame
BESIDE = 0.1  # part in the pace of a frame beside which something was compiled
FORM = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Pace:
    """Seconds per unit of cost, of the frames dreamed so far; the first one's, mostly the compiler's, do not count.

    costs: of each frame to come, in any unit, asked for once the first is there; None: all alike. Frames beside which
    something is compiled count for little, because compilers take their part of the machine.
    """

    def __init__(self, count: int, costs: Costs | None = None, work: Work | None = None) -> None:
        self.ask, self.work = costs or (lambda: np.ones(count)), work or Work()
        self.done, self.seconds, self.cost = 0, 0.0, 0.0
        self.last, self.waited = time.monotonic(), 0.0

    @cached_property
    def costs(self) -> np.ndarray:
        """Of each frame, and behind them nothing."""
        return np.append(self.ask(), 0.0)

    @cached_property
    def remains(self) -> np.ndarray:
        """The costs from each frame on."""
        return np.cumsum(self.costs[::-1])[::-1]

    def step(self) -> None:
        """One more frame is there."""
        now, waited, at = time.monotonic(), self.work.waited, min(self.done, len(self.costs) - 1)
        if self.done:
            share = BESIDE if self.work.beside else 1.0
            self.seconds = FADING * self.seconds + share * max(0.0, now - self.last - (waited - self.waited))
            self.cost = FADING * self.cost + share * float(self.costs[at])
        self.last, self.waited, self.done = now, waited, self.done + 1

    @property
    def left(self) -> float | None:
        """Seconds to the end; None before the second frame."""
        return (
            self.seconds / self.cost * float(self.remains[min(self.done, len(self.costs) - 1)]) if self.cost else None
        )

    @property
    def each(self) -> float | None:
        """Seconds that a frame takes, on average over all that were to come; None before the second frame."""
        return self.seconds / self.cost * float(self.costs[:-1].mean()) if self.cost else None


def progress(
    frames: Iterable[T],
    total: int,
    *,
    done: int = 0,
    quiet: bool = False,
    costs: Costs | None = None,
    work: Work | None = None,
    counts: Callable[[T], bool] = lambda frame: True,
) -> Iterator[T]:
    """Passes frames through and shows frames done, seconds per frame and the time left; `done` were there before.

    costs, work: as in `Pace`; while the loop waits for a program, it says so. counts: whether one of `frames` is one.
    """
    if quiet:
        return iter(frames)
    pace = Pace(total - done, costs, work)
    shown = _bar if errors().isatty() else _lines
    return shown(frames, total, done, pace, counts)


def _bar(frames: Iterable[T], total: int, done: int, pace: Pace, counts: Callable[[T], bool]) -> Iterator[T]:
    with bar(total=total, initial=done, unit="frame", dynamic_ncols=True, desc="begins", bar_format=FORM) as shown:

        def waits() -> None:
            shown.set_description_str(waiting(pace.work) or "dreaming")

        pace.work.listen = waits
        for frame in frames:
            if counts(frame):
                pace.step()
                shown.set_description_str("dreaming", refresh=False)
                shown.set_postfix_str(spoken(pace), refresh=False)
                shown.update()
            yield frame


def _lines(frames: Iterable[T], total: int, done: int, pace: Pace, counts: Callable[[T], bool]) -> Iterator[T]:
    began = last = time.monotonic()

    def waits() -> None:
        nonlocal last
        if waiting(pace.work) and time.monotonic() - last >= LINE_EVERY:
            last = time.monotonic()
            say(f"frame {done + pace.done + 1} of {total} waits: {waiting(pace.work)}")

    pace.work.listen = waits
    for frame in frames:
        if counts(frame):
            pace.step()
            now, k = time.monotonic(), done + pace.done
            if pace.done == 1:
                say(f"frame {k} of {total} after {now - began:.1f} s")
            elif now - last >= LINE_EVERY or k == total:
                last = now
                say(f"frame {k} of {total}, {spoken(pace)}")
        yield frame


def waiting(work: Work) -> str:
    """What the loop waits for, or nothing."""
    return "compiling {} of {}".format(*work.waits) if work.waits else ""


def spoken(pace: Pace) -> str:
    """The pace in words: 0.52 s a frame, 3 min 20 s left."""
    if pace.left is None or pace.each is None:
        return ""
    return f"{pace.each:.2f} s a frame, {clock(pace.left)} left"


def clock(seconds: float) -> str:
    """Seconds as people write them: 48 s, 3 min 20 s, 5 h 02 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
