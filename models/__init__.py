"""The networks: what they are called, what their activations are, where their weights lie, and how to load one.

A network is a callable pytree: `net(images) -> {layer: activation}`, images float32 RGB `[n, h, w, 3]` in 0..255,
activations float32 `[n, h', w', channels]`. Nothing heavy is imported before `load`, so that a scene can be checked
against the table at once.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from models.files.places import WEIGHTS, cached, find
from models.plans.table import NETWORKS, Download, Entry

__all__ = ["NETWORKS", "WEIGHTS", "Download", "Entry", "cached", "entry_of", "find", "load"]


def entry_of(name: str, weights: Path | None = None) -> Entry:
    """The table's entry of the network called `name`, as a file of weights makes it: with other classes, or none.

    Quick, since only names and shapes are looked at. WeightsError: the file cannot be read, or is no such network's.
    """
    if weights is None:
        return NETWORKS[name]
    try:
        found = Path(weights).stat()
        return _described(name, Path(weights), found.st_mtime_ns, found.st_size)
    except OSError:
        return import_module("models.files.fit").described(NETWORKS[name], Path(weights))


@lru_cache(maxsize=64)
def _described(name: str, weights: Path, *_: int) -> Entry:
    return import_module("models.files.fit").described(NETWORKS[name], weights)


def load(name: str, weights: Path | None = None, taking: str = "auto") -> Any:
    """The network called `name`, with weights that ship with the project, that were fetched, or of a file.

    The file may be of any format that files/formats/ reads, and have other classes or none. taking: what pictures its
    network takes, a row of plans.table.INPUTS, where neither its form nor its numbers tell. ValueError: an unknown
    name. WeightsError (a ValueError, models/files/weights.py): weights that are not here yet, or a file that is no
    such network's.
    """
    if name not in NETWORKS:
        raise ValueError(f"there is no network {name!r}; known are: {', '.join(NETWORKS)}")
    entry = NETWORKS[name]
    files = import_module("models.files.weights")
    build = import_module(f"models.networks.{entry.module}").build
    if weights is not None:
        made = import_module("models.files.recipes").made_of(entry, Path(weights), taking)
        return files.fill(lambda: build(name, made.entry, **made.how), made.arrays, Path(weights))
    path = find(entry)
    if path is None:
        raise files.WeightsError(f"the weights of {name} are not here yet: python -m render fetch {name}")
    arrays = files.read(files.shipped(path, entry.sha256) if entry.sha256 else path)
    return files.fill(lambda: build(name), arrays, path)
