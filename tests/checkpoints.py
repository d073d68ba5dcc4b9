"""PyTorch's files as torch.save writes them, without torch: tensors, modules, and what training leaves beside them."""

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {"f4": "FloatStorage", "f8": "DoubleStorage", "f2": "HalfStorage", "u2": "BFloat16Storage", "i8": "LongStorage"}


class Tensor:
    """A part of a storage, in elements. part: what old files say of a storage's own part (key, first, count).

    form: v1 (until 2018) or v2; wrapped: a Parameter.
    """

    def __init__(
        self, key: str, values: np.ndarray, shape=None, strides=None, offset=0, *, part=None, form="v2", wrapped=False
    ):
        self.key, self.values, self.offset = key, values.reshape(-1), offset
        self.shape = values.shape if shape is None else shape
        self.strides = tuple(n // values.itemsize for n in values.strides) if strides is None else strides
        self.part, self.form, self.wrapped = part, form, wrapped

    def save(self, to: "Writer") -> None:
        """Its operations."""
        if self.wrapped:
            to.write(b"ctorch.nn.parameter\nParameter\n(")
        to.write(b"ctorch._utils\n_rebuild_tensor" + (b"_v2" if self.form == "v2" else b"") + b"\n((")
        to.save("storage")
        to.write(f"ctorch\n{KINDS[self.values.dtype.str[1:]]}\n".encode())
        for part in (self.key, "cpu", self.values.size, *([self.part] if to.old else [])):
            to.save(part)
        to.write(b"tQ")
        for part in (self.offset, self.shape, self.strides, *((False, OrderedDict()) if self.form == "v2" else ())):
            to.save(part)
        to.write(b"tR")
        if self.wrapped:
            to.save(True)
            to.write(b"tR")


class Built:
    """What a pickle makes by calling module.name(*arguments), with a state."""

    def __init__(self, module: str, name: str, *arguments: Any, state: Any = None):
        self.module, self.name, self.arguments, self.state = module, name, arguments, state

    def save(self, to: "Writer") -> None:
        """Its operations."""
        to.write(f"c{self.module}\n{self.name}\n".encode())
        to.save(self.arguments)
        to.write(b"R")
        if self.state is not None:
            to.save(self.state)
            to.write(b"b")


class Writer(pickle._Pickler):  # type: ignore[name-defined]
    """A pickler that knows both."""

    old = False

    def save(self, what: Any, save_persistent_id: bool = True) -> None:
        """Its operations."""
        what.save(self) if isinstance(what, Tensor | Built) else super().save(what)


def pickled(what: Any, old: bool = False) -> bytes:
    """The pickle of anything."""
    out = io.BytesIO()
    writer = Writer(out, 2)
    writer.old = old
    writer.dump(what)
    return out.getvalue()


def tensors_in(what: Any) -> Iterator[Tensor]:
    """Every tensor in it."""
    seen, left = set(), [what]
    while left:
        one = left.pop()
        if isinstance(one, Tensor):
            yield one
        elif id(one) not in seen:
            seen.add(id(one))
            left += [*one.arguments, one.state] if isinstance(one, Built) else []
            left += one.values() if isinstance(one, dict) else one if isinstance(one, list | tuple) else []


def new(what: Any, crc: bool = True) -> bytes:
    """As since 2020: a zip file. crc: with its sums, which PyTorch may be told to leave out."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(what))
        for key, values in {t.key: t.values for t in tensors_in(what)}.items():
            archive.writestr(f"archive/data/{key}", values.tobytes())
        if not crc:
            for info in archive.filelist:
                info.CRC = 0
    return out.getvalue()


def old(what: Any) -> bytes:
    """As before: pickles one behind the other, then counts and numbers."""
    values = {t.key: t.values for t in tensors_in(what)}
    head = [MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}, what, sorted(values)]
    tail = [struct.pack("<q", values[key].size) + values[key].tobytes() for key in sorted(values)]
    return b"".join([*(pickled(part, old=True) for part in head), *tail])


def state_dict(arrays: dict[str, np.ndarray], prefix: str = "", **how: Any) -> OrderedDict:
    """Arrays by name as tensors, each with a storage of its own."""
    return OrderedDict((prefix + name, Tensor(prefix + name, array, **how)) for name, array in arrays.items())


def module(arrays: dict[str, np.ndarray]) -> Built:
    """A whole module, as torch.save(model) writes it: modules in modules, with parameters and buffers."""

    def build(tree: dict) -> Built:
        inner = {name: build(part) for name, part in tree.items() if isinstance(part, dict)}
        own = {name: part for name, part in tree.items() if not isinstance(part, dict)}
        buffers = {name: tensor for name, tensor in own.items() if name.startswith("running")}
        parameters = {name: tensor for name, tensor in own.items() if name not in buffers}
        state = {"training": False, "_parameters": parameters, "_buffers": buffers, "_modules": inner}
        return Built("somewhere.models", "Net", state=state)

    root: dict = {}
    for name, array in arrays.items():
        *path, last = name.split(".")
        place = root
        for part in path:
            place = place.setdefault(part, {})
        place[last] = Tensor(name, array)
    return build(root)
