"""Forms of TensorFlow and Keras. Kernels are [h, w, in, out] there as here."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from models.files.forms.rule import MSRA, Rule, Source, authors_name, bottleneck
from models.plans import inception_v3
from models.plans.table import INPUTS, Input

NORM = ("{}/gamma", "{}/beta", "{}/moving_mean", "{}/moving_variance")
INSIDE = {"mean_of_inside": True}  # a mean at the border is one of what lies inside
UNSCALED = ("", *NORM[1:])
PART = re.compile(r"(?:(.*)_)?(W|kernel|b|bias|gamma|beta|(?:running|moving)_(?:mean|std|variance))(?:_\d+)?")
PARTS = {"W": "kernel", "b": "bias", "running_mean": "moving_mean", "running_std": "moving_variance"}
COUNTED = re.compile(r"(.*?(?:conv2d|batch_normalization))(?:_(\d+))?(/\w+)")


def _spelled(names: Iterable[str]) -> dict[str, str]:
    """Keras' names of all times: `conv1/conv1_W_1` (2016) and `conv1/conv1/kernel` (2018) are `conv1/kernel`."""
    found: dict[str, str] = {}
    for name in names:
        *path, last = name.split("/")
        if match := PART.fullmatch(last):
            path += [match[1]] * bool(match[1])
            doubled = (k for k in range(len(path) // 2, 0, -1) if path[-2 * k : -k] == path[-k:])
            path = path[: len(path) - next(doubled, 0)]
            found.setdefault("/".join([*path, PARTS.get(match[2], match[2])]), name)
    return found


def _counted(names: Iterable[str]) -> dict[str, str]:
    """Layers that have nothing but numbers, counted from 1 on: the first may be conv2d, conv2d_1 or conv2d_95."""
    spelled = _spelled(names)
    matches = {name: match for name in spelled if (match := COUNTED.fullmatch(name))}
    numbers: dict[str, set[int]] = {}
    for match in matches.values():
        numbers.setdefault(match[1], set()).add(int(match[2] or 0))
    order = {kind: sorted(every) for kind, every in numbers.items()}
    place = {name: order[match[1]].index(int(match[2] or 0)) + 1 for name, match in matches.items()}
    return {
        f"{matches[name][1]}_{place[name]}{matches[name][3]}" if name in matches else name: file
        for name, file in spelled.items()
    }


def _graph(_: str, layer: str) -> Source:
    name = layer.removesuffix("_pre_activation")
    return Source(f"{name}_w", f"{name}_b")


def _layer(layer: str, norm: str = "") -> Source:
    return Source(f"{layer}/kernel", f"{layer}/bias", norm)


def _squeezenet(_: str, layer: str) -> Source:
    return _layer(layer.replace(".squeeze", "/squeeze1x1").replace(".", "/"))


def _vgg(_: str, layer: str) -> Source:
    return _layer("block{}_conv{}".format(*re.findall(r"\d+", layer)))


def _inception(_: str, layer: str) -> Source:
    if layer == "fc":
        return _layer("predictions")
    number = inception_v3.convolutions().index(layer) + 1
    return Source(f"conv2d_{number}/kernel", norm=f"batch_normalization_{number}")


def _inception_2015(_: str, layer: str) -> Source:
    """Google's graph: a block's branches are towers, those of one convolution excepted; what forks is mixed again."""
    if layer == "fc":
        return Source("softmax/weights", "softmax/biases")
    name, _, unit = layer.partition(".")
    if not unit:
        return _of_graph(_numbered("conv", list(filter(inception_v3.STEM.get, inception_v3.STEM)).index(name)))
    branches: dict[str, list[str]] = {}
    for other in inception_v3.BLOCKS[name].units:
        branches.setdefault(re.sub(r"_\d[ab]?$", "", other), []).append(other)
    towers = [branch for branch, units in branches.items() if len(units) > 1 or branch == "branch_pool"]
    branch = re.sub(r"_\d[ab]?$", "", unit)
    forked = unit[-1] in "ab"
    like = [other for other in branches[branch] if (other[-1] in "ab") == forked]
    tower = [_numbered("tower", towers.index(branch))] if branch in towers else []
    forks = ["mixed"] if forked else []
    block = _numbered("mixed", list(inception_v3.BLOCKS).index(name))
    return _of_graph("/".join([block, *tower, *forks, _numbered("conv", like.index(unit))]))


def _numbered(name: str, i: int) -> str:
    return f"{name}_{i}" if i else name


def _of_graph(path: str) -> Source:
    return Source(f"{path}/conv2d_params", norm=f"{path}/batchnorm")


def _resnet(_: str, layer: str) -> Source:
    if layer == "fc":
        return _layer("fc1000")
    name = authors_name(layer) if layer != "conv1" else ""
    return _layer(f"res{name}", f"bn{name}") if name else _layer("conv1", "bn_conv1")


def _resnet_2019(_: str, layer: str) -> Source:
    if layer == "fc":
        return _layer("predictions")
    if layer == "conv1":
        return _layer("conv1_conv", "conv1_bn")
    stage, block, conv = bottleneck(layer)
    unit = f"conv{stage + 1}_block{block + 1}_{conv}_"
    return _layer(f"{unit}conv", f"{unit}bn")


def _keras(name: Callable[[str, str], Source], **more: Any) -> Rule:
    return Rule(name, **{"outputs_first": False, "norm": NORM, "spelled": _spelled, **more})


def _caffe(_: Any):
    """Keras' VGG and ResNet were converted from Caffe."""
    return INPUTS["caffe"]


RULES = {
    "tensorflow": Rule(_graph, outputs_first=False),
    "inception_2015": Rule(
        _inception_2015,
        outputs_first=False,
        epsilon=1e-3,
        norm=NORM,
        input=lambda _: Input((128, 128, 128), (128, 128, 128)),
        how={**INSIDE, "last_pool_max": True},
    ),
    "keras_squeezenet": _keras(_squeezenet),
    "keras_vgg": _keras(_vgg, input=_caffe),
    "keras_inception": _keras(_inception, epsilon=1e-3, norm=UNSCALED, spelled=_counted, how=INSIDE),
    "keras_resnet": _keras(_resnet, epsilon=1e-3, input=_caffe, how=MSRA),
    "keras_resnet_2019": _keras(_resnet_2019, epsilon=1.001e-5, input=_caffe, how=MSRA),
}
