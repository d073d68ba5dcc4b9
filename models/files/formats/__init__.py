"""Weights as others write them: which format a file has, by its first bytes, and the arrays in it.

Every reader maps the file and hands out arrays that are views of it: sizes that a file claims are held against what it
has before anything is made of them. No reader runs anything that a file says.
"""

import mmap
from importlib import import_module
from pathlib import Path
from typing import Any

from models.files.formats.arrays import ZIP, Arrays, FormatError, Shapes, WeightsError

__all__ = ["ZIP", "Arrays", "FormatError", "Shapes", "WeightsError", "read", "shapes"]

HDF5 = b"\x89HDF\r\n\x1a\n"
PICKLE = b"\x80"
ENDINGS = {  # what decides where the first bytes do not
    ".safetensors": "safetensors_file",
    ".h5": "keras",
    ".hdf5": "keras",
    ".pth": "torchfile",
    ".pt": "torchfile",
}
PROTOBUFS = {"caffe": "caffemodel", "tensorflow": "graphdef"}  # these do not tell what they are


def read(path: Path, source: str = "") -> Arrays:
    """{name in the file: array} of a .caffemodel, .pb, .pth, .h5 or .safetensors file; WeightsError says what is wrong.

    source: `caffe` or `tensorflow`, what is tried first where a file begins like none of the others.
    """
    return _first(path, source, "read")


def shapes(path: Path, source: str = "") -> Shapes:
    """{name in the file: shape}, quickly; arguments and errors as of `read`."""
    return _first(path, source, "shapes")


def _first(path: Path, source: str, what: str) -> Any:
    """What the first reader makes of a file that can; else why the first of them cannot."""
    try:
        with open(path, "rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}") from error
    except ValueError as error:  # mmap's word for it
        raise WeightsError(f"{path} is empty") from error
    complaints = []
    for name in readers(data, path, source):
        module = import_module(f"models.files.formats.{name}")
        try:
            if what == "shapes" and hasattr(module, "shapes"):
                return module.shapes(data)
            arrays = module.read(data)
            return arrays if what == "read" else {name: array.shape for name, array in arrays.items()}
        except FormatError as error:
            complaints.append(str(error))
    text = f"{path} {complaints[0]}{_looks(data)}"
    del data  # whoever catches the error may want to remove the file, which Windows forbids while it is mapped
    raise WeightsError(text)


def readers(data: memoryview, path: Path, source: str) -> list[str]:
    """The modules that may read such a file, the likeliest first."""
    if data[:4] == ZIP or data[:1] == PICKLE:
        return ["torchfile"]
    if data[:4] == HDF5[:4]:
        return ["keras"]
    if data[8:9] == b"{":
        return ["safetensors_file"]
    if path.suffix.lower() in ENDINGS:
        return [ENDINGS[path.suffix.lower()]]
    first = PROTOBUFS.get(source, "caffemodel")
    return sorted(PROTOBUFS.values(), key=lambda name: name != first)


def _looks(data: memoryview) -> str:
    """What a file is instead, as the end of a sentence."""
    from models.files.formats.strangers import stranger

    what = stranger(data)
    return f": it is {what}" if what else ""
