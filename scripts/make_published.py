"""Writes tests/data/published.json.gz: what the libraries call the weights of each network, and their shapes.

    python scripts/make_published.py

Needs torchvision, timm, transformers, keras (on torch) and h5py (made with 0.29.1, 1.0.31, 5.24.0, 3.15.1, 3.16.0); the
test that reads the file does not.
"""

import gzip
import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import h5py
import keras
import timm
import torchvision
import transformers

TARGET = Path(__file__).parents[1] / "tests" / "data" / "published.json.gz"
RESNET = transformers.ResNetConfig()  # of 50 layers
TORCH: dict = {  # network and library: how it makes it
    "squeezenet1_1 torchvision": torchvision.models.squeezenet1_1,
    "vgg16 torchvision": torchvision.models.vgg16,
    "vgg16 torchvision bn": torchvision.models.vgg16_bn,
    "vgg19 torchvision": torchvision.models.vgg19,
    "vgg16 timm": lambda: timm.create_model("vgg16"),
    "resnet50 torchvision": torchvision.models.resnet50,
    "resnet50 timm": lambda: timm.create_model("resnet50"),
    "resnet50 transformers": lambda: transformers.ResNetForImageClassification(RESNET),
    "resnet50 transformers base": lambda: transformers.ResNetModel(RESNET),
    "inception_v3 torchvision": lambda: torchvision.models.inception_v3(init_weights=False),
    "inception_v3 timm": lambda: timm.create_model("inception_v3"),
    "googlenet_tv torchvision": lambda: torchvision.models.googlenet(init_weights=False),
    "efficientnet_lite0 timm": lambda: timm.create_model("tf_efficientnet_lite0"),
    "efficientnet_lite2 timm": lambda: timm.create_model("tf_efficientnet_lite2"),
}
KERAS: dict = {
    "vgg16 keras": keras.applications.VGG16,
    "vgg19 keras": lambda **how: keras.applications.VGG19(include_top=False, **how),
    "resnet50 keras": keras.applications.ResNet50,
    "inception_v3 keras": keras.applications.InceptionV3,
}


def datasets(model: Any) -> dict[str, list[int]]:
    """{path: shape} of what Keras writes."""
    found: dict[str, list[int]] = {}

    def visit(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            found[path.split(":")[0]] = list(item.shape)

    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.h5")
        with h5py.File(f"{folder}/model.h5") as file:
            file.visititems(visit)
    return found


def main() -> None:
    """Writes the file."""
    named = {label: {k: list(v.shape) for k, v in make().state_dict().items()} for label, make in TORCH.items()}
    named |= {label: datasets(make(weights=None)) for label, make in KERAS.items()}
    TARGET.write_bytes(gzip.compress(json.dumps(named, separators=(",", ":")).encode(), 9, mtime=0))
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
