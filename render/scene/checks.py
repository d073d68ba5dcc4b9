"""Looks at the files that a scene names, without reading them through or writing anything."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from render.language.marks import Mark, Problems, listed
from render.language.nearby import nearby
from render.media import ffmpeg
from render.media.codecs import CODECS, ENDINGS, IN_WORDS, NAMES, STILLS, Codec, codec_of
from render.media.endings import PICTURES
from render.media.paths import blocked, exists, is_numbered, lost
from render.scene.scene import Scene


def check_readable(path: Path, mark: Mark, key: str, problems: Problems, endings: Sequence[str] = ()) -> bool:
    """Notes a file that is missing, a folder or closed to us; says whether all is well.

    endings: of the files that may have been meant where it is missing; of none, any.
    """
    message = ""
    if os.path.isdir(path):
        message = f"{path} is a folder, not a file"
    elif not os.path.exists(path):
        message = f"there is no file {path}{nearby(path, [Path(), mark.folder], endings)}"
    elif not os.path.isfile(path):
        message = f"{path} is not a regular file"
    elif not os.access(path, os.R_OK):
        message = f"{path} may not be read (check its permissions)"
    if message:
        problems.add(mark, key, message)
    return not message


def check_picture(path: Path, mark: Mark, key: str, problems: Problems) -> None:
    """Notes a file that is no picture, by its header."""
    if not check_readable(path, mark, key, problems, PICTURES):
        return
    from render.media import pictures

    try:
        pictures.check_picture(path)
    except pictures.PictureError as error:
        problems.add(mark, key, _told(path, str(error)))


def _told(path: Path, message: str) -> str:
    if "export it" in message:
        return f"{path} is {message.rpartition(': cannot be read as a picture: ')[2]}"
    if "million pixels" in message or "bomb" in message:
        from render.media.pictures import MOST_PIXELS

        return f"{path} is too large; a picture may have {MOST_PIXELS / 1e6:.0f} million pixels"
    return f"{path} is no picture that can be read (PNG, JPEG, HEIC, WebP, TIFF, GIF, BMP … can)"


def check_output(scene: Scene, inputs: Sequence[Path], mark: Mark, problems: Problems, one_frame: bool = False) -> None:
    """Notes an output that its ending does not fit, that cannot be written, or that would replace one of the inputs.

    one_frame: only one of the scene's frames is to be written.
    """
    path = scene.output.path
    there = exists(path)
    source = lost(there, inputs)
    message = blocked(path, there) or _unfit(path, scene, one_frame)
    message = message or (f"{path} would replace {source}, which the film is made from" if source else "")
    if message:
        problems.add(mark, "output.path", message)


def _unfit(path: Path, scene: Scene, one_frame: bool) -> str:
    ending, numbered = path.suffix.lower(), is_numbered(path)
    if ending not in ENDINGS:
        return f"{path} ends in {ending or 'nothing'}; known endings are {IN_WORDS}"
    if "##" in path.name and not numbered:
        return f"{path}: only {listed(STILLS)} can be numbered; known endings are {IN_WORDS}"
    if numbered and not re.fullmatch(r"[^#]*#+[^#]*", path.name):
        return f"{path}: one run of # stands for the frame's number, as in frames/####.png"
    if one_frame:
        return "" if ending in STILLS else f"{path} is a film's; one frame is a still, and ends in {listed(STILLS)}"
    if ending in STILLS and not numbered and scene.output.record != "frames":
        return (
            f"{path} holds one frame, but record: {scene.output.record} makes many; write frames/####{ending} or a film"
        )
    if ending in STILLS and not numbered and scene.length > 1:
        return f"{path} holds one frame, but the film has {scene.length}; write frames/####{ending}, or set frames: 1"
    return ""


def check_coding(scene: Scene, quality: str | None, marks: Callable[[str], Mark | None], problems: Problems) -> None:
    """Notes what the film's codec cannot; marks: where a key stands, None where it is not given."""
    output, ending = scene.output, scene.output.path.suffix.lower()
    if ending not in ENDINGS or problems.about(("output.path", "output.codec", "output.depth")):
        return
    if output.codec and ending not in CODECS[output.codec].endings:
        _about(marks, problems, _misplaced(output.codec, ending))
        return
    codec = codec_of(output.path, output.codec, output.depth)
    if output.depth and ending != ".png" and (mark := marks("output.depth")):
        problems.add(mark, "output.depth", f"belongs to .png only; a {ending} here is {codec.words}")
    if output.transfer and not codec.tags and (mark := marks("output.transfer")):
        problems.add(mark, "output.transfer", f"{codec.words} names no curve to its player; leave it out")
    if must := codec.unfit(scene.size):
        w, h = scene.size
        by = f", which --quality {quality} makes it" if quality else ""
        _about(marks, problems, f"{codec.words}: width and height must be {must}, not {w}×{h}{by}")


def check_encoder(scene: Scene, marks: Callable[[str], Mark | None], problems: Problems) -> None:
    """Notes what this machine's ffmpeg, which is asked here, lacks of what the film's codec needs."""
    if missing := _missing(scene.output.coding.codec):
        _about(marks, problems, missing)


def _about(marks: Callable[[str], Mark | None], problems: Problems, message: str) -> None:
    key = "output.codec" if marks("output.codec") else "output.path"
    problems.add(marks(key) or marks("size") or Mark("output"), key, message)


def _misplaced(name: str, ending: str) -> str:
    own = [other for other in NAMES if ending in CODECS[other].endings]
    holds = f"a {ending} holds {listed(own)}" if own else f"a {ending} has no codec to choose"
    return f"{name} goes into {listed(CODECS[name].endings)}, not into {ending}; {holds}"


def _missing(codec: Codec) -> str:
    """What this machine's ffmpeg lacks of what a codec needs, or nothing; of an ffmpeg that does not start, too."""
    zscale = ["zscale"] if codec.filters.startswith("zscale") else []
    for kind, name in [*(("encoder", name) for name in codec.needed), *(("filter", name) for name in zscale)]:
        known = ffmpeg.knows(kind)
        if known and name not in known:
            own = f"{ffmpeg.program()} has no {kind} {name}"
            return f"{codec.words}: {own}; set IMAGEIO_FFMPEG_EXE to an ffmpeg that has, or choose another codec"
    return ""
