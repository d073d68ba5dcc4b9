"""Draws Dreamreel's logo, an eye that is also a film reel, into configs/pictures/logo.png.

    python scripts/draw_logo.py [-o configs/pictures/logo.png]

The eye's outline is two arcs, its iris a reel with six holes around a pupil; drawn four times too large and shrunk.
"""

import argparse
import math
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, OVER = (1280, 720), 4
GROUND, EYE, REEL, HOLE, GLINT = (18, 20, 32), (240, 232, 214), (196, 74, 44), (18, 20, 32), (255, 250, 240)


def draw() -> Image.Image:
    """The logo, RGB, SIZE pixels."""
    w, h = (n * OVER for n in SIZE)
    image = Image.new("RGB", (w, h), GROUND)
    pen, cx, cy = ImageDraw.Draw(image), w / 2, h / 2
    pen.polygon(almond(cx, cy, w * 0.36, h * 0.34), fill=EYE)
    disc(pen, cx, cy, h * 0.30, REEL)
    for k in range(6):
        angle = math.tau * (k + 0.5) / 6
        disc(pen, cx + h * 0.19 * math.cos(angle), cy + h * 0.19 * math.sin(angle), h * 0.065, HOLE)
    disc(pen, cx, cy, h * 0.085, HOLE)
    disc(pen, cx + h * 0.032, cy - h * 0.035, h * 0.022, GLINT)
    return image.resize(SIZE, Image.Resampling.LANCZOS)


def almond(cx: float, cy: float, half_width: float, half_height: float, points: int = 200):
    """The outline of an eye: two arcs of a sine between its corners."""
    across = [-1 + 2 * k / points for k in range(points + 1)]
    lid = [(cx + half_width * t, half_height * math.cos(math.pi / 2 * t)) for t in across]
    return [(x, cy - y) for x, y in lid] + [(x, cy + y) for x, y in reversed(lid)]


def disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour) -> None:
    """A filled circle."""
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("-o", "--output", type=Path, default=Path("configs/pictures/logo.png"))
    path = arguments.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)
    draw().save(path, optimize=True)
    print(path)
