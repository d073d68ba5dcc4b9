"""Guided dreams: a picture grows what another picture, the guide, shows.

Wherever the dream's activation a is, it is drawn to that feature f of the guide (its activation at one of its own
positions) with the largest dot product a·f, as in the notebook of DeepDream's authors (Mordvintsev et al., 2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from PIL import Image

from render.dream.compiled import devices_of, obtain, signature
from render.dream.tiles import Network
from render.media.pictures import read_picture
from render.scene.terms import named

SIDE = 256  # pixels of a guide's longer side: about what the networks were trained on
MOST = 1024  # features of a guide; a picture at a first layer has more, and neighbours differ little there


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Guided:
    """A network with one more activation for each name of `features`: how like the guide each position is.

    features: {terms.named(i, layer): float32 [positions, channels]}, of the guide number i.
    """

    network: Network
    features: Mapping[str, Array]

    def __call__(self, images: Array) -> dict[str, Array]:
        """The network's own activations, and the likenesses [n, h', w', 1]."""
        out = self.network(images)
        return {**out, **{name: likeness(out[name.split(" ", 1)[1]], f) for name, f in self.features.items()}}


def likeness(activation: Array, features: Array) -> Array:
    """max(0, a·f) for the feature f [positions, c] nearest to each a: [n, h, w, c] → [n, h, w, 1]."""
    nearest = jnp.max(jnp.einsum("nhwc,pc->nhwp", activation, features), axis=-1, keepdims=True)
    return jnp.maximum(nearest, 0)


def guided(network: Network, guides: Sequence[tuple[Path, Sequence[str]]]) -> Network:
    """The network with the likenesses to guides, each a picture's path and the layers that it guides.

    PictureError: a picture that cannot be read.
    """
    features: dict[str, Array] = {}
    for number, (path, layers) in enumerate(guides):
        for layer, activation in activations_of(network, small(read_picture(path)), sorted({*layers})).items():
            features[named(number, layer)] = spread(activation.reshape(-1, activation.shape[-1]))
    return Guided(network, features) if features else network


def activations_of(network: Network, picture: NDArray[np.float32], layers: list[str]) -> dict[str, Array]:
    """What the layers see in a picture [h, w, 3]: {layer: [1, h', w', c]}."""
    leaves, structure = jax.tree.flatten(network)

    def see(leaves: list[Array], images: Array) -> dict[str, Array]:
        out = jax.tree.unflatten(structure, leaves)(images)
        return {layer: out[layer] for layer in layers}

    arguments = leaves, jnp.asarray(picture)[None]
    name = "guide", tuple(layers), structure, signature(arguments)
    return obtain(name, lambda: jax.jit(see).lower(*arguments), devices_of(leaves))(*arguments)


def spread(features: Array) -> Array:
    """No more than MOST of the features [positions, c], evenly spread."""
    return features[:: ceil(features.shape[0] / MOST)]


def small(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture [h, w, 3] with SIDE pixels on its longer side."""
    h, w, _ = picture.shape
    scale = SIDE / max(h, w)
    size = max(32, round(w * scale)), max(32, round(h * scale))
    image = Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC), np.float32)
