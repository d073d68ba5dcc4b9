"""Contact sheets: each tile is the dream of what its label names, and a sheet is as large as its tiles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageFont

from render.views import search, sheet

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


def test_larger_tiles_in_the_colours_of_a_picture(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray((rng.uniform(0, 1, (40, 40, 1)) * [200, 40, 90] + 20).astype(np.uint8)).save(tmp_path / "red.png")
    picks = [{"high": np.eye(4, dtype=np.float32)[k]} for k in range(2)]
    tiles = np.stack([*sheet.dreamed(Filters(), picks, None, 40, tmp_path / "red.png")]).astype(float)
    assert tiles.shape == (2, 40, 40, 3)
    assert np.abs(tiles.mean((1, 2)) - [120, 40, 65]).max() < 12
    assert not np.array_equal(tiles[0], tiles[1])


class Stripes(Filters):
    """Channels that see edges across, edges down, brightness, and nothing."""

    def __call__(self, images):
        x = images.mean(-1) / 255
        across, down = jnp.diff(x, axis=1)[:, :, :-1], jnp.diff(x, axis=2)[:, :-1]
        seen = [jax.nn.relu(jnp.abs(across) - 0.3), jax.nn.relu(jnp.abs(down) - 0.3), x[:, 1:, 1:], 0 * across]
        return {"low": jnp.stack(seen[:2], -1), "high": jnp.stack(seen, -1)}


jax.tree_util.register_pytree_node(Stripes, lambda _: ((), None), lambda *_: Stripes())


def test_channels_that_like_a_picture():
    """Sharp bars: whoever sees hard edges that way likes them; brightness is what it would be in any case."""
    bars = np.zeros((48, 64, 3), np.float32)
    bars[:, :20] = 255
    found = search.strongest(Stripes(), {"low": 2, "high": 4}, bars, 6)
    assert {(one.layer, one.channel) for one in found[:2]} == {("low", 1), ("high", 1)}
    times = {(one.layer, one.channel): one.times for one in found}
    assert times["high", 1] > 1.2 and abs(times["high", 2] - 1) < 0.5 and len(found) == 6
    assert search.strongest(Stripes(), {"low": 2}, bars.transpose(1, 0, 2), 1)[0][:2] == ("low", 0)


def test_surrogates_have_the_spectrum_and_the_mean():
    picture = np.random.default_rng(0).normal(128, 10, (16, 24, 3)).astype(np.float32)
    made = np.asarray(search.surrogates(jnp.asarray(picture), 2, 0), np.float64)
    spectra = np.abs(np.fft.rfft2(made, axes=(1, 2)))[:, 1:8, 1:12]
    np.testing.assert_allclose(spectra[0], np.abs(np.fft.rfft2(picture, axes=(0, 1)))[1:8, 1:12], rtol=1e-3)
    np.testing.assert_allclose(made.mean((1, 2)), np.tile(picture.mean((0, 1)), (2, 1)), rtol=1e-4)
    assert np.abs(made[0] - made[1]).mean() > 5
