"""EfficientNet-Lite (Tan and Le 2019, arXiv:1905.11946; Google 2020): inverted residuals (Sandler et al. 2018), ReLU6.

plans/efficientnet_lite.py says how wide every block is. Padding is TensorFlow's SAME. Batch norms, and the scale of the
pictures, are folded into the convolutions when weights are converted.
"""

import jax
from flax import nnx

from models.blocks.inverted import SIX, InvertedResidual
from models.blocks.layers import Conv, subtract_mean
from models.plans import efficientnet_lite as plan
from models.plans.table import NETWORKS, Entry


class EfficientNetLite(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation [n, h', w', channels]}."""

    def __init__(
        self, blocks: dict[str, plan.Block], classes: int, mean: tuple[float, float, float], *, rngs: nnx.Rngs
    ):
        self.blocks, self.classes, self.mean = tuple(blocks), classes, mean
        self.stem = Conv(3, plan.STEM, 3, stride=2, ceiling=SIX, rngs=rngs)
        outputs = plan.STEM
        for name, block in blocks.items():
            setattr(self, name, InvertedResidual(*block, rngs=rngs))
            outputs = block.outputs
        self.head = Conv(outputs, plan.HEAD, 1, ceiling=SIX, rngs=rngs)
        if classes:
            self.logits = Conv(plan.HEAD, classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        x = self.stem((subtract_mean(images, self.mean),))
        out = {"stem": x}
        for name in self.blocks:
            block = getattr(self, name)
            wide, deep, x = block(x)
            if block.expand:
                out[f"{name}/expand"] = wide
            out |= {f"{name}/depthwise": deep, name: x}
        out["head"] = self.head((x,))
        if self.classes:
            out["logits"] = self.logits.biased((out["head"],))
        return out


def build(name: str, entry: Entry | None = None) -> EfficientNetLite:
    """The variant called `name`, with random weights (He et al. 2015). entry: another than the table's."""
    entry = entry or NETWORKS[name]
    return EfficientNetLite(plan.blocks(name), entry.classes, entry.mean, rngs=nnx.Rngs(0))
