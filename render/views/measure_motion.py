"""What a film's own record says of it: how its frames move, and which colours it was to keep.

A film without a record is measured all the same: its change is then not told apart from its motion.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from render.dream.palette import Cloud, cloud
from render.film.frames import start_key, to_hold
from render.film.moved import pull
from render.film.start import start_pictures
from render.language.marks import SceneError
from render.media.codecs import BESIDE, HOLDING
from render.media.ffmpeg import FilmError
from render.media.pictures import PictureError
from render.motion.device_warp import sources, warp_on_device
from render.motion.fresh import FADE
from render.scene.reader import read_scene
from render.scene.record import comment, frames_of, record_of
from render.scene.scene import Scene
from render.scene.schedule import FrameList, frame_params
from render.views.measure_frame import palette

MARGIN = 3.0  # pixels from the border that an interpolation may have read beyond it


class Told(NamedTuple):
    """A film's scene and which of its frames it holds; or why there is nothing to tell the motion by."""

    scene: Scene | None
    first: int = 0
    why: str = ""


def told(path: Path, count: int) -> Told:
    """What the record in or beside the film at path tells of its `count` frames. Never fails."""
    try:
        if not recorded(path):
            return Told(None, why="it has no record")
        scene, only = read_scene(path), frames_of(path)
    except SceneError as error:
        return Told(None, why=f"its record cannot be used: {error.problems[0]}")
    except (FilmError, OSError) as error:
        return Told(None, why=f"its record cannot be read: {error}")
    first, end = only or (0, scene.length)
    if scene.output.record != "frames":
        return Told(scene, first, "its frames are the stages of dreams")
    if scene.start.video is not None:
        return Told(scene, first, "it was dreamed from another film")
    if abs(end - first - count) > 1:
        return Told(scene, first, f"it has {count} frames, and its record tells of {end - first}")
    return Told(scene, first)


def recorded(path: Path) -> bool:
    """Whether a film holds a record, or has one beside it."""
    if path.suffix.lower() in HOLDING:
        return comment(path).startswith("{")
    return path.suffix.lower() in BESIDE and record_of(path) is not None


class Motion:
    """A scene's motion at the size of its film."""

    def __init__(self, scene: Scene, size: tuple[int, int], first: int = 0):
        self.shape, self.first = (size[1], size[0]), first
        self.params: FrameList = frame_params(scene)
        border = scene.motion.border
        self.border = "mirror" if border == "fresh" else border
        self.interpolation = scene.motion.interpolation
        self.margin = MARGIN + (FADE * 3 * min(size) if border == "fresh" else 0)

    def beyond(self, before: NDArray[np.float32], after: NDArray[np.float32], k: int) -> float:
        """Mean |after - before as motion carries it| in levels, at the film's frame k, where nothing comes in.

        nan: all of the frame came in from outside.
        """
        p = self.params[(self.first + k) % len(self.params)]
        matrix, _ = pull(p.zoom, p.rotate, p.tilt, p.pan, p.translate, p.center, self.shape)
        numbers = np.float32(matrix), np.float32(p.swirl), np.float32(self.margin)
        how = {"border": self.border, "interpolation": self.interpolation}
        return float(beyond(jnp.asarray(before), jnp.asarray(after), *map(jnp.asarray, numbers), **how))


@partial(jax.jit, static_argnames=("border", "interpolation"))
def beyond(
    before: Array, after: Array, matrix: Array, swirl: Array, margin: Array, *, border: str, interpolation: str
) -> Array:
    """Mean |after - warp(before)| of frames [h, w, 3] where motion reads at least `margin` pixels inside."""
    h, w = before.shape[:2]
    row, column = sources(matrix, swirl, (h, w), (h, w))
    inside = (row >= margin) & (row <= h - 1 - margin) & (column >= margin) & (column <= w - 1 - margin)
    difference = jnp.abs(after - warp_on_device(before, matrix, border, interpolation, swirl)).mean(-1)
    return jnp.where(inside, difference, 0).sum() / jnp.where(inside.any(), inside.sum(dtype=jnp.float32), jnp.nan)


def start(scene: Scene) -> Array:
    """What the scene's film grew from, [1, h, w, 3]. PictureError, FilmError, OSError: it cannot be read."""
    return jnp.asarray(next(start_pictures(scene, start_key(scene.seed))), jnp.float32)[None]


class Aim(NamedTuple):
    """What a film was to keep: mean [3] and contrast in levels, and the colours where a palette says them."""

    mean: NDArray[np.float64]
    contrast: float
    palette: NDArray[np.float64] | None


def aim(scene: Scene, k: int) -> Aim | None:
    """What the scene's frame k was drawn to; None: nothing, or it cannot be read any more."""
    p = frame_params(scene)[k]
    if scene.start.video is not None or not (p.keep_mean or p.keep_contrast):
        return None
    try:
        held = cloud([scene.palette]) if scene.palette else to_hold(start(scene))
    except (PictureError, FilmError, OSError):
        return None
    if not isinstance(held, Cloud):
        mean, contrast = (np.asarray(part, np.float64)[0] for part in held)
        return Aim(mean, p.target or float(np.sqrt(np.mean(contrast**2))), None)
    shares = np.repeat(np.divide(p.palette, held.counts[0]), held.counts[0])
    if not shares.sum():
        return None
    shares = shares / shares.sum()
    levels, own = held.levels[0].astype(np.float64), float(held.contrast(shares[None].astype(np.float32))[0])
    return Aim(shares @ levels, p.target or own, palette(levels, shares))
