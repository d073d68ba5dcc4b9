"""The mark of a film that was begun: it alone lets a film replace what lies at its path, and only what it knows.

The mark is made when the first frame is there, and not before: a render that is refused changes nothing. It says what
the film is made of, and what lay at its path then; `ours` beside it, what the film itself looks like that is put there.
By their names, too, the parts' files are known as this program's: people may have put others beside them.
"""

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from render.film.keeping.checkpoint import durable
from render.media.paths import is_numbered
from render.media.system import NOBODYS, discard

MARK, OURS = "begun", "ours"
MARKS = {MARK, OURS}  # files in a film's parts
FOLDERS = re.compile(r"(gone\.)?(film|pass|\d+-\d+)")  # in `film.mp4.parts`
FILES = re.compile(  # in each of these; hidden ones are not whole yet, and have the number of the process that writes
    r"begun|ours|segments\.txt|metadata\.txt|(joined|open)\..+|(state|kept|segment|spool|open)-\d+.*|\..+\.\d+(\.\w+)?"
)


def is_own(name: str) -> bool:
    """Whether a file of this name among a film's parts is this program's, or a file manager's, and may be removed."""
    return bool(FILES.fullmatch(name)) or name in NOBODYS


def remove_own(folder: Path) -> None:
    """Removes a folder of a film's parts, but for what is not its own; a folder stays for that. OSError: no folder."""
    for file in sorted(folder.iterdir()):  # the mark first: without it nothing is replaced
        if is_own(file.name):
            discard(file)
    with suppress(OSError):
        folder.rmdir()


def begin(folder: Path, made: dict[str, Any], path: Path) -> None:
    """Marks the film at path as begun, in the folder of its parts; what lies at path by now may be replaced."""
    with suppress(OSError), durable(folder / MARK) as file:  # without it nothing will be replaced: no harm
        file.write(json.dumps({"made": made, "there": looks(path)}).encode())


def note(folder: Path, file: Path) -> None:
    """Remembers a whole film that is about to be put in its place."""
    with suppress(OSError):
        (folder / OURS).write_text(json.dumps(looks(file)))


def made_of(folder: Path) -> dict[str, Any] | None:
    """What the film was begun with whose parts are in the folder; None if it was not begun."""
    mark = _read(folder / MARK)
    return mark.get("made") if isinstance(mark, dict) else None


def may_replace(folder: Path, path: Path) -> bool:
    """Whether the film whose parts are in the folder may be put at path, as far as its mark can tell.

    What came there after the film was begun may not. Stills are put there one by one, and count as the film's own.
    """
    if not os.path.lexists(path):
        return True
    mark = _read(folder / MARK)
    if not isinstance(mark, dict):
        return False
    return is_numbered(path) or looks(path) in (mark.get("there"), _read(folder / OURS))


def looks(path: Path) -> list[int] | None:
    """By what a file is known again: its size and time, in whole seconds as some drives keep them; None without one."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return [status.st_size, int(status.st_mtime)]


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None
