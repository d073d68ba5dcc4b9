"""ResNet (He et al. 2015, arXiv:1512.03385) with bottleneck blocks, as torchvision has it: 3x3 kernels stride."""

import jax
from flax import nnx

from models.blocks.layers import Conv, bias_relu, subtract_mean
from models.plans.table import NETWORKS
from models.plans.widths import EXPANSION, RESNET


class Bottleneck(nnx.Module):
    """1x1 to few channels, 3x3, 1x1 to many, and the input added."""

    def __init__(self, inputs: int, inner: int, stride: int, *, rngs: nnx.Rngs):
        outputs = EXPANSION * inner
        self.conv1 = Conv(inputs, inner, 1, rngs=rngs)
        self.conv2 = Conv(inner, inner, 3, stride, padding=1, rngs=rngs)
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
        *,
        rngs: nnx.Rngs,
    ):
        self.stages, self.mean = stages, mean
        self.conv1 = Conv(3, 64, 7, stride=2, padding=3, rngs=rngs)
        inputs = 64
        for stage, (count, inner) in enumerate(stages, 1):
            for i in range(count):
                stride = 2 if stage > 1 and i == 0 else 1
                setattr(self, f"layer{stage}.{i}", Bottleneck(inputs, inner, stride, rngs=rngs))
                inputs = EXPANSION * inner
        self.fc = Conv(inputs, classes, 1, rngs=rngs)

    def __call__(self, images: jax.Array) -> dict[str, jax.Array]:
        """Every activation by name; what is not used costs nothing under jit."""
        out: dict[str, jax.Array] = {}
        out["conv1"], x = self.conv1.pooled((subtract_mean(images, self.mean),), padding=1)
        out["maxpool"] = x
        for stage, (count, _) in enumerate(self.stages, 1):
            for i in range(count):
                x = out[f"layer{stage}.{i}"] = getattr(self, f"layer{stage}.{i}")(x)
            out[f"layer{stage}"] = x
        out["fc"] = self.fc.biased((x,))
        return out


def build(name: str) -> ResNet:
    """The variant called `name`, with random weights (He et al. 2015)."""
    entry = NETWORKS[name]
    return ResNet(RESNET[name], entry.classes, entry.mean, rngs=nnx.Rngs(0))
