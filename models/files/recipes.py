"""From a source's weights to ours: names, layouts, batch norms folded, RGB and levels for the first convolution.

A layer L (`inception_4c/1x1`) has the weights `L.kernel` [h, w, in, out] and `L.bias` [out] here. A row of RULES says
what they are called in the source. Every name and shape is compared before anything is converted.
"""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.files import formats
from models.files.weights import unfit, wanted
from models.plans.table import Entry
from models.plans.widths import VGG

Arrays = formats.Arrays
NORM = ("weight", "bias", "running_mean", "running_var")


class Source(NamedTuple):
    """What a layer's weights are called in a source: kernel, bias ('' without), batch norm ('' without)."""

    kernel: str
    bias: str = ""
    norm: str = ""


class Rule(NamedTuple):
    """How a source writes its weights. outputs_first: kernels are [out, in, h, w]."""

    name: Callable[[str, str], Source]  # (network, layer)
    outputs_first: bool = True
    epsilon: float = 0.0  # of batch norms


def _dense(layer: str) -> Source:
    return Source(f"{layer}.weight", f"{layer}.bias")


def _torch_unit(_: str, layer: str) -> Source:
    return _dense(layer) if layer == "fc" else Source(f"{layer}.conv.weight", norm=f"{layer}.bn")


def _torch_resnet(_: str, layer: str) -> Source:
    if layer == "fc":
        return _dense(layer)
    norm = layer[:-1] + "1" if "downsample" in layer else layer.replace("conv", "bn")
    return Source(f"{layer}.weight", norm=norm)


def _torch_vgg(network: str, layer: str) -> Source:
    """Its layers are numbered through: a convolution and a ReLU are two, a pool is one."""
    stage, i = (int(n) for n in re.findall(r"\d+", layer))
    return _dense(f"features.{sum(2 * count + 1 for count in VGG[network][: stage - 1]) + 2 * (i - 1)}")


def _keras_squeezenet(_: str, layer: str) -> Source:
    path = layer.replace(".squeeze", "/squeeze1x1").replace(".", "/")
    return Source(f"{path}/{path}_W", f"{path}/{path}_b")


def _torch_efficientnet(_: str, layer: str) -> Source:
    """`_blocks.3._expand_conv` and its `_bn0`; outside blocks `_conv_stem`, `_conv_head`, `_fc`."""
    if layer == "logits":
        return _dense("_fc")
    block, _, part = layer.rpartition(".")
    norm = {"stem": "_bn0", "head": "_bn1", "expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    path = f"_blocks.{block.removeprefix('block')}." if block else ""
    return Source(f"{path}_{part}_conv.weight" if block else f"_conv_{part}.weight", norm=path + norm)


RULES = {
    "caffe": Rule(lambda _, layer: Source(f"{layer}[0]", f"{layer}[1]")),
    "tensorflow": Rule(lambda _, layer: Source(f"{_short(layer)}_w", f"{_short(layer)}_b"), outputs_first=False),
    "torch_units": Rule(_torch_unit, epsilon=1e-3),
    "torch_resnet": Rule(_torch_resnet, epsilon=1e-5),
    "torch_vgg": Rule(_torch_vgg),
    "torch_efficientnet": Rule(_torch_efficientnet, epsilon=1e-3),
    "keras_squeezenet": Rule(_keras_squeezenet, outputs_first=False),
}


def _short(layer: str) -> str:
    return layer.removesuffix("_pre_activation")


def arrays_of(entry: Entry, path: Path) -> Arrays:
    """Our weights out of a file of any format, its source's or ours; WeightsError says what does not fit."""
    found = formats.read(path, entry.rule)
    build = import_module(f"models.networks.{entry.module}").build
    slots = wanted(lambda: build(entry.name))
    ours = len(slots.keys() & found.keys()) > len(slots) // 2
    return found if ours else convert(entry, found, slots, path)


def convert(entry: Entry, found: Arrays, slots: Mapping[str, tuple[int, ...]], path: Path) -> Arrays:
    """Our weights `slots` out of the source's; WeightsError lists all that is missing, unexpected or of other shape."""
    rule = RULES[entry.rule]
    _compare(needed(entry, slots), found, re.compile(entry.ignored or r"(?!)"), path)
    made: Arrays = {}
    for layer, shape in _kernels(slots).items():
        kernel, bias = _folded(rule.name(entry.name, layer), shape, found, rule)
        if shape[2] == 3:
            kernel = (kernel[:, :, ::-1] if entry.bgr else kernel) / np.array(entry.scale)[:, None]
        made[f"{layer}.kernel"] = np.ascontiguousarray(kernel, np.float32)
        made[f"{layer}.bias"] = np.asarray(bias, np.float32)
    return made


def needed(entry: Entry, slots: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """{name in the source: shape there} of all that makes our weights `slots`."""
    rule = RULES[entry.rule]
    layers = [_needed(rule.name(entry.name, layer), shape, rule) for layer, shape in _kernels(slots).items()]
    return {name: shape for layer in layers for name, shape in layer.items()}


def _kernels(slots: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name.removesuffix(".kernel"): shape for name, shape in slots.items() if name.endswith(".kernel")}


def _needed(source: Source, shape: tuple[int, ...], rule: Rule) -> dict[str, tuple[int, ...]]:
    """{name in the source: shape there} of a layer whose kernel is [h, w, in, out] here."""
    h, w, inputs, outputs = shape
    needed = {source.kernel: (outputs, inputs, h, w) if rule.outputs_first else shape}
    if source.bias:
        needed[source.bias] = (outputs,)
    return needed | {f"{source.norm}.{part}": (outputs,) for part in NORM if source.norm}


def _compare(needed: Mapping[str, tuple[int, ...]], found: Arrays, ignored: re.Pattern[str], path: Path) -> None:
    def bare(shape: tuple[int, ...]) -> list[int]:
        """Dense layers have two sides here and four there, the others being 1."""
        return [side for side in shape if side != 1]

    lines = [f"missing: {name} {list(shape)}" for name, shape in needed.items() if name not in found]
    rest = [name for name in found if name not in needed and not ignored.match(name)]
    lines += [f"unexpected: {name} {list(found[name].shape)}" for name in rest]
    both = [name for name, shape in needed.items() if name in found and bare(found[name].shape) != bare(shape)]
    lines += [f"shape: {name} is {list(found[name].shape)}, should be {list(needed[name])}" for name in both]
    unfit(lines, path)


def _folded(source: Source, shape: tuple[int, ...], found: Arrays, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """(kernel [h, w, in, out], bias [out]); a batch norm is a factor and a shift of each channel."""
    h, w, inputs, outputs = shape
    kernel = np.asarray(found[source.kernel], np.float64)
    if rule.outputs_first:
        kernel = kernel.reshape(outputs, inputs, h, w).transpose(2, 3, 1, 0)
    kernel = kernel.reshape(shape)
    bias = np.asarray(found[source.bias], np.float64).reshape(-1) if source.bias else np.zeros(outputs)
    if source.norm:
        gain, shift, mean, variance = (np.asarray(found[f"{source.norm}.{part}"], np.float64) for part in NORM)
        factor = gain / np.sqrt(variance + rule.epsilon)
        kernel, bias = kernel * factor, shift + (bias - mean) * factor
    return kernel, bias
