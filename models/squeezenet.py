"""SqueezeNet (Iandola et al. 2016, arXiv:1602.07360): a fire module squeezes with 1x1 and expands with 1x1 and 3x3 kernels.

x: the parts of an activation (see layers.py). Every convolution and pool pads as TensorFlow's SAME, so that a feature stays
centred over what it sees; preprocessing as its authors' Caffe model: minus the mean of ImageNet (here RGB; the order of channels is
folded into the first kernel by scripts/convert_weights.py).
"""

from dataclasses import dataclass

import jax
from flax import nnx

from models.layers import Conv, Parts, bias_relu, join, max_pool, subtract_mean

MEAN_RGB = (123.68, 116.779, 103.939)


@dataclass(frozen=True)
class Variant:
    """Channels of the first convolution, (squeezed, expanded by each of two) channels of the fires, and where pools follow."""

    stem: int
    fires: dict[str, tuple[int, int]]
    pooled: frozenset[str]
    classes: int = 1000


VARIANTS = {
    "squeezenet1_1": Variant(
        stem=64,
        fires={
            "fire2": (16, 64),
            "fire3": (16, 64),
            "fire4": (32, 128),
            "fire5": (32, 128),
            "fire6": (48, 192),
            "fire7": (48, 192),
            "fire8": (64, 256),
            "fire9": (64, 256),
        },
        pooled=frozenset({"fire3", "fire5"}),
    ),
}


class Fire(nnx.Module):
    """1x1 to few channels, then 1x1 and 3x3 side by side; the two results stay two parts."""

    def __init__(self, inputs: int, squeezed: int, expanded: int, *, rngs: nnx.Rngs):
        self.squeeze = Conv(inputs, squeezed, 1, rngs=rngs)
        self.expand1x1 = Conv(squeezed, expanded, 1, rngs=rngs)
        self.expand3x3 = Conv(squeezed, expanded, 3, rngs=rngs)

    def __call__(self, x: Parts, pool: bool) -> tuple[Parts, Parts]:
        """(the activation, what the next layer takes: the same or, with `pool`, its maxima)."""
        s = (self.squeeze(x),)
        pairs = [conv.both(s, pool) for conv in (self.expand1x1, self.expand3x3)]
        return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)


class SqueezeNet(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation after ReLU [n, h', w', channels]}."""

    def __init__(self, variant: Variant, *, rngs: nnx.Rngs):
        self.name_and_pool = tuple((name, name in variant.pooled) for name in variant.fires)
        self.conv1 = Conv(3, variant.stem, 3, stride=2, rngs=rngs)
        channels = variant.stem
        for name, (squeezed, expanded) in variant.fires.items():
            setattr(self, name, Fire(channels, squeezed, expanded, rngs=rngs))
            channels = 2 * expanded
        self.conv10 = Conv(channels, variant.classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        out["conv1"], pooled = self.conv1.both((subtract_mean(images, MEAN_RGB),), True)
        x: Parts = (pooled,)
        for name, pool in self.name_and_pool:
            activation, x = getattr(self, name)(x, pool)
            out[name] = join(activation)
        out["conv10"] = self.conv10(x)
        return out


def build(name: str) -> SqueezeNet:
    """The variant called `name`, with random weights (He et al. 2015)."""
    return SqueezeNet(VARIANTS[name], rngs=nnx.Rngs(0))
