"""VGG (Simonyan and Zisserman 2014, arXiv:1409.1556) without its dense layers, which dreams have no use for.

Pools round their size up: at even sizes they are the authors', at odd ones the last row and column are dreamed too.
"""

import jax
from flax import nnx

from models.blocks.layers import Conv, max_pool, subtract_mean
from models.plans.table import NETWORKS, Entry
from models.plans.widths import VGG as STAGES
from models.plans.widths import VGG_CHANNELS


class VGG(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation}: `conv4_3` before ReLU, `relu4_3` after it."""

    def __init__(self, stages: tuple[int, ...], mean: tuple[float, float, float], *, rngs: nnx.Rngs):
        self.stages, self.mean = stages, mean
        inputs = 3
        for stage, (count, channels) in enumerate(zip(stages, VGG_CHANNELS, strict=True), 1):
            for i in range(1, count + 1):
                setattr(self, f"conv{stage}_{i}", Conv(inputs, channels, 3, rngs=rngs))
                inputs = channels

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        x = subtract_mean(images, self.mean)
        for stage, count in enumerate(self.stages, 1):
            for i in range(1, count + 1):
                conv = getattr(self, f"conv{stage}_{i}")
                out[f"conv{stage}_{i}"], x, linear = conv.stages((x,))
                out[f"relu{stage}_{i}"] = x
            x = out[f"pool{stage}"] = conv.activated(max_pool(linear, 2, 2))
        return out


def build(name: str, entry: Entry | None = None) -> VGG:
    """The variant called `name`, with random weights (He et al. 2015). entry: another than the table's."""
    return VGG(STAGES[name], (entry or NETWORKS[name]).mean, rngs=nnx.Rngs(0))
