"""What depends on the operating system and its drives: keeping, replacing and removing files, locks, memory.

Everything here knows Linux, macOS and Windows, and drives that other machines lend (SMB, NFS, FUSE, WSL's). Only what
would lose a file's content is an error. tests/test_system.py plays each system where it is not.
"""

import ctypes
import errno
import os
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HAS_NONE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}  # drives that know no such call say these
HELD = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY}  # and these, while somebody else has the file open
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds: a virus scanner or an indexer lets a new file go soon
NOBODYS = {".DS_Store", "Thumbs.db", "desktop.ini", ".directory"}  # what file managers leave in folders
LONGEST = 255  # bytes of a name on nearly every drive
MODEST = 4e9  # bytes of memory where a system does not say how much it has


def patiently(call: Callable[..., Any], *arguments: Any) -> Any:
    """call(*arguments), again for a second or two while a file is held by another program. OSError: then still."""
    for pause in PAUSES:
        try:
            return call(*arguments)
        except OSError as error:
            if error.errno not in HELD:
                raise
        time.sleep(pause)
    return call(*arguments)


def sync(path: Path) -> None:
    """Waits until a file, or a folder's names, are on the disk. OSError: a file that cannot be; folders need not."""
    folder = path.is_dir()
    if folder and os.name == "nt":  # where folders cannot be opened
        return
    try:
        descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not folder and error.errno not in HAS_NONE:
            raise


def put(temporary: Path, path: Path) -> None:
    """Renames a whole file to its place, so that neither its content nor its name can be lost after this returns."""
    sync(temporary)
    patiently(os.replace, temporary, path)
    sync(path.parent)


def discard(path: Path) -> bool:
    """Removes a file, or a folder with all that is in it; whether it is gone. Nobody waits for what cannot be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return not path.exists()
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


@contextmanager
def whole_file(path: str | os.PathLike[str], folder: Path | None = None) -> Iterator[Path]:
    """Yields a name that becomes path, and is on the disk, when the block ends well; else path is as it was.

    It lies in `folder`, or hidden beside path, whose folder is made. It keeps path's ending, from which ffmpeg and
    Pillow know the format, and holds the process id, so that two runs do not meet.
    """
    path = Path(path)
    (folder or path.parent).mkdir(parents=True, exist_ok=True)
    temporary = (folder or path.parent) / fitting(f".{path.stem}.{os.getpid()}", path.suffix)
    try:
        yield temporary
        put(temporary, path)
    finally:
        discard(temporary)


def fitting(stem: str, ending: str) -> str:
    """stem + ending as a name that a drive can hold: where it is too long, a sum stands for the stem's end."""
    if len(os.fsencode(stem + ending)) <= LONGEST:
        return stem + ending
    import hashlib

    tail = f"~{hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]}{ending}"
    kept = stem
    while len(os.fsencode(kept + tail)) > LONGEST and kept:
        kept = kept[:-1]
    return kept + tail


def take(descriptor: int) -> bool:
    """Locks an open file for this process; whether nobody else has it. Where a drive knows no locks, nobody has."""
    try:
        import fcntl
    except ImportError:
        return _take_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    return True


def _take_on_windows(descriptor: int) -> bool:
    try:
        import msvcrt  # what it locks cannot be read by others: so a byte far behind the process id
    except ImportError:
        return True
    os.lseek(descriptor, 1 << 20, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def memory() -> float:
    """Bytes of memory that this process may use: the machine's, or less where a container says so."""
    total = _installed()
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # there is none, or it says "max"
            total = min(total, float(int(Path(limit).read_text())))
    return total


def _installed() -> float:
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf; others may not know the name
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if size > 0:
            return float(size)
    with suppress(AttributeError, OSError):
        status = (ctypes.c_ulonglong * 8)(64)  # MEMORYSTATUSEX: its length (a DWORD), load, total, …
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(status):  # type: ignore[attr-defined]
            return float(status[1])
    return MODEST


def resident() -> float:
    """Bytes of memory that this process has by now; 0 where that cannot be told."""
    with suppress(OSError, ValueError, AttributeError, IndexError):  # only Linux has it
        return float(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(most) if sys.platform == "darwin" else 1024.0 * most
    except ImportError:
        return 0.0


def own_group() -> dict[str, Any]:
    """What Popen takes so that Ctrl-C in a terminal reaches this process alone, and not the one that it starts."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined]
    return {"process_group": 0}


def others(status: os.stat_result) -> str:
    """Who else than this user and root could have written a file or folder, in words, or nothing.

    Windows keeps users apart by other means, and says nothing here.
    """
    own = getattr(os, "geteuid", None)
    if os.name == "nt" or own is None:
        return ""
    if status.st_uid not in (own(), 0):
        return f"belongs to user {status.st_uid}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"can be written by {'everybody' if status.st_mode & stat.S_IWOTH else 'its group'}"
    return ""


def in_a_folder() -> bool:
    """Whether the working folder is still there; on Linux and macOS it may have been removed."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def quoted(arguments: Sequence[str]) -> str:
    """A command line as this system's shell takes it."""
    return subprocess.list2cmdline(arguments) if os.name == "nt" else shlex.join(arguments)


def fill_standard() -> None:
    """Opens what is closed of stdin, stdout and stderr on nothing: the next file would get its number otherwise, and
    whatever a library says there would be written into that file."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
