"""Paths that are written: what lies there already, and what would be lost. Every command asks here before it begins.

The rule: nothing is replaced unasked. `there` says what a path would replace, which --overwrite allows; what `lost` and
`blocked` say, nothing does.
"""

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile

from render.media.codecs import STILLS
from render.media.system import LONGEST, fitting

THERE = "is already there; --overwrite replaces it, -o PATH writes elsewhere"


def is_numbered(path: Path) -> bool:
    """Whether # in the path's name stand for a still's number; in a film's name they are what they are."""
    return path.suffix.lower() in STILLS and "#" in path.name


def numbered(path: Path, number: int) -> Path:
    """The path with the last run of # in its name as the number, padded with zeros to the run's length."""
    return path.with_name(re.sub(r"(?s)#+(?!.*#)", lambda run: f"{number:0{len(run[0])}d}", path.name))


def named(path: Path, name: str, joint: str = "_") -> Path:
    """Another film's path beside this one: film.mp4 → film_NAME.mp4; numbered stills get a folder each."""
    if is_numbered(path):
        return path.parent / fitting(name, "") / path.name
    return path.with_name(fitting(f"{path.stem}{joint}{name}", path.suffix))


def exists(path: str | os.PathLike[str]) -> list[Path]:
    """What a film or picture at path could replace: itself, or every still of its numbering, in order. Links count."""
    path = Path(path)
    if not is_numbered(path):
        return [path] if os.path.lexists(path) else []
    before, run, after = re.fullmatch(r"(?s)(.*?)(#+)([^#]*)", path.name).groups()  # type: ignore[union-attr]
    number = re.compile(re.escape(alike(before)) + rf"(\d{{{len(run)},}})" + re.escape(alike(after)))
    found = []
    for file in path.parent.glob("*"):
        if match := number.fullmatch(alike(file.name)):
            still = numbered(path, int(match[1]))
            # a name that differs in case only is the same file on some drives, and another one elsewhere
            if still.name == file.name or (alike(still.name) == alike(file.name) and os.path.lexists(still)):
                found.append((int(match[1]), file))
    return [file for _, file in sorted(found)]


def alike(name: str) -> str:
    """The same text for all names that some drive takes for one: upper and lower case, accents composed or not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def refusal(path: Path, inputs: Iterable[Path], overwrite: bool) -> str:
    """Why a single file is not written to path, or nothing; inputs: the files that it is made from."""
    there = [path] if os.path.lexists(path) else []
    if message := blocked(path, there):
        return message
    if source := lost(there, inputs):
        return f"{path} would replace {source}, which it is made from"
    return f"{path} {THERE}" if there and not overwrite else ""


def lost(there: Sequence[Path], inputs: Iterable[Path]) -> Path | None:
    """The first of the inputs that is one of the files that are there, by whatever name, link or spelling."""
    return next((source for source in inputs if any(_same(source, file) for file in there)), None)


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def blocked(path: Path, there: Sequence[Path]) -> str:
    """Why nothing can be written to path, where `there` is already, or nothing.

    Its name is too long, a folder lies there, or its own folder is none, or is closed.
    """
    for part in path.parts:
        if len(os.fsencode(part)) > LONGEST:
            return f"{part[:40]}… is too long for a name; {LONGEST} bytes are the most"
    for file in (path, *there):
        if os.path.isdir(file):
            return f"{file} is a folder"
    folder = path.absolute().parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not os.path.isdir(folder):
        return f"{folder} is in the way: it is no folder"
    if not os.access(folder, os.W_OK | os.X_OK) or _takes_none(folder):
        return f"the folder {folder} cannot be written"
    return ""


def _takes_none(folder: Path) -> bool:
    """Whether a folder that seems open takes no file: one of the system's own, such as /proc, which has no room at all.

    Only those are tried, so that elsewhere nothing is written before there is something to write.
    """
    try:
        if shutil.disk_usage(folder).total:
            return False
        with TemporaryFile(dir=folder):
            return False
    except OSError:
        return True


def free(path: Path) -> Path:
    """The path, or the first of film_2.mp4, film_3.mp4, … that is not there."""
    others = (path.with_name(fitting(f"{path.stem}_{number}", path.suffix)) for number in count(2))
    return path if not os.path.lexists(path) else next(other for other in others if not os.path.lexists(other))


def told_apart(paths: Sequence[Path]) -> list[Path]:
    """The paths, each that some drive takes for an earlier one with a number: so no film replaces another."""
    taken: set[str] = set()
    return [_untaken(path, taken) for path in paths]


def _untaken(path: Path, taken: set[str]) -> Path:
    stills = is_numbered(path)  # which are told apart by their folder
    place = path.parent if stills else path
    stem, ending = (place.name, "") if stills else (place.stem, place.suffix)
    names = (place.with_name(fitting(f"{stem}_{number}", ending)) for number in count(2))
    while alike(os.path.realpath(place)) in taken:  # two folders may be one, by a link or by `..`
        place = next(names)
    taken.add(alike(os.path.realpath(place)))
    return place / path.name if stills else place
