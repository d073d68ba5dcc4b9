"""What films and stills may be encoded as: one row of CODECS for each, and which of them an ending means unasked.

Everything that depends on it asks here: encoding, segments and the joining of them, what a scene may say, what pictures
are rounded to, where the record of a film lies.
"""

from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

SIDE = 16384  # pixels: a scene's longest


class Codec(NamedTuple):
    """How pictures are encoded; its parts are ffmpeg's arguments."""

    words: str
    endings: tuple[str, ...]  # of files that hold it, the usual one first
    encoder: str = ""  # ffmpeg's name of it; nothing: stills, which this program writes itself
    options: tuple[str, ...] = ()
    filters: str = ""  # from pictures to what it keeps
    tags: str = ""  # how its numbers are colours, but for the transfer; nothing: it cannot say
    pixels: str = ""
    depth: int = 8  # bits that pictures come in: 8, 16, or 32 for levels as floats
    dithered: bool = False  # whether rounding to 8 bits is spread, where no compression would pay for it
    crf: bool = False  # whether it takes a quality
    weight: float = 0.0  # bytes of a pixel, roughly, where it takes no quality
    keyframes: bool = False  # whether most of its frames need others
    multiple: int = 2  # of pixels, that sides must be
    least: tuple[int, int] = (1, 1)  # width and height
    most: tuple[int, int] = (SIDE, SIDE)
    apart: tuple[str, list[str]] | None = None  # ending and encoding of segments, where its own cannot be joined
    fastest: int | None = None  # frames a second; of more, it shows those that fit

    @property
    def needed(self) -> list[str]:
        """Every encoder that ffmpeg must have, segments' included."""
        return [*filter(None, [self.encoder]), *(self.apart[1][1:2] if self.apart else [])]

    def shown(self, frames: int, fps: Fraction) -> int:
        """How many of so many frames at fps it shows."""
        return frames if not self.fastest or fps <= self.fastest else ceil(frames * self.fastest / fps)

    def unfit(self, size: tuple[int, int]) -> str:
        """What sides must be that those of a size (w, h) are not, or nothing."""
        if any(side % self.multiple for side in size):
            return "even" if self.multiple == 2 else f"multiples of {self.multiple}"
        if any(side < least for side, least in zip(size, self.least, strict=True)):
            return f"at least {self.least[0]} and {self.least[1]}"
        if any(side > most for side, most in zip(size, self.most, strict=True)):
            return f"at most {self.most[0]} and {self.most[1]}"
        return ""


class Ending(NamedTuple):
    """What a file's ending means."""

    codec: str  # unless a scene names another
    finished: tuple[str, ...] = ()  # ffmpeg's arguments for the whole file, and not for a segment of it
    record: bool = True  # whether it can hold the record of how it was made, as a comment


class Coding(NamedTuple):
    """One film's own way: a row of CODECS, and what its scene says about it."""

    codec: Codec
    finished: tuple[str, ...] = ()
    crf: int = 17
    transfer: str = "srgb"
    keyframes: int | None = None

    @property
    def encoded(self) -> list[str]:
        """ffmpeg's arguments from raw frames to a segment, or to the whole film."""
        codec = self.codec
        tags = codec.tags and f"setparams=color_primaries=bt709:color_trc={TRANSFERS[self.transfer]}:{codec.tags}"
        filters = ",".join(filter(None, [codec.filters, tags]))
        how = ["-c:v", codec.encoder, *codec.options, *(["-vf", filters] if filters else [])]
        keyframes = ["-g", str(self.keyframes)] if self.keyframes and codec.keyframes else []
        return [*how, *(["-pix_fmt", codec.pixels] if codec.pixels else []), *keyframes, *self.quality]

    @property
    def quality(self) -> list[str]:
        """The part of `encoded` that says how good it is to be."""
        return ["-crf", str(self.crf)] if self.codec.crf else []

    def filtered(self, fps: Fraction, before: str = "") -> list[str]:
        """`encoded`, with what goes before its filters for frames at this rate."""
        if self.codec.fastest and fps > self.codec.fastest:
            before += f"fps={self.codec.fastest}:start_time=0:eof_action=pass,"
        pairs = zip(["", *self.encoded], self.encoded, strict=False)
        return [before + part if name == "-vf" else part for name, part in pairs]


# Scenes are sRGB. Tagged as BT.709's, of which players make a curve of their own, films look paler in some of them.
TRANSFERS = {"srgb": "iec61966-2-1", "bt709": "bt709"}
# Untagged films are BT.601 to ffmpeg and BT.709 to most players: so convert to BT.709, and say so in the file.
_YUV = "scale=out_color_matrix=bt709:out_range=tv"
# ffmpeg's own scaler makes 16 bits too bright on the way to 10: its white is 943, and not 940.
_DEEP_YUV = "zscale=matrix=709:range=limited:matrixin=gbr:rangein=full"
# A fixed number of threads: left alone, encoders take it from the machine, and x264's bytes depend on it.
_THREADS = ("-threads", "4")
_VP9 = ("-b:v", "0", "-row-mt", "1", "-deadline", "good", "-cpu-used", "4")
# In pictures smaller than its blocks, of 64 pixels, x265 writes where it may not: so `least` below.
_X265 = ("-preset", "medium", "-tag:v", "hvc1", "-x265-params", "log-level=none:open-gop=0:pools=4:frame-threads=1")
_SVT = ("-preset", "6", "-svtav1-params", "lp=4")
_CHUNKS = ("-chunks", "4", "-compressor", "snappy", *_THREADS)
_FFV1 = ("-level", "3", "-g", "1", "-slices", "4", "-slicecrc", "1", *_THREADS)  # each frame can be checked alone
# A palette for every frame, so that ffmpeg holds one frame and not the whole film; it loops for ever. The palette is
# chosen from every few pixels, unmixed: from all of them it takes 5 times as long as the rest.
_PALETTE = "scale='min(iw,240)':'min(ih,240)':flags=neighbor,palettegen=stats_mode=single"
_GIF = f"split[a][b];[a]{_PALETTE}[p];[b][p]paletteuse=new=1"
_LOSSLESS = ["-c:v", "ffv1", "-level", "3", *_THREADS, "-pix_fmt", "bgr0"]


def _yuv(words: str, endings: tuple[str, ...], encoder: str, *options: str, **more) -> Codec:
    """A row in Y'CbCr of BT.709, from pictures of 8 bits, or of more."""
    filters = _DEEP_YUV if more.get("depth", 8) > 8 else _YUV
    return Codec(words, endings, encoder, (*options, *_THREADS), filters, "colorspace=bt709:range=tv", **more)


_420: dict = {"pixels": "yuv420p", "crf": True, "keyframes": True}
_420_10: dict = {**_420, "pixels": "yuv420p10le", "depth": 16}
_422_10: dict = {"pixels": "yuv422p10le", "depth": 16}
_PRORES = "prores_ks", "-vendor", "apl0", "-profile:v"
_HAP = Codec(
    "HAP, 8 bits", (".mov",), "hap", ("-format", "hap", *_CHUNKS), pixels="rgba", dithered=True, multiple=4, weight=0.5
)

CODECS = {
    "h264": _yuv("H.264, 8 bits", (".mp4", ".mov", ".mkv"), "libx264", "-preset", "medium", **_420),
    "hevc": _yuv("HEVC, 10 bits", (".mp4", ".mov", ".mkv"), "libx265", *_X265, least=(64, 64), **_420_10),
    "av1": _yuv("AV1, 10 bits", (".mp4", ".webm", ".mkv"), "libsvtav1", *_SVT, most=(SIDE, 8704), **_420_10),
    "prores": _yuv("ProRes 422 HQ, 10 bits", (".mov",), *_PRORES, "3", weight=0.45, **_422_10),
    "prores4444": _yuv("ProRes 4444, 10 bits", (".mov",), *_PRORES, "4", pixels="yuv444p10le", depth=16, weight=0.7),
    "dnxhr": _yuv(
        "DNxHR HQX, 10 bits", (".mov",), "dnxhd", "-profile:v", "dnxhr_hqx", least=(256, 120), weight=0.45, **_422_10
    ),
    "hap": _HAP,
    "hap_q": _HAP._replace(words="HAP Q, 8 bits", options=("-format", "hap_q", *_CHUNKS), weight=1.0),
    "vp9": _yuv("VP9, 8 bits", (".webm", ".mkv"), "libvpx-vp9", *_VP9, **_420),
    "ffv1": Codec(
        "FFV1, lossless, 16 bits",
        (".mkv",),
        "ffv1",
        _FFV1,
        "",
        "colorspace=gbr:range=pc",
        "rgb48le",
        depth=16,
        weight=5.0,
    ),
    # Delays are in hundredths, and of fewer than 2 browsers make 10.
    # Most readers stop at the first one's end: its segments lose nothing, and are encoded when they are joined
    "gif": Codec(
        "GIF, 256 colours a frame",
        (".gif",),
        "gif",
        ("-loop", "0"),
        _GIF,
        dithered=True,
        multiple=1,
        weight=0.7,
        apart=(".nut", _LOSSLESS),
        fastest=50,
    ),
    "png": Codec("PNG, 8 bits", (".png",), dithered=True, multiple=1, weight=2.3),
    "png16": Codec("PNG, 16 bits", (".png",), depth=16, multiple=1, weight=5.0),
    "exr": Codec("EXR, half floats of linear light", (".exr",), depth=32, multiple=1, weight=5.0),
}
NAMES = tuple(name for name, codec in CODECS.items() if codec.encoder and name != "gif")  # that a scene may choose
_INDEX_FIRST = ("-movflags", "+faststart")
ENDINGS = {
    ".mp4": Ending("h264", _INDEX_FIRST),
    ".mov": Ending("h264", _INDEX_FIRST),
    ".webm": Ending("vp9"),
    ".mkv": Ending("ffv1"),
    ".gif": Ending("gif", record=False),
    ".png": Ending("png", record=False),
    ".exr": Ending("exr", record=False),
}
STILLS = tuple(ending for ending, means in ENDINGS.items() if not CODECS[means.codec].encoder)
FILMS = tuple(ending for ending in ENDINGS if ending not in STILLS)
IN_WORDS = f"{', '.join(FILMS)}, {' or '.join(STILLS)} for one frame, or frames/####.png for numbered stills"
HOLDING = tuple(ending for ending, means in ENDINGS.items() if means.record)  # films that hold their record themselves
BESIDE = tuple(ending for ending in ENDINGS if ending not in HOLDING)  # films whose record is beside them only


def codec_of(path: Path, name: str | None = None, depth: int | None = None) -> Codec:
    """The row for what a path's ending holds, by the name of a codec or the bits of a still. KeyError: no such ending.

    Whether the ending can hold it is `scene/checks.py`'s question.
    """
    usual = ENDINGS[path.suffix.lower()].codec
    return CODECS[name or ("png16" if usual == "png" and depth == 16 else usual)]


def coding(path: Path, name: str | None = None, depth: int | None = None, **said: Any) -> Coding:
    """How the film at a path is encoded; said: fields of Coding. KeyError: no film or still ends like this."""
    return Coding(codec_of(path, name, depth), ENDINGS[path.suffix.lower()].finished, **said)
