"""PyTorch's .pth, .pt, .bin, .ckpt: a pickle (torchpickle.py) in a zip file since 2020, before that followed by its
numbers. State dicts, checkpoints that hold one, whole modules and TorchScript's files are read alike.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.files.formats.arrays import ZIP, Arrays, FormatError, Shapes, bfloat16
from models.files.formats.torchpickle import BFLOAT16, Tensor, tensors, unpickle

MAGIC = 0x1950A86A20F9469CFC6C
UNREADABLE = "is no whole PyTorch state dict (.pth)"
LOCAL = 30  # bytes of a member's header in a zip file, before its name

Numbers = Mapping[str, np.ndarray]  # by a storage's key


def read(data: memoryview) -> Arrays:
    """{name: array} of all tensors that a file holds by name; FormatError says what is wrong."""

    def arrays() -> Arrays:
        found, numbers = _opened(data)
        storages = numbers()
        return {name: _array(tensor, storages) for name, tensor in found.items()}

    return _guarded(arrays)


def shapes(data: memoryview) -> Shapes:
    """{name: shape}, without the numbers being looked at."""
    return _guarded(lambda: {name: tensor.shape for name, tensor in _opened(data)[0].items()})


def _guarded(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except FormatError:
        raise
    except Exception as error:  # unpickling and zipfile answer damage with whatever they run into
        raise FormatError(UNREADABLE) from error


def _opened(data: memoryview) -> tuple[dict[str, Tensor], Callable[[], Numbers]]:
    found, numbers = _zipped(data) if data[:4] == ZIP else _legacy(data)
    if not found:
        raise FormatError("is no PyTorch state dict (.pth): it holds no tensors by name")
    return found, numbers


def _zipped(data: memoryview) -> tuple[dict[str, Tensor], Callable[[], Numbers]]:
    """The numbers of storage K lie in `archive/data/K`, not compressed."""
    with zipfile.ZipFile(io.BufferedReader(_Raw(data))) as archive:
        infos = {info.filename.partition("/")[2]: info for info in archive.infolist()}
        names = [repr(name) for name in archive.namelist()]
    if "data.pkl" not in infos:
        inside = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise FormatError(f"is a zip file of {inside or 'nothing'}, but no PyTorch state dict (.pth)")
    needed = [info for name, info in infos.items() if name == "data.pkl" or name.startswith("data/")]
    if any(info.compress_type != zipfile.ZIP_STORED for info in needed):
        raise FormatError("is refused: PyTorch does not compress, and this file is compressed")
    if sum(info.file_size for info in needed) > len(data):
        raise FormatError(UNREADABLE)
    state, _, dtypes = unpickle(_member(data, infos["data.pkl"]))
    big = "byteorder" in infos and bytes(_member(data, infos["byteorder"])) == b"big"

    def numbers() -> Numbers:
        return {key: _numbers(_member(data, infos[f"data/{key}"]), dtype, big) for key, dtype in dtypes.items()}

    return tensors(state), numbers


def _member(data: memoryview, info: zipfile.ZipInfo) -> memoryview:
    """The content of a zip file's member, as it lies there."""
    at = info.header_offset
    name, extra = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
    content = data[at + LOCAL + name + extra :][: info.file_size]
    # PyTorch may be told to leave the sum out, and writes 0 then
    if len(content) < info.file_size or (info.CRC and zlib.crc32(content) != info.CRC):
        raise FormatError(f"{UNREADABLE}: {info.filename} is damaged")
    return content


def _legacy(data: memoryview) -> tuple[dict[str, Tensor], Callable[[], Numbers]]:
    """Pickles of a magic number, a version, the writer's machine, the state and the keys; then counts and numbers."""
    magic, at, _ = unpickle(data)
    if magic != MAGIC:
        raise FormatError("is a pickle, but no PyTorch state dict (.pth)")
    for _ in range(2):
        _, at, _ = unpickle(data, at)
    state, at, dtypes = unpickle(data, at)
    keys, at, _ = unpickle(data, at)

    def numbers() -> Numbers:
        storages, begins = {}, at
        for key in keys:
            count = int.from_bytes(data[begins : begins + 8], "little")
            length = count * _itemsize(dtypes[str(key)])
            if len(data) - begins - 8 < length:
                raise FormatError("is cut short")
            storages[str(key)] = _numbers(data[begins + 8 : begins + 8 + length], dtypes[str(key)])
            begins += 8 + length
        return storages

    return tensors(state), numbers


def _itemsize(dtype: str) -> int:
    return 2 if dtype == BFLOAT16 else np.dtype(dtype).itemsize


def _numbers(content: memoryview, dtype: str, big: bool = False) -> np.ndarray:
    """A storage's content as numbers, most often a view."""
    end = len(content) // _itemsize(dtype) * _itemsize(dtype)
    kind = np.dtype("<u2" if dtype == BFLOAT16 else dtype)
    values = np.frombuffer(content[:end], kind.newbyteorder(">") if big else kind)
    return bfloat16(values) if dtype == BFLOAT16 else values


def _array(tensor: Tensor, storages: Numbers) -> np.ndarray:
    """The tensor as a view of its storage."""
    values, offset = storages[tensor.storage.key], tensor.storage.start + tensor.offset
    sides = [*tensor.shape, *tensor.strides, tensor.offset, tensor.storage.start]
    last = offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if any(side < 0 for side in sides) or (0 not in tensor.shape and last >= values.size):
        raise FormatError("is damaged: a tensor is larger than its numbers")
    strides = [step * values.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(values[offset:], tensor.shape, strides, writeable=False)


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
