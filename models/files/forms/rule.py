"""What a form is: what the weights of a layer are called in a source, how they lie there, what pictures it takes."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from models.plans.table import Entry, Input


class Source(NamedTuple):
    """What a layer's weights are called in a source: kernel, bias ('' without), batch norm ('' without).

    spare: a bias that is there in some files.
    """

    kernel: str
    bias: str = ""
    norm: str = ""
    spare: str = ""


def _as_written(names: Iterable[str]) -> dict[str, str]:
    return {name: name for name in names}


class Rule(NamedTuple):
    """How a source writes its weights.

    name: (network, layer) → Source. outputs_first: kernels are [out, in, h, w], else [h, w, in, out]. epsilon: of batch
    norms. norm: what a norm's gain ('' is 1), shift, mean and variance are called, and what the last two are multiples
    of. input: what the source takes. spelled: {as `name` has it: as the file has it}. how: what the network is built
    with. alone: what all names begin with, but where the trunk was saved alone.
    """

    name: Callable[[str, str], Source]
    outputs_first: bool = True
    epsilon: float = 0.0
    norm: tuple[str, ...] = ("{}.weight", "{}.bias", "{}.running_mean", "{}.running_var")
    input: Callable[[Entry], Input] = lambda entry: entry.input
    spelled: Callable[[Iterable[str]], dict[str, str]] = _as_written
    how: Mapping[str, Any] = {}
    alone: str = ""

    def names(self, source: Source) -> list[str]:
        """The names of all that a layer needs: kernel, bias, norm."""
        return [name for name in (source.kernel, source.bias, *self.norms(source)[:4]) if name]

    def norms(self, source: Source) -> list[str]:
        """The names of a layer's norm, in the order of `norm`, '' for what is not written; [] without a norm."""
        return [part.format(source.norm) for part in self.norm] if source.norm else []


def bottleneck(layer: str) -> tuple[int, int, int]:
    """(stage, block, convolution) of a ResNet's layer3.0.conv2; convolution 0 is the shortcut's."""
    stage, block, conv = re.findall(r"\d+", layer)
    return int(stage), int(block), int(conv)


MSRA = {"stride_first": True}  # ResNet's authors: where a picture is halved the first 1x1 kernel strides, not the 3x3


def authors_name(layer: str) -> str:
    """What ResNet's authors call layer3.0.conv2: 4a_branch2b."""
    stage, block, conv = bottleneck(layer)
    return f"{stage + 1}{'abcdef'[block]}_branch" + ("1", "2a", "2b", "2c")[conv]
