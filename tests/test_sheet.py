"""Contact sheets: each tile is the dream of what its label names, and a sheet is as large as its tiles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import ImageFont

from render.views import sheet

pytestmark = pytest.mark.numbers


class Filters:
    """A network of one convolution: `low` 2 channels, `high` 4; what they see differs."""

    kernel = np.random.default_rng(0).normal(size=(5, 5, 3, 4)).astype(np.float32)

    def __call__(self, images):
        x = jax.lax.conv_general_dilated(
            images / 255, jnp.asarray(self.kernel), (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return {"low": x[..., :2], "high": jnp.square(x)}


jax.tree_util.register_pytree_node(Filters, lambda _: ((), None), lambda *_: Filters())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in (("SIDE", 24), ("ITERATIONS", 4), ("OCTAVES", 1), ("AT_ONCE", 4), ("JITTER", 0)):
        monkeypatch.setattr(sheet, name, value)


def energies(tiles):
    """Mean activation² of `high`, by tile and channel."""
    out = Filters()(jnp.asarray(np.stack(tiles), jnp.float32))["high"]
    return np.asarray(jnp.square(out).mean((1, 2)))


def test_each_tile_shows_its_channel_best():
    flat = np.full((24, 24, 3), 128, np.float32)
    picks = [{"high": np.eye(4, dtype=np.float32)[k]} for k in range(4)]
    flat[::2] += 1
    share = energies(list(sheet.dreamed(Filters(), picks, flat)))
    share = share / energies([np.uint8(flat)])
    assert share.argmax(0).tolist() == [0, 1, 2, 3]


def test_all_channels_are_one_program(monkeypatch):
    seen, traces = [], []
    original = Filters.__call__
    monkeypatch.setattr(Filters, "__call__", lambda self, x: traces.append(1) or original(self, x))
    monkeypatch.setattr(sheet, "AT_ONCE", 2)
    made = sheet.channel_sheet(Filters(), "high", 4, last=3, title="high", progress=lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert len(traces) <= 2  # traced for one program, and once more by its gradient at most
    assert made.size == (3 * 30 + 6, 40 + 24 + 20 + 6)


def test_layers_of_a_picture_keep_its_shape():
    picture = np.random.default_rng(0).uniform(0, 255, (30, 60, 3)).astype(np.float32)
    made = sheet.layer_sheet(Filters(), {"low": 2, "high": 4}, picture)
    assert made.size == (2 * 30 + 6, 6 + 12 + 20 + 6)


def test_only_the_page_asked_for():
    labels = []
    sheet.layer_sheet(Filters(), {"low": 2, "high": 4}, first=1, last=9, progress=lambda *at: labels.append(at))
    assert labels == [(1, 1)]


def test_long_labels_keep_both_ends():
    font = ImageFont.load_default(size=13)
    short = sheet.shortened("mixed4d_3x3_bottleneck_pre_relu[143]", 160, font)
    assert font.getlength(short) <= 160
    assert short.startswith("mixed4d") and short.endswith("relu[143]") and "…" in short
    assert sheet.shortened("fire7[3]", 160, font) == "fire7[3]"
