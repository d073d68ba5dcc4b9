"""Frames as their codec takes them: rounded to 8 or 16 bits, or left as they are. The film's state stays float32.

Notation as in frames.py: x is float32 [n, h, w, 3] in levels 0..255.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream.compiled import kept
from render.dream.image import to_uint8
from render.media.codecs import Codec

Rounding = Callable[[Array], Array]


def rounding(codec: Codec) -> Rounding:
    """What makes of frames the pictures that a codec takes."""
    if codec.depth == 32:
        return lambda x: x
    if codec.depth == 16:
        return to_uint16
    return dithered if codec.dithered else to_uint8


@kept()
def to_uint16(x: Array) -> Array:
    """Rounded to uint16, of which 65535 is white: level x 257."""
    return jnp.clip(jnp.round(x * 257), 0, 65535).astype(jnp.uint16)


@kept()
def dithered(x: Array) -> Array:
    """Rounded to uint8 up or down, by a fixed pattern, so that areas keep their mean: soft gradients show no bands.

    Ordered dither (Bayer 1973): the same in every frame, so that nothing flickers. A whole level stays what it is.
    """
    h, w = x.shape[-3:-1]
    pattern = np.tile(bayer(8), (h // 8 + 1, w // 8 + 1))[:h, :w, None]
    return jnp.clip(jnp.floor(x + jnp.broadcast_to(jnp.asarray(pattern), x.shape)), 0, 255).astype(jnp.uint8)


def bayer(side: int) -> np.ndarray:
    """Bayer's thresholds, float32 [side, side], evenly within 0..1; side is a power of 2."""
    ranks = np.zeros((1, 1))
    while len(ranks) < side:
        ranks = np.block([[4 * ranks, 4 * ranks + 2], [4 * ranks + 3, 4 * ranks + 1]])
    return ((ranks + 0.5) / side**2).astype(np.float32)
