"""What every family's activations are called and how many channels they have: plain data, nothing to import.

Both the table of networks (table.py) and the modules that compute the activations read it. A layer is called what it
is called where the network comes from; the weights of a convolution go by its layer's name too.
"""

from collections.abc import Iterator
from typing import NamedTuple

# GoogLeNet


class Block(NamedTuple):
    """Channels of an inception block: 1x1; reduced and final 3x3; reduced and final 5x5; projected pool."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool_proj: int

    @property
    def outputs(self) -> int:
        """Channels of the whole block."""
        return self.one + self.three + self.five + self.pool_proj


# Szegedy et al. 2014, arXiv:1409.4842, table 1
GOOGLENET = {
    "3a": Block(64, 96, 128, 16, 32, 32),
    "3b": Block(128, 128, 192, 32, 96, 64),
    "4a": Block(192, 96, 208, 16, 48, 64),
    "4b": Block(160, 112, 224, 24, 64, 64),
    "4c": Block(128, 128, 256, 24, 64, 64),
    "4d": Block(112, 144, 288, 32, 64, 64),
    "4e": Block(256, 160, 320, 32, 128, 128),
    "5a": Block(256, 160, 320, 32, 128, 128),
    "5b": Block(384, 192, 384, 48, 128, 128),
}
# as its graph has them: 4a is narrower, 5a reduces to more
INCEPTION5H = GOOGLENET | {"4a": Block(192, 96, 204, 16, 48, 64), "5a": Block(256, 160, 320, 48, 128, 128)}
GOOGLENET_STEM = (64, 64, 192)
POOLED = ("3b", "4e")  # a pool follows these blocks


class Names(NamedTuple):
    """How a GoogLeNet's source calls its activations; `{}` is a block such as 4c. norms: () where there is no LRN."""

    convs: tuple[str, str, str]
    pools: tuple[str, str, str, str]
    norms: tuple[str, ...]
    parts: tuple[str, str, str, str, str, str, str]  # in Block's order, the pool before its projection
    block: str
    classifier: str
    before: str = ""  # ending of a convolution's output before ReLU; "" where it has no name


CAFFE = Names(
    convs=("conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3"),
    pools=("pool1/3x3_s2", "pool2/3x3_s2", "pool3/3x3_s2", "pool4/3x3_s2"),
    norms=("pool1/norm1", "conv2/norm2"),
    parts=(
        "inception_{}/1x1",
        "inception_{}/3x3_reduce",
        "inception_{}/3x3",
        "inception_{}/5x5_reduce",
        "inception_{}/5x5",
        "inception_{}/pool",
        "inception_{}/pool_proj",
    ),
    block="inception_{}/output",
    classifier="loss3/classifier",
)
TENSORFLOW = Names(
    convs=("conv2d0", "conv2d1", "conv2d2"),
    pools=("maxpool0", "maxpool1", "maxpool4", "maxpool10"),
    norms=("localresponsenorm0", "localresponsenorm1"),
    parts=(
        "mixed{}_1x1",
        "mixed{}_3x3_bottleneck",
        "mixed{}_3x3",
        "mixed{}_5x5_bottleneck",
        "mixed{}_5x5",
        "mixed{}_pool",
        "mixed{}_pool_reduce",
    ),
    block="mixed{}",
    classifier="softmax2_pre_activation",
    before="_pre_relu",
)
TORCHVISION = Names(
    convs=("conv1", "conv2", "conv3"),
    pools=("maxpool1", "maxpool2", "maxpool3", "maxpool4"),
    norms=(),
    parts=(
        "inception{}.branch1",
        "inception{}.branch2.0",
        "inception{}.branch2.1",
        "inception{}.branch3.0",
        "inception{}.branch3.1",
        "inception{}.branch4.0",
        "inception{}.branch4.1",
    ),
    block="inception{}",
    classifier="fc",
)


def googlenet_layers(names: Names, blocks: dict[str, Block], classes: int) -> dict[str, int]:
    """{activation: channels} of a GoogLeNet, in its order."""

    def conv(name: str, channels: int) -> Iterator[tuple[str, int]]:
        if names.before:
            yield name + names.before, channels
        yield name, channels

    def walk() -> Iterator[tuple[str, int]]:
        first, reduced, second = GOOGLENET_STEM
        yield from conv(names.convs[0], first)
        yield names.pools[0], first
        yield from [(name, first) for name in names.norms[:1]]
        yield from conv(names.convs[1], reduced)
        yield from conv(names.convs[2], second)
        yield from [(name, second) for name in names.norms[1:]]
        yield names.pools[1], second
        inputs = second
        for b, block in blocks.items():
            *reads, pool, project = (name.format(b) for name in names.parts)
            for name, channels in zip(reads, block, strict=False):
                yield from conv(name, channels)
            yield pool, inputs
            yield from conv(project, block.pool_proj)
            inputs = block.outputs
            yield names.block.format(b), inputs
            if b in POOLED:
                yield names.pools[2 + POOLED.index(b)], inputs
        yield names.classifier, classes

    return dict(walk())


# VGG (Simonyan and Zisserman 2014, arXiv:1409.1556): convolutions per stage, configurations D and E

VGG_CHANNELS = (64, 128, 256, 512, 512)
VGG = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


def vgg_layers(name: str) -> dict[str, int]:
    """{activation: channels}: `conv4_3` before ReLU, `relu4_3` after, `pool4`."""
    layers: dict[str, int] = {}
    for stage, (count, channels) in enumerate(zip(VGG[name], VGG_CHANNELS, strict=True), 1):
        for i in range(1, count + 1):
            layers |= {f"conv{stage}_{i}": channels, f"relu{stage}_{i}": channels}
        layers[f"pool{stage}"] = channels
    return layers


# ResNet (He et al. 2015, arXiv:1512.03385): blocks and inner channels of the four stages

RESNET = {"resnet50": ((3, 64), (4, 128), (6, 256), (3, 512))}
EXPANSION = 4  # a bottleneck block yields so many times its inner channels


def resnet_layers(name: str) -> dict[str, int]:
    """{activation: channels}: the stem, every block `layer3.2` and every stage `layer3` (its last block)."""
    layers = {"conv1": 64, "maxpool": 64}
    for stage, (count, inner) in enumerate(RESNET[name], 1):
        layers |= {f"layer{stage}.{i}": EXPANSION * inner for i in range(count)}
        layers[f"layer{stage}"] = EXPANSION * inner
    return layers | {"fc": 1000}
