"""What keeps a film while it is dreamed: pictures to a store, states to the disk, all in one thread behind a queue.

The caller decides, in frames and pictures only, where a segment ends: so the film is the same however it came about.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import numpy as np

from render.film.keeping.checkpoint import Progress, State, save
from render.film.keeping.store import Store
from render.media.ffmpeg import in_background

SAVED_EVERY = 20.0  # seconds between states, at most, where the store can be gone on with
LAST_WORDS = 20.0  # seconds that an interrupted render takes at most to save its state


class Recorder:
    """A film being recorded. at: all that was handed over; x: the last frame's state, [n, h, w, 3].

    put(job) runs a job later, in order; its errors come out of a later put.
    """

    def __init__(
        self,
        put: Callable[[Callable[[], None]], None],
        folder: Path,
        store: Store,
        made: dict[str, Any],
        state: State | None,
        segment: int,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.put, self.folder, self.store, self.made, self.segment = put, folder, store, made, segment
        self.tell, self.told = tell, False
        self.at = self.settled = self.saved = state.at if state else Progress()
        self.x: Any = state.x if state else None
        self.began = monotonic() - self.at.seconds
        self.due = monotonic() + SAVED_EVERY

    def add(self, picture: np.ndarray) -> None:
        """One more picture of the film, [h, w, 3] as its store takes it, which nobody changes any more."""
        self.put(partial(self.store.write, picture))
        self.at = replace(self.at, pictures=self.at.pictures + 1, waiting=self.at.waiting + 1)

    def done(self, frame: int, x: Any) -> None:
        """A frame is complete and has left the state x; pictures of it were added before."""
        self.at, self.x = replace(self.at, frame=frame + 1, seconds=monotonic() - self.began), x
        if self.at.waiting >= self.segment:
            self.close()
        elif monotonic() >= self.due:
            self.keep()
        self.settled = self.at

    def close(self) -> None:
        """Ends the segment."""
        self.put(self.store.close)
        self.at = replace(self.at, segments=self.at.segments + 1, waiting=0)
        self.keep()

    def keep(self) -> None:
        """Saves the state of now."""
        self.put(partial(self._save, self.at, self.x))
        self.saved, self.due = self.at, monotonic() + SAVED_EVERY

    def _save(self, at: Progress, x: Any) -> None:
        if at.waiting and not self.store.spooling:
            return
        try:
            self.store.settle(at)
            save(self.folder, State(self.made, at, np.asarray(x)))
            self.store.tidy(at)
        except OSError as error:  # the pictures are safe all the same
            if not self.told:
                self.tell(f"renders on, but cannot keep where it is: {error.strerror or error} ({self.folder})")
            self.told = True

    def finish(self) -> None:
        """All was added."""
        if self.at.waiting:
            self.at = replace(self.at, ended=True)
            self.close()
        elif self.saved != self.at:
            self.keep()

    def pause(self) -> None:
        """Keeps the last complete frame, if there is one that is not kept, before the film is left for now."""
        self.at = self.settled
        if self.at.frame > self.saved.frame:
            self.keep()
        self.wait()

    def salvage(self) -> Path | None:
        """Pauses, and makes a film of the frames so far beside the one that cannot go on; None if there is none."""
        at = self.at
        self.pause()
        made: list[Path | None] = []
        self.put(lambda: made.append(self.store.salvage(at)))
        self.wait()
        return made[0] if made else None

    def wait(self) -> None:
        """Returns when all that was handed over is done, or will not be."""
        written = Event()
        self.put(written.set)
        written.wait(LAST_WORDS)


@contextmanager
def recorder(
    folder: Path,
    store: Store,
    made: dict[str, Any],
    state: State | None,
    segment: int,
    tell: Callable[[str], None] = lambda text: None,
) -> Iterator[Recorder]:
    """A Recorder that goes on from a state; tell hears, once, that states cannot be kept.

    When the block ends well, everything is on the disk; if it is interrupted, the last complete frame is; whatever ends
    it, nothing that is not whole is left, and no thread or process.
    """
    try:
        with in_background(lambda job: job(), cancel=store.stop) as put:
            film = Recorder(put, folder, store, made, state, segment, tell)
            try:
                yield film
                film.finish()
            except KeyboardInterrupt:
                film.pause()
                raise
    except BaseException:
        store.drop()
        raise
