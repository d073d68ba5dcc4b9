"""From a safetensors file to a network: every name and shape is compared before anything is used.

A weight's name is its path in the module, joined by dots: `fire2.squeeze.kernel`. Kernels are HWIO, biases
`[channels]`; on disk float16 or float32, in memory float32. The first kernel takes RGB: recipes.py turns it where a
source has BGR.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx
from safetensors import SafetensorError
from safetensors.numpy import load

from models.blocks.layers import Conv, Derived, shapes_only
from models.files.formats import WeightsError

__all__ = ["WeightsError", "fill", "read", "shipped", "unfit", "wanted"]


def shipped(path: Path, sha256: str) -> Path:
    """`path`, once its content is known to have that sum; WeightsError if not."""
    if hashlib.sha256(_bytes(path)).hexdigest() != sha256:
        raise WeightsError(f"{path} is damaged: its SHA-256 is not {sha256}. Fetch the file again from the repository.")
    return path


def read(path: Path) -> dict[str, np.ndarray]:
    """{name: float32 array} of a safetensors file; WeightsError if it is none, or cut short."""
    data = _bytes(path)
    try:
        arrays = load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} is no whole safetensors file ({error})") from error
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def wanted(build: Callable[[], Any]) -> dict[str, tuple[int, ...]]:
    """{name: shape} of the weights that the module `build()` makes would take; nothing is computed."""
    return {name: leaf.shape for name, _, leaf in _slots(nnx.state(_empty(build), nnx.Param))}


def fill(build: Callable[[], Any], arrays: Mapping[str, np.ndarray], path: Path) -> Any:
    """The module that `build()` makes, with these weights; WeightsError lists all that does not fit. path: of what."""
    pieces: Any = nnx.split(_empty(build), nnx.Param, Derived)
    graph, empty, derived = pieces
    slots = _slots(empty)
    _compare({name: leaf.shape for name, _, leaf in slots}, arrays, path)
    on_device = jax.device_put(dict(arrays))  # jnp.asarray would compile a copy for every shape
    leaves = [(keys, leaf.replace(on_device[name])) for name, keys, leaf in slots]
    network = nnx.merge(graph, nnx.from_flat_state(leaves), derived)
    for _, node in nnx.iter_graph(network):
        if isinstance(node, Conv):
            node.derive()
    return jax.block_until_ready(network)


def _empty(build: Callable[[], Any]) -> Any:
    """The module without values: shapes and dtypes only."""
    with shapes_only():
        return nnx.eval_shape(build)


def _slots(state: Any) -> list[tuple[str, Any, Any]]:
    """Every weight's name, its path in the module, and its leaf."""
    return [(".".join(map(str, keys)), keys, leaf) for keys, leaf in nnx.to_flat_state(state)]


def _compare(wanted: Mapping[str, tuple[int, ...]], arrays: Mapping[str, np.ndarray], path: Path) -> None:
    both = [name for name in wanted if name in arrays and arrays[name].shape != wanted[name]]
    lines = [f"missing: {name} {list(wanted[name])}" for name in wanted if name not in arrays]
    lines += [f"unexpected: {name} {list(arrays[name].shape)}" for name in arrays if name not in wanted]
    lines += [f"shape: {name} is {list(arrays[name].shape)}, should be {list(wanted[name])}" for name in both]
    unfit(lines, path)


def unfit(lines: Sequence[str], path: Path | str) -> None:
    """WeightsError of all that does not fit, if anything."""
    if lines:
        raise WeightsError("\n  ".join([f"{path} does not fit the network:", *lines]))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}") from error
