"""The networks: what they are called, what their activations are, where their weights lie, and how to load one.

A network is a callable pytree: `net(images) -> {layer: activation}`, images float32 RGB `[n, h, w, 3]` in 0..255,
activations float32 `[n, h', w', channels]`. Nothing heavy is imported before `load`, so that a scene can be checked
against this table at once.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Entry:
    """One network of the zoo. `layers` maps each activation to its number of channels, in the network's order."""

    name: str
    module: str  # models.<module> builds it: build(name) -> network
    family: str
    layers: dict[str, int]
    file: str  # in models/weights/, safetensors
    sha256: str  # of that file
    size: int  # of that file, bytes
    licence: str  # of the weights
    trained_on: str
    classes: int


def _fires(*channels: int) -> dict[str, int]:
    return {f"fire{i}": c for i, c in enumerate(channels, 2)}


_ENTRIES = [
    Entry(
        name="squeezenet1_1",
        module="squeezenet",
        family="SqueezeNet",
        layers={"conv1": 64, **_fires(128, 128, 256, 256, 384, 384, 512, 512), "conv10": 1000},
        file="squeezenet1_1.safetensors",
        sha256="e8214a91bb6fa29bc327a76ee29dd44521ce04e415f82e41dad21e628b3e21b9",
        size=2475816,
        licence="BSD (see models/weights/NOTICE.md)",
        trained_on="ImageNet (ILSVRC 2012)",
        classes=1000,
    ),
]
NETWORKS = {entry.name: entry for entry in _ENTRIES}


def load(name: str, weights: Path | None = None) -> Any:
    """The network called `name` with the weights that ship with the project, or those of a safetensors file.

    ValueError: an unknown name. models.weights.WeightsError (a ValueError): a file that is no such network's.
    """
    if name not in NETWORKS:
        raise ValueError(f"there is no network {name!r}; known are: {', '.join(NETWORKS)}")
    entry = NETWORKS[name]
    files = import_module("models.weights")
    build = import_module(f"models.{entry.module}").build
    path = files.shipped(WEIGHTS / entry.file, entry.sha256) if weights is None else Path(weights)
    return files.fill(lambda: build(name), path)
