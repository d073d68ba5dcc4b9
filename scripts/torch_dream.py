"""The same dream in PyTorch, for scripts/benchmark.py: what a careful user of it writes, on the same weights.

Channels-last, frozen weights, in-place updates under no_grad; rolling, octaves, normalisation, warp and colour as in
render/. Only the random offsets differ.
"""

import math

import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

import models
from models.plans import efficientnet_lite
from render.dream.image import octave_shapes

MEAN_RGB = (123.68, 116.779, 103.939)


def same(x: torch.Tensor, value: float, k: int = 3) -> torch.Tensor:
    """Pads a k×k stride-2 window as TensorFlow's SAME does."""
    pads = [((k - 2 + n % 2) // 2, k - 2 + n % 2 - (k - 2 + n % 2) // 2) for n in (x.shape[3], x.shape[2])]
    return F.pad(x, (*pads[0], *pads[1]), value=value)


def weights_of(name: str) -> dict[str, torch.Tensor]:
    """A shipped network's kernels and biases."""
    return {key: tensor(array) for key, array in load_file(models.WEIGHTS / f"{name}.safetensors").items()}


def tensor(array) -> torch.Tensor:
    """A kernel HWIO or a bias, as torch has it."""
    t = torch.from_numpy(array).float()
    return t.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t


class SqueezeNet:
    """SqueezeNet 1.1 up to a layer such as fire7."""

    def __init__(self, layer: str):
        self.w, self.last = weights_of("squeezenet1_1"), int(layer.removeprefix("fire"))

    def conv(self, x: torch.Tensor, name: str, **how) -> torch.Tensor:
        """Convolution and ReLU."""
        return F.relu(F.conv2d(x, self.w[f"{name}.kernel"], self.w[f"{name}.bias"], **how), inplace=True)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The layer's activation."""
        x = x - torch.tensor(MEAN_RGB).view(1, 3, 1, 1)
        x = F.max_pool2d(same(self.conv(same(x, 0.0), "conv1", stride=2), -math.inf), 3, 2)
        for i in range(2, self.last + 1):
            s = self.conv(x, f"fire{i}.squeeze")
            x = torch.cat([self.conv(s, f"fire{i}.expand1x1"), self.conv(s, f"fire{i}.expand3x3", padding=1)], 1)
            if i in (3, 5) and i < self.last:
                x = F.max_pool2d(same(x, -math.inf), 3, 2)
        return x


class EfficientNetLite2:
    """EfficientNet-Lite2 up to a block such as block14."""

    def __init__(self, layer: str):
        self.w, self.last = weights_of("efficientnet_lite2"), layer
        self.blocks = efficientnet_lite.blocks("efficientnet_lite2")

    def conv(self, x: torch.Tensor, name: str, stride: int = 1, groups: int = 1) -> torch.Tensor:
        """Convolution, without ReLU6."""
        kernel, bias = self.w[f"{name}.kernel"], self.w[f"{name}.bias"]
        x = same(x, 0.0, kernel.shape[2]) if stride == 2 else x
        return F.conv2d(x, kernel, bias, stride, 0 if stride == 2 else kernel.shape[2] // 2, 1, groups)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output."""

        def six(y: torch.Tensor) -> torch.Tensor:
            return F.hardtanh(y, 0.0, 6.0, inplace=True)

        x = six(self.conv(x - 127, "stem", 2))
        for name, block in self.blocks.items():
            y = x if block.expanded == block.inputs else six(self.conv(x, f"{name}.expand"))
            y = self.conv(six(self.conv(y, f"{name}.depthwise", block.stride, block.expanded)), f"{name}.project")
            x = x + y if block.stride == 1 and block.inputs == block.outputs else y
            if name == self.last:
                break
        return x


class TorchDream:
    """step(n) and frame() at one size (w, h)."""

    def __init__(self, size: tuple[int, int], octaves: int, iterations: int, layer: str):
        self.network = SqueezeNet(layer) if layer.startswith("fire") else EfficientNetLite2(layer)
        self.iterations = iterations
        w, h = size
        self.shapes = octave_shapes((h, w), octaves=octaves, scale=1.4)
        self.x = torch.rand(1, 3, h, w, generator=torch.Generator().manual_seed(0)) * 130 + 60
        self.x = self.x.contiguous(memory_format=torch.channels_last)
        self.held = self.x.std((2, 3), keepdim=True)
        angle, zoom = math.radians(0.2), 1.015
        c, s = math.cos(angle) / zoom, math.sin(angle) / zoom
        theta = torch.tensor([[[c, -s * h / w, 0], [s * w / h, c, 0]]])
        self.grid = F.affine_grid(theta, [1, 3, h, w], align_corners=False)
        self.step(1)

    def ascend(self, x: torch.Tensor, n: int) -> torch.Tensor:
        """n steps on x [1, 3, h, w]."""
        for _ in range(n):
            offset = [int(v) for v in torch.randint(-32, 33, (2,))]
            rolled = torch.roll(x, offset, (2, 3)).requires_grad_()
            g = torch.autograd.grad(torch.log(self.network(rolled).square().mean()), rolled)[0]
            with torch.no_grad():
                x = rolled + g * (1.5 / g.abs().mean())
                x = torch.roll(x, [-o for o in offset], (2, 3)).clamp_(0, 255)
        return x

    def step(self, n: int) -> None:
        """n ascent steps at full size."""
        self.ascend(self.x, n)

    def frame(self) -> None:
        """Warp, all octaves, colour, to uint8."""
        full = F.grid_sample(self.x, self.grid, "bicubic", "reflection", align_corners=False).clamp_(0, 255)
        x = base = full
        for shape in self.shapes:
            bigger = self.resize(full, shape)
            x = self.ascend(bigger + self.resize(x - base, shape), self.iterations)
            base = bigger
        mean, contrast = x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)
        gain = 0.8 + 0.2 * self.held / contrast
        self.x = ((x - mean) * gain + mean + 0.2 * (128 - mean)).clamp_(0, 255)
        self.x.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()

    @staticmethod
    def resize(x: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
        """Linear, antialiased."""
        return F.interpolate(x, shape, mode="bilinear", antialias=True).contiguous(memory_format=torch.channels_last)
