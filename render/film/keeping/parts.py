"""The folder of an unfinished film, `film.mp4.parts` beside it: who may write there, and which state to go on from.

`lock` says who is rendering. What is rendered lies in `film`, or for --frames A:B in `A-B`: whole segments, states.
"""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from render.film.keeping.begun import FOLDERS, is_own, made_of, remove_own
from render.film.keeping.checkpoint import Progress, State, load, states
from render.media.ffmpeg import FilmError
from render.media.system import NOBODYS, discard, fitting, patiently, take

Range = tuple[int, int]


class LockedError(FilmError):
    """Somebody else is rendering the same film."""


class ChangedError(FilmError):
    """An unfinished film was begun otherwise than it is to go on."""


def parts_of(path: Path) -> Path:
    """Where the parts of the film at path lie until it is whole."""
    return path.with_name(fitting(path.name, ".parts"))


def folder_of(path: Path, only: Range | None) -> Path:
    """Where the parts of the film, or of the frames `only`, lie."""
    return parts_of(path) / (f"{only[0]}-{only[1]}" if only else "film")


def pass_of(path: Path) -> Path:
    """Where the parts of a film lie that is rendered in one pass with others."""
    return parts_of(path) / "pass"


def unfinished(path: Path, only: Range | None) -> Path | None:
    """The parts of a film that was begun, alone or in a pass, and not ended; None if there are none."""
    folders = [folder_of(path, only), *([] if only else [pass_of(path)])]
    return next((folder for folder in folders if made_of(folder) is not None), None)


@contextmanager
def locked(path: Path) -> Iterator[Path]:
    """Holds the lock of the film at path: the parts' folder, made if it must be, and removed if nothing is left in it.

    The lock is the operating system's, so that it goes with the process, whatever ends it. LockedError, with the
    other's process id: it is held. OSError: the folder cannot be made. What cannot be tidied up at the end stays.
    """
    parts = parts_of(path)
    lock = _held(path, parts)
    try:
        yield parts
    finally:
        try:
            with suppress(OSError):
                tidy(parts)
        finally:
            _let_go(parts, lock)


def ready(path: Path) -> None:
    """LockedError, OSError: what `locked` would raise; nothing is made."""
    parts = parts_of(path)
    if not os.path.lexists(parts):
        return
    if not parts.is_dir():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(parts))
    if not os.access(parts, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(parts))
    if (parts / "lock").exists():
        os.close(_opened(path, parts))


def tidy(parts: Path) -> None:
    """Removes what no film goes on from: the rest of what was cleared, and what nobody put there."""
    for file in parts.iterdir():
        if file.name in NOBODYS:
            discard(file)
        elif file.name.startswith("gone.") and FOLDERS.fullmatch(file.name) and file.is_dir():
            remove_own(file)


def _let_go(parts: Path, lock: int) -> None:
    """Gives the lock back, and removes it with its folder where nothing else is left.

    It is removed first, so that nobody takes a lock that is about to go. Where no open file can be removed it must be
    given back before; there a lock that somebody else has opened meanwhile stays for the same reason.
    """
    alone = removed = False
    try:
        with suppress(OSError, ValueError):
            names = [file.name for file in parts.iterdir() if file.name == "lock" or FOLDERS.fullmatch(file.name)]
            # it may have been removed, and be another's by now
            alone = not names or (names == ["lock"] and (parts / "lock").read_text() in ("", _own()))
        removed = alone and discard(parts / "lock")
    finally:
        os.close(lock)
    if alone and (removed or discard(parts / "lock")):
        with suppress(OSError):
            parts.rmdir()


def _own() -> str:
    """What our lock says."""
    return f"{os.getpid()}\n"


def _opened(path: Path, parts: Path) -> int:
    """The lock, open and taken. LockedError: by somebody else."""
    lock = os.open(parts / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if take(lock):
            return lock
        owner = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        raise LockedError(f"{path}: is being rendered already, by process {owner}")
    except BaseException:
        os.close(lock)
        raise


def _held(path: Path, parts: Path) -> int:
    """The open lock, once it is ours; again if another process has removed the file that we opened."""
    for _ in range(100):  # a drive may number its files anew each time: then they never look the same
        parts.mkdir(parents=True, exist_ok=True)
        try:
            lock = _opened(path, parts)
        except FileNotFoundError:  # another process has just ended, and removed the folder
            continue
        try:
            if os.path.exists(parts / "lock") and os.path.samestat(os.fstat(lock), os.stat(parts / "lock")):
                break
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
    else:
        lock = _opened(path, parts)
    with suppress(OSError):  # it is for people to read
        os.ftruncate(lock, 0)
        os.write(lock, _own().encode())
    return lock


def latest(
    folder: Path,
    made: dict[str, Any],
    usable: Callable[[Progress], bool],
    grows: Callable[[dict[str, Any], int], bool] = lambda made, frame: False,
) -> tuple[State | None, bool]:
    """The newest usable state in a folder, and whether a newer one is damaged.

    grows(what a state was made of, its frame): whether a film that is made otherwise may go on from it all the same.
    ChangedError: it was made otherwise than `made`, and how.
    """
    damaged = False
    for file in states(folder):
        state = load(file)
        changes = differences(state.made, made) if state else []
        if state and changes and not grows(state.made, state.at.frame):
            raise ChangedError("; ".join(changes))
        if state and usable(state.at) and not (changes and state.at.ended):
            return state, damaged
        damaged = damaged or not (state and changes)
    return None, damaged


def forget_later(folder: Path, state: State | None) -> None:
    """Removes the states after the one that is gone on from: what they need is about to be made anew."""
    for file in states(folder):
        if state is not None and file.name > f"state-{state.at.frame:09d}":
            discard(file)


def nearest(
    path: Path,
    others: Sequence[Path],
    first: int,
    made: dict[str, Any],
    usable: Callable[[Path, Progress], bool] = lambda folder, at: True,
) -> tuple[State, Path] | None:
    """Of all unfinished films at these paths the latest usable state at or before a step that was made as `made`, but
    for the frames that were asked for, and the folder that it lies in. Its pictures are not those of this film."""
    found = [file for film in {path, *others} for file in parts_of(film).glob("*/state-*[0-9]")]
    best: tuple[State, Path] | None = None
    for file in found:
        if (state := load(file)) is None:
            continue
        same = not differences({**state.made, "only": None}, {**made, "only": None})
        later = state.at.frame <= first and (best is None or state.at.frame > best[0].at.frame)
        if same and later and usable(file.parent, state.at):
            best = state, file.parent
    return best


def differences(old: Any, new: Any, key: str = "") -> list[str]:
    """What changed between two plain mappings: `dream.step_size was 1.5 and is 2`."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [*old, *(name for name in new if name not in old)]
        return [line for n in names for line in differences(old.get(n), new.get(n), f"{key}.{n}".strip("."))]
    return [] if old == new else [f"{key.removeprefix('scene.')} was {_short(old)} and is {_short(new)}"]


def _short(value: Any) -> str:
    text = "not given" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:40]}…{text[-8:]}"


def clear(folder: Path) -> None:
    """Removes a film's parts: at once, as for other processes and for a later one that finds a rest of it.

    What people have put there stays, where they have put it.
    """
    gone = folder.with_name(f"gone.{folder.name}")
    with suppress(OSError):
        remove_own(gone)
    with suppress(OSError):
        if not gone.exists() and all(is_own(file.name) for file in folder.iterdir()):
            patiently(os.replace, folder, gone)
    for rest in (gone, folder):
        with suppress(OSError):
            remove_own(rest)
