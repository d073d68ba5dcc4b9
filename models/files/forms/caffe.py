"""Forms of Caffe. The i-th blob of a layer is called `conv1/7x7_s2[0]`: 0 is its kernel, 1 its bias.

Snapshots of Caffe's may be HDF5 files (.caffemodel.h5), where that is `data/conv1/7x7_s2/0`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from models.files.forms.rule import MSRA, Rule, Source, authors_name
from models.plans.table import INPUTS

NORM = ("scale{}[0]", "scale{}[1]", "bn{}[0]", "bn{}[1]", "bn{}[2]")  # a norm is two layers


def _blobs(_: str, layer: str) -> Source:
    return Source(f"{layer}[0]", f"{layer}[1]")


def _spelled(names: Iterable[str]) -> dict[str, str]:
    return {re.sub(r"/(\d+)$", r"[\1]", name): name for name in names}


def _squeezenet(_: str, layer: str) -> Source:
    return _blobs("", layer.replace(".squeeze", "/squeeze1x1").replace(".", "/"))


def _resnet(_: str, layer: str) -> Source:
    if layer == "fc":
        return _blobs("", "fc1000")
    if layer == "conv1":
        return Source("conv1[0]", norm="_conv1", spare="conv1[1]")
    return Source(f"res{authors_name(layer)}[0]", norm=authors_name(layer))


def _rule(name: Callable[[str, str], Source], **more: Any) -> Rule:
    return Rule(name, **{"spelled": _spelled, **more})


RULES = {
    "caffe": _rule(_blobs),
    "caffe_vgg": _rule(_blobs, input=lambda _: INPUTS["caffe"]),
    "caffe_squeezenet": _rule(_squeezenet, input=lambda _: INPUTS["bvlc"]),
    "caffe_resnet": _rule(
        _resnet,
        epsilon=1e-5,
        norm=NORM,
        input=lambda _: INPUTS["caffe"],
        how={**MSRA, "pool_rounds_up": True},
    ),
}
