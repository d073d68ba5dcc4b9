"""What keeps a film's pictures until the film is whole: segments.py, or for stills this file. No JAX here.

A picture is `[h, w, 3]`, of the kind that its codec takes; `at` is how far the film is, as a state says it.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from render.film.keeping.begun import note
from render.film.keeping.checkpoint import Progress
from render.media.paths import is_numbered, numbered
from render.media.stills import save
from render.media.system import put, whole_file
from render.media.video import Frame


class Store(Protocol):
    """What keeps a film's pictures. One thread at a time may call it; any thread `stop`."""

    path: Path  # where the film goes, and once it is joined, where it lies

    @property
    def spooling(self) -> bool:
        """Whether a state in the midst of the open segment can be gone on from."""

    def ready(self, at: Progress) -> bool:
        """Whether all that a state needs is there."""

    def begin(self, at: Progress) -> None:
        """Goes on from a state; what was kept after it is removed."""

    def adopt(self, film: Path, at: Progress) -> Progress:
        """Takes over what a finished film has up to a state, and says how far that is in parts of its own."""

    def write(self, picture: Frame) -> None:
        """Keeps one more picture."""

    def close(self) -> None:
        """Ends the open segment: it is whole, and on the disk."""

    def settle(self, at: Progress) -> None:
        """Returns when all pictures up to a state are on the disk."""

    def tidy(self, at: Progress) -> None:
        """Removes what no state that is kept can need."""

    def stop(self) -> None:
        """Makes a call that is in progress end soon."""

    def drop(self) -> None:
        """Ends what is open, and removes what is not whole."""

    def join(self, at: Progress, metadata: str) -> None:
        """Puts the whole film in its place, or beside what has come there since it was begun."""

    def salvage(self, at: Progress) -> Path | None:
        """Puts the pictures so far where they can be seen; None if there is none. No state may be saved after it."""


class Together:
    """The films of one pass as one: a picture is [n, h, w, 3], and a state is good if every film has what it needs."""

    def __init__(self, stores: Sequence[Store]) -> None:
        self.stores, self.path = stores, stores[0].path

    @property
    def spooling(self) -> bool:
        return all(store.spooling for store in self.stores)

    def ready(self, at: Progress) -> bool:
        return all(store.ready(at) for store in self.stores)

    def begin(self, at: Progress) -> None:
        for store in self.stores:
            store.begin(at)

    def adopt(self, film: Path, at: Progress) -> Progress:
        for store in self.stores:
            at = store.adopt(film, at)
        return at

    def write(self, picture: Frame) -> None:
        for store, own in zip(self.stores, picture, strict=True):
            store.write(own)

    def close(self) -> None:
        for store in self.stores:
            store.close()

    def settle(self, at: Progress) -> None:
        for store in self.stores:
            store.settle(at)

    def tidy(self, at: Progress) -> None:
        for store in self.stores:
            store.tidy(at)

    def stop(self) -> None:
        for store in self.stores:
            store.stop()

    def drop(self) -> None:
        with ExitStack() as every:  # each, whatever the others run into
            for store in self.stores:
                every.callback(store.drop)

    def join(self, at: Progress, metadata: str) -> None:
        for store in self.stores:
            store.join(at, metadata)

    def salvage(self, at: Progress) -> Path | None:
        first, *_ = [store.salvage(at) for store in self.stores]
        return first


class Stills:
    """Numbered stills, each whole, in its place and on the disk as soon as it is written; for a path without #, one."""

    spooling = True

    def __init__(self, path: Path, folder: Path, first: int) -> None:
        self.path, self.folder, self.first, self.count = path, folder, first, 0

    def ready(self, at: Progress) -> bool:
        return all(numbered(self.path, self.first + k).exists() for k in range(at.pictures))

    def begin(self, at: Progress) -> None:
        self.count = at.pictures

    def adopt(self, film: Path, at: Progress) -> Progress:
        for number in range(self.first, self.first + at.pictures):
            if numbered(film, number) != numbered(self.path, number):
                with whole_file(numbered(self.path, number), self.folder) as copy:
                    shutil.copyfile(numbered(film, number), copy)
        return at

    def write(self, picture: Frame) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)  # somebody may have removed what looked like a rest
        temporary = self.folder / f"open.{os.getpid()}{self.path.suffix}"
        save(temporary, picture)
        if not is_numbered(self.path):
            note(self.folder, temporary)
        put(temporary, numbered(self.path, self.first + self.count))
        self.count += 1

    def close(self) -> None: ...

    def settle(self, at: Progress) -> None: ...

    def tidy(self, at: Progress) -> None: ...

    def stop(self) -> None: ...

    def drop(self) -> None: ...

    def join(self, at: Progress, metadata: str) -> None: ...

    def salvage(self, at: Progress) -> Path | None:
        return self.path if at.pictures else None
