"""Contact sheets: what each layer, or each channel of a layer, makes of a picture or of noise.

Notation: a tile is an image float32 [h, w, 3] in levels 0..255; a pick says what a tile dreams, {layer: float32 [c]},
a share of each channel of each layer. Picks are traced, so that all tiles of a sheet are one program per octave.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.blocks.xla import compiler_options
from render.dream.ascent import Knobs, Octave, Ways, ascend, dream
from render.dream.image import hold, noise, octave_shapes, to_uint8
from render.dream.objective import SILENT, Target
from render.dream.palette import cloud
from render.dream.tiles import Network
from render.scene.palettes import Swatch

Pick = Mapping[str, NDArray[np.float32]]
Progress = Callable[[int, int], None]  # (tiles that are ready, tiles in all)

SIDE = (
    160  # pixels of a tile's longer side, unless it is said: six animals' heads fit, and 64 tiles take a minute or two
)
AT_ONCE = 8  # tiles that are dreamed together
TOGETHER = 24  # layers of one program: a deep network's first layers need not wait for its last
ITERATIONS, STEP_SIZE, JITTER = 40, 1.5, 16
NATURAL, STILL = (0.5, 0.5), (0.0, 0.0)  # colour and spectrum, as a scene has them; no wobble
OCTAVES, OCTAVE_SCALE = 3, 1.5
LEVEL, CONTRAST, GRAIN = 117.0, 12.0, 0.12  # of the noise: soft, so that what is not dreamed stays quiet
SHOWN = (124.0, 52.0)  # mean and contrast of a finished tile that grew from noise, so that all can be read
PASSES = 2  # of tiles to the colours of a picture: after one some lie between them
PAPER, INK, GAP, COLUMNS = (18, 18, 22), (226, 226, 220), 6, 8


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Picked:
    """A network that has one activation, `pick`: its mean square is that of what the pick names."""

    network: Network
    pick: Mapping[str, Array]

    def __call__(self, images: Array) -> dict[str, Array]:
        """{"pick": [1]}"""
        out = self.network(images)
        energies = [jnp.dot(jnp.mean(jnp.square(out[name]), axis=(0, 1, 2)), v) for name, v in self.pick.items()]
        return {"pick": jnp.sqrt(sum(energies, jnp.float32(SILENT)))[None]}


def layer_sheet(
    network: Network,
    layers: Mapping[str, int],
    picture: NDArray[np.float32] | None = None,
    *,
    first: int = 0,
    last: int = 64,
    title: str = "",
    side: int | None = None,
    colours: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Image.Image:
    """What each of the layers {name: channels} makes of a picture [h, w, 3] or of noise, from `first` to `last` - 1.

    side: pixels of a tile's longer side. colours: a picture whose colours the noise and the tiles have.
    """
    names = list(layers)[first:last]
    tiles: list[NDArray[np.uint8]] = []
    for start in range(0, len(names), TOGETHER):
        group = names[start : start + TOGETHER]
        # a pick names all of its group, what is not meant with zeros: the same program for each
        picks = [{name: _share(layers[name], name == chosen) for name in group} for chosen in group]
        for tile in dreamed(network, picks, picture, side, colours):
            tiles.append(tile)
            progress(len(tiles), len(names))
    return sheet(tiles, names, title)


def channel_sheet(
    network: Network,
    layer: str,
    channels: int,
    picture: NDArray[np.float32] | None = None,
    *,
    first: int = 0,
    last: int = 64,
    title: str = "",
    side: int | None = None,
    colours: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Image.Image:
    """What the channels `first` to `last`-1 of a layer with so many channels make of a picture, or of noise."""
    chosen = [(layer, k) for k in range(channels)[first:last]]
    return chosen_sheet(network, {layer: channels}, chosen, picture, title, side, colours, progress)


def chosen_sheet(
    network: Network,
    layers: Mapping[str, int],
    chosen: Sequence[tuple[str, int]],
    picture: NDArray[np.float32] | None = None,
    title: str = "",
    side: int | None = None,
    colours: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Image.Image:
    """What some channels (layer, number) of the layers {name: channels} make of a picture, or of noise."""
    names = dict.fromkeys(layer for layer, _ in chosen)
    picks = [
        {name: np.eye(layers[name], dtype=np.float32)[k] * (name == layer) for name in names} for layer, k in chosen
    ]
    tiles: list[NDArray[np.uint8]] = []
    for tile in dreamed(network, picks, picture, side, colours):
        tiles.append(tile)
        progress(len(tiles), len(chosen))
    return sheet(tiles, [f"{layer}[{k}]" for layer, k in chosen], title)


def _share(channels: int, chosen: bool) -> NDArray[np.float32]:
    return np.full(channels, chosen / channels, np.float32)


def dreamed(
    network: Network,
    picks: Sequence[Pick],
    picture: NDArray[np.float32] | None,
    side: int | None = None,
    colours: Path | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """A tile for each pick, uint8 [h, w, 3]; all picks name the same layers."""
    start = ground(side or SIDE) if picture is None else small(picture, side or SIDE)
    start = coloured(start[None], colours)[0] if colours else start
    h, w, _ = start.shape
    shapes = octave_shapes((h, w), octaves=OCTAVES, scale=OCTAVE_SCALE)
    n = min(AT_ONCE, len(picks))
    climb, knobs = ascent(n), Knobs(*(np.full(n, number) for number in (STEP_SIZE, JITTER, *NATURAL, *STILL)))
    for at in range(0, len(picks), n):
        some = [*picks[at : at + n]]
        full = [*some, *[some[-1]] * (n - len(some))]  # the last ones may be fewer, and are one program with the rest
        pick = jax.tree.map(lambda *rows: jnp.stack(rows), *[dict(p) for p in full])
        keys = jax.vmap(jax.random.key)(jnp.zeros(n, jnp.uint32))  # one seed: tiles differ by what they dream only
        x = dream(
            partial(climb, Picked(network, pick)),
            jnp.broadcast_to(start, (n, *start.shape)),
            np.ones((n, 1), np.float32),
            targets=(Target("pick"),),
            octaves=[Octave(shape, ITERATIONS, knobs) for shape in shapes],
            ways=Ways(natural=True),
            key=keys,
        )
        shown = coloured(x, colours) if colours else x if picture is not None else readable(x)
        yield from np.asarray(to_uint8(shown))[: len(some)]


def ascent(n: int) -> Callable[..., Array]:
    """`ascend` for n tiles at once, called as `dream` calls it, with a network of n picks before."""

    @partial(jax.jit, static_argnames=("targets", "ways"), compiler_options=compiler_options())
    def climb(
        network: Picked, x: Array, weights: Array, knobs: Knobs, key: Array, steps: Any, *, targets: Any, ways: Ways
    ) -> Array:
        def one(pick: Any, x: Array, weights: Array, knobs: Knobs, key: Array) -> Array:
            inner = Picked(network.network, pick)
            return ascend(inner, x, weights, knobs, key, steps, targets=targets, ways=ways)

        return jax.vmap(one)(network.pick, x, weights, knobs, key)

    return climb


def ground(side: int) -> Array:
    """The noise that tiles grow from: [side, side, 3]."""
    level, contrast = jnp.float32(LEVEL), jnp.float32(CONTRAST)
    return noise(jax.random.key(0), level, contrast, shape=(side, side), kind="perlin", scale=GRAIN)


def coloured(tiles: Array, picture: Path) -> Array:
    """Tiles [n, h, w, 3] in the colours of a picture, as `start.palette` has them. PictureError: it cannot be read."""
    n = tiles.shape[0]
    palette = cloud([[Swatch(picture=picture)]] * n)
    for _ in range(PASSES):
        tiles = palette.draw(tiles, [[1.0]] * n, [None] * n, [1] * n, [1] * n)
    return tiles


def small(picture: NDArray[np.float32], side: int) -> Array:
    """The picture at the size of a tile."""
    h, w = picture.shape[:2]
    scale = side / max(h, w)
    image = jax.image.resize(jnp.asarray(picture), (max(1, round(h * scale)), max(1, round(w * scale)), 3), "lanczos3")
    return jnp.clip(image, 0, 255)


def readable(tiles: Array) -> Array:
    """Tiles [n, h, w, 3] at one mean and contrast."""
    n = tiles.shape[0]
    mean, contrast = (jnp.full((n, 3), value, jnp.float32) for value in SHOWN)
    return hold(tiles, mean, contrast, jnp.full(n, 0.5), jnp.ones(n))


def sheet(tiles: Sequence[NDArray[np.uint8]], labels: Sequence[str], title: str = "") -> Image.Image:
    """Tiles uint8 [h, w, 3] of one size in rows, each over its label, under a title."""
    h, w, _ = tiles[0].shape
    font, large = ImageFont.load_default(size=13), ImageFont.load_default(size=18)
    columns = min(COLUMNS, ceil(len(tiles) ** 0.5 * 1.2))
    line, head = 20, 40 if title else GAP
    rows = ceil(len(tiles) / columns)
    paper = Image.new("RGB", (columns * (w + GAP) + GAP, head + rows * (h + line + GAP)), PAPER)
    pen = ImageDraw.Draw(paper)
    pen.text((2 * GAP, 10), title, INK, large)
    for i, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        x, y = GAP + i % columns * (w + GAP), head + i // columns * (h + line + GAP)
        paper.paste(Image.fromarray(tile), (x, y))
        pen.text((x + 2, y + h + 2), shortened(label, w, font), INK, font)
    return paper


def shortened(label: str, width: int, font: Any) -> str:
    """The label, its middle left out where it is wider than so many pixels."""
    if font.getlength(label) <= width:
        return label
    keep = len(label)
    while keep > 2 and font.getlength(_ends(label, keep)) > width:
        keep -= 1
    return _ends(label, keep)


def _ends(label: str, keep: int) -> str:
    return f"{label[: keep // 2]}…{label[len(label) - (keep - keep // 2) :]}"
