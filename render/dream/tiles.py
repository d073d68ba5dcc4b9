"""Gradients of pictures too large for one pass: equal tiles that cover every pixel, wherever the picture wraps.

Notation: x is a buffer float32 [H, W, 3] whose first h rows and w columns are the picture of this octave; size = (h, w)
is traced, so one compilation serves every octave that is cut into tiles [a, b, 3]. A network sees a tile as it sees a
picture, so a tile's border is as blind as a picture's; the grid lies anywhere at each step, and no seam can grow.
"""

from collections.abc import Callable
from math import ceil

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from render.dream.image import Shape
from render.dream.objective import SILENT, Target, energy

Network = Callable[[Array], dict[str, Array]]


def tile_shape(shapes: list[Shape], most: int) -> Shape:
    """The tile (a, b), sides at most `most`, that covers octaves of these sizes with the fewest pixels in all."""

    def sides(shortest: int) -> set[int]:
        """No tile may be longer than a picture: it would lap itself."""
        return {min(shortest, side) for side in range(most // 2, most + 1, 8)}

    def covered(a: int, b: int) -> int:
        return sum(ceil(h / a) * a * ceil(w / b) * b for h, w in shapes)

    tiles = ((a, b) for a in sides(min(h for h, _ in shapes)) for b in sides(min(w for _, w in shapes)))
    return min(tiles, key=lambda tile: (covered(*tile), -tile[0] * tile[1]))


def starts(length: Array, tile: int) -> tuple[Array, Callable[[Array], Array]]:
    """How many tiles of a side cover `length` pixels, and where tile i starts: evenly, overlapping where they must."""
    count = -(-length // tile)
    return count, lambda i: i * length // count


def place(k: Array, size: tuple[Array, Array], tile: Shape, origin: Array) -> tuple[Array, Array]:
    """The first row and column, within the picture, of tile k of a grid that starts at `origin` and wraps."""
    (rows, row), (columns, column) = (starts(n, t) for n, t in zip(size, tile, strict=True))
    return (origin[0] + row(k // columns % rows)) % size[0], (origin[1] + column(k % columns)) % size[1]


def wrapped(x: Array, size: tuple[Array, Array], tile: Shape) -> Array:
    """x [H, W, 3] with its first rows and columns again behind its last ones: [H + a, W + b, 3].

    Every tile is then one slice. Gathering and scattering single pixels took half as long as the network, on a CPU.
    """
    (a, b), (h, w) = tile, size
    y = jnp.pad(x, ((0, a), (0, b), (0, 0)))
    y = jax.lax.dynamic_update_slice(y, y[:a], (h, jnp.zeros_like(h), jnp.zeros_like(h)))
    return jax.lax.dynamic_update_slice(y, y[:, :b], (jnp.zeros_like(w), w, jnp.zeros_like(w)))


def folded(y: Array, size: tuple[Array, Array], tile: Shape) -> Array:
    """The transpose of `wrapped`: sums [H + a, W + b, 3] brought back into the picture, zero outside it."""
    (a, b), (h, w) = tile, size
    zero = jnp.zeros_like(h)
    y = y.at[:, :b].add(jax.lax.dynamic_slice(y, (zero, w, zero), (y.shape[0], b, 3)))
    y = y.at[:a].add(jax.lax.dynamic_slice(y, (h, zero, zero), (a, y.shape[1], 3)))
    inside = [jnp.arange(n) < limit for n, limit in zip(y.shape, size, strict=False)]
    return jnp.where((inside[0][:, None] & inside[1][None, :])[..., None], y, 0)[:-a, :-b]


def tile_count(size: tuple[Array, Array], tile: Shape) -> Array:
    """How many tiles cover a picture."""
    return starts(size[0], tile[0])[0] * starts(size[1], tile[1])[0]


def relative_score(activations: dict, targets: tuple[Target, ...], weights: Array, whole: Array) -> tuple[Array, Array]:
    """A tile's part in the objective, up to a constant, and its energies [targets].

    ∇ Σ w log E = Σ w ∇E / E, with E the mean over the whole picture, of which each tile's mean square is a share.
    """
    own = jnp.stack([energy(activations, t) for t in targets])
    return jnp.sum(weights * own / (whole + SILENT)), own


def tiled_gradient(
    network: Network,
    x: Array,
    size: tuple[Array, Array],
    origin: Array,
    weights: Array,
    whole: Array,
    *,
    targets: tuple[Target, ...],
    tile: Shape,
    group: int,
    mesh: Mesh | None = None,
) -> tuple[Array, Array]:
    """The gradient [H, W, 3] of the objective, up to a constant factor, and the energies [targets] met on the way.

    `group` tiles at a time go through the network, by vmap, shared out among the devices of a mesh. Where tiles
    overlap, their gradients are averaged. `whole`: energies of the whole picture; those of the step before will do,
    since they change by little.
    """
    count, around = tile_count(size, tile), wrapped(x, size, tile)

    def gradient(patch: Array) -> tuple[Array, Array]:
        return jax.grad(lambda p: relative_score(network(p[None]), targets, weights, whole), has_aux=True)(patch)

    def add(i: Array, sums: tuple[Array, Array]) -> tuple[Array, Array]:
        total, energies = sums
        corners = [(*place(i * group + k, size, tile, origin), 0) for k in range(group)]
        patches = jnp.stack([jax.lax.dynamic_slice(around, corner, (*tile, 3)) for corner in corners])
        if mesh is not None:
            patches = jax.lax.with_sharding_constraint(patches, NamedSharding(mesh, P(*mesh.axis_names)))
        g, own = jax.vmap(gradient)(patches)
        real = i * group + jnp.arange(group) < count  # the last group may run past the last tile
        g = jnp.where(real[:, None, None, None], g, 0)
        for k, corner in enumerate(corners):
            before = jax.lax.dynamic_slice(total, corner, (*tile, 3))
            total = jax.lax.dynamic_update_slice(total, before + g[k], corner)
        return total, energies + jnp.sum(jnp.where(real[:, None], own, 0), axis=0)

    none = jnp.zeros_like(around), jnp.zeros(len(targets))
    total, energies = jax.lax.fori_loop(0, -(-count // group), add, none)
    g = folded(total, size, tile) / coverage(x.shape, size, tile, origin)
    return g, energies / count.astype(jnp.float32)


def coverage(buffer: tuple[int, ...], size: tuple[Array, Array], tile: Shape, origin: Array) -> Array:
    """How many tiles cover each pixel of the buffer, at least 1: [H, W, 1]."""

    def along(axis: int) -> Array:
        count, start = starts(size[axis], tile[axis])
        pixel = (jnp.arange(buffer[axis], dtype=jnp.int32) - origin[axis]) % size[axis]
        # tile i covers a pixel p if start(i) <= p < start(i) + tile, the latter wrapped
        most = -(-buffer[axis] // tile[axis])
        i = jnp.arange(most, dtype=jnp.int32)
        inside = ((pixel[:, None] - start(i)[None]) % size[axis] < tile[axis]) & (i < count)[None]
        return jnp.maximum(1, jnp.sum(inside, axis=1)).astype(jnp.float32)

    return (along(0)[:, None] * along(1)[None, :])[..., None]


def energies_of(
    network: Network, x: Array, size: tuple[Array, Array], *, targets: tuple[Target, ...], tile: Shape
) -> Array:
    """Mean activation² of the whole picture for each target, tile by tile: [targets]."""
    count, origin, around = tile_count(size, tile), jnp.zeros(2, jnp.int32), wrapped(x, size, tile)

    def add(k: Array, total: Array) -> Array:
        patch = jax.lax.dynamic_slice(around, (*place(k, size, tile, origin), 0), (*tile, 3))
        activations = network(patch[None])
        return total + jnp.stack([energy(activations, t) for t in targets])

    return jax.lax.fori_loop(0, count, add, jnp.zeros(len(targets))) / count.astype(jnp.float32)
