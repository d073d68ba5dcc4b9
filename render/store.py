"""What keeps a film's pictures until the film is whole: segments.py, or for stills this file. No JAX here.

A picture is uint8 `[h, w, 3]`; `at` is how far the film is, as a state says it.
"""

import os
from pathlib import Path
from typing import Protocol

from PIL import Image

from render.checkpoint import Progress, put
from render.video import Frame, numbered


class Store(Protocol):
    """What keeps a film's pictures. One thread at a time may call it; any thread `stop`."""

    spooling: bool  # whether a state in the midst of the open segment can be gone on from

    def ready(self, at: Progress) -> bool:
        """Whether all that a state needs is there."""

    def begin(self, at: Progress) -> None:
        """Goes on from a state; what was kept after it is removed."""

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
        """Puts the whole film in its place."""

    def salvage(self, at: Progress) -> Path | None:
        """Puts the pictures so far where they can be seen; None if there is none. No state may be saved after it."""


class Stills:
    """Numbered PNGs, each whole, in its place and on the disk as soon as it is written; for a path without #, one."""

    spooling = True

    def __init__(self, path: Path, folder: Path, first: int) -> None:
        self.path, self.folder, self.first, self.count = path, folder, first, 0

    def ready(self, at: Progress) -> bool:
        return all(numbered(self.path, self.first + k).exists() for k in range(at.pictures))

    def begin(self, at: Progress) -> None:
        self.count = at.pictures

    def write(self, picture: Frame) -> None:
        temporary = self.folder / f"open.{os.getpid()}.png"
        Image.fromarray(picture).save(temporary, format="PNG")
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
