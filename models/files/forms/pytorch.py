"""Forms of PyTorch: torchvision's, timm's, Hugging Face's, and ports of networks that come from elsewhere."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from models.files.forms.rule import Rule, Source, bottleneck
from models.plans import efficientnet_lite
from models.plans.table import INPUTS
from models.plans.widths import VGG

# what wraps a module on its way through training is no part of a name
WRAPPERS = re.compile(r"(?:(?<=\.)|^)(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
FIRST_STAGE = {"depthwise": "conv_dw", "project": "conv_pw"}  # of timm's EfficientNets: it does not expand
STAGES = {"expand": "conv_pw", "depthwise": "conv_dw", "project": "conv_pwl"}


def unwrapped(names: Iterable[str]) -> dict[str, str]:
    """Names without their wrappers."""
    return {WRAPPERS.sub("", name): name for name in names}


def dense(layer: str) -> Source:
    """A layer with a weight and a bias."""
    return Source(f"{layer}.weight", f"{layer}.bias")


def _units(_: str, layer: str) -> Source:
    return dense(layer) if layer == "fc" else Source(f"{layer}.conv.weight", norm=f"{layer}.bn")


def _resnet(_: str, layer: str) -> Source:
    if layer == "fc":
        return dense(layer)
    norm = layer[:-1] + "1" if "downsample" in layer else layer.replace("conv", "bn")
    return Source(f"{layer}.weight", norm=norm)


def _resnet_children(_: str, layer: str) -> Source:
    """Sequential(*resnet.children()), and fastai's: conv1, bn1, a ReLU, a pool, and the four stages by number."""
    source = _resnet("", layer)
    if layer == "conv1":
        return Source("0.weight", norm="1")
    numbered = re.compile(r"^layer(\d)")
    return Source(*(numbered.sub(lambda match: str(int(match[1]) + 3), part) for part in source))


def _transformers_resnet(_: str, layer: str) -> Source:
    """Hugging Face's: layer3.0.conv2 is `encoder.stages.2.layers.0.layer.1.convolution`."""
    if layer == "fc":
        return dense("classifier.1")
    path = "embedder.embedder"
    if layer != "conv1":
        stage, block, conv = bottleneck(layer)
        path = f"encoder.stages.{stage - 1}.layers.{block}." + (f"layer.{conv - 1}" if conv else "shortcut")
    return Source(f"{path}.convolution.weight", norm=f"{path}.normalization")


def _vgg_place(network: str, layer: str, each: int) -> int:
    """A convolution's place in the row of modules, where it takes `each` with what follows it, and a pool one."""
    stage, i = (int(n) for n in re.findall(r"\d+", layer))
    return sum(each * count + 1 for count in VGG[network][: stage - 1]) + each * (i - 1)


def _vgg(network: str, layer: str) -> Source:
    return dense(f"features.{_vgg_place(network, layer, 2)}")


def _vgg_bn(network: str, layer: str) -> Source:
    place = _vgg_place(network, layer, 3)
    return Source(f"features.{place}.weight", f"features.{place}.bias", norm=f"features.{place + 1}")


def _squeezenet(_: str, layer: str) -> Source:
    """Its fires follow each other from features.3 on, with a pool before fire4 and before fire6."""
    name, _, part = layer.partition(".")
    if not part:
        return dense({"conv1": "features.0", "conv10": "classifier.1"}[name])
    fire = int(name.removeprefix("fire"))
    return dense(f"features.{fire + 1 + (fire > 3) + (fire > 5)}.{part}")


def _efficientnet(_: str, layer: str) -> Source:
    """`_blocks.3._expand_conv` and its `_bn0`; outside blocks `_conv_stem`, `_conv_head`, `_fc`."""
    if layer == "logits":
        return dense("_fc")
    block, _, part = layer.rpartition(".")
    norm = {"stem": "_bn0", "head": "_bn1", "expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    path = f"_blocks.{block.removeprefix('block')}." if block else ""
    return Source(f"{path}_{part}_conv.weight" if block else f"_conv_{part}.weight", norm=path + norm)


def _timm_efficientnet(network: str, layer: str) -> Source:
    """`blocks.1.0.conv_pw` and its `bn1`: stages, their blocks, and the convolutions by what they do."""
    if layer == "logits":
        return dense("classifier")
    block, _, part = layer.rpartition(".")
    if not block:
        return Source(f"conv_{part}.weight", norm={"stem": "bn1", "head": "bn2"}[part])
    stage, i = efficientnet_lite.place(network, block)
    convs = STAGES if stage else FIRST_STAGE
    return Source(f"blocks.{stage}.{i}.{convs[part]}.weight", norm=f"blocks.{stage}.{i}.bn{[*convs].index(part) + 1}")


def _of_caffe(_: str, layer: str) -> Source:
    return dense(layer.replace("/", "_"))


def _of_tensorflow(_: str, layer: str) -> Source:
    return dense(layer + ("_matmul" if layer.endswith("_pre_activation") else "_pre_relu_conv"))


def _rule(name: Callable[[str, str], Source], **more: Any) -> Rule:
    return Rule(name, **{"spelled": unwrapped, **more})


RULES = {
    "torch_units": _rule(_units, epsilon=1e-3),
    "torch_resnet": _rule(_resnet, epsilon=1e-5),
    "torch_resnet_children": _rule(_resnet_children, epsilon=1e-5),
    "transformers_resnet": _rule(_transformers_resnet, epsilon=1e-5),
    "torch_vgg": _rule(_vgg, alone="features."),
    "torch_vgg_bn": _rule(_vgg_bn, epsilon=1e-5, alone="features."),
    "torch_squeezenet": _rule(_squeezenet, input=lambda _: INPUTS["torch"], alone="features."),
    "torch_efficientnet": _rule(_efficientnet, epsilon=1e-3),
    "timm_efficientnet": _rule(_timm_efficientnet, epsilon=1e-3),
    "torch_of_caffe": _rule(_of_caffe),
    "torch_of_caffe_vgg": _rule(_of_caffe, input=lambda _: INPUTS["caffe"]),
    "torch_of_tensorflow": _rule(_of_tensorflow),
}
