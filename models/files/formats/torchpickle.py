"""PyTorch's pickles: described, never built. A tensor is a part of a storage; all else is what it holds.

A pickle is a program for a small machine whose only way out is `Describe.find_class`. What that hands out are
OrderedDict, functions that note a tensor, and classes that note what they are given: nothing in a file ever runs.
operations.py looks the program through first.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.files.formats.arrays import FormatError
from models.files.formats.operations import MOST_PICKLE, look_through

BFLOAT16 = "bfloat16"  # NumPy has no such type: the upper halves of float32
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": BFLOAT16,
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
    "ComplexFloatStorage": "<c8",
    "ComplexDoubleStorage": "<c16",
    "QInt8Storage": "i1",
    "QUInt8Storage": "u1",
    "QInt32Storage": "<i4",
}
MOST_CLASSES = 5000
MOST_DEEP = 60  # mappings in mappings; a module in a module is two
INNER = ("", "_modules", "_parameters", "_buffers")  # of a whole module: no part of a weight's name
# What no checkpoint needs, and an attack does. It would not run here either; who meets it should know.
HOSTILE = {"os", "posix", "nt", "sys", "subprocess", "shutil", "socket", "pty", "importlib", "runpy", "ctypes"}
HOSTILE |= {"pickle", "_pickle", "marshal", "webbrowser"}
HOSTILE_BUILTINS = {"eval", "exec", "execfile", "compile", "open", "file", "__import__", "input", "breakpoint"}


@dataclass(frozen=True, eq=False)
class Storage:
    """A file's numbers by key: of what type, and from which one on (old files know parts of storages)."""

    key: str
    dtype: str
    start: int = 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A part of a storage, in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __setstate__(self, state: Any) -> None:
        """Hooks and attributes of a tensor are nothing to us."""


class Aside:
    """Stands for an object that is not built: it notes what it would have been given, and does nothing with it."""

    def __new__(cls, *arguments: Any, **options: Any) -> "Aside":
        aside = super().__new__(cls)
        aside.held = {"": arguments} if arguments else {}
        return aside

    def __init__(self, *_: Any, **__: Any):
        self.held: dict[Any, Any]

    def __setstate__(self, state: Any) -> None:
        parts = state if isinstance(state, tuple) else (state,)
        for part in parts:
            if isinstance(part, dict):
                self.held.update(part)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.held[key] = value

    def append(self, value: Any) -> None:
        """As a list."""
        self.held[len(self.held)] = value

    def extend(self, values: Any) -> None:
        """As a list."""
        for value in values:
            self.append(value)

    add = append  # as a set


class Describe(pickle.Unpickler):
    """Describes the tensors of a pickle, and puts aside whatever else it asks for."""

    def __init__(self, data: bytes):
        super().__init__(io.BytesIO(data), encoding="latin1")  # texts of Python 2
        self.dtypes: dict[str, str] = {}  # of every storage that was named
        self.given: dict[tuple[str, str], Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a class or function in this pickle, and in no other: a pickle may write on what it holds."""
        if (module, name) not in self.given:
            if len(self.given) == MOST_CLASSES:
                raise FormatError("is refused: its pickle asks for more classes than any checkpoint has")
            self.given[module, name] = self.stand_in(module, name)
        return self.given[module, name]

    def stand_in(self, module: str, name: str) -> Any:
        """A dtype's name, what notes a tensor, or what notes nothing but what it is given."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if (module, name) in MAKERS:
            make = MAKERS[module, name]
            return lambda *arguments: make(*arguments)
        if module.partition(".")[0] in HOSTILE or (module in ("builtins", "__builtin__") and name in HOSTILE_BUILTINS):
            raise FormatError(f"is refused: it asks for {module}.{name}, which no state dict needs")
        return type("Aside", (Aside,), {})

    def persistent_load(self, pid: Any) -> Any:
        """('storage', type, key, device, count, and in old files None or (key, first, count) of a part)"""
        if pid[0] == "module":  # in old files a class and its source
            return pid[1]
        _, dtype, key, _, _, *more = pid
        if not isinstance(dtype, str):  # float8 and the like
            return Aside()
        self.dtypes[str(key)] = dtype
        part = more[0] if more else None
        return Storage(str(key), dtype, int(part[1]) if part else 0)


def _tensor(storage: Any, offset: int, shape: Any, strides: Any, *_: Any) -> Tensor | Aside:
    if not isinstance(storage, Storage):
        return Aside()
    return Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _same(value: Any, *_: Any) -> Any:
    return value


def _from_type(make: Any, _: Any, arguments: Any, *__: Any) -> Any:
    """A tensor of a class of its own."""
    return make(*arguments)


MAKERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,  # until 2018
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _same,
    ("torch._utils", "_rebuild_parameter_with_state"): _same,
    ("torch._tensor", "_rebuild_from_type_v2"): _from_type,
    ("torch.nn.parameter", "Parameter"): _same,
    ("torch.nn.parameter", "Buffer"): _same,
}


def unpickle(data: memoryview, at: int = 0) -> tuple[Any, int, dict[str, str]]:
    """The object whose pickle begins at `at`, where it ends, and the types of the storages that it names."""
    stream = io.BytesIO(data[at : at + MOST_PICKLE])
    look_through(stream)
    end = at + stream.tell()
    describe = Describe(bytes(data[at:end]))
    return describe.load(), end, describe.dtypes


def tensors(root: Any) -> dict[str, Tensor]:
    """{name: tensor} of all that an object holds by name, however deep: `state_dict.module.conv1.weight`."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()  # a pickle may hold the same mapping in many places, and itself

    def walk(value: Any, path: tuple[str, ...], depth: int) -> None:
        if isinstance(value, Tensor):
            found.setdefault(".".join(path), value)
            return
        held = _held(value)
        if not held or id(value) in seen or depth > MOST_DEEP:
            return
        seen.add(id(value))
        for key, part in dict.items(held):
            walk(part, path if key in INNER else (*path, str(key)), depth + 1)

    walk(root, (), 0)
    return found


def _held(value: Any) -> dict:
    if isinstance(value, Aside):
        return value.held
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    return value if isinstance(value, dict) else {}
