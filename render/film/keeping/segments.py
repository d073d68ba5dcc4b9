"""A film in segments until it is whole, and the joining of them without encoding again. No JAX here.

A segment begins with a picture that needs no other, so that segments behind each other are a film. media/ffmpeg.py
owns the processes. A picture is `[h, w, 3]`, of the kind that its codec takes.
"""

import os
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from io import FileIO
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from render.film.keeping.begun import MARKS, is_own, may_replace, note
from render.film.keeping.checkpoint import Progress
from render.media.clip import source
from render.media.codecs import Coding
from render.media.ffmpeg import FilmError, running
from render.media.paths import free
from render.media.system import discard, fitting, put, sync
from render.media.video import KINDS, Frame, Size, count_frames, raw

SECONDS = 2  # of film in a segment. 8 s at 640×360 grow by 1.1 % from it; from segments of 4 s by 0.4 %
SPOOLED = 10.0  # seconds: only films that take longer for a segment get a spool
_SAME_BYTES = ["-fflags", "+bitexact"]  # else WebM gets random numbers


def length_of(fps: Fraction) -> int:
    """How many pictures a segment has at least: SECONDS of film, but no fewer than 24 and no more than 240."""
    return min(max(round(SECONDS * fps), 24), 240)


def kept_of(folder: Path, at: Progress) -> list[Path]:
    """The files in the folder of a film's parts that a state needs."""
    segments = [file for file in folder.glob("segment-*") if int(file.name[8:14]) < at.segments]
    return [*segments, *folder.glob("kept-*[0-9]"), *([folder / f"spool-{at.segments:06d}"] if at.waiting else [])]


def joining(how: Coding, fps: Fraction) -> list[str]:
    """ffmpeg's arguments that make one film of segments, every frame at its own time."""
    if how.codec.apart:  # such a segment does not say how long its last frame is shown
        return how.filtered(fps, f"setpts=N/({fps})/TB,")
    # ffmpeg places segments to the microsecond; this makes every time the frame's own again, however many they are.
    exact = f"setts=pts=round(PTS*TB*{fps})/({fps})/TB:dts=round(DTS*TB*{fps})/({fps})/TB"
    # The bit rate that a container names is its first segment's, unless one is given: longer in a film that grows.
    return ["-c", "copy", "-b:v", "0", *how.finished, "-bsf:v", exact]


class Film:
    """A film in segments, in a folder of its own.

    The spool holds the open segment's pictures as they are, so that a state in its midst can be gone on from.
    """

    def __init__(self, path: Path, folder: Path, size: Size, fps: Fraction, how: Coding, times: int = 1) -> None:
        self.path, self.folder, self.size, self.fps = path, folder, size, Fraction(fps)
        self.codec, self.joined_by = how.codec, joining(how, self.fps)
        self.ending, self.how = how.codec.apart or (path.suffix.lower(), how.encoded)
        self.times = times  # that its pictures are in the film
        self.number, self.took, self.spooling = 0, SPOOLED, True
        self.ffmpeg: Any = None
        self.spool: FileIO | None = None
        self.stack = ExitStack()

    def segment(self, number: int) -> Path:
        """Where a whole segment lies."""
        return self.folder / f"segment-{number:06d}{self.ending}"

    def spool_of(self, number: int) -> Path:
        """Where the pictures of an open segment lie."""
        return self.folder / f"spool-{number:06d}"

    @property
    def open(self) -> Path:
        """The segment that is being written; the process id keeps an ffmpeg away that its own renderer left behind."""
        return self.folder / f"open-{self.number:06d}.{os.getpid()}{self.ending}"

    def ready(self, at: Progress) -> bool:
        spool = self.spool_of(at.segments)
        spooled = at.waiting == 0 or (spool.exists() and spool.stat().st_size >= at.waiting * self._bytes())
        return spooled and all(self.segment(number).exists() for number in range(at.segments))

    def begin(self, at: Progress) -> None:
        keep = {self.segment(number).name for number in range(at.segments)}
        keep |= {self.spool_of(at.segments).name} if at.waiting else set()
        for file in self.folder.iterdir():
            if is_own(file.name) and not file.name.startswith(("state-", "kept-")) and file.name not in keep | MARKS:
                discard(file)
        self.number = at.segments
        if at.waiting:
            os.truncate(self.spool_of(at.segments), at.waiting * self._bytes())
            self._open("ab")
            with self.spool_of(at.segments).open("rb") as pictures:
                while picture := pictures.read(self._bytes()):
                    self.ffmpeg.feed(picture)

    def adopt(self, film: Path, at: Progress) -> Progress:
        """The film's beginning becomes one segment, as it is: its pictures are not encoded again."""
        part = ["-c", "copy", "-frames:v", str(at.pictures), *_SAME_BYTES, f"file:{self.open}"]
        with running([*source(film), *part], str(film)):
            pass
        put(self.open, self.segment(0))
        return replace(at, segments=1, waiting=0)

    def write(self, picture: Frame) -> None:
        if self.ffmpeg is None:
            self._open()
        data = picture.tobytes()
        self.ffmpeg.feed(data)
        if self.spool:
            try:
                whole = self.spool.write(data) == len(data)
            except OSError:
                whole = False
            if not whole:  # a disk that is nearly full: the film itself may still fit
                self.spool, self.spooling = None, False

    def _open(self, mode: Literal["ab", "wb"] = "wb") -> None:
        self.began, self.spooling = monotonic(), self.took >= SPOOLED
        if self.spooling:
            try:
                self.spool = self.stack.enter_context(self.spool_of(self.number).open(mode, buffering=0))
            except OSError:
                self.spooling = False
        arguments = [*raw(self.size, self.fps, self.codec.depth), *self.how, f"file:{self.open}"]
        self.ffmpeg = self.stack.enter_context(running(arguments, str(self.path), stdin=subprocess.PIPE, bufsize=0))

    def close(self) -> None:
        self.stack.close()  # waits for ffmpeg, and raises its errors
        put(self.open, self.segment(self.number))
        self.ffmpeg, self.spool, self.number, self.took = None, None, self.number + 1, monotonic() - self.began

    def settle(self, at: Progress) -> None:
        if at.waiting:
            sync(self.spool_of(at.segments))
            sync(self.folder)

    def tidy(self, at: Progress) -> None:
        for spool in self.folder.glob("spool-*"):
            if spool.name < self.spool_of(at.segments - 1).name:  # the state before may need the one before
                discard(spool)

    def stop(self) -> None:
        if self.ffmpeg is not None:
            self.ffmpeg.popen.kill()

    def drop(self) -> None:
        if self.ffmpeg is not None:
            stopped = FilmError("stopped")
            self.stack.__exit__(FilmError, stopped, None)
            self.ffmpeg = None
        discard(self.open)

    def join(self, at: Progress, metadata: str) -> None:
        joined = self.joined(at, metadata, self.times)
        note(self.folder, joined)
        try:
            if may_replace(self.folder, self.path):
                return put(joined, self.path)
        except OSError:  # a player has the old one open
            if not os.path.lexists(self.path):
                raise
        self.path = free(self.path)
        put(joined, self.path)

    def salvage(self, at: Progress) -> Path | None:
        if not at.pictures:
            return None
        if at.waiting:
            self.close()
        name = fitting(f"{self.path.stem}_first_{at.pictures}", self.path.suffix)
        path = free(self.path.with_name(name))
        put(self.joined(replace(at, segments=self.number), ""), path)
        return path

    def joined(self, at: Progress, metadata: str, times: int = 1) -> Path:
        """The segments, so often, as one film, with metadata in ffmpeg's own form. FilmError: it would not be whole."""
        path = self.path
        names = "".join(f"file {self.segment(number).name}\n" for number in range(at.segments))
        (self.folder / "segments.txt").write_text(f"ffconcat version 1.0\n{names * times}")
        (self.folder / "metadata.txt").write_text(metadata or ";FFMETADATA1\n", encoding="utf-8")
        joined = self.folder / f"joined.{os.getpid()}{path.suffix.lower()}"
        # In the folder itself: to ffmpeg, a list's address ends at # and ?, and people have folders of such names.
        source = ["-f", "concat", "-i", "segments.txt", "-f", "ffmetadata", "-i", "metadata.txt"]
        source += ["-map", "0:v:0", "-map_metadata", "1"]
        with running([*source, *self.joined_by, *_SAME_BYTES, joined.name], str(path), cwd=self.folder):
            pass
        count = count_frames(joined)
        pictures = at.pictures * times
        shown = self.codec.shown(pictures, self.fps)
        if abs(count - shown) > (shown != pictures):
            raise FilmError(f"{path}: {count} of {pictures} frames could be joined; they are kept in {self.folder}")
        return joined

    def _bytes(self) -> int:
        return 3 * self.size[0] * self.size[1] * KINDS[self.codec.depth].itemsize
