"""How much of a picture is new, as a network sees it: in what it sees, wherever in the picture that is.

A frame becomes the mean of each channel of a middle layer over the picture, which says what there is and not where (as
Gatys, Ecker and Bethge 2015 tell a texture): a picture that only moves is not new. measure.py compares two of them.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

import models
from render.media.pictures import fit

NETWORK, LAYER = "squeezenet1_1", "fire5"
SIDE = 192  # pixels of the longer side: what is small enough to be quick, and large enough to hold things
AGO = 4.0  # seconds from one frame to the one that it is compared with; half the film where that is shorter
Features = NDArray[np.float64]


def seen() -> Callable[[NDArray[np.float32]], Features]:
    """A function from a frame [h, w, 3] to its features. WeightsError: the network's weights are not here."""
    network = loaded()

    def features(frame: NDArray[np.float32]) -> Features:
        h, w = frame.shape[:2]
        scale = SIDE / max(h, w)
        size = max(32, round(w * scale)), max(32, round(h * scale))
        return np.asarray(pooled(network, jnp.asarray(fit(frame, size, "stretch"))), np.float64)

    return features


@lru_cache(maxsize=1)
def loaded() -> Any:
    """The network, once for all films."""
    return models.load(NETWORK)


@jax.jit
def pooled(network: Any, frame: Array) -> Array:
    """The mean of each channel of LAYER, [channels], at least 0."""
    return jnp.maximum(network(frame[None])[LAYER], 0).mean((0, 1, 2))
