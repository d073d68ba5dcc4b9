"""Several films as one: labelled tiles side by side. Frames are uint8 [h, w, 3]."""

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

LARGEST = 3840  # pixels of the grid's longer side; what would be larger is made of smaller tiles
Size = tuple[int, int]


def layout(count: int, size: Size, multiple: int = 2) -> tuple[int, int, Size]:
    """Columns, rows, and the size (w, h) of a tile, even and multiples, for `count` films of a size."""
    each = max(2, multiple)
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    shrink = min(1.0, LARGEST / max(columns * size[0], rows * size[1]))
    w, h = (each * max(1, round(side * shrink / each)) for side in size)
    return columns, rows, (w, h)


def grid(frames: Sequence[NDArray[np.uint8]], labels: Sequence[str], multiple: int = 2) -> NDArray[np.uint8]:
    """One frame of the grid: each film's frame with its label, row by row; multiple: as in `layout`."""
    h, w, _ = frames[0].shape
    columns, rows, tile = layout(len(frames), (w, h), multiple)
    sheet = Image.new("RGB", (columns * tile[0], rows * tile[1]))
    for k, (frame, text) in enumerate(zip(frames, labels, strict=True)):
        sheet.paste(
            labelled(Image.fromarray(frame).resize(tile, Image.Resampling.LANCZOS), text), place(k, columns, tile)
        )
    return np.asarray(sheet)


def place(k: int, columns: int, tile: Size) -> tuple[int, int]:
    """Where tile k has its upper left corner, (x, y)."""
    return k % columns * tile[0], k // columns * tile[1]


def labelled(picture: Image.Image, text: str) -> Image.Image:
    """The picture with a line of text on a dark band in its lower left corner."""
    font = ImageFont.load_default(size=max(10, picture.height // 18))
    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    pad = (bottom - top) // 3 + 2
    y = picture.height - (bottom - top) - 2 * pad
    pen.rectangle((0, y, right - left + 2 * pad, picture.height), fill=(12, 12, 16))
    pen.text((pad - left, y + pad - top), text, font=font, fill=(240, 240, 235))
    return picture
