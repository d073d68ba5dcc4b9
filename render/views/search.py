"""Which channels of a network like a picture: those that it moves more than its own colours and spectrum would.

Notation: an energy is the mean of a channel's squared activation. It is set against that of the picture with its phases
at random, which has the same colours and spectrum and shows nothing (Theiler and others 1992, "surrogate data").
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from render.dream.tiles import Network

SIDE = 256  # pixels of the longer side of what is looked at
SURROGATES = 4
FLOOR = 0.25  # of a layer's mean energy: a channel that hardly speaks is not loved for a whisper


class Liked(NamedTuple):
    """A channel, and how many times the energy of a picture that shows nothing this one gives it."""

    layer: str
    channel: int
    times: float


def strongest(
    network: Network, layers: Mapping[str, int], picture: NDArray[np.float32] | Array, count: int, seed: int = 0
) -> list[Liked]:
    """The channels of the layers {name: channels} that like a picture [h, w, 3] most, the first the most."""
    x = jnp.asarray(picture)[None]
    own = energies(network, x, tuple(layers))
    usual = energies(network, surrogates(x[0], SURROGATES, seed), tuple(layers))
    found = []
    for layer in layers:
        floor = FLOOR * float(np.mean(usual[layer])) + 1e-12
        times = (np.asarray(own[layer]) + floor) / (np.asarray(usual[layer]) + floor)
        found += [Liked(layer, channel, float(value)) for channel, value in enumerate(times)]
    return sorted(found, key=lambda liked: -liked.times)[:count]


@partial(jax.jit, static_argnames="layers")
def energies(network: Network, images: Array, layers: tuple[str, ...]) -> dict[str, Array]:
    """{layer: [c]} of images [n, h, w, 3], the mean of all."""
    out = network(images)
    return {name: jnp.mean(jnp.square(out[name].astype(jnp.float32)), axis=(0, 1, 2)) for name in layers}


def surrogates(picture: Array, count: int, seed: int) -> Array:
    """`count` pictures [n, h, w, 3] of a picture's spectrum and, by the same turn of all channels, of its colours."""
    h, w, _ = picture.shape
    noise = np.random.default_rng(seed).normal(size=(count, h, w))
    phases = np.fft.rfft2(noise)
    phases = phases / np.maximum(np.abs(phases), 1e-12)
    phases[:, 0, 0] = 1  # the mean stays
    spectrum = np.fft.rfft2(np.asarray(picture, np.float64), axes=(0, 1))
    turned = np.fft.irfft2(spectrum[None] * phases[..., None], s=(h, w), axes=(1, 2))
    return jnp.asarray(np.clip(turned, 0, 255), jnp.float32)
