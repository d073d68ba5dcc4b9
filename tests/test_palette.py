"""Colour transport against float64 references, and palettes in starts, films and records."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scipy.linalg import sqrtm

from render.dream import palette
from render.dream.palette import cloud, monge, seen, shown
from render.film.frames import films, frames
from render.film.keeping.provenance import made
from render.film.start import start_pictures
from render.film.sweep import alike
from render.scene.palettes import Swatch
from render.scene.reader import read_scene

TEAL, ORANGE, INDIGO, GOLD = (0, 128, 128), (255, 165, 0), (75, 0, 130), (212, 175, 55)


def colours(*listed):
    return [Swatch(tuple(map(float, colour))) for colour in listed]


def noise(h=40, w=56, seed=0):
    """A picture whose channels are correlated, and not all as strong."""
    mix = np.array([[40, 10, 5], [0, 25, -12], [3, 0, 15]])
    return np.clip(128 + np.random.default_rng(seed).normal(size=(h, w, 3)) @ mix, 0, 255).astype(np.float32)


def moved(x, swatches, mean=1.0, rest=1.0, weights=None, contrast=None):
    weights = [1.0] * len(swatches) if weights is None else weights
    return np.asarray(cloud([swatches]).draw(jnp.asarray(x)[None], [weights], [contrast], [mean], [rest])[0])


def moments_of(levels):
    """Mean and covariance in Oklab, float64."""
    y = np.asarray(seen(jnp.asarray(levels, jnp.float32)), np.float64).reshape(-1, 3)
    return y.mean(0), np.cov(y.T, bias=True)


def by_the_book(levels):
    """Oklab in float64, from the equations of sRGB (IEC 61966-2-1) and of Ottosson's page."""
    c = levels.astype(np.float64) / 255
    c = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.cbrt(c @ palette.LMS.T) @ palette.LAB.T


def test_oklab_is_the_books_and_comes_back():
    x = np.random.default_rng(0).uniform(0, 255, (50, 60, 3)).astype(np.float32)
    x[0, :3] = [[0, 0, 0], [255, 255, 255], [3, 255, 0]]
    np.testing.assert_allclose(seen(jnp.asarray(x)), by_the_book(x), atol=2e-4)
    np.testing.assert_allclose(shown(seen(jnp.asarray(x))), x, atol=0.05)
    # white, and the page's own example of another colour: linear sRGB red
    np.testing.assert_allclose(by_the_book(np.array([255, 255, 255])), [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(by_the_book(np.array([255, 0, 0])), [0.628, 0.225, 0.126], atol=1e-3)


def covariance(seed, rank=3):
    a = np.random.default_rng(seed).normal(size=(rank, 3)) * [0.2, 0.05, 0.03]
    return a.T @ a


@pytest.mark.parametrize("seed, rank", [(0, 3), (1, 3), (2, 2), (3, 1)])
def test_the_linear_map_is_monge_kantorovichs(seed, rank):
    """Against Pitié and Kokaram's equation with scipy's roots; a palette may have a plane or a line of colours only."""
    a, b = covariance(10 + seed), covariance(seed, rank)
    with jax.enable_x64(True):
        t = np.asarray(monge(jnp.asarray(a), jnp.asarray(b)))
    a = a + palette.LEAST * np.eye(3)
    half = sqrtm(a)
    expected = np.linalg.inv(half) @ sqrtm(half @ b @ half).real @ np.linalg.inv(half)
    np.testing.assert_allclose(t, expected, atol=1e-5)  # roots of a line of colours are good to 1e-6 only
    np.testing.assert_allclose(t @ a @ t, b, atol=1e-9)
    assert np.linalg.eigvalsh(t).min() > -1e-7


def test_linear_gives_the_palettes_mean_and_covariance():
    with jax.enable_x64(True):
        y = [jnp.asarray(plane) for plane in np.moveaxis(by_the_book(noise()), -1, 0)]
        mean, b = jnp.array([0.6, 0.03, 0.05]), jnp.asarray(covariance(5))
        got = np.stack(palette.linear(y, mean, b)).reshape(3, -1)
    np.testing.assert_allclose(got.mean(1), mean, atol=1e-9)
    np.testing.assert_allclose(np.cov(got, bias=True), b, rtol=0.05, atol=1e-5)


def quantiles(points, weights, direction, at):
    along = points @ direction
    order = np.argsort(along)
    upto = np.cumsum(weights[order]) - weights[order] / 2
    return np.interp(at, upto, along[order])


def test_sliced_moves_colours_by_quantiles():
    """Against float64: each direction's exact quantile map, averaged over the seven."""
    x = noise(32, 64)
    points = np.asarray(cloud([colours(TEAL, ORANGE)]).points[0], np.float64)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, len(points))
    weights /= weights.sum()
    y = by_the_book(x).reshape(-1, 3)
    expected = y.copy()
    for d in palette.DIRECTIONS:
        along = y @ d
        share = (np.argsort(np.argsort(along)) + 0.5) / len(along)
        expected += 3 / 7 * (quantiles(points, weights, d, share) - along)[:, None] * d
    planes = [jnp.asarray(plane, jnp.float32) for plane in np.moveaxis(by_the_book(x), -1, 0)]
    got = palette.sliced(planes, jnp.asarray(points, jnp.float32), jnp.asarray(weights, jnp.float32))
    error = np.stack(got, -1).reshape(-1, 3) - expected
    assert np.sqrt((error**2).mean()) < 0.1 * np.sqrt(((expected - y) ** 2).mean())


@pytest.mark.parametrize("listed", [(TEAL, ORANGE), (INDIGO, GOLD, TEAL), (TEAL,)])
def test_all_the_way_a_picture_has_the_palettes_colours(listed):
    points = np.asarray(cloud([colours(*listed)]).points[0], np.float64)
    mean, spread = moments_of(moved(noise(), colours(*listed)))
    np.testing.assert_allclose(mean, points.mean(0), atol=0.01)
    np.testing.assert_allclose(spread, np.cov(points.T, bias=True), atol=0.002)


def test_two_colours_are_two_and_not_their_grey():
    """Of teal and orange half of the picture is nearer to either, and little lies between."""
    x = moved(noise(), colours(TEAL, ORANGE))
    y, ends = by_the_book(x)[..., 1:], by_the_book(np.array([TEAL, ORANGE]))[..., 1:]
    along = (y - ends[0]) @ (ends[1] - ends[0]) / ((ends[1] - ends[0]) ** 2).sum()
    assert 0.4 < (along > 0.5).mean() < 0.6
    assert ((along > 0.33) & (along < 0.67)).mean() < 0.15


def test_weights_are_shares():
    x = moved(noise(), colours(TEAL, ORANGE), weights=[4, 1])
    warm = x[..., 0] > x[..., 2]
    assert 0.1 < warm.mean() < 0.3


@pytest.mark.parametrize("mean, rest", [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.3)])
def test_strength_is_the_fraction_of_the_way(mean, rest):
    x, swatches = noise(), colours((120, 110, 130), (150, 140, 110))
    whole, got = moved(x, swatches), moved(x, swatches, mean, rest)
    inside = ((whole > 0) & (whole < 255) & (got > 0) & (got < 255)).all(-1)  # the rest is clipped
    assert inside.mean() > 0.98
    y, whole, got = map(by_the_book, (x, whole, got))
    far = (whole - y).mean((0, 1))
    np.testing.assert_allclose(got[inside], (y + rest * (whole - y) + (mean - rest) * far)[inside], atol=2e-3)


def test_a_flat_picture_stays_finite_and_takes_the_mean():
    mean = np.asarray(cloud([colours(TEAL, ORANGE)]).points[0]).mean(0)
    for level in (0, 128, 255):
        x = moved(np.full((20, 30, 3), level, np.float32), colours(TEAL, ORANGE))
        assert np.isfinite(x).all() and x.std((0, 1)).max() < 0.5
        np.testing.assert_allclose(moments_of(x)[0], mean, atol=0.02)


def test_without_any_weight_nothing_moves():
    np.testing.assert_allclose(moved(noise(), colours(TEAL, ORANGE), weights=[0, 0]), noise(), atol=0.05)


def test_a_contrast_may_be_asked_for():
    swatches = colours((90, 120, 130), (150, 140, 110))
    for contrast in (15, 30):
        x = moved(noise(), swatches, contrast=contrast)
        np.testing.assert_allclose(np.sqrt(x.var((0, 1)).mean()), contrast, rtol=0.15)


def test_batched_is_one_by_one():
    palettes = [colours(TEAL, ORANGE), colours(INDIGO, GOLD, TEAL)]
    weights, x = [[1, 2], [1, 1, 3]], np.stack([noise(), noise(seed=1)])
    together = cloud(palettes).draw(jnp.asarray(x), weights, [None, 30], [0.3, 1], [1, 0.5])
    for k in range(2):
        alone = cloud(palettes[k : k + 1]).draw(
            jnp.asarray(x[k : k + 1]), weights[k : k + 1], [[None, 30][k]], [[0.3, 1][k]], [[1, 0.5][k]]
        )
        np.testing.assert_allclose(together[k], alone[0], atol=0.05)


def test_a_picture_is_a_palette(tmp_path):
    x = noise(seed=3)
    Image.fromarray(x.astype(np.uint8)).save(tmp_path / "x.png")
    other = np.random.default_rng(0).uniform(0, 255, (30, 30, 3)).astype(np.float32)
    got, expected = moments_of(moved(other, [Swatch(picture=tmp_path / "x.png")])), moments_of(x)
    np.testing.assert_allclose(got[0], expected[0], atol=0.01)
    np.testing.assert_allclose(got[1], expected[1], atol=0.002)


# Scenes

TINY = """
size: [48, 32]
frames: 3
start: {noise: perlin, palette: [teal, orange]}
dream: {layers: fire3, octaves: 1, iterations: 1}
motion: {zoom: 1, rotate: 0}
output: {path: film.mp4}
"""


def scene_of(tmp_path: Path, *overrides: str):
    (tmp_path / "scene.yaml").write_text(TINY)
    return read_scene(tmp_path / "scene.yaml", overrides)


def eye(images):
    return {"fire3": images - jnp.float32(128)}


NETWORK = jax.tree_util.Partial(eye)


def mean_of(x):
    return np.asarray(x).mean((0, 1))


def test_a_start_takes_a_palette_and_the_film_keeps_it(tmp_path):
    scene = scene_of(tmp_path, "dream.keep.strength=1", "dream.step_size=20")
    start = next(start_pictures(scene, jax.random.key(0)))
    np.testing.assert_allclose(mean_of(start), mean_of(moved(noise(), colours(TEAL, ORANGE))), atol=12)
    *_, last = frames(scene, NETWORK)
    *_, free = frames(scene_of(tmp_path, "dream.keep=0", "dream.step_size=20"), NETWORK)
    *_, other = frames(scene_of(tmp_path, "dream.keep={strength: 1, palette: indigo}"), NETWORK)
    assert np.abs(mean_of(last) - mean_of(start)).max() < 20
    green, without = (np.asarray(x)[..., 1].std() / np.asarray(start)[..., 1].std() for x in (last, free))
    assert 0.7 < green < 1.3 and without > 1.7
    assert mean_of(other)[2] > mean_of(other)[1] + 20


def test_a_picture_start_takes_one(tmp_path):
    Image.fromarray(noise().astype(np.uint8)).save(tmp_path / "x.png")
    scene = scene_of(tmp_path, "start={image: x.png, palette: [indigo]}".replace("x.png", str(tmp_path / "x.png")))
    start = mean_of(next(start_pictures(scene, jax.random.key(0))))
    assert start[2] > start[1] + 20


def test_a_palette_moves_by_its_weights(tmp_path):
    weights = "dream.keep.palette={teal: {0f: 1, 2f: 0, ease: step}, orange: {0f: 0, 2f: 1, ease: step}}"
    film = list(frames(scene_of(tmp_path, weights, "dream.keep.strength=1"), NETWORK))
    assert mean_of(film[0])[0] + 50 < mean_of(film[2])[0]


def test_the_colour_moves_as_fast_at_any_frame_rate(tmp_path):
    keep = "dream.keep={strength: 0.1, palette: indigo}"
    slow = scene_of(tmp_path, "frames=12", "fps=24", "dream.iterations=0", keep)
    *_, x = frames(slow, NETWORK)
    *_, y = frames(replace(slow, fps=Fraction(48), frames=24), NETWORK)
    np.testing.assert_allclose(mean_of(x), mean_of(y), atol=3)


def test_films_with_palettes_of_their_own_go_together(tmp_path):
    scenes = [scene_of(tmp_path, f"start.palette={p}", "frames=2") for p in ("[teal, orange]", "[indigo, gold, teal]")]
    assert alike(*scenes) and not alike(scenes[0], scene_of(tmp_path, "start={noise: perlin}", "frames=2"))
    *_, together = films(scenes, NETWORK)
    for k, scene in enumerate(scenes):
        *_, alone = frames(scene, NETWORK)
        np.testing.assert_allclose(together[k], alone, atol=0.5)
    assert np.abs(mean_of(together[0]) - mean_of(together[1])).max() > 20


def test_a_palettes_picture_is_part_of_the_record(tmp_path):
    Image.fromarray(noise().astype(np.uint8)).save(tmp_path / "x.png")
    scene = scene_of(tmp_path, f"dream.keep.palette={{{tmp_path / 'x.png'}: 2, teal: 1}}")
    before = made(scene)["sha256"]
    assert "dream.keep.palette.0.picture" in before
    Image.fromarray(noise(seed=1).astype(np.uint8)).save(tmp_path / "x.png")
    assert made(scene)["sha256"] != before
