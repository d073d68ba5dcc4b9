"""Compiled programs that outlive the process: the second run neither traces nor compiles anything.

JAX's own cache spares a second run the compiler, but not tracing, which takes a second for every octave. Here the
finished executables are kept, in the user's own cache folder, under a hash of everything that they depend on.
What lies there is run, and so read only where nobody but this user and root could have written it.
"""

import ctypes
import hashlib
import importlib.metadata
import os
import pickle
import platform
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import serialize_executable

from models.blocks.xla import compiler_options
from render.dream.settings import every
from render.media.system import discard, others, patiently

ELSEWHERE = "DREAMREEL_CACHE names another folder"
MOST = 400  # programs kept; the longest unused go first
_store: list[Path] = []  # where programs are kept, once `keep_in` has said so
_tell: list[Callable[[str], None]] = []  # who hears, once, why they cannot be


def keep_in(folder: Path | None, tell: Callable[[str], None] = lambda text: None) -> None:
    """Programs are kept in this folder from now on; None: only in memory. tell: hears it if they cannot be."""
    _store[:] = [folder] if folder else []
    _tell[:] = [tell]


def obtain(name: tuple, lower: Callable[[], Any], devices: list[jax.Device]) -> Any:
    """The program of a name for these devices: read if it is kept, else compiled from lower() and kept.

    The name, by its repr, must tell apart all that is static: function, shapes, dtypes, devices, layers.
    """
    path = place_of(name)
    if path is None:
        return lower().compile(compiler_options())
    program = _read(path, devices)
    if program is None:
        program = lower().compile(compiler_options())
        _write(path, program)
        _tidy()
    return program


def place_of(name: tuple) -> Path | None:
    """Where the program of a name is kept; None if none is."""
    # what comes out of JAX's own cache cannot be kept again: its code is no longer whole
    if not _store or getattr(jax.config, "jax_compilation_cache_dir", None):
        return None
    about = repr((name, fingerprint(), every()))
    return _store[0] / f"{hashlib.sha256(about.encode()).hexdigest()}.program"


def is_kept(name: tuple) -> bool:
    """Whether a program is there already, and may be read; it is not."""
    path = place_of(name)
    with suppress(OSError):
        return path is not None and not (others(path.parent.stat()) or others(path.stat()))
    return False


def _read(path: Path, devices: list[jax.Device]) -> Any:
    """The program in a file, or None if it is missing, cut off, of another jaxlib: all the same, it is compiled anew.

    So it is where somebody else could have put it there: what is read is run.
    """
    try:
        with path.open("rb") as file:
            if _doubtful(path.parent, path.parent.stat()) or _doubtful(path, os.fstat(file.fileno())):
                return None
            content, takes, gives = pickle.load(file)
        if b"lapack_" in content:
            _addresses()
        program = serialize_executable.deserialize_and_load(content, takes, gives, execution_devices=devices)
    except Exception:
        return None
    with suppress(OSError):  # the folder may be somebody else's, who lets us read
        path.touch()
    return program


@cache
def _addresses() -> None:
    """Looks up where LAPACK's functions lie: programs call them by address, and crash where nobody has.

    JAX does so when it lowers such a call; a program that is read was lowered in another process.
    """
    jax.jit(jnp.linalg.cholesky).lower(jax.ShapeDtypeStruct((1, 1), jnp.float32))


def _doubtful(path: Path, status: os.stat_result) -> bool:
    whose = others(status)
    if whose:
        _say(f"compiles anew: a kept program is code, and {path} {whose}; {ELSEWHERE}")
    return bool(whose)


def _say(text: str) -> None:
    while _tell:
        _tell.pop()(text)


def _tidy() -> None:
    """Gives back what a compiler leaves: glibc would keep some hundred megabytes for the rest of a film."""
    with suppress(OSError, AttributeError, TypeError):  # another C library has no such function, or needs none
        ctypes.CDLL(None).malloc_trim(0)


def _write(path: Path, program: Any) -> None:
    """Keeps a program; a folder that cannot be written, or that others can, costs time only."""
    try:
        content = pickle.dumps(serialize_executable.serialize(program))
    except Exception:  # some backends cannot serialise
        return
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if _doubtful(path.parent, path.parent.stat()):
            return
        with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, 0o644)) as file:
            file.write(content)
        patiently(os.replace, beside, path)
    except OSError as error:
        _say(f"compiled programs cannot be kept in {path.parent}: {error.strerror or error}; {ELSEWHERE}")
        discard(beside)
        return
    with suppress(OSError):  # another run may remove some, too
        for old in sorted(path.parent.glob("*.program"), key=lambda p: p.stat().st_mtime)[:-MOST]:
            discard(old)


def sources() -> list[Path]:
    """The files of this project that hold code."""
    root = Path(__file__).parents[2]
    return sorted(path for folder in ("render", "models") for path in (root / folder).glob("**/*.py"))


@cache
def fingerprint() -> str:
    """What every program depends on: this code, the versions, the processor and its settings."""
    code = [path.read_bytes() for path in sources()]
    versions = [importlib.metadata.version(package) for package in ("jax", "jaxlib", "flax", "numpy")]
    device = jax.devices()[0]
    settings = device.device_kind, device.client.platform_version, compiler_options()
    return hashlib.sha256(repr((code, versions, settings, processor())).encode()).hexdigest()


def processor() -> str:
    """The processor's instructions, for which programs are made: a cache folder may be shared between machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return f"{platform.machine()} {platform.processor()}"


def devices_of(tree: Any) -> list[jax.Device]:
    """The devices that the arrays lie on, in the order of their sharding."""
    shardings = [leaf.sharding for leaf in jax.tree.leaves(tree)]
    widest = max(shardings, key=lambda sharding: len(sharding.device_set))
    if isinstance(widest, jax.sharding.NamedSharding):
        return list(widest.mesh.devices.flat)
    return sorted(widest.device_set, key=lambda device: device.id)


def signature(tree: Any) -> str:
    """Shapes, dtypes and devices of arguments."""
    leaves, structure = jax.tree.flatten(tree)
    return repr((structure, [(leaf.shape, str(leaf.dtype), str(leaf.sharding)) for leaf in leaves]))


def kept(*static: str) -> Callable[[Callable], Callable]:
    """A decorator like jax.jit(static_argnames=static), whose programs are kept. Static arguments go by keyword."""

    def decorate(f: Callable) -> Callable:
        jitted, programs = jax.jit(f, static_argnames=static), {}

        @wraps(f)
        def call(*arguments: Any, **options: Any) -> Any:
            leaves = jax.tree.leaves(arguments)
            if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
                return jitted(*arguments, **options)  # part of a larger program
            arguments = jax.tree.map(jnp.asarray, arguments)
            key = signature(arguments), tuple(sorted(options.items()))
            if key not in programs:
                name = f.__module__, f.__qualname__, key
                programs[key] = obtain(name, lambda: jitted.lower(*arguments, **options), devices_of(arguments))
            return programs[key](*arguments)

        return call

    return decorate
