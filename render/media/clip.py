"""What a film says of itself: its colours, its fields, its times. No JAX here; media/ffmpeg.py owns the processes."""

import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from render.media import colours
from render.media.ffmpeg import FilmError, Process, running, said

WIDE = {"bt2020": 9, "smpte431": 11, "smpte432": 12}  # primaries, as ffmpeg calls H.273's code points
CURVES = {"smpte2084": colours.PQ, "arib-std-b67": colours.HLG, "iec61966-2-1": 13}  # every other is taken for BT.709's
WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # ffmpeg's own decoders of these leave it out
DISCARDED = 4  # of a packet's flags (AV_PKT_FLAG_DISCARD)
FIRST = 30  # seconds of a film whose times tell its frame rate


class Look(NamedTuple):
    """How a film's pictures are to be seen."""

    primaries: int = 1  # H.273
    curve: int = 1
    interlaced: bool = False
    matrix: str = ""  # of a film that names none; nothing: as it says itself
    decoder: str = ""  # nothing: ffmpeg's choice
    deep: bool = False  # RGB of more than 8 bits, as masters are

    @property
    def mapped(self) -> bool:
        """Whether its numbers are not sRGB's: HDR or wide gamut."""
        return not colours.means_srgb(self.primaries, self.curve)


def look(path: str | os.PathLike[str]) -> Look:
    """The Look of the film at path, from its header and first picture; of no film the usual one."""
    output = ["-vf", "showinfo=checksum=0", "-frames:v", "1", "-f", "null", "-"]
    try:
        text = said(["-v", "info", *source(path), *output], str(path))
    except FilmError:
        return Look()
    codec = re.search(r"Stream #0:\d+.*: Video: (\w+)", text)
    alpha = re.search(r"^ +alpha_mode +: 1 *$", text, re.MULTILINE | re.IGNORECASE)
    picture = re.search(r"\] n: *0 .* fmt:(\S+) .*\bs:(\d+)x(\d+) i:(.)", text)
    tags = dict(re.findall(r"\b(color_space|color_primaries|color_trc):(\S+)", text.partition("Output #0")[0]))
    primaries, curve = WIDE.get(tags.get("color_primaries", ""), 1), CURVES.get(tags.get("color_trc", ""), 1)
    if curve in (colours.PQ, colours.HLG) and tags.get("color_primaries", "unknown") == "unknown":
        primaries = 9
    return Look(
        primaries,
        curve if curve != 13 or primaries != 1 else 1,
        bool(picture and picture[4] in "TB"),
        _matrix(picture, primaries) if tags.get("color_space", "unknown") == "unknown" else "",
        WITH_ALPHA.get(codec[1], "") if codec and alpha else "",
        bool(picture and re.fullmatch(r"(gbra?p|rgb|bgr)[af]?\d\d[bl]e|rgba64[bl]e", picture[1])),
    )


def _matrix(picture: re.Match[str] | None, primaries: int) -> str:
    """What players take for the matrix of a film that names none: by its primaries, else by its size."""
    if not picture or not picture[1].startswith("yuv"):
        return ""
    if primaries == 9:
        return "bt2020nc"
    return "bt709" if int(picture[2]) >= 1280 or int(picture[3]) > 576 else "smpte170m"


def shown_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """(w, h) of the film at path as players show it: upright, with square pixels. FilmError: not a film."""
    output = ["-vf", "scale=iw*sar:ih,setsar=1,showinfo=checksum=0", "-frames:v", "1", "-f", "null", "-"]
    subject = f"{path}: not a film that can be read"
    found = re.search(r"\] n: *0 .*\bs:(\d+)x(\d+) ", said(["-v", "info", *source(path), *output], subject))
    if not found:
        raise FilmError(f"{path}: has no frame that can be decoded")
    return int(found[1]), int(found[2])


def has_sound(path: str | os.PathLike[str]) -> bool:
    """Whether the film at path has sound."""
    try:
        text = said(["-v", "info", *source(path), "-t", "0", "-f", "null", "-"], str(path))
    except FilmError:
        return False
    return bool(re.search(r"Stream #0:\d+.*: Audio: ", text))


def timing(path: str | os.PathLike[str]) -> tuple[int, Fraction]:
    """How many frames the film at path has, and how many a second. FilmError: not a film.

    One whose frames last unequally has the rate of its usual ones, and as many frames as fit its length.
    """
    shown, tick = _packets(path, ["-t", str(FIRST)], [])
    times = sorted(time for time, _ in shown)
    rate = _rate(times, tick) if len(times) > 1 and times[-1] > times[0] else Fraction(24)
    return max(1, round(film_length(path) * rate)), rate


def _rate(times: list[int], tick: Fraction) -> Fraction:
    """Frames a second of pictures at these ticks: what cameras use, where the ticks allow it."""
    gaps = sorted(after - before for before, after in pairwise(times) if after > before)
    mean, usual = Fraction(times[-1] - times[0], len(times) - 1), gaps[len(gaps) // 2]
    steady = gaps[-1] - gaps[0] <= max(2, usual // 50)
    gap = (mean if steady else Fraction(usual)) * tick
    unsure = tick / (len(times) - 1 if steady else 1)  # how far times in whole ticks leave it open
    lowest, highest = 1 / (gap + unsure), 1 / max(gap - unsure, gap / 2)
    usual_rates = [Fraction(round(1 / gap)), Fraction(round(1 / gap * Fraction(1001, 1000)) * 1000, 1001)]
    likely = [rate for rate in usual_rates if rate and lowest <= rate <= highest]
    rate = min(likely, key=lambda rate: abs(rate - 1 / gap), default=(1 / gap).limit_denominator(1001))
    return min(max(rate, Fraction(1, 100)), Fraction(1000))


def film_length(path: str | os.PathLike[str]) -> float:
    """How long the pictures of the film at path last, in seconds. FilmError: not a film.

    To the last packet, not as the header says: that is rounded to 10 ms, and counts the sound too.
    """
    begin, tick = _packets(path, [], ["-frames:v", "1"])
    begin = begin or _packets(path, ["-t", str(FIRST)], [])[0] or _packets(path, [], [])[0]
    end = _packets(path, ["-sseof", "-10"], [])[0] or _packets(path, [], [])[0]  # nearly all need only their last ones
    if not begin or not end:
        raise FilmError(f"{path}: has no pictures")
    return float((max(time + length for time, length in end) - min(begin)[0]) * tick)


def count_frames(path: str | os.PathLike[str]) -> int:
    """How many frames the film at path holds, read without decoding and kept nowhere. FilmError: not a film."""
    with reading(path, ["-c", "copy", "-f", "framecrc", "pipe:1"]) as ffmpeg:
        assert ffmpeg.popen.stdout is not None
        return sum(1 for line in ffmpeg.popen.stdout if not line.startswith(b"#"))


def _packets(
    path: str | os.PathLike[str], before: list[str], after: list[str]
) -> tuple[list[tuple[int, int]], Fraction]:
    """(time, duration) of the film's packets, or of those that ffmpeg's options choose, in ticks; a tick in seconds.

    Those that are decoded and not shown, as before the first picture of a film that was cut without encoding, are none.
    """
    output = ["-c", "copy", *after, "-f", "framecrc", "pipe:1"]
    with reading(path, output, ["-copyts", *before]) as ffmpeg:
        assert ffmpeg.popen.stdout is not None
        text = ffmpeg.popen.stdout.read().decode()
    unit = re.search(r"#tb 0: (\d+)/(\d+)", text)
    # stream, decoding time, presentation time, duration, size, sum, and for all but key frames their flags
    found = re.findall(r"^0, *-?\d+, *(-?\d+), *(\d+), *\d+, *0x\w+(?:, F=(0x\w+))?", text, re.MULTILINE)
    tick = Fraction(int(unit[1]), int(unit[2])) if unit else Fraction(1)
    return [(int(time), int(length)) for time, length, flags in found if not int(flags or "0", 16) & DISCARDED], tick


def source(path: str | os.PathLike[str]) -> list[str]:
    """ffmpeg's arguments that open the film at path, and choose its pictures; the cover of a song is none.

    Local files only: `file:` takes any name as it is, and a playlist cannot make ffmpeg open an address.
    """
    return ["-protocol_whitelist", "file,pipe", "-i", f"file:{os.fspath(path)}", "-map", "0:V:0"]


def reading(
    path: str | os.PathLike[str], output: list[str], before: Sequence[str] = ()
) -> AbstractContextManager[Process]:
    """An ffmpeg that reads the film at path, as output says."""
    arguments = [*before, *source(path), *output]
    return running(arguments, f"{path}: not a film that can be read", stdout=subprocess.PIPE)
