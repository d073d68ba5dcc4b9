"""Inception v3 (Szegedy et al. 2015, arXiv:1512.00567) as torchvision has it: what every unit reads, as plain data."""

from typing import NamedTuple


class Unit(NamedTuple):
    """A convolution: what it reads ('' the block's input, 'mean' that averaged 3x3), channels, kernel, stride."""

    reads: str
    channels: int
    size: tuple[int, int] = (1, 1)
    stride: int = 1


class Block(NamedTuple):
    """Units in order; what is concatenated ('max' is the pooled input)."""

    units: dict[str, Unit]
    result: tuple[str, ...]


STEM = {
    "Conv2d_1a_3x3": Unit("", 32, (3, 3), 2),
    "Conv2d_2a_3x3": Unit("", 32, (3, 3)),
    "Conv2d_2b_3x3": Unit("", 64, (3, 3)),
    "maxpool1": None,
    "Conv2d_3b_1x1": Unit("", 80),
    "Conv2d_4a_3x3": Unit("", 192, (3, 3)),
    "maxpool2": None,
}
PADDED = frozenset({"Conv2d_2b_3x3"})  # the only one of the stem; in blocks all but the strided


def _double(channels: int = 96, stride: int = 1) -> dict[str, Unit]:
    return {
        "branch3x3dbl_1": Unit("", 64),
        "branch3x3dbl_2": Unit("branch3x3dbl_1", 96, (3, 3)),
        "branch3x3dbl_3": Unit("branch3x3dbl_2", channels, (3, 3), stride),
    }


def _a(pool: int) -> Block:
    units = {
        "branch1x1": Unit("", 64),
        "branch5x5_1": Unit("", 48),
        "branch5x5_2": Unit("branch5x5_1", 64, (5, 5)),
        **_double(),
        "branch_pool": Unit("mean", pool),
    }
    return Block(units, ("branch1x1", "branch5x5_2", "branch3x3dbl_3", "branch_pool"))


def _b() -> Block:
    return Block(
        {"branch3x3": Unit("", 384, (3, 3), 2), **_double(stride=2)},
        ("branch3x3", "branch3x3dbl_3", "max"),
    )


def _c(inner: int) -> Block:
    units = {
        "branch1x1": Unit("", 192),
        "branch7x7_1": Unit("", inner),
        "branch7x7_2": Unit("branch7x7_1", inner, (1, 7)),
        "branch7x7_3": Unit("branch7x7_2", 192, (7, 1)),
        "branch7x7dbl_1": Unit("", inner),
        "branch7x7dbl_2": Unit("branch7x7dbl_1", inner, (7, 1)),
        "branch7x7dbl_3": Unit("branch7x7dbl_2", inner, (1, 7)),
        "branch7x7dbl_4": Unit("branch7x7dbl_3", inner, (7, 1)),
        "branch7x7dbl_5": Unit("branch7x7dbl_4", 192, (1, 7)),
        "branch_pool": Unit("mean", 192),
    }
    return Block(units, ("branch1x1", "branch7x7_3", "branch7x7dbl_5", "branch_pool"))


def _d() -> Block:
    units = {
        "branch3x3_1": Unit("", 192),
        "branch3x3_2": Unit("branch3x3_1", 320, (3, 3), 2),
        "branch7x7x3_1": Unit("", 192),
        "branch7x7x3_2": Unit("branch7x7x3_1", 192, (1, 7)),
        "branch7x7x3_3": Unit("branch7x7x3_2", 192, (7, 1)),
        "branch7x7x3_4": Unit("branch7x7x3_3", 192, (3, 3), 2),
    }
    return Block(units, ("branch3x3_2", "branch7x7x3_4", "max"))


def _e() -> Block:
    units = {
        "branch1x1": Unit("", 320),
        "branch3x3_1": Unit("", 384),
        "branch3x3_2a": Unit("branch3x3_1", 384, (1, 3)),
        "branch3x3_2b": Unit("branch3x3_1", 384, (3, 1)),
        "branch3x3dbl_1": Unit("", 448),
        "branch3x3dbl_2": Unit("branch3x3dbl_1", 384, (3, 3)),
        "branch3x3dbl_3a": Unit("branch3x3dbl_2", 384, (1, 3)),
        "branch3x3dbl_3b": Unit("branch3x3dbl_2", 384, (3, 1)),
        "branch_pool": Unit("mean", 192),
    }
    result = ("branch1x1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool")
    return Block(units, result)


BLOCKS = {
    "Mixed_5b": _a(32),
    "Mixed_5c": _a(64),
    "Mixed_5d": _a(64),
    "Mixed_6a": _b(),
    "Mixed_6b": _c(128),
    "Mixed_6c": _c(160),
    "Mixed_6d": _c(160),
    "Mixed_6e": _c(192),
    "Mixed_7a": _d(),
    "Mixed_7b": _e(),
    "Mixed_7c": _e(),
}


def convolutions() -> list[str]:
    """Every convolution but the classifier, in the network's order."""
    stem = [name for name, unit in STEM.items() if unit]
    return stem + [f"{name}.{part}" for name, block in BLOCKS.items() for part in block.units]


def layers() -> dict[str, int]:
    """{activation: channels}, in the network's order: the stem, every unit and every block, the classifier."""
    found, channels = {}, 3
    for name, unit in STEM.items():
        found[name] = channels = unit.channels if unit else channels
    for name, block in BLOCKS.items():
        found |= {f"{name}.{part}": unit.channels for part, unit in block.units.items()}
        channels = sum(channels if part == "max" else block.units[part].channels for part in block.result)
        found[name] = channels
    return found | {"fc": 1000}
