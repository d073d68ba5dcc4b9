"""Windows: what is open can be neither removed nor replaced, a scanner holds each new file for a moment, locks are
msvcrt's, and there is no os.sysconf."""

import builtins
import errno
import os
from pathlib import Path
from types import SimpleNamespace

HELD = 2  # times that a new file cannot be renamed yet


def install(patch=setattr, held: int = HELD) -> None:
    import fcntl

    unlink, replace, load = os.unlink, os.replace, builtins.__import__
    tries: dict[str, int] = {}

    def refused(path):
        return PermissionError(errno.EACCES, "The process cannot access the file because it is being used", str(path))

    def check(path, folder=None):
        place = Path(os.readlink(f"/proc/self/fd/{folder}")) if folder is not None else Path()
        name = os.path.realpath(place / os.fsdecode(path))
        if any(other == name or other.startswith(name + os.sep) for other in opened()):
            raise refused(path)

    def unlink_closed(path, *, dir_fd=None):
        check(path, dir_fd)
        unlink(path, dir_fd=dir_fd)

    def replace_closed(source, target, **how):
        check(source)
        check(target)
        tries[str(source)] = tries.get(str(source), 0) + 1
        if tries[str(source)] <= held:
            raise refused(source)
        del tries[str(source)]
        replace(source, target, **how)

    def locking(descriptor, mode, count):
        assert (mode, count, os.lseek(descriptor, 0, os.SEEK_CUR)) == (2, 1, 1 << 20), "far behind what is read"
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def load_known(name, *more, **how):
        if name == "fcntl":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return SimpleNamespace(LK_NBLCK=2, locking=locking) if name == "msvcrt" else load(name, *more, **how)

    def no_name(*arguments):
        raise AttributeError("module 'os' has no attribute 'sysconf'")

    patch(os, "unlink", unlink_closed)
    patch(os, "remove", unlink_closed)
    patch(os, "replace", replace_closed)
    patch(os, "sysconf", no_name)
    patch(builtins, "__import__", load_known)


def opened() -> set[str]:
    """The real paths of this process's open files, but folders that are merely looked through."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            continue
    return {path for path in found if not os.path.isdir(path)}
