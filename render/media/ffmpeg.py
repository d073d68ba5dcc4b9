"""The only place that starts ffmpeg: one block owns the process and always ends it. Knows nothing of where films go.

The process is started here, and not by imageio_ffmpeg's generators (whose ffmpeg it is), since those neither look at
ffmpeg's exit status nor keep its messages: a disk that fills up in the last second would pass for a whole film.
"""

import os
import queue
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any

from render.media.system import own_group

WAITING_FRAMES = 2  # queued behind the one that is being encoded: enough to overlap, little memory


class FilmError(RuntimeError):
    """A film could not be written or read; the message is one sentence for the person who asked for it."""


class SourceError(FilmError):
    """A film that was to be read is none, or does not hold what was asked of it."""


def version() -> str:
    """The version of the ffmpeg that is used. FilmError: it is none, or cannot be started."""
    from imageio_ffmpeg import get_ffmpeg_version

    try:
        return get_ffmpeg_version()
    except (OSError, RuntimeError, ValueError, LookupError, subprocess.SubprocessError) as error:
        named = os.environ.get("IMAGEIO_FFMPEG_EXE")
        way = f", as IMAGEIO_FFMPEG_EXE names it; without that there is imageio-ffmpeg's own ({named})" if named else ""
        raise FilmError(f"ffmpeg cannot be started{way}: {getattr(error, 'strerror', None) or error}") from None


def program() -> str:
    """The ffmpeg that is used. RuntimeError: there is none."""
    from imageio_ffmpeg import get_ffmpeg_exe

    return os.path.abspath(shutil.which(get_ffmpeg_exe()) or get_ffmpeg_exe())  # it may start in another folder


def knows(kind: str) -> frozenset[str]:
    """The names of all encoders or filters (kind: encoder, filter) that it has; none of one that does not start."""
    try:
        return _known(program(), kind)
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return frozenset()


@lru_cache
def _known(exe: str, kind: str) -> frozenset[str]:
    command = [exe, "-hide_banner", f"-{kind}s"]
    said = subprocess.run(command, capture_output=True, env=_environment(), timeout=20, check=True).stdout
    _, _, listed = said.decode(errors="replace").partition(
        f"{kind.capitalize()}s:"
    )  # another program says other things
    return frozenset(re.findall(r"^ +\S+ +(\w\S*) +\S", listed, re.MULTILINE))


class Process:
    """An ffmpeg that is running, the pipe to or from it, and what it has said so far.

    subject: what its errors are about, such as the film's path; their messages begin with it.
    """

    def __init__(self, arguments: Sequence[str], subject: str, log: IO[bytes], **pipes: Any) -> None:
        command = [program(), "-hide_banner", "-nostdin", "-v", "error", "-y", *arguments]
        self.subject, self.log = subject, log
        # A process group of its own: Ctrl-C in a terminal then reaches us alone, and we end ffmpeg in our own order.
        # Popen sets it without a preexec_fn, for which it would fork all of Python; JAX warns of that, with reason.
        self.popen = subprocess.Popen(command, stderr=log, env=_environment(), **own_group(), **pipes)

    def feed(self, data: bytes) -> None:
        """Write all of data to ffmpeg. FilmError, with its last words, if it takes no more."""
        assert self.popen.stdin is not None
        rest = memoryview(data)
        try:
            while rest:  # an unbuffered pipe may take a part only
                rest = rest[self.popen.stdin.write(rest) :]
        except OSError:
            raise self._failure() from None

    def take(self, size: int) -> bytes | None:
        """Read size bytes from ffmpeg; None at its end, where an incomplete last piece is dropped."""
        assert self.popen.stdout is not None
        data = self.popen.stdout.read(size)
        return data if len(data) == size else None

    def finish(self) -> None:
        """Tell ffmpeg that this was all, and wait for it. FilmError if it failed."""
        if self.popen.stdin:
            self.popen.stdin.close()
        if self.popen.wait():
            raise self._failure()

    def _failure(self) -> FilmError:
        try:  # it has closed its end of the pipe: a moment to say why, and go
            status = self.popen.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return FilmError(f"{self.subject}: ffmpeg takes no more frames, and does not end")
        self.log.seek(0)
        text = re.sub(r"\[[^]\n]* @ 0x\w+\] *", "", self.log.read().decode(errors="replace"))
        said = [line.strip() for line in text.splitlines() if line.strip()] or [f"status {status}"]
        if status < 0:
            return FilmError(f"{self.subject}: ffmpeg was ended by signal {-status}")
        if "matches no streams" in text:
            return FilmError(f"{self.subject}: it has no pictures")
        # The first line is the cause, the last what came of it.
        return FilmError(f"{self.subject}: ffmpeg failed: {'; '.join(dict.fromkeys((said[0], said[-1])))}")


def _environment() -> dict[str, str]:
    """Ours, but for what would colour ffmpeg's words, which are read here, or make it leave reports where it runs.

    SVT-AV1 says on its own what it does, unless its variable holds it to errors.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AV_LOG_", "FFREPORT"))}
    return {"SVT_LOG": "1", **kept}


def _log() -> IO[bytes]:
    """A file for what ffmpeg says, which is gone with it; none where no folder takes one."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return open(os.devnull, "w+b")


@contextmanager
def running(arguments: Sequence[str], subject: str, **pipes: Any) -> Iterator[Process]:
    """An ffmpeg with these arguments (pipes: as for Popen), which has completed when the block ends well.

    Whatever else ends the block, KeyboardInterrupt and GeneratorExit included: ffmpeg is killed and waited for.
    FilmError, its message beginning with subject: ffmpeg could not be started, or failed.
    """
    with _log() as log:
        try:
            process = Process(arguments, subject, log, **pipes)
        except (OSError, RuntimeError) as error:
            raise FilmError(f"{subject}: ffmpeg cannot be started: {error}") from error
        with process.popen as popen:
            try:
                yield process
                process.finish()
            finally:
                popen.kill()  # nothing happens to one that has ended
                popen.wait()


def said(arguments: Sequence[str], subject: str) -> str:
    """All that an ffmpeg with these arguments says, once it has completed. FilmError: as running raises it."""
    with running(arguments, subject) as process:
        process.finish()
        process.log.seek(0)
        return process.log.read().decode(errors="replace")


@contextmanager
def in_background(
    work: Callable[[Any], None], cancel: Callable[[], None] = lambda: None
) -> Iterator[Callable[[Any], None]]:
    """Yields put(item): work(item) is then done in one thread, in order, behind a queue of WAITING_FRAMES.

    The first error of work is raised by the next put, or at the end; what was queued after it is dropped. When the
    block ends by an exception, cancel() is called, which must make a work in progress return soon. The thread ends.
    """
    todo: queue.Queue[Any] = queue.Queue(WAITING_FRAMES)
    errors: list[BaseException] = []
    end = object()

    def run() -> None:
        while (item := todo.get()) is not end:  # after an error too, so that put never waits for ever
            try:
                if not errors:
                    work(item)
            except BaseException as error:
                errors.append(error)

    def put(item: Any) -> None:
        if errors:
            raise errors[0]
        todo.put(item)

    thread = threading.Thread(target=run, name="film writer", daemon=True)
    thread.start()
    try:
        yield put
    except BaseException as error:
        errors.append(error)
        cancel()
        raise
    finally:
        todo.put(end)
        thread.join()
    if errors:
        raise errors[0]
