"""GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842) as three sources have it, each under its own names.

`googlenet` and `googlenet_places365` are Caffe's: padding by numbers, pools that round their size up, local response
normalisation. `inception5h` is TensorFlow's: SAME padding, activations before ReLU too. `googlenet_tv` is
torchvision's: batch norm (folded into the convolutions) in place of the other norm, 3x3 where the others have 5x5.
"""

from dataclasses import dataclass

import jax
from flax import nnx

from models.blocks.layers import Conv, Parts, ceil_mode, join, local_response, max_pool, subtract_mean
from models.blocks.windows import Padding
from models.plans.table import NETWORKS, Entry
from models.plans.widths import (
    CAFFE,
    GOOGLENET,
    GOOGLENET_STEM,
    INCEPTION5H,
    POOLED,
    TENSORFLOW,
    TORCHVISION,
    Block,
    Names,
)


@dataclass(frozen=True)
class Variant:
    """What differs between the sources."""

    names: Names
    blocks: dict[str, Block]
    rounds_up: bool  # pools round their size up and the stem is padded by 3; else SAME
    five: int = 5  # the larger kernel
    last_pool: int = 3
    norm: tuple[int, float, float, float] | None = None  # radius, alpha, beta, bias


CAFFES = Variant(CAFFE, GOOGLENET, rounds_up=True, norm=(2, 1e-4 / 5, 0.75, 1.0))
VARIANTS = {
    "googlenet": CAFFES,
    "googlenet_places365": CAFFES,
    "inception5h": Variant(TENSORFLOW, INCEPTION5H, rounds_up=False, norm=(5, 1e-4, 0.5, 2.0)),
    "googlenet_tv": Variant(TORCHVISION, GOOGLENET, rounds_up=True, five=3, last_pool=2),
}


class GoogLeNet(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation [n, h', w', channels]}.

    Every convolution is an attribute under its layer's name.
    """

    def __init__(self, variant: Variant, classes: int, mean: tuple[float, float, float], *, rngs: nnx.Rngs):
        self.variant, self.mean = variant, mean
        first, reduced, second = GOOGLENET_STEM

        def conv(name: str, inputs: int, outputs: int, size: int = 1, **how) -> None:
            setattr(self, name, Conv(inputs, outputs, size, **how, rngs=rngs))

        stem = variant.names.convs
        conv(stem[0], 3, first, 7, stride=2, padding=3 if variant.rounds_up else "SAME")
        conv(stem[1], first, reduced)
        conv(stem[2], reduced, second, 3)
        inputs = second
        for b, block in variant.blocks.items():
            one, three_reduce, three, five_reduce, five, _, project = (part.format(b) for part in variant.names.parts)
            conv(one, inputs, block.one)
            conv(three_reduce, inputs, block.three_reduce)
            conv(three, block.three_reduce, block.three, 3)
            conv(five_reduce, inputs, block.five_reduce)
            conv(five, block.five_reduce, block.five, variant.five)
            conv(project, inputs, block.pool_proj)
            inputs = block.outputs
        if classes:
            conv(variant.names.classifier, inputs, classes)
        self.classes = classes

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        names = self.variant.names
        stem = getattr(self, names.convs[0])
        stages = stem.stages((subtract_mean(images, self.mean),))
        if names.before:
            out[names.convs[0] + names.before] = stages.before
        out[names.convs[0]] = stages.after
        # a max-pool commutes with bias and ReLU
        x = out[names.pools[0]] = stem.activated(max_pool(stages.linear, 3, 2, self.padding(stages.linear)))
        x = self.normalised(out, 0, x)
        x = self.unit(out, names.convs[1], (x,))
        x = self.unit(out, names.convs[2], (x,))
        x = self.normalised(out, 1, x)
        x = out[names.pools[1]] = max_pool(x, 3, 2, self.padding(x))
        parts: Parts = (x,)
        for b in self.variant.blocks:
            parts = self.block(out, b, parts)
            if b in POOLED:
                last = b == POOLED[-1]
                k = self.variant.last_pool if last else 3
                x = join(parts)
                x = out[names.pools[2 + last]] = max_pool(x, k, 2, self.padding(x, k))
                parts = (x,)
        if self.classes:
            out[names.classifier] = getattr(self, names.classifier).biased(parts)
        return out

    def block(self, out: dict[str, jax.Array], b: str, x: Parts) -> Parts:
        """One inception block: its four branches stay parts."""
        one, three_reduce, three, five_reduce, five, pool, project = (n.format(b) for n in self.variant.names.parts)
        first = self.unit(out, one, x)
        second = self.unit(out, three, (self.unit(out, three_reduce, x),))
        third = self.unit(out, five, (self.unit(out, five_reduce, x),))
        pooled = (max_pool(join(x), 3, 1),)
        out[pool] = join(pooled)
        parts = (first, second, third, self.unit(out, project, pooled))
        out[self.variant.names.block.format(b)] = join(parts)
        return parts

    def unit(self, out: dict[str, jax.Array], name: str, x: Parts) -> jax.Array:
        """A convolution's activation, noted under its name."""
        conv, before = getattr(self, name), self.variant.names.before
        if not before:
            out[name] = conv(x)
        else:
            out[name + before], out[name], _ = conv.stages(x)
        return out[name]

    def normalised(self, out: dict[str, jax.Array], i: int, x: jax.Array) -> jax.Array:
        """The i-th local response normalisation, where the variant has any."""
        if self.variant.norm:
            x = out[self.variant.names.norms[i]] = local_response(x, *self.variant.norm)
        return x

    def padding(self, x: jax.Array, k: int = 3) -> Padding:
        """Of a pool at stride 2."""
        return ceil_mode(x.shape, k, 2, 0) if self.variant.rounds_up else "SAME"


def build(name: str, entry: Entry | None = None) -> GoogLeNet:
    """The variant called `name`, with random weights (He et al. 2015). entry: another than the table's."""
    entry = entry or NETWORKS[name]
    return GoogLeNet(VARIANTS[name], entry.classes, entry.mean, rngs=nnx.Rngs(0))
