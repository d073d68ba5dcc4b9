"""How much of a film's border is straight lines, and how much stands still there, beside the same inside.

    PYTHONPATH=. python scripts/measure_borders.py out/before.mp4 out/after.mp4

Frames are cut into squares of a fifth of the shorter side: those that touch the border, and the others. Lines: of the
detail (grey, minus a Gaussian average) in a square the share that its rows' and columns' means hold; 1 is a barcode or
plaid, and a texture without direction has about 2 grains / side. Frozen: the correlation of a square's detail with what
is in the same place a second later. Both are sums over squares and frames, the film's first third left out.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import ndimage

from render.media.video import read_film


def detail(frame: np.ndarray) -> np.ndarray:
    """What a frame [h, w, 3] holds that is smaller than a square, float64 [h, w]."""
    grey = frame.astype(float) @ [0.299, 0.587, 0.114]
    return grey - ndimage.gaussian_filter(grey, side(grey) / 4)


def side(picture: np.ndarray) -> int:
    """A square's side in pixels."""
    return min(picture.shape[:2]) // 5


def squares(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture's squares [rows, columns, side, side], as many as fit, spread to the borders; which touch them."""
    n = side(picture)
    tops, lefts = (np.linspace(0, length - n, length // n).astype(int) for length in picture.shape)
    cut = np.stack([[picture[t : t + n, s : s + n] for s in lefts] for t in tops])
    touching = np.ones(cut.shape[:2], bool)
    touching[1:-1, 1:-1] = False
    return cut - cut.mean((2, 3), keepdims=True), touching


def straight(cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For squares [..., n, n] without a mean: the energy of rows' and columns' means, and all energy."""
    lines = (cut.mean(-1) ** 2).mean(-1) + (cut.mean(-2) ** 2).mean(-1)
    return lines, (cut**2).mean((-2, -1))


def measured(frames: Iterator[np.ndarray], later: int) -> dict[str, tuple[float, float]]:
    """Lines and frozen, each at the border and inside; later: how many frames on a place is compared with itself."""
    sums, before = np.zeros((4, 2)), []
    for frame in frames:
        cut, touching = squares(detail(frame))
        lines, energy = straight(cut)
        before.append((cut, energy))
        if len(before) > later:
            old, old_energy = before.pop(0)
            same, size = (cut * old).mean((-2, -1)), np.sqrt(energy * old_energy)
            for k, where in enumerate((touching, ~touching)):
                sums[:, k] += lines[where].sum(), energy[where].sum(), same[where].sum(), size[where].sum()
    return {"lines": tuple(sums[0] / sums[1]), "frozen": tuple(sums[2] / sums[3])}


def main(paths: list[str]) -> None:
    print(f"{'':24s}  lines: border  inside   frozen: border  inside")
    for path in paths:
        film = list(read_film(Path(path), (320, 180), Fraction(24)))
        found = measured(iter(film[len(film) // 3 :]), 24)
        print(f"{Path(path).stem:24s} " + "  ".join(f"{a:13.3f}  {b:6.3f}" for a, b in found.values()))


if __name__ == "__main__":
    main(sys.argv[1:])
