"""EfficientNet-Lite (Tan and Le 2019, arXiv:1905.11946; the Lite variants: Google 2020): every block's widths, as data.

Lite n is Lite 0 with its channels multiplied by `width` and its repeats by `depth`; first and last stage, stem and head
do not grow.
"""

from math import ceil
from typing import NamedTuple


class Stage(NamedTuple):
    """Blocks of one width. The first has the stride; the others have stride 1 and add their input."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


class Block(NamedTuple):
    """An inverted residual: 1x1 to `expanded` channels (none where inputs = expanded), depthwise, 1x1 to `outputs`."""

    inputs: int
    expanded: int
    outputs: int
    kernel: int
    stride: int


STEM, HEAD, CLASSES = 32, 1280, 1000
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
SCALES = {"efficientnet_lite0": (1.0, 1.0), "efficientnet_lite2": (1.1, 1.2)}  # width, depth


def repeats(name: str) -> list[int]:
    """How many blocks every stage of the network called `name` has."""
    depth, ends = SCALES[name][1], (0, len(STAGES) - 1)
    return [stage.repeats if i in ends else ceil(stage.repeats * depth) for i, stage in enumerate(STAGES)]


def place(name: str, block: str) -> tuple[int, int]:
    """The stage that a block such as `block3` belongs to, and which of its blocks it is."""
    places = [(stage, i) for stage, count in enumerate(repeats(name)) for i in range(count)]
    return places[int(block.removeprefix("block"))]


def blocks(name: str) -> dict[str, Block]:
    """{`block0`: its widths, …} of the network called `name`."""
    width, _ = SCALES[name]
    made: dict[str, Block] = {}
    inputs = STEM
    for stage, count in zip(STAGES, repeats(name), strict=True):
        outputs = _eights(stage.channels * width)
        for k in range(count):
            stride = 1 if k else stage.stride
            made[f"block{len(made)}"] = Block(inputs, inputs * stage.expansion, outputs, stage.kernel, stride)
            inputs = outputs
    return made


def layers(name: str) -> dict[str, int]:
    """{activation: channels}: `block8/expand` and `block8/depthwise` after ReLU6, `block8` the sum that has none."""
    named = {"stem": STEM}
    for b, block in blocks(name).items():
        if block.expanded != block.inputs:
            named[f"{b}/expand"] = block.expanded
        named |= {f"{b}/depthwise": block.expanded, b: block.outputs}
    return named | {"head": HEAD, "logits": CLASSES}


def _eights(channels: float) -> int:
    """To the nearest multiple of 8, not more than a tenth below."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near if near >= 0.9 * channels else near + 8
