"""Motion as resampling: zoom, rotate and translate become one matrix, and the frame is resampled once.

Notation: image: float32 `[h, w, 3]`, 0..255. p = (row, column) of an output pixel, q of an input pixel, homogeneous;
q = M p, the pull matrix. Pixel centres are whole numbers, so a picture covers [-0.5, n - 0.5] along each axis and its
middle, the fraction 0.5, is (n - 1) / 2.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jax import Array

# scipy.ndimage's words for what lies outside the frame. `reflect` repeats the edge pixel (d c b a | a b c d), as a
# mirror put at the picture's edge does; plain `wrap` would overlap the first and the last pixel.
BORDERS: dict[str, Literal["reflect", "grid-wrap", "nearest", "constant"]] = {
    "mirror": "reflect",
    "wrap": "grid-wrap",
    "edge": "nearest",
    "black": "constant",
}
ORDERS: dict[str, Literal[1, 3]] = {"cubic": 3, "linear": 1}


def matrix(
    zoom: float,
    rotate_degrees: float,
    translate: tuple[float, float],
    center: tuple[float, float],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """The pull matrix M `[3, 3]` of p' = c + zoom · R(p - c) + t: it takes p' back to p, in (row, column).

    zoom > 1 falls in; rotate_degrees > 0 turns counter-clockwise on the screen, where rows grow downwards;
    translate (x, y) is a fraction of (w, h), positive right and down; center (x, y) likewise; shape is (h, w).
    ValueError: zoom is not above 0.
    """
    if not zoom > 0:
        raise ValueError(f"zoom is {zoom}, and must be above 0")
    height, width = shape
    c = np.array([center[1] * height - 0.5, center[0] * width - 0.5])
    t = np.array([translate[1] * height, translate[0] * width])
    angle = np.deg2rad(rotate_degrees)
    inverse = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / zoom
    pull = np.eye(3)
    pull[:2, :2] = inverse
    pull[:2, 2] = c - inverse @ c - inverse @ t
    # A full turn and a shift by whole pixels are exact only without the last bits' noise, which a black border shows
    # as a lost row. 1e-12 · 4096 px is far below anything visible.
    return np.round(pull, 12)


def perspective(tilt: float, pan: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The pull matrix `[3, 3]` of a camera that turns: tilt degrees upwards, pan degrees to the right.

    H = K R K⁻¹ with the focal length of a normal lens, as long as the picture is wide (Hartley and Zisserman, "Multiple
    View Geometry", 8.4). A camera that looks up sees the picture move down; one that looks right, to the left.
    """
    if tilt == 0 and pan == 0:
        return np.eye(3)
    height, width = shape
    camera = np.array([[width, 0, (height - 1) / 2], [0, width, (width - 1) / 2], [0, 0, 1]], float)
    a, b = np.deg2rad(tilt), np.deg2rad(pan)
    up = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    right = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    return camera @ up @ right @ np.linalg.inv(camera)


def warp(
    image: NDArray[np.float32], matrix: NDArray[np.float64], border: str = "mirror", interpolation: str = "cubic"
) -> NDArray[np.float32]:
    """The image `[h, w, 3]`, 0..255, seen through the pull matrix `[3, 3]`, on the host (scipy's affine_transform).

    border: mirror | wrap | edge | black. interpolation: cubic (B-spline, exact at the samples) | linear.
    The result is clipped to 0..255, since cubic overshoots. The identity returns the same values exactly.
    """
    from scipy import ndimage

    mode, order = BORDERS[border], ORDERS[interpolation]
    if np.array_equal(matrix, np.eye(3)):
        return image
    result = np.empty_like(image)

    def channel(i: int) -> None:
        result[..., i] = ndimage.affine_transform(image[..., i], matrix, order=order, mode=mode)

    # scipy lets go of the interpreter's lock while it resamples.
    with ThreadPoolExecutor(image.shape[-1]) as pool:
        list(pool.map(channel, range(image.shape[-1])))
    return np.clip(result, 0, 255, out=result)


def warp_on_device(
    image: "Array",
    matrix: "Array",
    border: str = "mirror",
    interpolation: str = "cubic",
    swirl: "Array | float" = 0.0,
) -> "Array":
    """The same in jnp, on the device that holds the image; see device_warp.py, which imports JAX."""
    from render.motion import device_warp

    return device_warp.warp_on_device(image, matrix, border, interpolation, swirl)
