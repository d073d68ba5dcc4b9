"""A film's latest frame beside it while it renders, `film.preview.jpg`: whole at any moment, and gone with the render.

It never ends a film: where it cannot be written, there is none. It is known again by a comment in it, so that what a
killed renderer left is replaced, and a picture of somebody else's never is. A picture is `[h, w, 3]`, of any depth.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import numpy as np
from PIL import Image

from render.media.paths import is_numbered
from render.media.stills import in_bytes
from render.media.system import discard, fitting

COMMENT = b"Dreamreel's preview: the latest frame of a film that is being rendered"
EVERY = 1.0  # seconds from one to the next, at least
HEAD = 1024  # bytes of a JPEG in which its comment is


class Previews:
    """The previews of films that are rendered in one pass; each with a folder for what is not whole yet."""

    def __init__(self, films: Sequence[Path], folders: Sequence[Path]) -> None:
        self.places = [(preview_of(film), folder) for film, folder in zip(films, folders, strict=True)]
        self.next = 0.0

    def due(self) -> bool:
        """Whether it is time for the next one; a second follows each that was."""
        now = monotonic()
        if not self.places or now < self.next:
            return False
        self.next = now + EVERY
        return True

    def show(self, pictures: np.ndarray | Sequence[np.ndarray]) -> None:
        """Puts a picture of each film in its place, where nobody else's lies."""
        for picture, (path, folder) in zip(pictures, self.places, strict=True):
            with suppress(Exception):  # whatever it is, the film is worth more
                if may_be(path):
                    temporary = folder / f".preview.{os.getpid()}.jpg"
                    Image.fromarray(in_bytes(picture)).save(temporary, format="JPEG", quality=88, comment=COMMENT)
                    os.replace(temporary, path)

    def remove(self) -> None:
        """Removes them, and what was not whole."""
        for path, folder in self.places:
            discard(folder / f".preview.{os.getpid()}.jpg")
            if os.path.lexists(path) and may_be(path):
                discard(path)


@contextmanager
def previews(films: Sequence[Path], folders: Sequence[Path]) -> Iterator[Previews]:
    """Previews that go when the block ends, however it ends."""
    shown = Previews(films, folders)
    try:
        yield shown
    finally:
        shown.remove()


def preview_of(film: Path) -> Path:
    """Where the preview of the film at a path lies; of numbered stills it has their name without the number."""
    stem = film.stem.replace("#", "").strip("_-. ") if is_numbered(film) else film.stem
    return film.with_name(fitting(f"{stem}.preview" if stem else "preview", ".jpg"))


def may_be(path: Path) -> bool:
    """Whether a preview may be put at path: nothing lies there, or a preview."""
    try:
        with path.open("rb") as file:
            return not path.is_symlink() and COMMENT in file.read(HEAD)
    except OSError:
        return not os.path.lexists(path)
