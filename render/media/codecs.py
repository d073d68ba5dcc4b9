"""What the ending of a film means: one row of CODECS for each.

Everything that depends on it asks here: encoding, segments and the joining of them, what a scene may say, where the
record of a film lies.
"""

from fractions import Fraction
from math import ceil
from typing import NamedTuple


class Codec(NamedTuple):
    """How a film is encoded; its parts are ffmpeg's arguments."""

    encoded: list[str]  # from raw frames
    finished: tuple[str, ...] = ()  # for the whole file, and not for a segment of it
    crf: bool = True  # whether it takes a quality
    record: bool = True  # whether it can hold the record of how it was made, as a comment
    apart: tuple[str, list[str]] | None = None  # ending and encoding of segments, where its own cannot be joined
    fastest: int | None = None  # frames a second; of more, it shows those that fit

    @property
    def encoder(self) -> str:
        """What ffmpeg calls what it encodes with."""
        return self.encoded[self.encoded.index("-c:v") + 1] if "-c:v" in self.encoded else "gif"

    @property
    def needed(self) -> list[str]:
        """Everything that ffmpeg must be able to encode with, segments included."""
        return [self.encoder, *(self.apart[1][1:2] if self.apart else [])]

    def filtered(self, fps: Fraction, before: str = "") -> list[str]:
        """`encoded`, with what goes before its filters for frames at this rate."""
        if self.fastest and fps > self.fastest:
            before += f"fps={self.fastest}:start_time=0:eof_action=pass,"
        pairs = zip(["", *self.encoded], self.encoded, strict=False)
        return [before + part if name == "-vf" else part for name, part in pairs]

    def shown(self, frames: int, fps: Fraction) -> int:
        """How many of so many frames at fps it shows."""
        return frames if not self.fastest or fps <= self.fastest else ceil(frames * self.fastest / fps)


# Untagged films are BT.601 to ffmpeg and BT.709 to most players: so convert to BT.709, and say so in the file.
_BT709 = (
    "scale=out_color_matrix=bt709:out_range=tv,"
    "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
)
_YUV = ["-pix_fmt", "yuv420p", "-vf", _BT709]
# A fixed number of threads: left alone, encoders take it from the machine, and x264's bytes depend on it.
_THREADS = ["-threads", "4"]
_H264 = ["-c:v", "libx264", "-preset", "medium", *_THREADS, *_YUV]
_VP9 = ["-c:v", "libvpx-vp9", "-b:v", "0", "-row-mt", "1", "-deadline", "good", "-cpu-used", "4", *_THREADS, *_YUV]
# A palette for every frame, so that ffmpeg holds one frame and not the whole film; it loops for ever. The palette is
# chosen from every few pixels, unmixed: from all of them it takes 5 times as long as the rest.
_PALETTE = "scale='min(iw,240)':'min(ih,240)':flags=neighbor,palettegen=stats_mode=single"
_GIF = ["-vf", f"split[a][b];[a]{_PALETTE}[p];[b][p]paletteuse=new=1", "-loop", "0"]
_LOSSLESS = ["-c:v", "ffv1", "-level", "3", *_THREADS, "-pix_fmt", "bgr0"]
_INDEX_FIRST = ("-movflags", "+faststart")

CODECS = {
    ".mp4": Codec(_H264, _INDEX_FIRST),
    ".mov": Codec(_H264, _INDEX_FIRST),
    ".webm": Codec(_VP9),
    # Delays are in hundredths, and of fewer than 2 browsers make 10.
    # Most readers stop at the first one's end: its segments lose nothing, and are encoded when they are joined
    ".gif": Codec(_GIF, crf=False, record=False, apart=(".nut", _LOSSLESS), fastest=50),
}
ENDINGS = (*CODECS, ".png")
IN_WORDS = f"{', '.join(CODECS)}, .png for one frame, or frames/####.png for numbered stills"
HOLDING = tuple(ending for ending, codec in CODECS.items() if codec.record)  # films that hold their record themselves
BESIDE = tuple(ending for ending in ENDINGS if ending not in HOLDING)  # films whose record is beside them only
