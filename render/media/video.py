"""Films in and out, whole files only; codecs.py has what the ending of a path means.

frame: `[h, w, 3]`, RGB, on its way out in levels of 255 as uint8, times 257 as uint16, or as float32, as its codec's
depth says; float32, 0..255, on its way in. size: (w, h) in pixels.
No JAX here. render/media/ffmpeg.py owns the processes.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from render.media import clip
from render.media.clip import count_frames as count_frames
from render.media.clip import film_length as film_length
from render.media.codecs import ENDINGS, STILLS, Codec, Coding, codec_of, coding
from render.media.colours import coded_levels
from render.media.ffmpeg import FilmError, in_background, running
from render.media.paths import exists as exists
from render.media.paths import numbered as numbered
from render.media.pictures import Fit, over_grey
from render.media.stills import write_picture
from render.media.system import whole_file

Size = tuple[int, int]
Frame = NDArray[Any]
Write = Callable[[Frame], None]
KINDS: dict[int, np.dtype[Any]] = {
    8: np.dtype("u1"),
    16: np.dtype("<u2"),
    32: np.dtype("<f4"),
}  # of frames, by their depth
RAW = {8: "rgb24", 16: "rgb48le"}  # as ffmpeg calls them


def check_path(path: str | os.PathLike[str], size: Size, codec: Codec | None = None) -> None:
    """FilmError if no film of this size (w, h) can have this path: a folder, its ending, an odd size for its codec."""
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise FilmError(f"{path}: the ending is {ending!r}, and must be one of {', '.join(ENDINGS)}")
    if path.is_dir():
        raise FilmError(f"{path}: is a folder")
    codec = codec or codec_of(path)
    if must := codec.unfit(size):
        raise FilmError(f"{path}: the size is {size[0]}x{size[1]}, and must be {must} for {codec.words}")


@contextmanager
def film(
    path: str | os.PathLike[str], size: Size, fps: Fraction, how: Coding | None = None, first: int = 0
) -> Iterator[Write]:
    """Yields write(frame): the film of these frames is at path when the block ends well.

    The path's ending decides, and `how` where it leaves a choice: .mp4, .mov, .webm, .mkv, .gif, `####.png` or .exr for
    numbered stills (counted from first), or a plain .png or .exr for a film of one frame. Its folder is made. Encoding
    runs in a thread, behind a short queue. Frames are of the codec's depth; those of 8 bits do for any.
    When the block ends by an exception nothing is left: no partial file, process or thread; whole numbered stills stay.
    FilmError, from a later write or at the end: it cannot be encoded, cannot be written there, or has no frame.
    """
    path, count = Path(path), 0
    check_path(path, size, how and how.codec)
    how = how or coding(path)
    stills = path.suffix.lower() in STILLS
    with _stills(path, first) if stills else _whole_film(path, size, fps, how) as put:

        def write(frame: Frame) -> None:
            nonlocal count
            put(as_kept(frame, size, how.codec.depth))
            count += 1

        yield write
        if not count:
            raise FilmError(f"{path}: no frame was made, so there is no film")


def as_kept(frame: Frame, size: Size, depth: int) -> Frame:
    """A frame in the depth that a codec takes. ValueError: of another size, or of another depth that is not 8."""
    kinds = dict.fromkeys((KINDS[8], KINDS[depth]))
    if frame.dtype not in kinds or frame.shape != (size[1], size[0], 3):
        must = f"{' or '.join(kind.name for kind in kinds)} {(size[1], size[0], 3)}"
        raise ValueError(f"a frame is {frame.dtype} {frame.shape}, and must be {must}")
    if frame.dtype == KINDS[depth]:
        return frame
    return frame.astype(KINDS[depth]) * KINDS[depth].type(257 if depth == 16 else 1)


@contextmanager
def encoder(path: Path, size: Size, fps: Fraction, how: Coding, subject: str) -> Iterator[Write]:
    """Yields write(frame): ffmpeg encodes the frames into the file at path.

    subject is what a FilmError begins with. The file is whole once the block has ended well, and not before; nothing
    is renamed or removed here.
    """
    arguments = [*raw(size, fps, how.codec.depth), *how.filtered(fps), *how.finished, f"file:{path}"]
    with (
        running(arguments, subject, stdin=subprocess.PIPE, bufsize=0) as ffmpeg,
        in_background(ffmpeg.feed, cancel=ffmpeg.popen.kill) as put,
    ):
        yield lambda frame: put(frame.tobytes())  # a copy: the caller may go on with its own


def raw(size: Size, fps: Fraction, depth: int = 8) -> list[str]:
    """ffmpeg's arguments for frames that come through its pipe. A Fraction prints as 30000/1001, which it takes."""
    frames = ["-f", "rawvideo", "-pix_fmt", RAW[depth], "-s", f"{size[0]}x{size[1]}"]
    return [*frames, "-framerate", str(Fraction(fps)), "-i", "pipe:0"]


@contextmanager
def _whole_film(path: Path, size: Size, fps: Fraction, how: Coding) -> Iterator[Write]:
    _make_folder(path)
    with whole_file(path) as temporary, encoder(temporary, size, fps, how, str(path)) as write:
        yield write


@contextmanager
def _stills(path: Path, first: int) -> Iterator[Write]:
    """Numbered stills, each whole as soon as it is there; for a path without #, one."""
    _make_folder(path)
    count = 0

    def save(frame: Frame) -> None:
        nonlocal count
        if count and "#" not in path.name:
            raise FilmError(f"{path}: holds one frame; for a film of several write {path.stem}_####{path.suffix}")
        try:
            write_picture(numbered(path, first + count), frame)
        except OSError as error:
            raise FilmError(f"{path}: {error.strerror or error}") from error
        count += 1

    with in_background(save) as put:
        yield lambda frame: put(frame.copy())


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FilmError(f"{path}: its folder cannot be made: {error.strerror}") from error


def read_film(
    path: str | os.PathLike[str], size: Size, fps: Fraction, how: Fit = "cover"
) -> Iterator[NDArray[np.float32]]:
    """Every frame of the film at path, float32 sRGB `[h, w, 3]`, 0..255, in size (w, h) and at fps, one at a time.

    As players show it: upright, with square pixels, whole pictures of interlaced fields, HDR and wide gamut as sRGB.
    how: cover (cut alike on both sides) | contain (the rest mid-grey) | stretch. Transparent pixels lie over mid-grey.
    The generator owns its ffmpeg, and ends it when it is closed. FilmError: no film, or one that cannot be decoded.
    """
    (w, h), seen, count = size, clip.look(path), 0
    wide = seen.mapped or seen.deep  # which ffmpeg's way to 8 bits makes up to 1.5 levels too bright
    depth = np.dtype("<u2" if wide else "u1")
    kind = "rgba64le" if wide else "rgba"
    filters = ",".join([*_as_seen(seen, fps), *_fitted(size, how)])
    output = ["-vf", filters, "-fps_mode", "passthrough", "-pix_fmt", kind, "-f", "rawvideo", "pipe:1"]
    with clip.reading(path, output, ["-c:v", seen.decoder] if seen.decoder else []) as ffmpeg:
        while data := ffmpeg.take(w * h * 4 * depth.itemsize):
            yield _levels(np.frombuffer(data, depth).reshape(h, w, 4), seen)
            count += 1
    if not count:
        raise FilmError(f"{path}: has no frame that can be decoded at {float(fps):g} fps; a picture is a start.image")


def _as_seen(seen: clip.Look, fps: Fraction) -> Iterator[str]:
    """ffmpeg's filters that make pictures at fps of what a camera left: time from 0, whatever it began with."""
    yield "setpts=PTS-STARTPTS"
    if seen.interlaced:
        yield "bwdif=mode=send_frame:deint=interlaced"
    if seen.matrix:
        yield f"setparams=colorspace={seen.matrix}"
    if seen.mapped:  # by `_levels`, and not by ffmpeg as well
        yield "setparams=color_primaries=bt709:color_trc=bt709"
    yield f"fps={Fraction(fps)}"
    yield "scale=iw*sar:ih,setsar=1"


def _fitted(size: Size, how: Fit) -> Iterator[str]:
    w, h = size
    # Without these flags ffmpeg's greys come back up to 3 levels off, and tinted.
    scale = f"scale={w}:{h}:flags=lanczos+accurate_rnd+full_chroma_int"
    if how == "stretch":
        yield scale
    elif how == "cover":
        yield f"{scale}:force_original_aspect_ratio=increase,crop={w}:{h}"
    else:
        yield f"{scale}:force_original_aspect_ratio=decrease"
        yield f"format=rgba64le|rgba,pad={w}:{h}:(ow-iw)/2:(oh-ih)/2:color=black@0"


def _levels(rgba: NDArray[Any], seen: clip.Look) -> NDArray[np.float32]:
    if not seen.mapped:
        return over_grey(rgba / np.float32(257) if seen.deep else rgba)
    shown = rgba.astype(np.float32) / np.float32(65535)
    colours = coded_levels(shown[..., :3], seen.primaries, seen.curve)
    return over_grey(np.concatenate([colours, shown[..., 3:] * np.float32(255)], axis=2))
