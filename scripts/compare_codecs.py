"""What each codec keeps of a film's float pictures, and at what size and speed, as a Markdown table.

    python scripts/compare_codecs.py                           # 640x360, 24 frames of a zoom from noise
    python scripts/compare_codecs.py --size 1280x720 --frames 48

error: the root mean square, in 8-bit levels, of what ffmpeg decodes against the float state. size: MB for a second of
24 frames. speed: frames a second, encoded alone on the machine.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import jax.numpy as jnp
import numpy as np

import models
from render.film import frames
from render.film.rounding import rounding
from render.media.codecs import CODECS, NAMES, coding
from render.media.video import film
from render.scene.reader import read_scene

SCENE = "start: {noise: perlin}\nmodel: squeezenet1_1\ndream: {layers: fire7, iterations: 4}\n"
TO_RGB = "zscale=matrixin=709:rangein=limited:matrix=gbr:range=full,format=gbrp16le"


def main() -> None:
    """Measures and prints the table."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--size", default="640x360", metavar="WxH")
    p.add_argument("--frames", type=int, default=24)
    options = p.parse_args()
    w, h = map(int, options.size.split("x"))
    states = dreamed((w, h), options.frames)
    print(f"| {w}×{h}, {options.frames} frames | error, levels | MB a second | frames a second |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in (*NAMES, "gif"):
            error, size, speed = measured(name, Path(folder), states)
            print(f"| {CODECS[name].words} | {error:.2f} | {size:.2f} | {speed:.0f} |", flush=True)


def dreamed(size: tuple[int, int], count: int) -> list[np.ndarray]:
    """The film's states, float32 [h, w, 3]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.yaml"
        path.write_text(f"{SCENE}size: [{size[0]}, {size[1]}]\nframes: {count}\n")
        scene = read_scene(path)
    return [np.asarray(x) for x in frames.frames(scene, models.load(scene.model.name))]


def measured(name: str, folder: Path, states: list[np.ndarray]) -> tuple[float, float, float]:
    """Error in levels, MB a second, frames a second."""
    how = coding(folder / f"film{CODECS[name].endings[0]}", name)
    path, (h, w, _) = folder / f"{name}{CODECS[name].endings[0]}", states[0].shape
    pictures = [np.asarray(rounding(how.codec)(jnp.asarray(state)[None]))[0] for state in states]
    began = time.perf_counter()
    with film(path, (w, h), Fraction(24), how) as write:
        for picture in pictures:
            write(picture)
    speed = len(states) / (time.perf_counter() - began)
    error = np.sqrt(np.mean((decoded(path, how.codec.filters != "" and name != "gif", (h, w)) - np.stack(states)) ** 2))
    return float(error), path.stat().st_size / len(states) * 24 / 1e6, speed


def decoded(path: Path, is_yuv: bool, shape: tuple[int, int]) -> np.ndarray:
    """A film's pictures in levels, [n, h, w, 3]; Y'CbCr becomes RGB without going through 8 bits."""
    filters = ["-vf", TO_RGB] if is_yuv else []
    deep = is_yuv or path.suffix == ".mkv"
    output = ["-fps_mode", "passthrough", "-pix_fmt", "rgb48le" if deep else "rgb24", "-f", "rawvideo", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), *filters, *output]
    data = np.frombuffer(subprocess.check_output(command), "<u2" if deep else "u1")
    return data.reshape(-1, *shape, 3).astype(np.float32) / (257 if deep else 1)


if __name__ == "__main__":
    sys.exit(main())
