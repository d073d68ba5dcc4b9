"""Compiling side by side and ahead of use: programs by name, each compiled once, in threads.

What the loop needs at once is compiled some at a time; what it will need later, one at a time in the order of need, so
that the dreaming goes on beside it.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

COMPILERS = 2  # compilations at a time: each uses several threads for a part of its time
AHEAD = 64  # programs at most that are compiled and were never used: those of a few sets of layers
MOST = 256  # programs at most that are held in memory, a megabyte or two each; those longest unused go first
LISTEN = 0.1  # seconds between two looks at what is waited for

Job = tuple[Hashable, Callable[[], Any]]  # a program's name, and what compiles it


class Work:
    """What the compilers are at, for whoever shows it: asked while somebody waits for them."""

    def __init__(self) -> None:
        self.waits: tuple[int, int] | None = None  # the loop waits for number i of n programs
        self.waited = 0.0  # seconds that it has waited in all
        self.beside = False  # whether something is compiled beside the dreaming
        self.listen: Callable[[], None] = lambda: None  # called now and then while the loop waits, and once after it


class Compilers:
    """Programs by name."""

    def __init__(self, work: Work | None = None) -> None:
        self.work = work or Work()
        self.futures: dict[Hashable, Future] = {}
        self.used: dict[Hashable, None] = {}  # in the order of their last use
        self.lock, self.at_once = threading.Lock(), threading.Semaphore(COMPILERS)

    def start(self, name: Hashable, work: Callable[[], Any]) -> Future:
        """The program of a name, being compiled in a thread of its own if it is not yet."""
        with self.lock:
            if name not in self.futures:
                future: Future = Future()
                self.futures[name] = future
                # a daemon, so that an interrupted render does not wait for a compiler
                threading.Thread(target=resolve, args=(future, work, self.at_once), daemon=True).start()
            return self.futures[name]

    def take(self, name: Hashable, work: Callable[[], Any], beside: Sequence[Future] = ()) -> Any:
        """The program of a name, waited for; beside: others that are wanted soon, for what is shown meanwhile."""
        future = self.start(name, work)
        if not future.done():
            self._wait(future, beside or [future])
        with self.lock:
            self.used.pop(name, None)
            self.used[name] = None
            if len(self.used) > MOST:
                oldest = next(iter(self.used))
                del self.used[oldest], self.futures[oldest]
        return future.result()

    def _wait(self, future: Future, beside: Sequence[Future]) -> None:
        began, before = monotonic(), self.work.waited
        while not future.done():
            self.work.waits = min(len(beside), 1 + sum(other.done() for other in beside)), len(beside)
            self.work.listen()
            with suppress(TimeoutError):
                future.exception(LISTEN)
            self.work.waited = before + monotonic() - began
        self.work.waits = None
        self.work.listen()

    @contextmanager
    def ahead(self, jobs: Iterable[Job]) -> Iterator[None]:
        """While the block runs, jobs are done in their order, one at a time; what fails tells whoever takes it."""
        ended = threading.Event()

        def run() -> None:
            for name, work in jobs:
                while not ended.is_set() and len(self.futures) - len(self.used) >= AHEAD:
                    ended.wait(LISTEN)
                if ended.is_set():
                    return
                future = self.start(name, work)
                self.work.beside = not future.done()
                while not future.done() and not ended.is_set():
                    with suppress(TimeoutError):
                        future.exception(LISTEN)
            self.work.beside = False

        threading.Thread(target=run, daemon=True).start()
        try:
            yield
        finally:
            ended.set()


def resolve(future: Future, work: Callable[[], Any], at_once: threading.Semaphore) -> None:
    """Gives a future its result, or its error."""
    try:
        with at_once:
            future.set_result(work())
    except BaseException as error:  # handed to whoever asks for the program
        future.set_exception(error)
