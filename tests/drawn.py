"""Weights and pictures that two implementations draw alike: from a generator seeded by their name and shape."""

import zlib

import numpy as np


def weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """float32; kernels after He et al. 2015, batch norms near the identity, variances positive."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), *shape])
    if len(shape) > 1:
        drawn = rng.standard_normal(shape) * (2 / np.prod(shape[1:])) ** 0.5
    elif name.endswith(("running_var", "bn.weight")) or (name.endswith(".weight") and len(shape) == 1):
        drawn = rng.uniform(0.7, 1.4, shape)
    else:
        drawn = rng.uniform(-0.2, 0.2, shape)
    return drawn.astype(np.float32)


def picture(height: int, width: int) -> np.ndarray:
    """float32 [1, h, w, 3] in 0..255."""
    return np.random.default_rng([height, width]).uniform(0, 255, (1, height, width, 3)).astype(np.float32)


def sample(activation: np.ndarray, most: int = 2000) -> np.ndarray:
    """At most so many of its numbers, spread over it, as float32 [n]."""
    flat = np.asarray(activation, np.float32).reshape(-1)
    return flat[:: -(-flat.size // most)]
