"""What a dream climbs: activations → one number, always made larger.

Notation: activations are {layer: float32 [n, h, w, c]}; a target is a layer and, optionally, some of its channels.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

SILENT = 1e-12  # mean square below which a layer counts as silent; keeps log and its slope finite


class Target(NamedTuple):
    """A layer by name, and the channels of it that count; () means all."""

    layer: str
    channels: tuple[int, ...] = ()


def energy(activations: Mapping[str, Array], target: Target) -> Array:
    """Mean of activation² over a target's positions and channels (a scalar)."""
    activation = activations[target.layer]
    if target.channels:
        activation = activation[..., jnp.array(target.channels)]
    return jnp.mean(jnp.square(activation))


def score(activations: Mapping[str, Array], targets: Sequence[Target], weights: Array) -> Array:
    """Σ weight · log(mean(activation²)) over the targets; weights [len(targets)].

    For one layer the direction is that of the L2 norm that DeepDream climbs (Mordvintsev et al., 2015); the logarithm
    makes weights compare whatever the layers' magnitudes are. A negative weight suppresses.
    """
    terms = [w * jnp.log(energy(activations, t) + SILENT) for t, w in zip(targets, weights, strict=True)]
    return jnp.sum(jnp.stack(terms))
