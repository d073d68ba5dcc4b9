"""HEIC, phones' photographs, which Pillow cannot read: by pillow-heif where it is installed, else by ffmpeg."""

import os
import re
import struct
import subprocess
from io import BytesIO

from PIL import Image

from render.media.ffmpeg import FilmError, running

BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def is_heic(head: bytes) -> bool:
    """Whether a file that begins so is a HEIF picture coded as HEVC, whatever its name; AVIF is Pillow's."""
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}
    return head[4:8] == b"ftyp" and bool(brands & BRANDS) and not brands & {b"avif", b"avis", b"qt  "}


def as_png(path: str | os.PathLike[str]) -> bytes:
    """The picture as a PNG, upright, with its profile. ValueError: nothing here can read it."""
    try:
        return _by_heif(path)
    except ImportError:
        pass
    try:
        return by_ffmpeg(path)
    except (FilmError, struct.error):
        raise ValueError("a HEIC photo, which cannot be read here; export it as JPEG") from None


def _by_heif(path: str | os.PathLike[str]) -> bytes:
    import pillow_heif  # type: ignore[import-not-found]

    file, image = BytesIO(), pillow_heif.open_heif(path).to_pillow()
    image.save(file, "PNG", icc_profile=image.info.get("icc_profile"), compress_level=1)
    return file.getvalue()


def by_ffmpeg(path: str | os.PathLike[str]) -> bytes:
    """A HEIC or AVIF picture as a PNG. FilmError: it cannot, or knows only a tile of what the file says is larger."""
    source = ["-protocol_whitelist", "file,pipe", "-i", f"file:{os.fspath(path)}"]
    output = ["-frames:v", "1", "-update", "1", "-c:v", "png", "-f", "image2pipe", "pipe:1"]
    with running([*source, *output], str(path), stdout=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.popen.stdout is not None
        data: bytes = ffmpeg.popen.stdout.read()
    with open(path, "rb") as file:
        sizes = re.findall(rb"(?s)ispe.{4}(.{8})", file.read(1 << 20))
    largest = max((w * h for w, h in (struct.unpack(">II", size) for size in sizes)), default=0)
    with Image.open(BytesIO(data), formats=["PNG"]) as image:
        if image.width * image.height < 0.5 * largest:
            raise FilmError(f"{path}: is made of tiles")
    return data
