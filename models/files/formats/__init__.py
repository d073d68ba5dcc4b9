"""Weights as others write them: which format a file has, by its first bytes, and the arrays in it.

Every reader maps the file and hands out arrays that are views of it: sizes that a file claims are held against what it
has before anything is made of them. No reader runs anything that a file says.
"""

import mmap
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from models.files.formats.arrays import ZIP, Arrays, FormatError, WeightsError

__all__ = ["ZIP", "Arrays", "FormatError", "WeightsError", "read"]

HDF5 = b"\x89HDF\r\n\x1a\n"
PICKLE = b"\x80"
PROTOBUFS = {"caffe": "caffemodel", "tensorflow": "graphdef"}  # these do not tell what they are


def read(path: Path, source: str = "") -> Arrays:
    """{name in the file: array} of a .caffemodel, .pb, .pth, .h5 or .safetensors file; WeightsError says what is wrong.

    source: `caffe` or `tensorflow` for files that begin like neither of the others.
    """
    try:
        with open(path, "rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}") from error
    except ValueError as error:  # mmap's word for it
        raise WeightsError(f"{path} is empty") from error
    try:
        return reader(data, source)(data)
    except FormatError as error:
        raise WeightsError(f"{path} {error}") from error


def reader(data: memoryview, source: str) -> Callable[[memoryview], Arrays]:
    """The function that reads such a file."""
    name = PROTOBUFS.get(source, "safetensors_file")
    if data[:4] == ZIP or data[:1] == PICKLE:
        name = "torchfile"
    elif data[:8] == HDF5 or data[:4] == HDF5[:4]:
        name = "keras"
    elif data[8:9] == b"{":
        name = "safetensors_file"
    return import_module(f"models.files.formats.{name}").read
