"""EfficientNet-Lite (Tan and Le 2019, arXiv:1905.11946; Google 2020): inverted residuals (Sandler et al. 2018), ReLU6.

plans/efficientnet_lite.py says how wide every block is. Padding is TensorFlow's SAME. Batch norms, and the scale of the
pictures, are folded into the convolutions when weights are converted.
"""

import jax
from flax import nnx

from models.blocks.layers import Conv, Depthwise, subtract_mean
from models.plans import efficientnet_lite as plan
from models.plans.table import NETWORKS, Entry

SIX = 6.0  # where ReLU6 ends


class InvertedResidual(nnx.Module):
    """1x1 to many channels, one kernel for each of them, 1x1 to few; the input added where it has the same shape."""

    def __init__(self, block: plan.Block, *, rngs: nnx.Rngs):
        if block.expanded != block.inputs:
            self.expand = Conv(block.inputs, block.expanded, 1, ceiling=SIX, rngs=rngs)
        self.depthwise = Depthwise(block.expanded, block.kernel, block.stride, ceiling=SIX, rngs=rngs)
        self.project = Conv(block.expanded, block.outputs, 1, rngs=rngs)
        self.adds = block.stride == 1 and block.inputs == block.outputs

    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        """Its activations by their names inside the block, '' that of the block."""
        out: dict[str, jax.Array] = {}
        y = x
        if hasattr(self, "expand"):
            y = out["/expand"] = self.expand((y,))
        y = out["/depthwise"] = self.depthwise(y)
        y = self.project.biased((y,))
        out[""] = x + y if self.adds else y
        return out


class EfficientNetLite(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation [n, h', w', channels]}."""

    def __init__(
        self, blocks: dict[str, plan.Block], classes: int, mean: tuple[float, float, float], *, rngs: nnx.Rngs
    ):
        self.blocks, self.classes, self.mean = tuple(blocks), classes, mean
        self.stem = Conv(3, plan.STEM, 3, stride=2, ceiling=SIX, rngs=rngs)
        outputs = plan.STEM
        for name, block in blocks.items():
            setattr(self, name, InvertedResidual(block, rngs=rngs))
            outputs = block.outputs
        self.head = Conv(outputs, plan.HEAD, 1, ceiling=SIX, rngs=rngs)
        if classes:
            self.logits = Conv(plan.HEAD, classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        x = self.stem((subtract_mean(images, self.mean),))
        out = {"stem": x}
        for name in self.blocks:
            inside = getattr(self, name)(x)
            out |= {name + part: activation for part, activation in inside.items()}
            x = inside[""]
        out["head"] = self.head((x,))
        if self.classes:
            out["logits"] = self.logits.biased((out["head"],))
        return out


def build(name: str, entry: Entry | None = None) -> EfficientNetLite:
    """The variant called `name`, with random weights (He et al. 2015). entry: another than the table's."""
    entry = entry or NETWORKS[name]
    return EfficientNetLite(plan.blocks(name), entry.classes, entry.mean, rngs=nnx.Rngs(0))
