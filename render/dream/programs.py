"""The compiled ascents of a film: which octaves are cut into tiles, and compiling side by side, ahead of use.

A program is one compilation of `ascend` (an octave's size, the layers it dreams) or of `gradient_in_tiles` (the layers;
any size). Each is compiled in a thread, so that the first octaves run while later ones are still being compiled, and
those of later frames beside the first ones.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jax.typing import ArrayLike

from render.dream.ascent import (
    PLAIN,
    Knobs,
    Ways,
    advanced,
    ascend,
    brought_back,
    gradient_in_tiles,
    looked_at,
    nature_of,
)
from render.dream.compiled import is_kept, kept, obtain, signature
from render.dream.compilers import Compilers, Job, Work
from render.dream.image import Shape
from render.dream.objective import Target
from render.dream.tiles import Network, tile_shape
from render.media.system import memory

# Per platform: the most pixels that go through the network in one piece, the tile's side at most, and tiles at a time.
# On a CPU tiles of this size stay in the cache: faster at 1280×720, and nothing gained at 640×360. The accelerators'
# numbers are estimates from the activations' sizes; no card was at hand.
WHOLE = {"cpu": 320_000, "gpu": 2_200_000, "tpu": 2_200_000}
SIDE = {"cpu": 256, "gpu": 1024, "tpu": 1024}
GROUP = {"cpu": 1, "gpu": 2, "tpu": 2}
HELD = 3.0  # times a network's activations that an ascent step holds: themselves, what they came from, gradients
SHARE = 0.5  # of the memory that films dreamed at once may take
HALF = {"gpu", "tpu"}  # where activations are bfloat16; its gradient correlates 0.96 with float32's (measured on a CPU)
WHOLE_NUMBERS = {"jitter"}  # the knobs that are no float32


class Need(NamedTuple):
    """What a program is compiled for."""

    shape: Shape
    targets: tuple[Target, ...]
    ways: Ways


class Programs:
    """Ascents of one network for films whose octaves have the sizes `shapes`; called like `ascend` without a network.

    tile: auto | off | a number of pixels, the longest side of a tile. batch: how many films are dreamed at once. They
    are spread over all local devices where their number divides; the tiles of a single film always are.
    """

    def __init__(
        self,
        network: Network,
        shapes: Sequence[Shape],
        tile: str | int = "auto",
        batch: int = 1,
        work: Work | None = None,
    ):
        self.full, self.batch = shapes[-1], batch
        self.cut_above = largest_whole(tile)
        large = [s for s in shapes if self.needs_tiles(s)]
        self.tile = tile_shape(large, side(tile)) if large else None
        self.compilers = Compilers(work)
        self.wanted: list[Future] = []
        spread = batch % jax.local_device_count() == 0 if batch > 1 else self.tile is not None
        devices = jax.local_devices() if spread else jax.local_devices()[:1]
        self.mesh = Mesh(np.array(devices), ("batch",))
        self.split, self.whole = (NamedSharding(self.mesh, P(*axes)) for axes in (["batch"], []))
        self.half = jax.default_backend() in HALF
        self.network, self.structure = jax.tree.flatten(jax.device_put(network, self.whole))

    def placed(self, x: Array) -> Array:
        """Films' frames [n, h, w, 3] on the devices that dream them."""
        return jax.device_put(x, self.split if self.batch > 1 else self.whole)

    def __call__(
        self,
        x: Array,
        weights: ArrayLike,
        knobs: Knobs,
        key: Array,
        steps: tuple[int, int],
        *,
        targets: tuple[Target, ...],
        ways: Ways = PLAIN,
    ) -> Array:
        """Ascends x [n, h, w, 3], as `ascend` does one picture; compiles what is not compiled yet."""
        n, h, w, _ = x.shape
        program = self.compilers.take(*self.job((h, w), targets, ways), self.wanted)
        numbers = each(lambda name, kind: np.broadcast_to(np.asarray(getattr(knobs, name), kind), (n,)))
        weights, numbers, key = jax.device_put(
            (jnp.asarray(weights), numbers, key), self.split if self.batch > 1 else self.whole
        )
        if not self.tiled((h, w)):
            steps_there = jax.device_put((jnp.int32(steps[0]), jnp.int32(steps[1])), self.whole)
            return program(self.network, x, weights, numbers, key, steps_there)
        size = jax.device_put((jnp.int32(h), jnp.int32(w)), self.whole)
        whole = jax.device_put(jnp.zeros((n, len(targets))), self.split if self.batch > 1 else self.whole)
        for i in range(*steps):
            now = jax.device_put((jnp.int32(i), jnp.bool(i == steps[0])), self.whole)
            around = buffer(looked_at_each(x, numbers, key, now[0]) if ways.wobble else x, full=self.full)
            g, whole = program(self.network, around, weights, numbers.jitter, key, whole, *now, size)
            x = advance(x, g, numbers, key, now[0], ways=ways)
        return x

    def tiled(self, shape: Shape) -> bool:
        """Whether an octave of this size is cut into tiles."""
        fits = self.tile is not None and shape[0] >= self.tile[0] and shape[1] >= self.tile[1]
        return fits and self.needs_tiles(shape)

    def prepare(self, shape: Shape, targets: tuple[Target, ...], ways: Ways = PLAIN) -> Future:
        """The program for an octave, being compiled in a thread of its own if it is not yet."""
        return self.compilers.start(*self.job(shape, targets, ways))

    def want(self, needs: Iterable[Need]) -> None:
        """Starts to compile all that a frame needs: these are counted where it has to wait."""
        jobs = dict(self.job(*need) for need in needs)
        self.wanted = [self.compilers.start(name, work) for name, work in jobs.items()]

    def ahead(self, needs: Iterable[Need]) -> AbstractContextManager[None]:
        """While the block runs, what later frames need is compiled, one program at a time."""
        return self.compilers.ahead(self.job(*need) for need in needs)

    def job(self, shape: Shape, targets: tuple[Target, ...], ways: Ways) -> Job:
        """An octave's program by its name, and what compiles it."""
        name = ("tiles", targets, PLAIN) if self.tiled(shape) else (shape, targets, ways)
        return name, partial(self.compile, shape, targets, ways)

    def needs_tiles(self, shape: Shape) -> bool:
        """Whether a picture of this size is too large for one piece."""
        return shape[0] * shape[1] > self.cut_above

    def compile(self, shape: Shape, targets: tuple[Target, ...], ways: Ways) -> Any:
        """Compiles a program, or reads it; nothing runs."""
        name, arguments = self.named(shape, targets, ways)
        lower = self.together(self.tiled(shape), targets, ways).lower
        return obtain(name, lambda: lower(*arguments), list(self.mesh.devices.flat))

    def is_kept(self, shape: Shape, targets: tuple[Target, ...], ways: Ways) -> bool:
        """Whether a program need not be compiled."""
        return is_kept(self.named(shape, targets, ways)[0])

    def named(self, shape: Shape, targets: tuple[Target, ...], ways: Ways) -> tuple[tuple, tuple]:
        """A program's name for `obtain`, and the shapes of its arguments."""
        one, knob = self.whole, self.split if self.batch > 1 else self.whole

        def spec(shape: tuple[int, ...], dtype: Any, sharding: NamedSharding) -> jax.ShapeDtypeStruct:
            return jax.ShapeDtypeStruct(shape, dtype, sharding=sharding)

        n, number, tiled = self.batch, spec((), jnp.int32, one), self.tiled(shape)
        key = spec((n,), jax.eval_shape(lambda: jax.random.key(0)).dtype, knob)
        weights = spec((n, len(targets)), jnp.float32, knob)
        knobs = each(lambda name, kind: spec((n,), kind, knob))
        x = spec((n, *(self.full if tiled else shape), 3), jnp.float32, knob)
        numbers = (knobs.jitter, key, weights, number, spec((), jnp.bool, one)) if tiled else (knobs, key)
        arguments = (self.network, x, weights, *numbers, (number, number))
        static = "ascend", self.half, targets, ways, self.structure, n, *([self.tile, self.group()] if tiled else [])
        return (static, signature(arguments)), arguments

    def group(self) -> int:
        """How many tiles go through the network at a time."""
        return GROUP.get(jax.default_backend(), 1) * (1 if self.batch > 1 else self.mesh.size)

    def together(self, tiled: bool, targets: tuple[Target, ...], ways: Ways) -> Any:
        """`ascend` or `gradient_in_tiles`, jitted, of n films at once (of a single one without vmap).

        It takes the network as its leaves, a list: a program that is kept on disk knows plain containers only.
        """
        one: Callable = partial(ascend, targets=targets, ways=ways)
        if tiled:
            assert self.tile is not None
            mesh = self.mesh if self.batch == 1 and self.mesh.size > 1 else None
            one = partial(gradient_in_tiles, targets=targets, tile=self.tile, group=self.group(), mesh=mesh)
        own, shared = (5, 3) if tiled else (4, 1)  # step, fresh and size, or the steps, are the same for all films

        def all_of_them(leaves: list[Array], *numbers: Any) -> Any:
            network = jax.tree.unflatten(self.structure, leaves)
            network = InBfloat16(network) if self.half else network
            if self.batch > 1:
                return jax.vmap(one, (None, *[0] * own, *[None] * shared))(network, *numbers)
            firsts = jax.tree.map(lambda number: number[0], numbers[:own])
            return jax.tree.map(lambda result: result[None], one(network, *firsts, *numbers[own:]))

        return jax.jit(all_of_them, donate_argnums=1)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class InBfloat16:
    """A network that computes in bfloat16, between float32 images and float32 activations."""

    network: Network

    def __call__(self, images: Array) -> dict[str, Array]:
        """The network's activations."""
        small = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), self.network)
        return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), small(images.astype(jnp.bfloat16)))


def at_once(network: Network, size: tuple[int, int], tile: str | int = "auto") -> int:
    """How many films of a size (w, h) are dreamed in one pass, at least 1: as many as memory has room for.

    On a CPU only while all of them together stay as small as a picture that needs no tiles: beyond, they fall out of
    its cache, and one after the other is faster (four films in one pass: 1.6 times at 160×90, 1.15 at 320×180, 0.85 at
    640×360).
    """
    w, h = size
    pixels = min(h * w, largest_whole(tile))
    image = jax.ShapeDtypeStruct((1, 64, 64, 3), jnp.float32)
    activations = jax.tree.leaves(jax.eval_shape(lambda network, x: network(x), network, image))
    per_pixel = sum(a.size for a in activations) * 4 / 64**2
    each = HELD * per_pixel * pixels + 8 * 12 * h * w
    room = int(SHARE * free_memory() * jax.local_device_count() / each)
    if jax.default_backend() == "cpu":
        room = min(room, int(WHOLE["cpu"] * jax.local_device_count() / (h * w)))
    return max(1, room)


def free_memory() -> float:
    """Bytes of memory of one device; on a CPU of the machine, shared among its virtual devices."""
    stats = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        return float(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
    return memory() / jax.local_device_count()


def each(make: Callable[[str, type], Any]) -> Knobs:
    """Knobs whose numbers are make(name, dtype)."""
    return Knobs(**{name: make(name, np.int32 if name in WHOLE_NUMBERS else np.float32) for name in Knobs._fields})


def largest_whole(tile: str | int) -> float:
    """The most pixels that a picture may have to be dreamed in one piece."""
    if tile == "off":
        return float("inf")
    return WHOLE.get(jax.default_backend(), WHOLE["gpu"]) if isinstance(tile, str) else tile * tile


def side(tile: str | int) -> int:
    """The longest side that a tile may have."""
    return SIDE.get(jax.default_backend(), SIDE["gpu"]) if isinstance(tile, str) else tile


@kept("full")
def buffer(x: Array, *, full: Shape) -> Array:
    """x [n, h, w, 3] in the corner of pictures of the full size, which is what `gradient_in_tiles` takes."""
    _, h, w, _ = x.shape
    return jnp.pad(x, ((0, 0), (0, full[0] - h), (0, full[1] - w), (0, 0)))


@kept()
def looked_at_each(x: Array, knobs: Knobs, key: Array, step: Array) -> Array:
    """`looked_at` for pictures [n, h, w, 3]."""
    return jax.vmap(looked_at, (0, 0, 0, None))(x, knobs, key, step)


@kept("ways")
def advance(x: Array, g: Array, knobs: Knobs, key: Array, step: Array, *, ways: Ways) -> Array:
    """`advanced` for pictures [n, h, w, 3] whose gradients lie in the corners of buffers [n, H, W, 3]."""
    _, h, w, _ = x.shape

    def one(x: Array, g: Array, knobs: Knobs, key: Array) -> Array:
        g = brought_back(g, knobs, key, step) if ways.wobble else g
        canvas = advanced(x.reshape(h, -1), g.reshape(h, -1), knobs.step_size, nature_of((h, w), knobs, ways))
        return canvas.reshape(h, w, 3)

    return jax.vmap(one)(x, g[:, :h, :w], knobs, key)
