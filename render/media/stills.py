"""Stills out: PNGs of 8 and 16 bits, and EXRs of half floats. No JAX, and no ffmpeg, here.

frame: `[h, w, 3]`, RGB: sRGB in levels of 255 as uint8, times 257 as uint16, or as float32, which becomes light.
Pillow knows no PNG of 16 bits in colour, and no EXR.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.media.colours import CURVES
from render.media.system import whole_file

EFFORT = 6  # of zlib, whose own default it is: the same bytes whatever that becomes
ROWS = 16  # of an EXR's blocks: what ZIP compression means


def write_picture(path: str | os.PathLike[str], frame: NDArray[Any]) -> None:
    """Writes a frame as `save` does, whole or not at all. OSError: it cannot be written there."""
    with whole_file(path) as temporary:
        save(temporary, frame)


def save(path: Path, frame: NDArray[Any]) -> None:
    """Writes a frame into a file as its kind says: uint8 and uint16 as a PNG, float32 as an EXR. TypeError: another."""
    if frame.dtype == np.uint8:
        Image.fromarray(frame).save(path, format="PNG")
    elif frame.dtype == np.uint16:
        path.write_bytes(png16(frame))
    elif frame.dtype == np.float32:
        path.write_bytes(exr(frame))
    else:
        raise TypeError(f"a still is uint8, uint16 or float32, not {frame.dtype}")


def in_bytes(frame: NDArray[Any]) -> NDArray[np.uint8]:
    """A frame of any kind in levels of 255, rounded."""
    if frame.dtype == np.uint8:
        return frame
    levels = frame / np.float32(257) if frame.dtype == np.uint16 else frame
    return np.rint(levels).clip(0, 255).astype(np.uint8)


def png16(frame: NDArray[np.uint16]) -> bytes:
    """The PNG (ISO/IEC 15948) of a frame, uint16 `[h, w, 3]`, marked as sRGB; rows are filtered by those above."""
    h, w, _ = frame.shape
    rows = np.frombuffer(frame.astype(">u2").tobytes(), np.uint8).reshape(h, -1)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.concatenate([np.full((h, 1), 2, np.uint8), rows - above], axis=1)
    header = struct.pack(">IIBBBBB", w, h, 16, 2, 0, 0, 0)
    parts = {b"IHDR": header, b"sRGB": b"\0", b"IDAT": zlib.compress(filtered.tobytes(), EFFORT), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts.items())


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def exr(frame: NDArray[np.float32]) -> bytes:
    """The EXR of a frame, float32 `[h, w, 3]` in levels of sRGB: half floats of light, BT.709's primaries, white is 1.

    Scan lines, ZIP-compressed (openexr.com/en/latest/OpenEXRFileLayout.html).
    """
    h, w, _ = frame.shape
    light = CURVES[13]((frame / np.float32(255)).clip(0, 1)).astype("<f2")
    blocks = [_block(y, light[y : y + ROWS]) for y in range(0, h, ROWS)]
    header = b"\x76\x2f\x31\x01\2\0\0\0" + b"".join(_attributes(w, h)) + b"\0"
    first = len(header) + 8 * len(blocks)
    offsets = np.cumsum([first, *map(len, blocks)])[:-1].astype("<u8")
    return header + offsets.tobytes() + b"".join(blocks)


def _attributes(w: int, h: int) -> Iterator[bytes]:
    """An EXR's header, in the order that OpenEXR writes it: its window, and channels in their alphabet's order."""
    channel = struct.pack("<iB3xii", 1, 0, 1, 1)  # half, of every pixel
    window = struct.pack("<4i", 0, 0, w - 1, h - 1)
    said = [
        ("channels", "chlist", b"".join(name + b"\0" + channel for name in (b"B", b"G", b"R")) + b"\0"),
        ("chromaticities", "chromaticities", struct.pack("<8f", 0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)),
        ("compression", "compression", b"\3"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1)),
    ]
    for name, kind, value in said:
        yield name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value


def _block(y: int, rows: NDArray[np.float16]) -> bytes:
    """Rows from y on: channel by channel in each, low bytes apart from high ones, each byte less the one before."""
    data = np.frombuffer(rows[..., ::-1].transpose(0, 2, 1).tobytes(), np.uint8)
    apart = np.concatenate([data[0::2], data[1::2]])
    steps = np.concatenate([apart[:1], apart[1:] - apart[:-1] + np.uint8(128)])
    packed = zlib.compress(steps.tobytes(), EFFORT)
    packed = packed if len(packed) < data.size else data.tobytes()  # as it is, where that is shorter
    return struct.pack("<ii", y, len(packed)) + packed
