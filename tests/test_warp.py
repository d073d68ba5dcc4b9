"""Motion against hand-made cases, scipy's own filters and algebra; the two samplers against each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from render.motion.device_warp import warp_on_device
from render.motion.warp import BORDERS, ORDERS, matrix, perspective, warp

pytestmark = pytest.mark.numbers

STILL = {"zoom": 1.0, "rotate_degrees": 0.0, "translate": (0, 0), "center": (0.5, 0.5)}
SHAPE = 48, 64  # one for most tests: every shape compiles anew
MOTIONS = [
    {"zoom": 1.015, "rotate_degrees": 0.2},
    {"zoom": 0.6, "rotate_degrees": 30, "translate": (0.1, -0.2), "center": (0.3, 0.8)},
    {"zoom": 2.5, "rotate_degrees": -100, "translate": (0.01, 0)},
    {"translate": (3 / 64, -2 / 48)},
]


def pull(shape, **motion):
    return matrix(**{**STILL, **motion}, shape=shape)


def moved(image, border="mirror", interpolation="cubic", **motion):
    return warp(image, pull(image.shape[:2], **motion), border, interpolation)


def on_device(image, border="mirror", interpolation="cubic", **motion):
    m = jnp.asarray(pull(image.shape[:2], **motion), jnp.float32)
    return np.asarray(warp_on_device(jnp.asarray(image), m, border, interpolation))


def noise(shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (*shape, 3)).astype(np.float32)


def smooth(shape):
    return ndimage.gaussian_filter(noise(shape), (4, 4, 0)).astype(np.float32)


def dot(shape, row, column):
    """A soft white dot on black, centred at (row, column)."""
    r, c = np.mgrid[: shape[0], : shape[1]]
    bump = 255 * np.exp(-((r - row) ** 2 + (c - column) ** 2) / 8)
    return np.repeat(bump[..., None], 3, axis=2).astype(np.float32)


def where(image):
    """The dot's (row, column), its centre of mass."""
    return np.array(ndimage.center_of_mass(image[..., 0]))


@pytest.mark.parametrize("warped", [moved, on_device])
@pytest.mark.parametrize("interpolation", ORDERS)
@pytest.mark.parametrize(
    ("motion", "start", "end"),
    [
        ({"zoom": 1.5}, (50, 70), (50 + 0.5 * (50 - 49.5), 70 + 0.5 * (70 - 59.5))),  # falls in: away from the middle
        ({"zoom": 0.5}, (20, 80), (49.5 + 0.5 * (20 - 49.5), 59.5 + 0.5 * (80 - 59.5))),  # pulls out: towards it
        ({"rotate_degrees": 90}, (49.5, 89.5), (19.5, 59.5)),  # counter-clockwise: from the right to the top
        ({"rotate_degrees": 90}, (19.5, 59.5), (49.5, 29.5)),  # and from the top to the left
        ({"rotate_degrees": -90}, (49.5, 89.5), (79.5, 59.5)),  # clockwise: from the right to the bottom
        ({"translate": (0.1, 0)}, (50, 60), (50, 72)),  # right, by a tenth of the width
        ({"translate": (0, 0.1)}, (50, 60), (60, 60)),  # down, by a tenth of the height
        ({"zoom": 2, "center": (0.25, 0.75)}, (74.5, 29.5), (74.5, 29.5)),  # the fixed point stays
        ({"zoom": 2, "center": (0.25, 0.75)}, (64.5, 39.5), (54.5, 49.5)),
        ({"rotate_degrees": 90, "center": (0.25, 0.75)}, (74.5, 49.5), (54.5, 29.5)),
        (
            {"zoom": 1.5, "rotate_degrees": 90, "translate": (0.1, 0)},
            (49.5, 79.5),
            (19.5, 71.5),
        ),  # the shift comes last
    ],
)
def test_a_dot_moves_where_it_should(warped, interpolation, motion, start, end):
    result = warped(dot((100, 120), *start), "black", interpolation, **motion)
    np.testing.assert_allclose(where(result), end, atol=0.1)


def test_rotation_about_an_angle_is_counter_clockwise_on_the_screen():
    around = 30 * np.array([-np.sin(np.deg2rad(10)), np.cos(np.deg2rad(10))])  # up is where rows are small
    result = moved(dot((101, 101), 50, 80), rotate_degrees=10)
    np.testing.assert_allclose(where(result), 50 + around, atol=0.05)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ORDERS)
def test_standing_still_changes_nothing(border, interpolation):
    image = noise(SHAPE)
    for motion in ({}, {"rotate_degrees": 360}, {"center": (0.1, 0.7)}, {"rotate_degrees": -720, "center": (0.3, 0.9)}):
        np.testing.assert_array_equal(moved(image, border, interpolation, **motion), image)
        np.testing.assert_array_equal(on_device(image, border, interpolation, **motion), image)


@pytest.mark.parametrize("motion", [{"zoom": 1.3}, {"rotate_degrees": 25}, {"zoom": 0.8, "center": (0.4, 0.6)}])
def test_there_and_back_again(motion):
    image = smooth((80, 100))
    back = {"zoom": 1 / motion.get("zoom", 1), "rotate_degrees": -motion.get("rotate_degrees", 0)}
    result = moved(moved(image, **motion), **{**motion, **back})
    np.testing.assert_allclose(result[30:50, 35:65], image[30:50, 35:65], atol=0.1)


def test_two_motions_are_the_product_of_their_matrices():
    first, second = pull((50, 60), **MOTIONS[1]), pull((50, 60), **MOTIONS[0])
    image = smooth((50, 60))
    result = warp(image, first @ second)
    np.testing.assert_allclose(result[20:30, 20:40], warp(warp(image, first), second)[20:30, 20:40], atol=0.3)


def test_the_corners_of_the_picture_are_its_edges():
    """Zoom 2 about the top left corner, which is half a pixel outside the first pixel's centre."""
    q = pull((40, 60), zoom=2, center=(0, 0)) @ [0, 0, 1]
    np.testing.assert_allclose(q, [-0.25, -0.25, 1])


@pytest.mark.parametrize("warped", [moved, on_device])
@pytest.mark.parametrize("interpolation", ORDERS)
@pytest.mark.parametrize(
    ("border", "inset"),
    [
        ("mirror", lambda image: image[:, 7::-1]),
        ("wrap", lambda image: image[:, -8:]),
        ("edge", lambda image: image[:, :1].repeat(8, axis=1)),
        ("black", lambda image: np.zeros_like(image[:, :8])),
    ],
)
def test_what_comes_in_at_the_left(warped, interpolation, border, inset):
    image = noise(SHAPE)
    expected = np.concatenate([inset(image), image[:, :-8]], axis=1)
    np.testing.assert_allclose(warped(image, border, interpolation, translate=(8 / 64, 0)), expected, atol=0.02)


@pytest.mark.parametrize("warped", [moved, on_device])
def test_wrapping_by_a_whole_width_and_height_is_the_identity(warped):
    image = noise(SHAPE)
    np.testing.assert_allclose(warped(image, "wrap", translate=(1, -2)), image, atol=0.02)


@pytest.mark.parametrize("warped", [moved, on_device])
@pytest.mark.parametrize("border", BORDERS)
def test_values_stay_in_range(warped, border):
    image = np.where(noise(SHAPE) > 128, 255, 0).astype(np.float32)  # cubic overshoots at every edge
    result = warped(image, border, zoom=1.1, rotate_degrees=3)
    assert result.dtype == np.float32 and result.shape == image.shape
    assert result.min() == 0 and result.max() == 255


@pytest.mark.parametrize("interpolation", ORDERS)
def test_a_flat_picture_stays_flat(interpolation):
    flat = np.full((*SHAPE, 3), 77, np.float32)
    for border in ("mirror", "wrap", "edge"):
        for warped in (moved, on_device):
            np.testing.assert_allclose(warped(flat, border, interpolation, **MOTIONS[1]), 77, atol=1e-3)


def test_channels_do_not_mix():
    image = noise((20, 30))
    image[..., 1] = 9
    np.testing.assert_allclose(moved(image, zoom=1.2)[..., 1], 9, atol=1e-4)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ORDERS)
@pytest.mark.parametrize("shape", [SHAPE, (33, 71)])
def test_the_device_agrees_with_scipy(border, interpolation, shape):
    image = noise(shape, seed=1)  # the hardest picture there is
    for motion in MOTIONS:
        error = np.abs(
            on_device(image, border, interpolation, **motion) - moved(image, border, interpolation, **motion)
        )
        assert error.max() < 0.1 and error.mean() < 0.01, motion


@pytest.mark.parametrize("border", BORDERS)
def test_tiny_pictures(border):
    """Smaller than the reach of the cubic's filter."""
    image = noise((1, 3))
    np.testing.assert_allclose(on_device(image, border, **MOTIONS[1]), moved(image, border, **MOTIONS[1]), atol=0.1)


def test_motion_compiles_nothing_again():
    image = jnp.asarray(noise((20, 24)))
    before = warp_on_device._cache_size()
    for zoom in (1.01, 1.02, 1.03):
        warp_on_device(image, jnp.asarray(pull(SHAPE, zoom=zoom), jnp.float32), "mirror", "linear")
    assert warp_on_device._cache_size() == before + 1


def test_the_device_warps_batches():
    images = jnp.asarray(np.stack([noise(SHAPE, seed) for seed in range(2)]))
    matrices = jnp.asarray(np.stack([pull(SHAPE, zoom=zoom) for zoom in (1.0, 1.1)]), jnp.float32)
    both = jax.vmap(warp_on_device)(images, matrices)
    for one, image, m in zip(both, images, matrices, strict=True):
        np.testing.assert_allclose(one, warp_on_device(image, m), atol=1e-3)


@pytest.mark.parametrize("zoom", [0, -1, float("nan")])
def test_zoom_is_above_zero(zoom):
    with pytest.raises(ValueError, match=rf"zoom is {zoom}, and must be above 0"):
        pull((10, 10), zoom=zoom)


def dot_at(row, column, shape=(41, 61)):
    image = np.zeros((*shape, 3), np.float32)
    image[row - 1 : row + 2, column - 1 : column + 2] = 255
    return image


def centre_of(image):
    total = image.sum()
    return tuple((image.sum(2) * axis).sum() / total for axis in np.mgrid[: image.shape[0], : image.shape[1]])


def seen(image, pull, swirl=0.0):
    return np.asarray(warp_on_device(image, np.float32(pull), "black", "linear", swirl))


def test_a_camera_that_looks_up_sees_the_picture_move_down():
    row, column = centre_of(seen(dot_at(20, 30), perspective(5, 0, (41, 61))))
    assert row > 22 and abs(column - 30) < 0.3


def test_a_camera_that_pans_right_sees_the_picture_move_left():
    row, column = centre_of(seen(dot_at(20, 30), perspective(0, 5, (41, 61))))
    assert column < 28 and abs(row - 20) < 0.3


def test_perspective_brings_near_what_is_turned_near():
    left, right = (seen(dot_at(20, c), perspective(0, 20, (41, 61))).sum() for c in (25, 35))
    assert abs(left - right) > 0.1 * right, "a turned picture is no longer the same size everywhere"


def test_turning_the_camera_there_and_back_is_the_identity():
    there, back = perspective(7, -4, (41, 61)), np.linalg.inv(perspective(7, -4, (41, 61)))
    np.testing.assert_allclose((there @ back) / (there @ back)[2, 2], np.eye(3), atol=1e-9)
    np.testing.assert_array_equal(perspective(0, 0, (41, 61)), np.eye(3))


def test_a_swirl_turns_the_middle_counter_clockwise_and_leaves_the_border():
    turned = seen(dot_at(20, 34), np.eye(3), 60.0)  # right of the middle
    row, column = centre_of(turned)
    assert row < 18 and column < 34, "up, and back towards the middle"
    far = dot_at(20, 55)
    np.testing.assert_allclose(seen(far, np.eye(3), 60.0), far, atol=1e-3)


def test_a_swirl_is_scipys_resampling():
    from scipy import ndimage

    from render.motion.device_warp import swirled

    image = np.random.default_rng(0).uniform(0, 255, (31, 40, 3)).astype(np.float32)
    rows, columns = np.mgrid[:31, :40].astype(np.float32)
    where = [np.asarray(a) for a in swirled(rows[:, :1], columns[:1], 80.0, (31, 40))]
    expected = np.stack([ndimage.map_coordinates(image[..., c], where, order=1, mode="reflect") for c in range(3)], -1)
    got = np.asarray(warp_on_device(image, np.eye(3, dtype=np.float32), "mirror", "linear", 80.0))
    np.testing.assert_allclose(got, expected, atol=0.1)
