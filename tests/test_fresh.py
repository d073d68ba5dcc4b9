"""What comes in from outside: in its place, of the surroundings' colour, the same at every size, never in stripes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from render.motion import fresh, soft
from render.motion.warp import matrix, perspective, warp_on_device
from scripts import measure_borders

pytestmark = pytest.mark.numbers
SHAPE = 60, 96
STILL = {"zoom": 1.0, "rotate_degrees": 0.0, "translate": (0, 0), "center": (0.5, 0.5)}


def pull(shape=SHAPE, **motion):
    return matrix(**{**STILL, **motion}, shape=shape)


def picture(shape=SHAPE, sigma=4.0, seed=0):
    """A soft coloured picture, float64, over most of 0..255."""
    noise = np.random.default_rng(seed).normal(size=(*shape, 3)) @ [[1, 0.5, 0], [0, 1, 0.5], [0, 0, 0.6]]
    soft = ndimage.gaussian_filter(noise, (sigma, sigma, 0))
    return np.clip(128 + 45 * soft / soft.std(), 0, 255)


GRAIN = jax.jit(fresh.grain)


def moved(image, m, travelled=0.3, seed=5):
    first, along = fresh.phases_at([travelled])
    numbers = jnp.asarray(m, jnp.float32), jnp.float32(0), jax.random.key(seed), (first[0], along[0])
    return np.asarray(fresh.fresh_on_device(jnp.float32(image), *numbers, interpolation="linear"))


# Coarse grids


def test_enlarging_is_scipys_b_spline():
    small = np.random.default_rng(0).normal(size=(5, 9, 1))
    rows, columns = (soft.splines(n, m).astype(float) for n, m in zip(SHAPE, small.shape, strict=False))
    where = [(np.arange(n) + 0.5) * m / n - 0.5 for n, m in zip(SHAPE, small.shape, strict=False)]
    expected = ndimage.map_coordinates(
        small[..., 0], np.meshgrid(*where, indexing="ij"), order=3, mode="nearest", prefilter=False
    )
    np.testing.assert_allclose(rows @ small[..., 0] @ columns.T, expected, atol=1e-6)


def test_windows_are_scipys_gaussian():
    line, sigma = np.random.default_rng(0).normal(size=80), 3.0
    expected = ndimage.gaussian_filter1d(line, sigma, mode="constant", truncate=12)
    inside = ndimage.gaussian_filter1d(np.ones(80), sigma, mode="constant", truncate=12)
    np.testing.assert_allclose(soft.windows(80, 80, sigma) @ line, expected / inside, atol=1e-5)
    np.testing.assert_allclose(soft.windows(80, 80, sigma, whole=False) @ line, expected, atol=1e-5)


def test_noise_is_the_same_picture_at_every_size():
    grains = jax.random.normal(jax.random.key(5), (10, 20, 3))
    small, large = (np.asarray(soft.as_noise(grains, (n, 2 * n))) for n in (60, 180))
    shrunk = large.reshape(60, 3, 120, 3, 3).mean((1, 3))
    assert soft.grid((60, 120), 0.1) == soft.grid((180, 360), 0.1) == (10, 20)
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.99
    for noise in (small, large):
        assert abs(noise.mean()) < 0.2 and 0.85 < noise.std() < 1.15


# What comes in


@pytest.mark.parametrize("motion", [{}, {"zoom": 1.015, "rotate_degrees": 0.2}, {"zoom": 1.5, "center": (0.1, 0.8)}])
def test_where_nothing_comes_in_nothing_is_new(motion):
    image, m = jnp.float32(picture()), jnp.float32(pull(**motion))
    assert fresh.comes_in(pull(**motion), SHAPE) == 0
    np.testing.assert_array_equal(moved(image, m), warp_on_device(image, m, "mirror", "linear"))


@pytest.mark.parametrize(
    "m",
    [pull(zoom=0.7), pull(rotate_degrees=9), pull(translate=(0.1, -0.2)), perspective(3, -2, SHAPE), pull(zoom=1.1)],
)
def test_how_far_outside_a_frame_reaches(m):
    """Against every pixel, one by one."""
    p = np.stack([*np.mgrid[: SHAPE[0], : SHAPE[1]], np.ones(SHAPE)])
    q = np.einsum("ij,jkl->ikl", m, p)
    row, column = q[:2] / q[2]
    beyond = np.maximum.reduce([-row, row - SHAPE[0] + 1, -column, column - SHAPE[1] + 1])
    assert fresh.comes_in(m, SHAPE) == pytest.approx(max(0, beyond.max()) / 60, abs=1e-9)
    cover = np.asarray(fresh.outside(jnp.asarray(m, jnp.float32), jnp.float32(0), SHAPE))
    np.testing.assert_allclose(cover, np.clip(beyond, 0, 1), atol=1e-3)


def test_the_frames_own_picture_stays():
    """Far from what comes in, to the last bit; near it, ever less is left."""
    m, image = pull(translate=(0.1, 0)), picture()
    plain = np.asarray(warp_on_device(jnp.float32(image), jnp.asarray(m, jnp.float32), "mirror", "linear"))
    new = np.abs(moved(image, m) - plain).mean((0, 2))
    assert (new[20:] == 0).all() and new[5:9].min() > 10
    assert new[10] > 1 and np.all(np.diff(new[10:20]) <= 0)


def test_colours_are_those_around():
    """Without grain, what comes in is the Gaussian average of the nearest part of the frame, in float64."""
    image, m = picture(), pull(translate=(0.2, 0))
    got = np.asarray(fresh.surroundings(jnp.float32(image), jnp.asarray(m, jnp.float32), jnp.float32(0)))
    expected = 0.0
    for share, reach in ((1 - fresh.RETURN, fresh.NEAR), (fresh.RETURN, fresh.WIDE)):
        sigma = (60 * reach, 60 * reach, 0)
        total, inside = (
            ndimage.gaussian_filter(x, sigma, mode="constant", truncate=6) for x in (image, np.ones_like(image))
        )
        expected = expected + share * total / inside
    assert got.shape == (60, 96, 3)
    np.testing.assert_allclose(got[:, :19], np.repeat(expected[:, :1], 19, 1), atol=6)  # between points of the grid
    assert np.abs(got[:, 20:] - expected[:, 1:-19]).mean() < 1.5


def test_grain_has_the_pictures_own_colours():
    image = picture()
    phases = jnp.zeros(4, jnp.int32), jnp.full(4, 0.3, jnp.float32)
    many = [np.asarray(GRAIN(jnp.float32(image), jax.random.key(k), phases)).reshape(-1, 3) for k in range(12)]
    expected = fresh.GAIN**2 * np.cov(image.reshape(-1, 3).T)
    found = np.cov(np.concatenate(many).T)
    np.testing.assert_allclose(found, expected, atol=0.2 * expected.max())


def test_colours_correlate_as_numpys_cholesky_makes_them():
    covariance = np.cov(picture().reshape(-1, 3).T)
    np.testing.assert_allclose(fresh.cholesky(jnp.float32(covariance)), np.linalg.cholesky(covariance), rtol=1e-4)
    assert np.abs(fresh.cholesky(jnp.zeros((3, 3)))).max() < 0.05
    grey = np.full((3, 3), 900.0)  # no more than one of them is free
    np.testing.assert_allclose(fresh.cholesky(jnp.float32(grey))[:, 0], 30, rtol=1e-4)


def test_a_kept_program_calls_nothing_by_address():
    """A call into LAPACK crashes where the program is read from disk."""
    numbers = jnp.eye(3), jnp.float32(0), jax.random.key(0), (jnp.zeros(4, jnp.int32), jnp.zeros(4))
    text = fresh.fresh_on_device.lower(jnp.zeros((16, 16, 3)), *numbers).as_text()
    assert "custom_call" not in text


def test_grain_goes_on_as_far_as_the_border_has_moved():
    """A step of a tenth of the finest grain changes little, also from one noise to the next; a whole grain much."""

    def at(travelled):
        first, along = fresh.phases_at([travelled])
        return np.asarray(GRAIN(jnp.float32(picture()), jax.random.key(5), (first[0], along[0]))).ravel()

    finest = fresh.GRAINS[-1]
    for place in (0.0, 7.95 * finest, 8.0 * finest, 63.97 * finest):
        assert np.corrcoef(at(place), at(place + finest / 10))[0, 1] > 0.9
    assert np.corrcoef(at(0.0), at(40 * finest))[0, 1] < 0.3
    assert np.isfinite(at(1e12)).all(), "however far"


def test_seeds_differ_and_nothing_else_does():
    m = pull(zoom=0.8)
    np.testing.assert_array_equal(moved(picture(), m), moved(picture(), m))
    assert np.abs(moved(picture(), m) - moved(picture(), m, seed=6))[:5].mean() > 10


def test_small_and_large_frames_get_the_same():
    small = picture((100, 160), 8.0)
    large = ndimage.zoom(small, (3, 3, 1), order=1, grid_mode=True, mode="nearest")
    one, two = (moved(x, pull(x.shape[:2], zoom=0.7)) for x in (small, large))
    two = two.reshape(100, 3, 160, 3, 3).mean((1, 3))
    assert np.abs(one - two).mean() < 2


def test_stripes_do_not_form():
    """A picture that is pulled out and never dreamed: a mirror makes a barcode of its border, this does not."""
    image = {border: picture((90, 90), 2.0) for border in ("mirror", "fresh")}
    m, shape, travelled = pull((90, 90), zoom=0.97), (90, 90), 0.0
    for _ in range(40):
        travelled += fresh.comes_in(m, shape)
        image["mirror"] = warp_on_device(jnp.float32(image["mirror"]), jnp.float32(m), "mirror", "linear")
        image["fresh"] = moved(image["fresh"], m, travelled)
    lines = {}
    for border, x in image.items():
        cut, touching = measure_borders.squares(measure_borders.detail(np.asarray(x)))
        straight, energy = measure_borders.straight(cut)
        lines[border] = straight[touching].sum() / energy[touching].sum()
    assert lines["mirror"] > 0.6 > 0.45 > lines["fresh"]


def test_the_measure_knows_lines_from_noise():
    rows = np.arange(90)[:, None, None]
    stripes = np.broadcast_to(np.where(rows // 3 % 2, 200.0, 50.0), (90, 120, 3))
    noise = np.random.default_rng(0).uniform(0, 255, (90, 120, 3))

    def lines(frame):
        straight, energy = measure_borders.straight(measure_borders.squares(measure_borders.detail(frame))[0])
        return straight.sum() / energy.sum()

    assert lines(stripes) > 0.95 and lines(noise) < 0.2
    frozen = measure_borders.measured(iter([stripes + 0.1 * noise] * 4), 2)["frozen"]
    moving = (stripes * 0 + np.random.default_rng(k).uniform(0, 255, (90, 120, 3)) for k in range(4))
    assert min(frozen) > 0.99 and max(np.abs(measure_borders.measured(moving, 2)["frozen"])) < 0.2
