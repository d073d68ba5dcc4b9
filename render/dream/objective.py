"""What a dream climbs: activations → one number, always made larger.

Notation: activations are {layer: float32 [n, h, w, c]}; a target is a layer and, optionally, some of its channels.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

SILENT = 1e-12  # mean square below which a layer counts as silent; keeps log and its slope finite


class Target(NamedTuple):
    """A layer by name, the channels of it that count (() means all), and which of the three energies below it has."""

    layer: str
    channels: tuple[int, ...] = ()
    kind: str = "layer"  # layer | class | guide


def energy(activations: Mapping[str, Array], target: Target) -> Array:
    """What a target makes larger: a scalar above zero, the mean of one number for each position.

    layer: activation², over its channels. class: log(1 + e^logit), where the layer holds the logits: where the class is
    hardly seen, the likeliest places are brought forward, and where it is, all of them. (Simonyan et al., "Deep Inside
    Convolutional Networks", 2013, climb a logit as well, since a probability also grows by suppressing other classes.)
    guide: the likeness to a guide, see guide.py.
    """
    activation = activations[target.layer]
    if target.channels:
        activation = activation[..., jnp.array(target.channels)]
    if target.kind == "class":
        return jnp.mean(jax.nn.softplus(activation))
    return jnp.mean(activation if target.kind == "guide" else jnp.square(activation))


def score(activations: Mapping[str, Array], targets: Sequence[Target], weights: Array) -> Array:
    """Σ weight · log(energy) over the targets; weights [len(targets)].

    For one layer the direction is that of the L2 norm that DeepDream climbs (Mordvintsev et al., 2015); the logarithm
    makes weights compare whatever the layers' magnitudes are. A negative weight suppresses.
    """
    terms = [w * jnp.log(energy(activations, t) + SILENT) for t, w in zip(targets, weights, strict=True)]
    return jnp.sum(jnp.stack(terms))
