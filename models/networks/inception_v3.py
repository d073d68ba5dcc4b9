"""Inception v3 (Szegedy et al. 2015, arXiv:1512.00567) as torchvision has it.

plans/inception_v3.py says what reads what. Its stem and strided units are not padded, as there; a picture under 75
pixels is therefore framed in mean colour. TensorFlow's means count no pixels outside the picture (`mean_of_inside`),
and in Google's own graph of 2015 the last block takes the maximum instead (`last_pool_max`).
"""

import jax
import jax.numpy as jnp
from flax import nnx

from models.blocks.layers import Conv, Parts, bias_relu, join, max_pool, mean3, subtract_mean
from models.blocks.windows import Padding
from models.plans.inception_v3 import BLOCKS, PADDED, STEM, Block, Unit
from models.plans.table import NETWORKS, Entry

SMALLEST = 75
LAST = "Mixed_7c"


class InceptionV3(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation after ReLU [n, h', w', channels]}.

    Every convolution is an attribute under its layer's name.
    """

    def __init__(
        self,
        layers: dict[str, int],
        classes: int,
        mean: tuple[float, float, float],
        mean_of_inside: bool = False,
        last_pool_max: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.mean, self.classes = mean, classes
        self.mean_of_inside, self.last_pool_max = mean_of_inside, last_pool_max

        def conv(name: str, unit: Unit, inputs: int, padded: bool) -> None:
            padding: Padding = "SAME" if padded else "VALID"
            setattr(self, name, Conv(inputs, unit.channels, unit.size, unit.stride, padding, rngs=rngs))

        inputs = 3
        for name, unit in STEM.items():
            if unit:
                conv(name, unit, inputs, name in PADDED)
            inputs = layers[name]
        for b, block in BLOCKS.items():
            for name, unit in block.units.items():
                reads = block.units[unit.reads].channels if unit.reads in block.units else inputs
                conv(f"{b}.{name}", unit, reads, unit.stride == 1)
            inputs = layers[b]
        if classes:
            self.fc = Conv(inputs, classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        x = framed(subtract_mean(images, self.mean))
        for name, unit in STEM.items():
            x = out[name] = getattr(self, name)((x,)) if unit else max_pool(x, 3, 2, "VALID")
        parts: Parts = (x,)
        for b, block in BLOCKS.items():
            parts = self.block(out, b, block, parts)
            out[b] = join(parts)
        if self.classes:
            out["fc"] = self.fc.biased(parts)
        return out

    def block(self, out: dict[str, jax.Array], b: str, block: Block, x: Parts) -> Parts:
        """One inception block: what its branches end in stays parts."""
        for name, unit in block.units.items():
            conv = getattr(self, f"{b}.{name}")
            if unit.reads == "mean" and not (self.last_pool_max and b == LAST):
                # it commutes with a 1x1 convolution, which leaves fewer channels
                out[f"{b}.{name}"] = bias_relu(self.averaged(conv.linear(x)), conv.bias[...])
            elif unit.reads == "mean":
                out[f"{b}.{name}"] = conv(tuple(max_pool(part, 3, 1, "SAME") for part in x))
            else:
                out[f"{b}.{name}"] = conv((out[f"{b}.{unit.reads}"],) if unit.reads else x)
        pooled: Parts = tuple(max_pool(part, 3, 2, "VALID") for part in x) if "max" in block.result else ()
        return tuple(out[f"{b}.{name}"] for name in block.result if name != "max") + pooled

    def averaged(self, x: jax.Array) -> jax.Array:
        """The mean of every 3x3 window, pixels outside being zeros, or not counted."""
        y = mean3(x)
        return y / mean3(jnp.ones((1, *x.shape[1:3], 1), x.dtype)) if self.mean_of_inside else y


def framed(x: jax.Array) -> jax.Array:
    """x [n, h, w, 3] with zeros around it, where it is too small for what is not padded."""
    missing = [max(0, SMALLEST - size) for size in x.shape[1:3]]
    return jnp.pad(x, ((0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0))) if any(missing) else x


def build(name: str, entry: Entry | None = None, **how: bool) -> InceptionV3:
    """The network, with random weights (He et al. 2015). entry: another than the table's."""
    entry = entry or NETWORKS[name]
    return InceptionV3(entry.layers, entry.classes, entry.mean, **how, rngs=nnx.Rngs(0))
