"""What a picture says that its numbers mean: ICC profiles, PNG's and AVIF's own words. Never a reason to refuse it.

levels: float32 `[h, w, 3]`, sRGB, 0..255.
"""

import struct
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.media import colours

MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}  # a profile's colours → Pillow's mode
GREYS = ("1", "L", "LA", "La")
PREMULTIPLIED = {"RGBa": "RGBA", "La": "LA"}  # which Pillow converts to nothing else


def srgb(image: Image.Image, head: bytes = b"") -> NDArray[np.float32]:
    """The colours of an image of 8 bits, its alpha left out, in sRGB's levels; head: how its file begins.

    Its ICC profile decides (as LittleCMS takes it by default: perceptual), else the code points
    of PNG and AVIF, else PNG's gAMA and cHRM. One that is broken, or is about other colours, counts as none.
    """
    told = _code_points(image.format, head)
    if image.mode in PREMULTIPLIED:
        image = image.convert(PREMULTIPLIED[image.mode])
    if image.info.get("icc_profile"):
        own = _by_profile(image)
        return np.asarray(image.convert("RGB") if own is None else own, np.float32)
    levels = np.asarray(image.convert("RGB"), np.float32)
    if told:
        return levels if colours.means_srgb(*told) else colours.coded_levels(levels / np.float32(255), *told)
    return _by_gamma(levels, image.info)


def grey_curve(image: Image.Image) -> NDArray[np.float32]:
    """What greys of 0..255 mean by the image's profile or gamma: levels, float32 `[256, 3]`."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    ramp.info = {name: value for name, value in image.info.items() if name in ("icc_profile", "gamma", "srgb")}
    return srgb(ramp)[0]


def _by_profile(image: Image.Image) -> Image.Image | None:
    from PIL import ImageCms

    try:
        profile = ImageCms.getOpenProfile(BytesIO(image.info["icc_profile"]))
        mode = MODES[profile.profile.xcolor_space.strip()]
        if mode != (stored := "L" if image.mode in GREYS else image.mode if image.mode in ("CMYK", "LAB") else "RGB"):
            return None
        to = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(profile, to, stored, "RGB", ImageCms.Intent.PERCEPTUAL)
        return ImageCms.applyTransform(image.convert(stored), transform)
    except Exception:  # LittleCMS and Pillow answer a broken profile with whatever they run into
        return None


def _by_gamma(levels: NDArray[np.float32], info: dict[Any, Any]) -> NDArray[np.float32]:
    """By PNG's gAMA, and cHRM beside it; alone that says too little, and sRGB's own numbers mean sRGB."""
    encoding, xy = info.get("gamma"), info.get("chromaticity")
    if not encoding or "srgb" in info or not 0.05 < encoding < 20:
        return levels
    points = colours.PRIMARIES[1]
    if xy and min(xy) >= 0 and all(xy[1::2]):
        white, *others = zip(xy[::2], xy[1::2], strict=True)
        points = (*others, white)
    usual = abs(encoding - 1 / 2.2) < 0.01  # 45455: how sRGB is written in gAMA
    if usual and np.allclose(points, colours.PRIMARIES[1], atol=0.002):
        return levels
    curve = colours.CURVES[13] if usual else colours.gamma(1 / encoding)
    try:
        return colours.levels(levels / np.float32(255), points, curve)
    except np.linalg.LinAlgError:  # primaries on one line
        return levels


def _code_points(kind: str | None, head: bytes) -> tuple[int, int] | None:
    """Primaries and curve of PNG's cICP or of AVIF's colr; Pillow reads neither."""
    if kind == "AVIF":
        after = head.partition(b"colrnclx")[2]
        return struct.unpack(">HH", after[:4]) if len(after) >= 4 else None
    at = 8
    while kind == "PNG" and at + 12 <= len(head):
        length, name = struct.unpack_from(">I4s", head, at)
        if name == b"cICP":
            return head[at + 8], head[at + 9]
        at += 12 + length if name != b"IDAT" else len(head)
    return None
