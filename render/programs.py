"""The compiled ascents of a film: which octaves are cut into tiles, and compiling side by side, ahead of use.

A program is one compilation of `ascend` (an octave's size, the layers it dreams) or of `tiled_ascend` (the layers; any
size). Each is compiled in a thread, so that the first octaves run while later ones are still being compiled.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from models.xla import compiler_options
from render.dream import ascend, tiled_ascend
from render.image import Shape
from render.objective import Target
from render.tiles import Network, tile_shape

# Per platform: the most pixels that go through the network in one piece, the tile's side at most, and tiles at a time.
# On a CPU tiles of this size stay in the cache: 15 % faster at 1280×720, and nothing gained at 640×360.
WHOLE = {"cpu": 320_000, "gpu": 2_200_000, "tpu": 2_200_000}
SIDE = {"cpu": 400, "gpu": 1024, "tpu": 1024}
GROUP = {"cpu": 1, "gpu": 2, "tpu": 2}
COMPILERS = 2  # compilations at a time: each uses several threads for a part of its time


class Programs:
    """Ascents of one network for a film whose octaves have the sizes `shapes`; called like `ascend` without a network.

    tile: auto | off | a number of pixels, the longest side of a tile.
    """

    def __init__(self, network: Network, shapes: Sequence[Shape], tile: str | int = "auto"):
        self.network, self.full = network, shapes[-1]
        self.cut_above = largest_whole(tile)
        large = [s for s in shapes if self.needs_tiles(s)]
        self.tile = tile_shape(large, side(tile)) if large else None
        self.compiled: dict[Any, Future] = {}
        self.compilers = threading.Semaphore(COMPILERS)

    def __call__(
        self,
        x: Array,
        weights: Array,
        *,
        step_size: Array,
        jitter: Array,
        key: Array,
        steps: tuple[Array, Array],
        targets: tuple[Target, ...],
    ) -> Array:
        """Ascends x [h, w, 3], as `ascend` does; compiles what is not compiled yet."""
        h, w, _ = x.shape
        program = self.prepare((h, w), targets).result()
        if not self.tiled((h, w)):
            return program(self.network, x, weights, step_size, jitter, key, steps)
        size = jnp.int32(h), jnp.int32(w)
        return cut(program(self.network, buffer(x, self.full), size, weights, step_size, jitter, key, steps), (h, w))

    def tiled(self, shape: Shape) -> bool:
        """Whether an octave of this size is cut into tiles."""
        fits = self.tile is not None and shape[0] >= self.tile[0] and shape[1] >= self.tile[1]
        return fits and self.needs_tiles(shape)

    def prepare(self, shape: Shape, targets: tuple[Target, ...]) -> Future:
        """The program for an octave, being compiled in a thread of its own if it is not yet."""
        name = ("tiles" if self.tiled(shape) else shape, targets)
        if name not in self.compiled:
            future: Future = Future()
            self.compiled[name] = future
            work = partial(self.compile, shape, targets)
            # a daemon, so that an interrupted render does not wait for a compiler
            threading.Thread(target=resolve, args=(future, work, self.compilers), daemon=True).start()
        return self.compiled[name]

    def needs_tiles(self, shape: Shape) -> bool:
        """Whether a picture of this size is too large for one piece."""
        return shape[0] * shape[1] > self.cut_above

    def compile(self, shape: Shape, targets: tuple[Target, ...]):
        """Compiles a program; nothing runs."""
        number, whole = jax.ShapeDtypeStruct((), jnp.float32), jax.ShapeDtypeStruct((), jnp.int32)
        weights = jax.ShapeDtypeStruct((len(targets),), jnp.float32)
        knobs = weights, number, whole, jax.eval_shape(lambda: jax.random.key(0)), (whole, whole)
        if self.tiled(shape):
            assert self.tile is not None
            x = jax.ShapeDtypeStruct((*self.full, 3), jnp.float32)
            group = GROUP.get(jax.default_backend(), 1)
            lowered = tiled_ascend.lower(
                self.network, x, (whole, whole), *knobs, targets=targets, tile=self.tile, group=group
            )
        else:
            lowered = ascend.lower(
                self.network, jax.ShapeDtypeStruct((*shape, 3), jnp.float32), *knobs, targets=targets
            )
        return lowered.compile(compiler_options())


def largest_whole(tile: str | int) -> float:
    """The most pixels that a picture may have to be dreamed in one piece."""
    if tile == "off":
        return float("inf")
    return WHOLE.get(jax.default_backend(), WHOLE["gpu"]) if isinstance(tile, str) else tile * tile


def side(tile: str | int) -> int:
    """The longest side that a tile may have."""
    return SIDE.get(jax.default_backend(), SIDE["gpu"]) if isinstance(tile, str) else tile


def resolve(future: Future, work: Callable[[], Any], at_once: threading.Semaphore) -> None:
    """Gives a future its result, or its error."""
    try:
        with at_once:
            future.set_result(work())
    except BaseException as error:  # handed to whoever asks for the program
        future.set_exception(error)


@partial(jax.jit, static_argnames=("full",))
def buffer(x: Array, full: Shape) -> Array:
    """x [h, w, 3] in the corner of a picture of the full size, which is what `tiled_ascend` takes."""
    return jax.lax.dynamic_update_slice(jnp.zeros((*full, 3)), x, (0, 0, 0))


@partial(jax.jit, static_argnames=("shape",))
def cut(x: Array, shape: Shape) -> Array:
    """The picture out of its buffer."""
    return x[: shape[0], : shape[1]]
