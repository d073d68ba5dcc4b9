"""Variations: how they are written, what goes together, and that together is what one after the other is."""

from pathlib import Path

import numpy as np
import pytest

from render.film.frames import films, frames
from render.film.grid import grid, layout
from render.film.sweep import alike, label, output_of, together, variations
from render.language.marks import SceneError
from render.scene.reader import read_scene

pytestmark = pytest.mark.numbers

TINY = """
size: [48, 32]
frames: 2
start: {noise: perlin, scale: 0.3}
dream: {layers: {fire3: 1}, octaves: 2, iterations: 2}
output: {path: film.mp4}
"""


@pytest.fixture
def scene_of(tmp_path):
    (tmp_path / "scene.yaml").write_text(TINY)
    return lambda *overrides: read_scene(tmp_path / "scene.yaml", overrides)


def test_the_product_of_all_values():
    assert variations(["dream.step_size=1,1.5", "seed=0..2"]) == [
        ["dream.step_size=1", "seed=0"],
        ["dream.step_size=1", "seed=1"],
        ["dream.step_size=1", "seed=2"],
        ["dream.step_size=1.5", "seed=0"],
        ["dream.step_size=1.5", "seed=1"],
        ["dream.step_size=1.5", "seed=2"],
    ]
    assert variations([]) == [[]]


def test_commas_inside_brackets_do_not_separate():
    chosen = variations(["size=[64, 36],[128, 72]", 'dream.layers={fire3: 1, fire5: 2},"fire7[1,4-6]"'])
    assert len(chosen) == 4 and chosen[0] == ["size=[64, 36]", "dream.layers={fire3: 1, fire5: 2}"]
    assert chosen[3] == ["size=[128, 72]", 'dream.layers="fire7[1,4-6]"']


@pytest.mark.parametrize("sweep", ["seed", "seed=", "=1,2", "seed=3..1", "seed=0..5000"])
def test_what_is_no_sweep_is_a_mistake(sweep):
    with pytest.raises(SceneError, match="--sweep"):
        variations([sweep])


def test_names_say_what_varies():
    chosen = ["dream.step_size=1.5", "seed=2"]
    assert label(chosen) == "step_size=1.5 seed=2"
    assert output_of(Path("out/a.mp4"), chosen) == Path("out/a_step_size=1.5_seed=2.mp4")
    assert output_of(Path("out/####.png"), chosen) == Path("out/step_size=1.5_seed=2/####.png")
    assert "/" not in output_of(Path("a.mp4"), ["start.image=../x/y.png"]).name


def test_only_numbers_may_differ_in_a_batch(scene_of):
    base = scene_of()
    assert alike(base, scene_of("dream.step_size=3", "seed=9", "motion.zoom=1.1", "dream.jitter=2"))
    for other in ("dream.iterations=3", "size=[64, 32]", "dream.layers=fire4", "motion.border=wrap", "dream.octaves=1"):
        assert not alike(base, scene_of(other)), other
    assert not alike(scene_of("dream.layers={fire3: 1, fire4: 1}"), scene_of("dream.layers={fire3: 1, fire4: 0}"))


def test_batches_are_full_and_complete(scene_of):
    scenes = [scene_of(f"seed={s}") for s in range(3)] + [scene_of("dream.iterations=1")] + [scene_of("seed=7")]
    assert together(scenes, lambda scene: 2) == [[0, 1], [2, 4], [3]]


@pytest.mark.parametrize("tile", ["off", "64"])
def test_together_is_what_one_after_the_other_is(scene_of, squeezenet, tile):
    """Over the two virtual devices of the tests, too: two films are spread over them, one uses its tiles' way."""
    size = "size=[48, 32]" if tile == "off" else "size=[128, 96]"
    common = (size, f"dream.tile={tile}", "dream.octaves=1", "dream.layers=fire2")  # the quickest to compile
    scenes = [scene_of(*common, f"seed={s}", f"dream.step_size={1 + s}", f"motion.zoom={1 + s / 50}") for s in (0, 1)]
    batch = np.stack([np.asarray(x) for x in films(scenes, squeezenet)])
    for k, scene in enumerate(scenes):
        alone = np.stack([np.asarray(x) for x in frames(scene, squeezenet)])
        difference = np.abs(batch[:, k] - alone)
        assert difference.mean() < 0.05 and np.quantile(difference, 0.99) < 1


def test_one_device_and_two_dream_the_same_tiles(scene_of, squeezenet, monkeypatch):
    import jax

    scene = scene_of("size=[128, 96]", "dream.tile=64", "dream.octaves=1", "dream.iterations=3", "dream.layers=fire2")
    assert jax.local_device_count() == 2
    two = np.asarray(next(frames(scene, squeezenet)))
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:1])
    monkeypatch.setattr(jax, "local_device_count", lambda: 1)
    one = np.asarray(next(frames(scene, squeezenet)))
    assert np.abs(two - one).mean() < 0.05


@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_the_grid_holds_every_film_in_its_place(count):
    frames = [np.full((36, 64, 3), 10 * k + 60, np.uint8) for k in range(count)]
    columns, rows, (w, h) = layout(count, (64, 36))
    sheet = grid(frames, [f"k={k}" for k in range(count)])
    assert sheet.shape == (rows * 36, columns * 64, 3) and columns * rows >= count
    for k in range(count):
        x, y = k % columns * w, k // columns * h
        assert (sheet[y + 2, x + 32] == 10 * k + 60).all()
        assert sheet[y + 20 : y + 36, x : x + 20].max() > 200, "a label"


def test_a_large_grid_shrinks_its_tiles():
    columns, _, (w, h) = layout(16, (1920, 1080))
    assert columns * w <= 3840 and w % 2 == h % 2 == 0
