"""How far a render is, on stderr: a tqdm bar in a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from render.media.screen import bar, errors, say

T = TypeVar("T")

LINE_EVERY = 30.0  # seconds between lines when stderr is no terminal


def progress(frames: Iterable[T], total: int, *, done: int = 0, quiet: bool = False) -> Iterator[T]:
    """Passes frames through and shows frames done, seconds per frame and the time left; `done` were there before."""
    if quiet:
        return iter(frames)
    return _bar(frames, total, done) if errors().isatty() else _lines(frames, total, done)


def _bar(frames: Iterable[T], total: int, done: int) -> Iterator[T]:
    with bar(total=total, initial=done, unit="frame", smoothing=0.1, dynamic_ncols=True, desc="compiling") as shown:
        for k, frame in enumerate(frames):
            if k == 0:  # the first frame's time is mostly the compiler's; rate and time left start behind it
                shown.set_description("dreaming")
                shown.start_t = time.time()
            shown.update()
            yield frame


def _lines(frames: Iterable[T], total: int, done: int) -> Iterator[T]:
    began = first = last = time.monotonic()
    for k, frame in enumerate(frames, done + 1):
        now = time.monotonic()
        if k == done + 1:
            first = now
            say(f"frame {k} of {total} after {now - began:.1f} s")
        elif now - last >= LINE_EVERY or k == total:
            each, last = (now - first) / (k - done - 1), now
            left = clock(each * (total - k))
            say(f"frame {k} of {total}, {each:.2f} s a frame, {left} left")
        yield frame


def clock(seconds: float) -> str:
    """Seconds as people write them: 48 s, 3 min 20 s, 5 h 02 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
