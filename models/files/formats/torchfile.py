"""PyTorch's .pth: a pickled state dict, in a zip file since 2020, before that followed by its numbers.

The pickle is read by an unpickler that knows how to describe a tensor and nothing else. Its operations are looked
through first: a number in them could make the unpickler take any amount of memory.
"""

import io
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from models.files.formats.arrays import ZIP, Arrays, FormatError

DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
MAGIC = 0x1950A86A20F9469CFC6C
MOST_PICKLE = 32 << 20  # bytes; a state dict of 200 layers has 50 kB
UNREADABLE = "is no whole PyTorch state dict (.pth)"


class Storage(NamedTuple):
    """A file's numbers by key: which, of what type, how many."""

    key: str
    dtype: str
    length: int


class Tensor(NamedTuple):
    """A part of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Describe(pickle.Unpickler):
    """Describes tensors; whatever else a pickle asks for is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """The few things a state dict is made of."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: Tensor(storage, offset, shape, strides)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise FormatError(f"is refused: it asks for {module}.{name}, which no state dict needs")

    def persistent_load(self, pid: Any) -> Storage:
        """('storage', type, key, device, count, …)"""
        _, dtype, key, _, count = pid[:5]
        return Storage(str(key), str(dtype), int(count))


def read(data: memoryview) -> Arrays:
    """{name: array} of a state dict, or of one under the key `state_dict`; FormatError says what is wrong."""
    try:
        state, storages = _zipped(data) if data[:4] == ZIP else _legacy(data)
        if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
            state = state["state_dict"]
        if not isinstance(state, Mapping) or not any(isinstance(value, Tensor) for value in state.values()):
            raise FormatError("is no PyTorch state dict (.pth): it holds no tensors by name")
        return {str(name): _array(t, storages) for name, t in state.items() if isinstance(t, Tensor)}
    except FormatError:
        raise
    except Exception as error:  # unpickling and zipfile answer damage with whatever they run into
        raise FormatError(UNREADABLE) from error


def _unpickle(data: memoryview, at: int = 0) -> tuple[Any, int]:
    """The object whose pickle begins at `at`, and where it ends."""
    stream = io.BytesIO(data[at : at + MOST_PICKLE])
    for operation, argument, _ in pickletools.genops(stream):
        if operation.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > stream.tell():
            raise FormatError("is refused: its pickle names a place in memory that it cannot have")
    end = at + stream.tell()
    return Describe(io.BytesIO(data[at:end])).load(), end


def _zipped(data: memoryview) -> tuple[Any, dict[str, memoryview]]:
    """The numbers of storage K lie in `archive/data/K`, not compressed."""
    with zipfile.ZipFile(io.BufferedReader(_Raw(data))) as archive:
        infos = {info.filename.partition("/")[2]: info for info in archive.infolist()}
        if "data.pkl" not in infos:
            raise FormatError("is a zip file, but no PyTorch state dict (.pth)")
        if any(info.compress_type != zipfile.ZIP_STORED for info in infos.values()):
            raise FormatError("is refused: PyTorch does not compress, and this file is compressed")
        if sum(info.file_size for info in infos.values()) > len(data):
            raise FormatError(UNREADABLE)
        state, _ = _unpickle(memoryview(archive.read(infos["data.pkl"])))
        storages = {
            name[5:]: memoryview(archive.read(info)) for name, info in infos.items() if name.startswith("data/")
        }
    return state, storages


def _legacy(data: memoryview) -> tuple[Any, dict[str, memoryview]]:
    """Pickles of a magic number, a version, the writer's machine, the state and the keys; then counts and numbers."""
    magic, at = _unpickle(data)
    if magic != MAGIC:
        raise FormatError("is no PyTorch state dict (.pth)")
    for _ in range(2):
        _, at = _unpickle(data, at)
    state, at = _unpickle(data, at)
    keys, at = _unpickle(data, at)
    found = state.get("state_dict", state)
    sizes = {t.storage.key: np.dtype(t.storage.dtype).itemsize for t in found.values() if isinstance(t, Tensor)}
    storages = {}
    for key in keys:
        count = int.from_bytes(data[at : at + 8], "little")
        length = count * sizes[str(key)]
        if len(data) - at - 8 < length:
            raise FormatError("is cut short")
        storages[str(key)] = data[at + 8 : at + 8 + length]
        at += 8 + length
    return state, storages


def _array(tensor: Tensor, storages: Mapping[str, memoryview]) -> np.ndarray:
    """The tensor as a view of its storage."""
    values = np.frombuffer(storages[tensor.storage.key], tensor.storage.dtype)
    sides = [*tensor.shape, *tensor.strides, tensor.offset]
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if any(side < 0 for side in sides) or (0 not in tensor.shape and last >= values.size):
        raise FormatError("is damaged: a tensor is larger than its numbers")
    strides = [step * values.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False)


class _Raw(io.RawIOBase):
    """A memoryview as a file, without a copy."""

    def __init__(self, data: memoryview):
        self.data, self.at = data, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = max(0, offset + (0, self.at, len(self.data))[whence])
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        part = self.data[self.at : self.at + len(buffer)]
        buffer[: len(part)] = part
        self.at += len(part)
        return len(part)
