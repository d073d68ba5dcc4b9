"""The feedback loop on the real network and tiny scenes."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from render.dream.image import resize
from render.film.frames import film_length, frames
from render.scene.reader import read_scene

pytestmark = pytest.mark.numbers

TINY = """
size: [48, 32]
frames: 3
start: {noise: perlin, scale: 0.3}
dream: {layers: fire3, octaves: 2, iterations: 2}
output: {path: film.mp4}
"""


def scene_of(tmp_path: Path, text: str = TINY, *overrides: str):
    (tmp_path / "scene.yaml").write_text(text)
    return read_scene(tmp_path / "scene.yaml", overrides)


def rendered(scene, network) -> np.ndarray:
    return np.stack([np.asarray(f) for f in frames(scene, network)])


def test_a_film_has_its_frames_and_is_the_same_again(tmp_path, squeezenet):
    scene = scene_of(tmp_path)
    film = rendered(scene, squeezenet)
    assert film.shape == (3, 32, 48, 3) and film.dtype == np.float32
    np.testing.assert_array_equal(rendered(scene, squeezenet), film)
    assert np.abs(film[1] - film[0]).mean() > 0.5


def test_the_seed_decides(tmp_path, squeezenet):
    one, two = (rendered(scene_of(tmp_path, TINY, f"seed={s}", "frames=1"), squeezenet) for s in (1, 2))
    assert np.abs(one - two).mean() > 5


def test_state_is_not_rounded_between_frames(tmp_path, squeezenet):
    film = rendered(scene_of(tmp_path), squeezenet)
    assert np.abs(film - film.round()).mean() > 0.1


def test_without_steps_and_motion_the_start_stands_still(tmp_path, squeezenet):
    scene = scene_of(tmp_path, TINY, "dream.iterations=0", "motion.zoom=1", "motion.rotate=0", "dream.keep=0")
    film = rendered(scene, squeezenet)
    np.testing.assert_array_equal(film[2], film[0])


def test_a_layer_of_weight_zero_is_left_out(tmp_path, squeezenet):
    with_zero = scene_of(tmp_path, TINY, "dream.layers={fire3: 1, fire9: 0}", "frames=2")
    without = scene_of(tmp_path, TINY, "dream.layers={fire3: 1}", "frames=2")
    np.testing.assert_array_equal(rendered(with_zero, squeezenet), rendered(without, squeezenet))


def test_all_weights_zero_is_no_dream_but_no_crash(tmp_path, squeezenet):
    film = rendered(scene_of(tmp_path, TINY, "dream.layers={fire3: 0}", "motion.zoom=1", "motion.rotate=0"), squeezenet)
    assert np.isfinite(film).all()


def test_pixels_move_as_motion_says(tmp_path, squeezenet):
    scene = scene_of(
        tmp_path,
        TINY,
        "dream.iterations=0",
        "dream.keep=0",
        "motion={zoom: 1, rotate: 0, translate: [0.25, 0], border: wrap}",
    )
    film = rendered(scene, squeezenet)
    np.testing.assert_allclose(film[1], np.roll(film[0], 12, axis=1), atol=0.01)


@pytest.mark.parametrize(
    "record, iterations, stages",
    [
        ("octaves", "2", 2),
        ("iterations", "2", 4),
        ("iterations", "{octaves: [3, 1, 7]}", 4),
        ("octaves", "{octaves: [0, 2]}", 1),
        ("iterations", "{octaves: [2, 0]}", 2),
    ],
)
def test_record_films_how_a_picture_forms(tmp_path, squeezenet, record, iterations, stages):
    own = "frames=1", f"dream.iterations={iterations}"
    scene = scene_of(tmp_path, TINY, f"output.record={record}", *own)
    film = rendered(scene, squeezenet)
    assert film.shape == (film_length(scene), 32, 48, 3) and len(film) == stages
    (last,) = rendered(scene_of(tmp_path, TINY, *own), squeezenet)
    np.testing.assert_allclose(film[-1], last, atol=0.5)


def test_keep_holds_colour_where_it_would_drift(tmp_path, squeezenet):
    def film(keep):
        return rendered(scene_of(tmp_path, TINY, "frames=12", f"dream.keep={keep}", "dream.step_size=6"), squeezenet)

    def drift(f):
        return abs(f[-1].std((0, 1)) - 42).max()

    assert drift(film(0.5)) < 0.5 * drift(film(0))


def test_a_flat_start_grows_contrast(tmp_path, squeezenet):
    film = rendered(scene_of(tmp_path, TINY.replace("{noise: perlin, scale: 0.3}", '{colour: "#406080"}')), squeezenet)
    assert film[-1].std() > 5
    np.testing.assert_allclose(film[-1].mean((0, 1)), [0x40, 0x60, 0x80], atol=12)


def test_a_picture_is_what_frame_0_grows_from(tmp_path, squeezenet):
    Image.new("RGB", (96, 64), (200, 40, 90)).save(tmp_path / "red.png")
    scene = scene_of(
        tmp_path, TINY.replace("{noise: perlin, scale: 0.3}", "{image: red.png}"), "dream.iterations=0", "dream.keep=0"
    )
    np.testing.assert_allclose(
        rendered(scene, squeezenet)[0], np.broadcast_to(np.float32([200, 40, 90]), (32, 48, 3)), atol=0.01
    )


def test_every_frame_of_a_film_is_dreamed(tmp_path, squeezenet):
    from render.media.codecs import coding
    from render.media.video import film

    with film(tmp_path / "clip.mp4", (48, 32), 24, coding(tmp_path / "clip.mp4", crf=10)) as write:
        for level in (40, 90, 140, 190):
            write(np.full((32, 48, 3), level, np.uint8))
    text = TINY.replace("{noise: perlin, scale: 0.3}", "{video: clip.mp4}")
    still = rendered(scene_of(tmp_path, text, "dream.iterations=0", "dream.keep=0"), squeezenet)
    np.testing.assert_allclose(still.mean((1, 2, 3)), [40, 90, 140], atol=4)
    dreamed = rendered(scene_of(tmp_path, text), squeezenet)
    assert (dreamed.std((1, 2)).mean(-1) > 2).all()


def test_a_fake_network_is_a_one_liner(tmp_path):
    scene = scene_of(tmp_path, TINY, "dream.layers=fire2")
    import jax

    film = rendered(scene, jax.tree_util.Partial(lambda images: {"fire2": images - jnp.float32(128)}))
    assert film[-1].std() > film[0].std() * 0.5


def test_a_portrait_and_an_odd_octave_work(tmp_path, squeezenet):
    scene = replace(scene_of(tmp_path, TINY, "dream.octaves={smallest: 20}", "dream.octave_scale=1.7"), size=(34, 58))
    assert rendered(scene, squeezenet).shape == (3, 58, 34, 3)


def test_a_wrapped_film_has_no_seam(tmp_path, squeezenet):
    """Where the picture goes on at its opposite side, neighbours differ as they do elsewhere."""

    def seam(border):
        scene = scene_of(
            tmp_path, TINY, "frames=4", "size=[64, 64]", f"motion.border={border}", "motion.translate=[0.1, 0]",
            "motion.zoom=1", "motion.rotate=0", "dream.iterations=4", "start.noise=uniform", "start.scale=0.1",
        )  # fmt: skip
        x = rendered(scene, squeezenet)[-1]
        return np.abs(x[:, 0] - x[:, -1]).mean() / np.abs(np.diff(x, axis=1)).mean()

    # the noise itself does not wrap; what has drifted across the border since does
    assert seam("wrap") < 2.5


def test_colour_is_held_to_a_palette(tmp_path, squeezenet):
    Image.new("RGB", (8, 8), (200, 90, 40)).save(tmp_path / "red.png")
    scene = scene_of(
        tmp_path,
        TINY,
        "dream.keep={strength: 1, palette: red.png}".replace("red.png", str(tmp_path / "red.png")),
    )
    np.testing.assert_allclose(rendered(scene, squeezenet)[-1].mean((0, 1)), [200, 90, 40], atol=8)


def test_the_fast_network_makes_the_film_of_the_plain_one(tmp_path, squeezenet, monkeypatch):
    """The blocks' own kernels and gradients against XLA's, over a film: equal within rounding."""
    scene = scene_of(tmp_path, TINY, "dream.layers={fire3: 1, fire5: 0.5}", "dream.octaves=1")
    fast = rendered(scene, squeezenet)
    monkeypatch.setattr("models.blocks.layers.own_gradients", lambda: False)
    monkeypatch.setattr("render.dream.compiled._store", [])  # or the fast one's programs would be read again
    plain = rendered(scene, squeezenet)
    difference = np.abs(fast - plain)
    assert difference.mean() < 0.05 and np.quantile(difference, 0.99) < 1


def test_a_recorded_frame_without_layers_has_no_stage(tmp_path, squeezenet):
    layers = "dream.layers={fire3: {0f: 0, 1f: 0, 2f: 1}}"
    scene = scene_of(tmp_path, TINY, layers, "output.record=octaves", "frames=3")
    assert len(rendered(scene, squeezenet)) == film_length(scene) == 2


@pytest.mark.parametrize("start", ["perlin", "uniform"])
def test_a_draft_grows_the_same_things_in_the_same_places(tmp_path, squeezenet, quick_ascents, start):
    """The middle band of first frames, of three channels at the draft's size, correlates."""
    text = f"start: {{noise: {start}}}\nframes: 1\ndream: {{layers: fire4, octaves: {{smallest: 32}}, iterations: 4}}"
    bands = []
    for size in ((80, 48), (160, 96)):
        scene = scene_of(tmp_path, text, f"size=[{size[0]}, {size[1]}]")
        x = resize(next(frames(scene, squeezenet)), (48, 80))
        bands.append(gaussian_filter(x, (1, 1, 0)) - gaussian_filter(x, (4, 4, 0)))
    assert np.corrcoef(bands[0].ravel(), bands[1].ravel())[0, 1] > 0.85
