"""Unsharp masking, against the blur of long feedback.

Notation: image float32 [h, w, 3], 0..255.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from render.motion.device_warp import filtered

RADIUS = 1 / 180  # the deviation of the mask's Gaussian, of the shorter side; never below a pixel


def sharpened(image: Array, amount: Array, border: str) -> Array:
    """Unsharp masking: image + amount · (image - its Gaussian average). 0 returns the same values exactly."""
    sigma = max(1.0, RADIUS * min(image.shape[:2]))
    at = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    taps = np.exp(-(at**2) / (2 * sigma**2))
    average = filtered(image, taps / taps.sum(), "wrap" if border == "wrap" else "symmetric")
    return jnp.clip(image + amount * (image - average), 0, 255)
