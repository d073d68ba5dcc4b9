"""From a source's weights to ours: names, layouts, batch norms folded, RGB and levels for the first convolution.

forms/ says what they are called in a source, fit.py finds them in a file. Every name and shape is compared before
anything is converted.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from models.files import formats
from models.files.fit import Fit, Head, fit, ignored, shown
from models.files.forms import RULES, Rule, Source
from models.files.inputs import of_kernel
from models.files.weights import WeightsError, unfit, wanted
from models.plans.table import Entry, Input

__all__ = ["RULES", "Made", "arrays_of", "convert", "made_of", "needed"]

Arrays = formats.Arrays
Slots = Mapping[str, tuple[int, ...]]  # our weights: name → shape


class Made(NamedTuple):
    """Our weights out of a file, and what to build the network with that they are for."""

    arrays: Arrays
    entry: Entry  # with the file's classes and mean
    how: Mapping[str, Any]


def made_of(entry: Entry, path: Path, taking: str = "auto") -> Made:
    """Our weights out of a file of one's own, in any form that the network comes in; WeightsError says what is wrong.

    Its classifier may tell other classes apart, or be missing. taking: what pictures it takes, a row of INPUTS.
    """
    found, slots = formats.read(path, entry.rule), _slots(entry)
    fitted = fit(entry, _shapes(found), _trunk(entry, slots), path)
    lines = _compare(entry, fitted, fitted.head, found, slots)
    if lines:  # the network's own classifier is missing then, too
        unfit(_compare(entry, fitted, _own_head(entry, fitted.rule), found, slots, lines), _where(path, fitted))
    return _converted(entry, fitted, fitted.head, found, slots, path, taking)


def arrays_of(entry: Entry, path: Path) -> Arrays:
    """The weights that the table means, its classifier included; WeightsError says what does not fit."""
    return convert(entry, formats.read(path, entry.rule), _slots(entry), path)


def convert(entry: Entry, found: Arrays, slots: Slots, path: Path, dtype: DTypeLike = np.float32) -> Arrays:
    """Our weights `slots` out of the source's, computed in float64 and rounded to `dtype` at last.

    WeightsError lists all that is missing, unexpected or of other shape.
    """
    fitted = fit(entry, _shapes(found), _trunk(entry, slots), path)
    head = _own_head(entry, fitted.rule)
    unfit(_compare(entry, fitted, head, found, slots), _where(path, fitted))
    made = _converted(entry, fitted, head, found, slots, path, dtype=dtype)
    if made.entry.mean != entry.mean or made.how:
        raise WeightsError(f"{path} is for another network of the same shapes, or for other pictures")
    return made.arrays


def needed(entry: Entry, slots: Slots) -> dict[str, tuple[int, ...]]:
    """{name in the network's own source: shape there} of all that makes our weights `slots`."""
    rule = RULES[entry.rule]
    layers = [_needed(rule.name(entry.name, layer), shape, rule) for layer, shape in _kernels(slots).items()]
    return {name: shape for layer in layers for name, shape in layer.items()}


def _slots(entry: Entry) -> Slots:
    build = import_module(f"models.networks.{entry.module}").build
    return wanted(lambda: build(entry.name))


def _shapes(found: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in found.items()}


def _kernels(slots: Slots) -> dict[str, tuple[int, ...]]:
    return {name.removesuffix(".kernel"): shape for name, shape in slots.items() if name.endswith(".kernel")}


def _trunk(entry: Entry, slots: Slots) -> list[str]:
    """Every layer but the classifier."""
    return [layer for layer in _kernels(slots) if layer != entry.classifies]


def _own_head(entry: Entry, rule: Rule) -> Head | None:
    """The classifier that the table means."""
    return Head(rule.name(entry.name, entry.classifies), entry.classes) if entry.classifier else None


def _sources(entry: Entry, fitted: Fit, head: Head | None, slots: Slots) -> dict[str, tuple[Source, tuple[int, ...]]]:
    """{layer: (what it is called in the form, the shape of our kernel)}, with that classifier, or without any."""
    layers = {}
    for layer, shape in _kernels(slots).items():
        if layer != entry.classifies:
            layers[layer] = fitted.rule.name(entry.name, layer), shape
        elif head:
            layers[layer] = head.source, (*shape[:-1], head.classes)
    return layers


def _needed(source: Source, shape: tuple[int, ...], rule: Rule) -> dict[str, tuple[int, ...]]:
    """{name in the source: shape there} of a layer whose kernel is [h, w, in, out] here."""
    h, w, inputs, outputs = shape
    kernel = (outputs, inputs, h, w) if rule.outputs_first else shape
    return dict.fromkeys(rule.names(source), (outputs,)) | {source.kernel: kernel}


def _compare(
    entry: Entry, fitted: Fit, head: Head | None, found: Arrays, slots: Slots, whole: Iterable[str] = ()
) -> list[str]:
    """What does not fit, in words: missing, unexpected, of another shape.

    What lies beside the network is not its own (another classifier, those of training), and is told only with the rest.
    """

    def bare(shape: tuple[int, ...]) -> list[int]:
        """Dense layers have two sides here and four there, the others being 1."""
        return [side for side in shape if side != 1]

    rule, sources = fitted.rule, _sources(entry, fitted, head, slots)
    layers = {layer: _needed(source, shape, rule) for layer, (source, shape) in sources.items()}
    needed = {name: shape for layer in layers.values() for name, shape in layer.items()}
    more = {name for source, _ in sources.values() for name in (source.spare, *rule.norms(source)[4:])}
    shapes = {name: found[file].shape for name, file in fitted.names.items()}
    lines = [f"missing: {name} {list(shape)}" for name, shape in needed.items() if name not in shapes]
    both = [name for name, shape in needed.items() if name in shapes and bare(shapes[name]) != bare(shape)]
    rest = [name for name in shapes if name not in needed and name not in more and not ignored(entry, name)]
    trunk = {_kind(name) for layer, names in layers.items() if layer != entry.classifies for name in names}
    if not (lines or both or whole):
        rest = [name for name in rest if _kind(name) in trunk]
    lines += [f"unexpected: {shown(name)} {list(shapes[name])}" for name in rest]
    return lines + [f"shape: {name} is {list(shapes[name])}, should be {list(needed[name])}" for name in both]


def _kind(name: str) -> str:
    """The word that a name begins with: layer of layer3.2.conv1.weight, inception of inception_3a/1x1[0]."""
    match = re.match(r"[A-Za-z_]*[A-Za-z]", name)
    return match[0] if match else name


def _where(path: Path, fitted: Fit) -> str:
    """The file, and where in it."""
    return f"{path} (behind {shown(fitted.prefix)})" if fitted.prefix else str(path)


def _converted(
    entry: Entry,
    fitted: Fit,
    head: Head | None,
    found: Arrays,
    slots: Slots,
    path: Path,
    taking: str = "auto",
    dtype: DTypeLike = np.float32,
) -> Made:
    rule, takes = fitted.rule, fitted.rule.input(entry)
    made: Arrays = {}
    inside = {name: found[file] for name, file in fitted.names.items()}
    for layer, (source, shape) in _sources(entry, fitted, head, slots).items():
        kernel, bias = _folded(source, shape, inside, rule)
        if layer == entry.first:
            takes = of_kernel(takes, kernel, "auto" if rule is RULES["ours"] else taking)
            kernel = (kernel[:, :, ::-1] if takes.bgr else kernel) / np.array(takes.scale)[:, None]
        made[f"{layer}.kernel"] = np.ascontiguousarray(kernel, dtype)
        made[f"{layer}.bias"] = np.asarray(bias, dtype)
    built = entry.with_classes(head.classes if head else 0, str(path))
    return Made(made, replace(built, input=Input(takes.mean)), rule.how)


def _folded(source: Source, shape: tuple[int, ...], found: Arrays, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """(kernel [h, w, in, out], bias [out]); a batch norm is a factor and a shift of each channel."""
    h, w, inputs, outputs = shape

    def channels(name: str, without: float) -> np.ndarray:
        return np.asarray(found[name], np.float64).reshape(-1) if name in found else np.full(outputs, without)

    kernel = np.asarray(found[source.kernel], np.float64)
    if rule.outputs_first:
        kernel = kernel.reshape(outputs, inputs, h, w).transpose(2, 3, 1, 0)
    kernel = kernel.reshape(shape)
    bias = channels(source.bias or source.spare, 0)
    if source.norm:
        gain, shift, mean, variance, *times = rule.norms(source)
        count = float(np.asarray(found[times[0]]).reshape(-1)[0]) or 1.0 if times else 1.0  # Caffe's are sums
        factor = channels(gain, 1) / np.sqrt(channels(variance, 1) / count + rule.epsilon)
        kernel, bias = kernel * factor, channels(shift, 0) + (bias - channels(mean, 0) / count) * factor
    return kernel, bias
