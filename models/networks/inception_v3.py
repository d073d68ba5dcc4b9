"""Inception v3 (Szegedy et al. 2015, arXiv:1512.00567) as torchvision has it.

plans/inception_v3.py says what reads what. Its stem and strided units are not padded, as there; a picture under 75
pixels is therefore framed in mean colour.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from models.blocks.layers import Conv, Parts, bias_relu, join, max_pool, mean3, subtract_mean
from models.blocks.windows import Padding
from models.plans.inception_v3 import BLOCKS, PADDED, STEM, Block, Unit
from models.plans.table import NETWORKS

SMALLEST = 75


class InceptionV3(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation after ReLU [n, h', w', channels]}.

    Every convolution is an attribute under its layer's name.
    """

    def __init__(self, layers: dict[str, int], mean: tuple[float, float, float], *, rngs: nnx.Rngs):
        self.mean = mean

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
        self.fc = Conv(inputs, layers["fc"], 1, rngs=rngs)

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
        out["fc"] = self.fc.biased(parts)
        return out

    def block(self, out: dict[str, jax.Array], b: str, block: Block, x: Parts) -> Parts:
        """One inception block: what its branches end in stays parts."""
        for name, unit in block.units.items():
            conv = getattr(self, f"{b}.{name}")
            if unit.reads == "mean":  # it commutes with a 1x1 convolution, which leaves fewer channels
                out[f"{b}.{name}"] = bias_relu(mean3(conv.linear(x)), conv.bias[...])
            else:
                out[f"{b}.{name}"] = conv((out[f"{b}.{unit.reads}"],) if unit.reads else x)
        pooled: Parts = tuple(max_pool(part, 3, 2, "VALID") for part in x) if "max" in block.result else ()
        return tuple(out[f"{b}.{name}"] for name in block.result if name != "max") + pooled


def framed(x: jax.Array) -> jax.Array:
    """x [n, h, w, 3] with zeros around it, where it is too small for what is not padded."""
    missing = [max(0, SMALLEST - size) for size in x.shape[1:3]]
    return jnp.pad(x, ((0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0))) if any(missing) else x


def build(name: str) -> InceptionV3:
    """The network, with random weights (He et al. 2015)."""
    entry = NETWORKS[name]
    return InceptionV3(entry.layers, entry.mean, rngs=nnx.Rngs(0))
