"""A frame on its way to the next: moved, sharpened, mixed with the start, grained.

Notation as in frames.py: x is a batch of frames [n, h, w, 3]; ps are their FrameParams of one frame; a pull is a matrix
[3, 3] as in warp.py. What a frame needs of those before it is a function of the schedule alone, never of a picture.
"""

from collections.abc import Sequence
from functools import lru_cache

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from render.dream.compiled import kept
from render.motion.fresh import comes_in, fresh_on_device, outside, phases_at
from render.motion.grain import grained
from render.motion.sharpen import sharpened
from render.motion.warp import matrix, perspective, warp_on_device
from render.scene.course import course_of
from render.scene.scene import Scene
from render.scene.schedule import FrameList, FrameParams

MOTION = 2  # what a seed's key is folded by for motion's noise; 0 is the start's, 1 the dream's
FRESH, GRAIN = 0, 1  # and that one
FARTHEST = 1e9  # pixels across the frame: a start so far away is far less than a pixel


class Moving:
    """Makes of n films' frames k-1 what is dreamed as frames k, in their order."""

    def __init__(self, scenes: Sequence[Scene], params: Sequence[FrameList], starts: Array):
        (w, h), motion = scenes[0].size, scenes[0].motion
        self.shape, self.border, self.interpolation = (h, w), motion.border, motion.interpolation
        self.number = course_of(scenes[0]).number
        self.params, self.seeds = params, np.array([scene.seed for scene in scenes], np.uint32)
        blends = any(np.any(each.columns["blend"]) for each in params)
        self.starts, self.follows = (starts if blends else None), blends and scenes[0].start.moves
        self.frame, self.travelled, self.way = 0, [0.0] * len(scenes), [np.eye(3)] * len(scenes)

    def __call__(self, x: Array, k: int) -> Array:
        """Frames k from frames k-1; what a schedule leaves at 0 costs nothing, and changes no bit."""
        self.travel(k)
        ps = [each[k] for each in self.params]
        x = self.move(x, ps)
        if (amounts := numbers(p.sharpen for p in ps)) is not None:
            x = sharpen_each(x, amounts, border=self.border)
        if (shares := numbers(p.blend for p in ps)) is not None:
            x = self.mixed(x, shares)
        if (levels := numbers(p.grain for p in ps)) is not None:
            x = grain_each(x, levels, self.seeds, np.int32(self.number(k)))
        return x

    def travel(self, k: int) -> None:
        """Goes on to frame k: how far the borders have come, and the product of all motions."""
        if self.border != "fresh" and not self.follows:
            return
        for frame in range(self.frame + 1, k + 1):
            for n, each in enumerate(self.params):
                pull, reach = self.pull(each[frame])
                self.travelled[n] += reach
                with np.errstate(all="ignore"):  # far out or in a number has no room left; see `mixed`
                    self.way[n] = self.way[n] @ pull
        self.frame = k

    def pull(self, p: FrameParams) -> tuple[NDArray[np.float64], float]:
        """One frame's matrix, and how far outside it reaches."""
        return pull(p.zoom, p.rotate, p.tilt, p.pan, p.translate, p.center, self.shape)

    def move(self, x: Array, ps: Sequence[FrameParams]) -> Array:
        """Zooms, rotates, shifts: on the device, which takes half of scipy's time or less on a CPU, too."""
        pulls, reaches = zip(*map(self.pull, ps), strict=True)
        swirls = np.array([p.swirl for p in ps], np.float32)
        border, interpolation = self.border, self.interpolation
        if border == "fresh":
            if any(reaches):
                first, along = phases_at(self.travelled)
                where = stacked(pulls), swirls, self.seeds, first, along
                return fresh_each(x, *where, interpolation=interpolation)
            border = "mirror"  # which nobody sees
        return warp_each(x, stacked(pulls), swirls, border=border, interpolation=interpolation)

    def mixed(self, x: Array, shares: NDArray[np.float32]) -> Array:
        """The frames with their starts mixed in, at rest or where motion has carried them."""
        assert self.starts is not None
        if not self.follows:
            return mix_each(x, self.starts, shares)
        there = np.array([np.abs(way).max() < FARTHEST for way in self.way])
        ways = [way if near else np.eye(3) for way, near in zip(self.way, there, strict=True)]
        border = "wrap" if self.border == "wrap" else "edge"
        how = {"border": border, "interpolation": self.interpolation}
        return mix_moved(x, self.starts, shares * there, stacked(ways), **how)


def numbers(values) -> NDArray[np.float32] | None:
    """Films' numbers [n]; None if all are 0."""
    array = np.array(list(values), np.float32)
    return array if array.any() else None


@lru_cache(maxsize=64)
def pull(zoom, rotate, tilt, pan, translate, center, shape) -> tuple[NDArray[np.float64], float]:
    """The pull matrix of a motion and what of it `comes_in`; those of a film that moves steadily are made once."""
    made = perspective(tilt, pan, shape) @ matrix(zoom, rotate, translate, center, shape)
    return made, comes_in(made, shape)


def stacked(pulls: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Matrices as the device takes them, [n, 3, 3]."""
    return np.stack(pulls).astype(np.float32)


def key_of(seed: Array, kind: int) -> Array:
    """The key of a film's motion noise of a kind."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), MOTION), kind)


@kept("border", "interpolation")
def warp_each(x: Array, pulls: Array, swirls: Array, *, border: str, interpolation: str) -> Array:
    """The warp of n frames [n, h, w, 3] through n matrices [n, 3, 3], and n swirls [n] in degrees."""
    return jax.vmap(lambda x, pull, swirl: warp_on_device(x, pull, border, interpolation, swirl))(x, pulls, swirls)


@kept("interpolation")
def fresh_each(
    x: Array, pulls: Array, swirls: Array, seeds: Array, first: Array, along: Array, *, interpolation: str
) -> Array:
    """`fresh_on_device` of n frames, with phases [n, 4]."""

    def one(x: Array, pull: Array, swirl: Array, seed: Array, *phases: Array) -> Array:
        return fresh_on_device(x, pull, swirl, key_of(seed, FRESH), (phases[0], phases[1]), interpolation)

    return jax.vmap(one)(x, pulls, swirls, seeds, first, along)


@kept("border")
def sharpen_each(x: Array, amounts: Array, *, border: str) -> Array:
    """`sharpened` of n frames by n amounts."""
    return jax.vmap(lambda x, amount: sharpened(x, amount, border))(x, amounts)


@kept()
def grain_each(x: Array, levels: Array, seeds: Array, k: Array) -> Array:
    """`grained` of n frames k."""
    return jax.vmap(lambda x, level, seed: grained(x, level, jax.random.fold_in(key_of(seed, GRAIN), k)))(
        x, levels, seeds
    )


@kept()
def mix_each(x: Array, starts: Array, shares: Array) -> Array:
    """(1 - share) · x + share · start; exact at 0 and 1."""
    shares = shares[:, None, None, None]
    return (1 - shares) * x + shares * starts


@kept("border", "interpolation")
def mix_moved(x: Array, starts: Array, shares: Array, ways: Array, *, border: str, interpolation: str) -> Array:
    """`mix_each` with starts seen through n matrices [n, 3, 3]; where they do not reach, x stays, unless they wrap."""

    def one(x: Array, start: Array, share: Array, way: Array) -> Array:
        moved = warp_on_device(start, way, border, interpolation)
        inside = 1 - outside(way, 0.0, (x.shape[0], x.shape[1]))[..., None] if border != "wrap" else 1.0
        return (1 - share * inside) * x + share * inside * moved

    return jax.vmap(one)(x, starts, shares, ways)
