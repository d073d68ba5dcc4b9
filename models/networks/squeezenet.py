"""SqueezeNet (Iandola et al. 2016, arXiv:1602.07360): fires squeeze with 1x1 and expand with 1x1 and 3x3 kernels.

x: the parts of an activation (see layers.py). Every convolution and pool pads as TensorFlow's SAME, so that a feature
stays centred over what it sees. Images are RGB; its authors' network took BGR, which scripts/convert_weights.py folds
into the first kernel.
"""

from dataclasses import dataclass

import jax
from flax import nnx

from models.blocks.layers import Conv, Parts, join, subtract_mean
from models.plans.table import NETWORKS, Entry


@dataclass(frozen=True)
class Variant:
    """Channels of the first convolution and of the fires (squeezed, expanded by each of two); where pools follow."""

    stem: int
    fires: dict[str, tuple[int, int]]
    pooled: tuple[str, ...]


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
        pooled=("fire3", "fire5"),
    ),
}


class Fire(nnx.Module):
    """1x1 to few channels, then 1x1 and 3x3 side by side; the two results stay two parts."""

    def __init__(self, inputs: int, squeezed: int, expanded: int, *, rngs: nnx.Rngs):
        self.squeeze = Conv(inputs, squeezed, 1, rngs=rngs)
        self.expand1x1 = Conv(squeezed, expanded, 1, rngs=rngs)
        self.expand3x3 = Conv(squeezed, expanded, 3, rngs=rngs)

    def __call__(self, x: Parts) -> Parts:
        """The activation."""
        s = (self.squeeze(x),)
        return self.expand1x1(s), self.expand3x3(s)

    def pooled(self, x: Parts) -> tuple[Parts, Parts]:
        """(the activation, its maxima 3x3 stride 2)."""
        s = (self.squeeze(x),)
        (a, a_max), (b, b_max) = self.expand1x1.pooled(s), self.expand3x3.pooled(s)
        return (a, b), (a_max, b_max)


class SqueezeNet(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation after ReLU [n, h', w', channels]}."""

    def __init__(self, variant: Variant, classes: int, mean: tuple[float, float, float], *, rngs: nnx.Rngs):
        self.fires = tuple(variant.fires)
        self.pooled, self.classes, self.mean = variant.pooled, classes, mean
        self.conv1 = Conv(3, variant.stem, 3, stride=2, rngs=rngs)
        channels = variant.stem
        for name, (squeezed, expanded) in variant.fires.items():
            setattr(self, name, Fire(channels, squeezed, expanded, rngs=rngs))
            channels = 2 * expanded
        if classes:
            self.conv10 = Conv(channels, classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        out["conv1"], pooled = self.conv1.pooled((subtract_mean(images, self.mean),))
        x: Parts = (pooled,)
        for name in self.fires:
            fire = getattr(self, name)
            a, x = fire.pooled(x) if name in self.pooled else 2 * (fire(x),)
            out[name] = join(a)
        if self.classes:
            stages = self.conv10.stages(x)
            out["conv10"], out["logits"] = stages.after, stages.before
        return out


def build(name: str, entry: Entry | None = None) -> SqueezeNet:
    """The variant called `name`, with random weights (He et al. 2015). entry: another than the table's."""
    entry = entry or NETWORKS[name]
    return SqueezeNet(VARIANTS[name], entry.classes, entry.mean, rngs=nnx.Rngs(0))
