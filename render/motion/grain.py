"""Fresh grain, against a dream that freezes.

Notation: image float32 [h, w, 3], 0..255; grids as in soft.py, so that a film has the same grain at every resolution.
"""

import jax
import jax.numpy as jnp
from jax import Array

from render.motion.soft import as_noise, grid

GRAINS = (1 / 8, 1 / 30, 1 / 120)  # sizes of grains, all equally strong: what is only fine a dream heals unseen
GREY = 0.9  # how alike a grain's channels are: the deviation of what they have in common, of all


def grained(image: Array, levels: Array, key: Array) -> Array:
    """The image with noise of a deviation in levels, soft and nearly grey. 0 returns the same values exactly."""
    shape = image.shape[0], image.shape[1]
    finest, count = grid(shape, GRAINS[-1]), len(GRAINS)
    # One program draws them all: each would be half a second of compiling.
    draws = jax.lax.map(lambda n: jax.random.normal(jax.random.fold_in(key, n), (*finest, 3)), jnp.arange(count))
    sizes = [grid(shape, size) for size in GRAINS]
    layers = (as_noise(draws[n, :a, :b], shape) for n, (a, b) in enumerate(sizes))
    noise = sum(layers, jnp.zeros_like(image)) / count**0.5
    common = jnp.sum(noise, axis=-1, keepdims=True) / 3
    mixed = GREY * 3**0.5 * common + ((1 - GREY**2) * 3 / 2) ** 0.5 * (noise - common)  # the deviation stays 1
    return jnp.clip(image + levels * mixed, 0, 255)
