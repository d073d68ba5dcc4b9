"""The state of an unfinished film on disk: whole, checked by a sum of its own content, the last two of them.

A state is what the next frame grows from: x, float32 `[n, h, w, 3]`, and numbers about how far the film is. A file is
a line that names its kind, a SHA-256 over the rest, the length of a JSON header, that header, and x. No JAX here.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from render.media.system import discard, whole_file

MAGIC = b"dreamreel state 1\n"
KEPT = 2  # states: if the newer one is damaged, the older one is there


@dataclass(frozen=True)
class Progress:
    """How far a film is: `frame` is the next to be dreamed; all pictures before it are in segments or the spool."""

    frame: int = 0
    pictures: int = 0  # in the film so far
    segments: int = 0  # whole ones
    waiting: int = 0  # pictures in the spool, which belong to the segment that is open
    seconds: float = 0.0  # that rendering has taken
    ended: bool = False  # the last segment was ended by the film's end: a longer film would not have come by here


@dataclass(frozen=True)
class State:
    """What a film goes on from. `made` is everything that decides its pictures, as plain data."""

    made: dict[str, Any]
    at: Progress
    x: NDArray[np.float32]


def save(folder: Path, state: State) -> Path:
    """Writes a state, on the disk when this returns, and removes all but the last KEPT. OSError: it cannot be.

    The last one at a segment's end is kept, too: a finished film grows from it.
    """
    path = folder / f"state-{state.at.frame:09d}"
    write(path, state)
    files = states(folder)
    whole = next((file for file in files if _is_whole(file)), None)
    for old in files[KEPT:]:
        if old != whole:
            discard(old)
    return path


def write(path: Path, state: State) -> None:
    """Writes a state to a file, which is on the disk when this returns. OSError: it cannot be."""
    header = json.dumps({"made": state.made, "at": asdict(state.at), "shape": state.x.shape}).encode()
    content = struct.pack("<I", len(header)) + header + np.ascontiguousarray(state.x, "<f4").tobytes()
    with durable(path) as file:
        file.write(MAGIC + hashlib.sha256(content).digest() + content)


def _is_whole(path: Path) -> bool:
    """Whether a state is one at a segment's end that is not the film's end, as its header says."""
    with suppress(OSError, ValueError, struct.error), path.open("rb") as file:
        file.seek(len(MAGIC) + 32)
        (length,) = struct.unpack("<I", file.read(4))
        at = Progress(**json.loads(file.read(length))["at"])
        return not at.waiting and not at.ended
    return False


def load(path: Path) -> State | None:
    """The state in a file; None if it is missing, cut short, or not as it was written."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    at = len(MAGIC) + 32
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(data[at:]).digest() != data[len(MAGIC) : at]:
        return None
    (length,) = struct.unpack_from("<I", data, at)
    header = json.loads(data[at + 4 : at + 4 + length])
    x = np.frombuffer(data, "<f4", offset=at + 4 + length).reshape(header["shape"])
    return State(header["made"], Progress(**header["at"]), x)


def states(folder: Path) -> list[Path]:
    """The state files of a folder, the latest first."""
    return sorted(folder.glob("state-*[0-9]"), reverse=True)


@contextmanager
def durable(path: Path, folder: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write, which is at path, and on the disk, when the block ends well; else path is as it was.

    Until then it lies in `folder`, where nobody minds if it stays behind; or beside path.
    """
    with whole_file(path, folder) as temporary, temporary.open("wb") as file:
        yield file
