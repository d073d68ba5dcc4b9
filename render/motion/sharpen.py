"""Against the blur and the stillness of long feedback: unsharp masking, and fresh grain.

Notation: image float32 [h, w, 3], 0..255. Lengths are fractions of the picture's shorter side, so that a film looks the
same at every resolution.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from render.motion.device_warp import filtered
from render.motion.soft import smooth_noise

RADIUS = 1 / 180  # the deviation of the mask's Gaussian; never below a pixel
GRAIN = 1 / 120  # the size of a grain
GREY = 0.9  # how alike a grain's channels are: the deviation of what they have in common, of all


def sharpened(image: Array, amount: Array, border: str) -> Array:
    """Unsharp masking: image + amount · (image - its Gaussian average). 0 returns the same values exactly."""
    sigma = max(1.0, RADIUS * min(image.shape[:2]))
    at = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    taps = np.exp(-(at**2) / (2 * sigma**2))
    average = filtered(image, taps / taps.sum(), "wrap" if border == "wrap" else "symmetric")
    return jnp.clip(image + amount * (image - average), 0, 255)


def grained(image: Array, levels: Array, key: Array) -> Array:
    """The image with noise of a deviation in levels, soft and nearly grey. 0 returns the same values exactly."""
    shape = image.shape[0], image.shape[1]
    noise = smooth_noise(key, shape, GRAIN)
    common = jnp.sum(noise, axis=-1, keepdims=True) / 3
    mixed = GREY * np.sqrt(3) * common + np.sqrt((1 - GREY**2) * 3 / 2) * (noise - common)  # the deviation stays 1
    return jnp.clip(image + levels * mixed, 0, 255)
