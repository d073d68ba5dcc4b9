"""Renders every scene in configs/ small and puts a frame or two of each on one sheet, which the README shows.

python scripts/gallery.py [-o configs/gallery/gallery.jpg] [--frames 72] [--each configs/gallery] [scene.yaml …]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from render.dream import device
from render.dream.image import to_uint8
from render.film.film import network
from render.film.frames import film_length, frames
from render.film.grid import grid, layout
from render.scene.reader import read_scene

CONFIGS = Path(__file__).parents[1] / "configs"
WIDTH, HEIGHT = 320, 180


def main() -> None:
    """Writes the sheet."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("scenes", nargs="*", type=Path, default=sorted(CONFIGS.glob("*.yaml")))
    p.add_argument("-o", "--output", type=Path, default=CONFIGS / "gallery/gallery.jpg")
    p.add_argument("--frames", type=int, default=72, help="frames rendered of each scene, at most")
    p.add_argument("--shots", type=int, default=1, help="pictures of each scene on the sheet, evenly spread")
    p.add_argument(
        "--each", type=Path, metavar="FOLDER", help="also a picture of every scene by itself, in this folder"
    )
    options = p.parse_args()
    device.prepare()
    shots = []
    for path in options.scenes:
        own = picked(path, options.frames, options.shots)
        shots += [(shot, path.stem) for shot in own]
        if options.each:
            Image.fromarray(np.concatenate(own, 1)).save(options.each / f"{path.stem}.jpg", quality=88)
    sheet = Image.fromarray(grid([shot for shot, _ in shots], [name for _, name in shots]))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.output, quality=85)
    print(options.output, layout(len(shots), (WIDTH, HEIGHT))[:2])


def picked(path: Path, most: int, count: int) -> list[np.ndarray]:
    """`count` frames of a scene made small: the last one rendered, and those evenly before it."""
    still = read_scene(path).length == 1
    scene = read_scene(path, [f"size=[{WIDTH}, {HEIGHT}]"] + ([] if still else ["fps=12"]))
    length = film_length(scene) if still else min(most, film_length(scene))
    wanted = {length - 1 - round(k * length / count) for k in range(count)}
    made = enumerate(tqdm(frames(scene, network(scene.model)), total=length, desc=path.stem))
    shots = []
    for k, frame in made:
        if k in wanted:
            shots.append(np.asarray(to_uint8(frame)))
        if k == length - 1:
            break
    return shots


if __name__ == "__main__":
    main()
