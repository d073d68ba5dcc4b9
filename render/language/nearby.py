"""The file that was meant where there is none: by its name, its ending, its folder, or where else it may lie."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

MOST_NAMES = 2000  # of a folder that are looked at, so that the answer is quick


def nearby(path: Path, elsewhere: Sequence[Path] = (), endings: Sequence[str] = ()) -> str:
    """'; did you mean …?' for a path that is not there, or nothing. `elsewhere`: folders where its name may lie, too.

    endings: those that are wanted; others are not offered.
    """
    found = next(filter(None, (_within(place, endings) for place in (path, *(at / path.name for at in elsewhere)))), "")
    return f"; did you mean '{found}'?" if found else ""


def _within(path: Path, endings: Sequence[str]) -> Path | None:
    """A file whose name is most like the path's, in its folder, or in the one that may have been meant."""
    try:
        folder = path.parent if path.parent.is_dir() else _folder(path.parent)
        return folder and _like(folder, path, endings)
    except (OSError, ValueError):  # no folder that may be read; a NUL
        return None


def _folder(path: Path) -> Path | None:
    """A folder named like one that is not there, or the one above, where the last folder is one too many."""
    name = _most_like(path.name, [entry.name for entry in _entries(path.parent) if entry.is_dir()])
    return path.with_name(name) if name else path.parent


def _like(folder: Path, path: Path, endings: Sequence[str]) -> Path | None:
    files = [
        name
        for name in (entry.name for entry in _entries(folder) if entry.is_file())
        if not endings or Path(name).suffix.lower() in endings
    ]
    stems = {Path(name).stem: name for name in sorted(files, key=lambda name: Path(name).suffix == path.suffix)}
    if path.name in files and folder / path.name != path:
        return folder / path.name
    stem = _most_like(path.stem if path.suffix else path.name, list(stems))
    return folder / stems[stem] if stem else None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(islice(entries, MOST_NAMES))


def _most_like(name: str, names: list[str]) -> str:
    lower = {one.lower(): one for one in names if not one.startswith(".")}
    close = get_close_matches(name.lower()[:100], lower, n=1, cutoff=0.65)
    return lower[close[0]] if close else ""
