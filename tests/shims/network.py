"""A drive that another machine lends: folders cannot be synced, files have no locks, numbers or times of their own."""

import builtins
import errno
import os
import stat
import time


def install(patch=setattr, code: int = errno.EINVAL) -> None:
    fsync, load, fstat = os.fsync, builtins.__import__, os.fstat

    def fsync_files(descriptor):
        if stat.S_ISDIR(fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        fsync(descriptor)

    def renumbered(descriptor):
        """A file that is open has another number each time that it is asked for."""
        status = fstat(descriptor)
        return status if stat.S_ISDIR(status.st_mode) else os.stat_result((status[0], time.monotonic_ns(), *status[2:]))

    def load_without_locks(name, *more, **how):
        module = load(name, *more, **how)
        if name == "fcntl":
            patch(module, "flock", no_locks)
        return module

    def no_locks(descriptor, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    def no_times(path, *times, **how):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), os.fsdecode(path))

    patch(os, "fsync", fsync_files)
    patch(os, "utime", no_times)
    patch(os, "fstat", renumbered)
    patch(builtins, "__import__", load_without_locks)
