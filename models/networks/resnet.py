"""ResNet (He et al. 2015, arXiv:1512.03385) with bottleneck blocks, as torchvision has it: 3x3 kernels stride.

Its authors' own weights, and Keras', are for kernels that stride in the first 1x1 (`stride_first`); in Caffe the pool
rounds its size up, where torchvision's is padded (`pool_rounds_up`).
"""

import jax
from flax import nnx

from models.blocks.layers import Conv, bias_relu, ceil_mode, max_pool, subtract_mean
from models.plans.table import NETWORKS, Entry
from models.plans.widths import EXPANSION, RESNET


class Bottleneck(nnx.Module):
    """1x1 to few channels, 3x3, 1x1 to many, and the input added."""

    def __init__(self, inputs: int, inner: int, stride: int, stride_first: bool, *, rngs: nnx.Rngs):
        outputs = EXPANSION * inner
        self.conv1 = Conv(inputs, inner, 1, stride if stride_first else 1, rngs=rngs)
        self.conv2 = Conv(inner, inner, 3, 1 if stride_first else stride, padding=1, rngs=rngs)
        self.conv3 = Conv(inner, outputs, 1, rngs=rngs)
        if stride > 1 or inputs != outputs:
            setattr(self, "downsample.0", Conv(inputs, outputs, 1, stride, rngs=rngs))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The activation after the sum's ReLU."""
        y = self.conv3.linear((self.conv2((self.conv1((x,)),)),))
        shortcut = getattr(self, "downsample.0", None)
        return bias_relu(y + (x if shortcut is None else shortcut.biased((x,))), self.conv3.bias[...])


class ResNet(nnx.Module):
    """images float32 RGB [n, h, w, 3] in 0..255 -> {layer: activation [n, h', w', channels]}."""

    def __init__(
        self,
        stages: tuple[tuple[int, int], ...],
        classes: int,
        mean: tuple[float, float, float],
        stride_first: bool = False,
        pool_rounds_up: bool = False,
        *,
        rngs: nnx.Rngs,
    ):
        self.stages, self.classes, self.mean, self.pool_rounds_up = stages, classes, mean, pool_rounds_up
        self.conv1 = Conv(3, 64, 7, stride=2, padding=3, rngs=rngs)
        inputs = 64
        for stage, (count, inner) in enumerate(stages, 1):
            for i in range(count):
                stride = 2 if stage > 1 and i == 0 else 1
                setattr(self, f"layer{stage}.{i}", Bottleneck(inputs, inner, stride, stride_first, rngs=rngs))
                inputs = EXPANSION * inner
        if classes:
            self.fc = Conv(inputs, classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        y = self.conv1.linear((subtract_mean(images, self.mean),))
        padding = ceil_mode(y.shape, 3, 2, 0) if self.pool_rounds_up else 1
        # a max-pool commutes with bias and ReLU
        out["conv1"], x = self.conv1.activated(y), self.conv1.activated(max_pool(y, 3, 2, padding))
        out["maxpool"] = x
        for stage, (count, _) in enumerate(self.stages, 1):
            for i in range(count):
                x = out[f"layer{stage}.{i}"] = getattr(self, f"layer{stage}.{i}")(x)
            out[f"layer{stage}"] = x
        if self.classes:
            out["fc"] = self.fc.biased((x,))
        return out


def build(name: str, entry: Entry | None = None, **how: bool) -> ResNet:
    """The variant called `name`, with random weights (He et al. 2015). entry: another than the table's."""
    entry = entry or NETWORKS[name]
    return ResNet(RESNET[name], entry.classes, entry.mean, **how, rngs=nnx.Rngs(0))
