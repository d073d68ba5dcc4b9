"""Writes tests/data/golden_*.npz: what torchvision's networks answer to weights that are drawn by name and shape.

    python scripts/make_golden.py

Needs torch and torchvision (made with 2.14.1 and 0.29.1); the tests that read the files do not. Numbers are those of
float64. In each file: `height`, `width`, some numbers of each layer (tests/drawn.py says which), and under `gradient`
those of Σ mean(activation²) over the layers with respect to the picture in 0..255, RGB.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchvision

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from drawn import picture, sample, weight  # noqa: E402 - found through the line above

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5,) * 3, (0.5,) * 3)
# network: how torchvision makes it, its size (h, w), its preprocessing, our layer -> torchvision's module and sense
NETWORKS: dict = {
    "googlenet_tv": (
        lambda: torchvision.models.googlenet(init_weights=False, aux_logits=False),
        (67, 90),
        HALF,
        {name: name for name in ("conv1", "maxpool2", "inception3a", "inception4c", "inception5b")},
    ),
    "vgg16": (
        torchvision.models.vgg16,
        (64, 96),
        IMAGENET,
        {"conv1_2": "features.2", "relu3_3": "features.15", "conv5_1": "features.24", "pool5": "features.30"},
    ),
    "vgg19": (
        torchvision.models.vgg19,
        (32, 64),
        IMAGENET,
        {"conv3_4": "features.16", "relu4_3": "features.24", "conv5_1": "features.28"},
    ),
    "inception_v3": (
        lambda: torchvision.models.inception_v3(init_weights=False),
        (107, 90),
        HALF,
        {name: name for name in ("Conv2d_4a_3x3", "Mixed_5d", "Mixed_6b", "Mixed_7a", "Mixed_7c")},
    ),
    "resnet50": (
        torchvision.models.resnet50,
        (67, 90),
        IMAGENET,
        {name: name for name in ("maxpool", "layer1.0", "layer2", "layer3.2", "layer4")},
    ),
}


def answers(name: str) -> dict[str, np.ndarray]:
    """What the golden file of a network holds."""
    make, (height, width), (mean, std), layers = NETWORKS[name]
    network = make()
    state = {key: value for key, value in network.state_dict().items() if value.is_floating_point()}
    network.load_state_dict({key: torch.tensor(weight(key, tuple(v.shape))) for key, v in state.items()}, strict=False)
    network.double().eval()
    seen: dict[str, torch.Tensor] = {}
    for layer, module in layers.items():
        # a clone, because ReLUs that follow may work in place
        hook = lambda _m, _i, output, layer=layer: seen.__setitem__(layer, output.clone())  # noqa: E731
        network.get_submodule(module).register_forward_hook(hook)
    x = torch.tensor(picture(height, width), dtype=torch.float64, requires_grad=True)
    network((x.permute(0, 3, 1, 2) / 255 - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None])
    sum(value.square().mean() for value in seen.values()).backward()
    found = {layer: sample(value.detach().permute(0, 2, 3, 1).numpy()) for layer, value in seen.items()}
    return {"height": np.int32(height), "width": np.int32(width), "gradient": sample(x.grad.numpy(), 20000), **found}


def main() -> None:
    """Writes a file for each network."""
    torch.manual_seed(0)
    for name in NETWORKS:
        path = TESTS / "data" / f"golden_{name}.npz"
        np.savez_compressed(path, **answers(name))
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
