"""Whatever can be measured, opened: films of any format, numbered stills, folders of pictures, one picture.

A frame is float32 `[h, w, 3]`, 0..255, at the film's own size. Only what is asked for is read, one frame at a time.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from render.language.nearby import nearby
from render.media.clip import shown_size, timing
from render.media.ffmpeg import FilmError
from render.media.paths import exists, is_numbered
from render.media.pictures import fit, read_picture
from render.media.video import read_film
from render.scene.record import film_of, record_of

FILMS = (".mp4", ".mov", ".webm", ".mkv", ".gif", ".avi", ".m4v", ".mxf")  # what is taken out of a folder
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif")
USUAL = Fraction(24)  # frames a second of stills whose record tells no other
Frame = NDArray[np.float32]


class Footage(NamedTuple):
    """A film before it is read; `path` is what its record would be about."""

    path: Path
    size: tuple[int, int]  # w, h
    fps: Fraction
    length: int  # in frames, as far as it can be told without decoding
    frames: Callable[[], Iterator[Frame]]
    stills: bool = False


def within(path: Path) -> list[Path]:
    """The films that a path means: those in a folder of films, else itself."""
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return [path]
    return ordered(file for file in path.iterdir() if file.suffix.lower() in FILMS and visible(file)) or [path]


def belonging(path: Path) -> list[Path]:
    """The files that a film at path consists of, and its record."""
    files = exists(path) if is_numbered(path) else list(path.glob("*")) if path.is_dir() else [path]
    record = record_of(path)
    return [*files, *filter(None, [record])]


def opened(path: Path) -> Footage:
    """The film at path. FilmError, PictureError: there is none, or it cannot be read."""
    if path.is_dir():
        return folder(path)
    if is_numbered(path) and not path.is_file():
        stills = exists(path)
        if not stills:
            raise FilmError(f"{path}: there is no such still")
        return of_stills(path, stills)
    if not path.exists():
        raise FilmError(f"{path}: there is no such file{nearby(path)}")
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        raise FilmError(f"{path}: is a scene or a record; what is measured is the film that it makes")
    if path.suffix.lower() in PICTURES:
        return of_stills(path, [path])
    size, (count, fps) = shown_size(path), timing(path)
    return Footage(path, size, fps, count, lambda: read_film(path, size, fps))


def folder(path: Path) -> Footage:
    """A folder's pictures as one film, in the order of the numbers in their names."""
    pictures = ordered(file for file in path.iterdir() if file.suffix.lower() in PICTURES and visible(file))
    if not pictures:
        raise FilmError(f"{path}: is a folder without a film or a picture")
    records = (film_of(file) for file in path.glob("*.json"))
    numbered = next((path / name for name in records if is_numbered(Path(name))), None)
    own = exists(numbered) if numbered else []
    return of_stills(numbered, own) if numbered and own else of_stills(path, pictures)


def of_stills(path: Path, files: Sequence[Path]) -> Footage:
    """Stills as a film in the size of the first one."""
    h, w, _ = read_picture(files[0]).shape
    return Footage(path, (w, h), USUAL, len(files), lambda: (fit(read_picture(file), (w, h)) for file in files), True)


def ordered(files: Iterator[Path]) -> list[Path]:
    """Files by name, the numbers in them as numbers: 9 comes before 10."""
    return sorted(
        files,
        key=lambda file: [
            part.zfill(20) if part.isdecimal() else part for part in re.split(r"(\d+)", file.name.lower())
        ],
    )


def visible(file: Path) -> bool:
    """Whether it is a file that is not hidden, such as what a render is still writing."""
    return file.is_file() and not file.name.startswith(".") and os.access(file, os.R_OK)
