"""Pictures that are read; stills.py writes. picture: float32 `[h, w, 3]`, RGB, 0..255. No JAX here."""

import os
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render.media import heic, profiles

T = TypeVar("T")
Fit = Literal["cover", "contain", "stretch"]

# Pillow also opens PostScript, which it hands to another program, and more that no camera or painter writes.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "TGA", "ICO")
MOST_PIXELS = 120_000_000  # the largest cameras' pictures, and 1.4 GB as float32: more is a mistake or an attack
HEAD = 1 << 16  # bytes: what a file says of itself before its pixels
ORIENTATION = 0x0112
TURNS = {2: (True, 0), 3: (False, 2), 4: (True, 2), 5: (True, 3), 6: (False, 1), 7: (True, 1), 8: (False, 3)}
GREY = np.float32(128)  # under transparent pixels, so that a black logo and a white one both show


class PictureError(ValueError):
    """A picture cannot be read; the message begins with its path."""


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """The picture as float32 sRGB `[h, w, 3]`, 0..255, upright (EXIF), over mid-grey where it is transparent.

    Greyscale, palette, 1-bit, 16-bit, CMYK, Lab and float pictures too, in whatever colours their profile says; of
    several pages or frames the first. PictureError: no such file, not a picture, a damaged one, or one of more than
    MOST_PIXELS.
    """
    return _opened(path, lambda image, head: _turned(_rgb(image, head), _orientation(image)))


def check_picture(path: str | os.PathLike[str]) -> None:
    """PictureError if `read_picture` could not read it, by its header: its pixels are not looked at."""
    _opened(path, lambda image, head: None)


def size_of(path: str | os.PathLike[str]) -> tuple[int, int]:
    """(w, h) of the picture as `read_picture` gives it, upright; its pixels are not looked at. PictureError."""
    w, h, turned = _opened(path, lambda image, head: (*image.size, _orientation(image) > 4))
    return (h, w) if turned else (w, h)


def _opened(path: str | os.PathLike[str], look: Callable[[Image.Image, bytes], T]) -> T:
    """What `look` makes of the image at path and of how its file begins; errors as PictureError."""
    try:
        with warnings.catch_warnings():  # Pillow warns of large pictures and odd metadata: it reads them all the same
            warnings.simplefilter("ignore")
            with open(path, "rb") as file:
                head = file.read(HEAD)
            image, head = _image(path, head)
            with image:
                _check_size(image)
                return look(image, head)
    except Image.UnidentifiedImageError:
        raise PictureError(
            f"{path}: not a picture (or of a kind that cannot be read: {', '.join(FORMATS)}, HEIC can)"
        ) from None
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or f'damaged: {error}'}") from error
    except Exception as error:  # Pillow's decoders raise nearly anything over a damaged file
        raise PictureError(f"{path}: cannot be read as a picture: {error}") from error


def _image(path: str | os.PathLike[str], head: bytes) -> tuple[Image.Image, bytes]:
    """The image at path, or as the PNG that another reader makes of it; and how that begins."""
    if heic.is_heic(head):
        data = heic.as_png(path)
    else:
        try:
            return Image.open(path, formats=FORMATS), head
        except ValueError:  # libavif refuses a picture for the EXIF in it
            if head[4:8] != b"ftyp":
                raise
            data = heic.by_ffmpeg(path)
    return Image.open(BytesIO(data), formats=["PNG"]), data[:HEAD]


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"{image.width}x{image.height} is more than {MOST_PIXELS // 10**6} million pixels")


def _rgb(image: Image.Image, head: bytes) -> NDArray[np.float32]:
    image.load()
    if image.mode == "F" or image.mode.startswith("I"):
        grey, curve = _eight_bit(np.asarray(image)), profiles.grey_curve(image)
        return np.stack([np.interp(grey, np.arange(256), curve[:, i]) for i in range(3)], axis=-1, dtype=np.float32)
    colours = profiles.srgb(image, head)
    if image.has_transparency_data:
        return over_grey(np.concatenate([colours, np.asarray(image.convert("RGBA"))[..., 3:]], axis=2))
    return colours


def _orientation(image: Image.Image) -> int:
    """EXIF's way to hold the picture, 1..8; damaged EXIF is no reason to refuse a photo."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return 1


def _turned(picture: NDArray[np.float32], orientation: int) -> NDArray[np.float32]:
    """The picture upright: mirrored, and turned clockwise by quarters."""
    mirrored, quarters = TURNS.get(orientation, (False, 0))
    if mirrored:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(np.rot90(picture, -quarters))


def over_grey(rgba: NDArray[Any]) -> NDArray[np.float32]:
    """`[h, w, 4]` in levels laid over mid-grey: float32 `[h, w, 3]`, 0..255."""
    levels = rgba.astype(np.float32)
    return GREY + (levels[..., :3] - GREY) * (levels[..., 3:] / np.float32(255))


def _eight_bit(grey: NDArray[Any]) -> NDArray[np.float32]:
    """Grey of more than 8 bits in 0..255: whole numbers are of 16 bits; floats are of 0..1 unless some are above."""
    if grey.dtype.kind != "f":
        return (grey / 257.0).clip(0, 255).astype(np.float32)
    grey = np.nan_to_num(grey, posinf=255, neginf=0)
    return (grey * (255 if grey.max() <= 1 else 1)).clip(0, 255).astype(np.float32)


def fit(picture: NDArray[np.float32], size: tuple[int, int], how: Fit = "cover") -> NDArray[np.float32]:
    """The picture in size (w, h), antialiased (Lanczos): float32 `[h, w, 3]`, 0..255.

    cover: fills the size, what stands out is cut off on both sides alike. contain: the whole picture, the rest in its
    mean colour. stretch: both sides as they come. One that has the size already is returned unchanged.
    """
    (width, height), (h, w) = size, picture.shape[:2]
    if (w, h) == (width, height):
        return picture
    if how == "stretch":
        return _resize(picture, size, (0, 0, w, h))
    if how == "cover":
        scale = max(width / w, height / h)
        x, y = (w - width / scale) / 2, (h - height / scale) / 2
        return _resize(picture, size, (max(x, 0), max(y, 0), min(w - x, w), min(h - y, h)))
    scale = min(width / w, height / h)
    inner = max(round(w * scale), 1), max(round(h * scale), 1)
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    result = np.empty((height, width, 3), np.float32)
    result[:] = picture.mean(axis=(0, 1), dtype=np.float64)
    result[y : y + inner[1], x : x + inner[0]] = _resize(picture, inner, (0, 0, w, h))
    return result


def _resize(
    picture: NDArray[np.float32], size: tuple[int, int], box: tuple[float, float, float, float]
) -> NDArray[np.float32]:
    """The box (left, top, right, bottom) of the picture in size; in float, since 8 bits would band soft gradients."""
    channels = [
        Image.fromarray(np.ascontiguousarray(picture[..., i])).resize(size, Image.Resampling.LANCZOS, box)
        for i in range(3)
    ]
    return np.stack([np.asarray(channel, np.float32) for channel in channels], axis=-1).clip(0, 255)
