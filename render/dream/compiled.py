"""Compiled programs that outlive the process: the second run neither traces nor compiles anything.

JAX's own cache spares a second run the compiler, but not tracing, which takes a second for every octave. Here the
finished executables are kept, in the user's own cache folder, under a hash of everything that they depend on.
Like the interpreter's own .pyc files, what lies there is trusted.
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

MOST = 400  # programs kept; the longest unused go first
_store: list[Path] = []  # where programs are kept, once `keep_in` has said so


def keep_in(folder: Path | None) -> None:
    """Programs are kept in this folder from now on; None: only in memory."""
    _store[:] = [folder] if folder else []


def obtain(name: tuple, lower: Callable[[], Any], devices: list[jax.Device]) -> Any:
    """The program of a name for these devices: read if it is kept, else compiled from lower() and kept.

    The name, by its repr, must tell apart all that is static: function, shapes, dtypes, devices, layers.
    """
    if not _store:
        return lower().compile(compiler_options())
    path = _store[0] / f"{hashlib.sha256(repr((name, fingerprint())).encode()).hexdigest()}.program"
    try:
        content, takes, gives = pickle.loads(path.read_bytes())
        program = serialize_executable.deserialize_and_load(content, takes, gives, execution_devices=devices)
        path.touch()
        return program
    except Exception:  # missing, cut off, of another jaxlib: all the same, it is compiled anew
        program = lower().compile(compiler_options())
    _write(path, program)
    _tidy()
    return program


def _tidy() -> None:
    """Gives back what a compiler leaves: glibc would keep some hundred megabytes for the rest of a film."""
    with suppress(OSError, AttributeError, TypeError):  # another C library has no such function, or needs none
        ctypes.CDLL(None).malloc_trim(0)


def _write(path: Path, program: Any) -> None:
    """Keeps a program; a folder that cannot be written costs time only."""
    try:
        content = pickle.dumps(serialize_executable.serialize(program))
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_bytes(content)
        os.replace(beside, path)
        kept = sorted(path.parent.glob("*.program"), key=lambda p: p.stat().st_mtime)
        for old in kept[:-MOST]:
            old.unlink(missing_ok=True)
    except Exception:  # some backends cannot serialise
        return


@cache
def fingerprint() -> str:
    """What every program depends on: this code, the versions, the processor and its settings."""
    root = Path(__file__).parents[2]
    code = [path.read_bytes() for folder in ("render", "models") for path in sorted((root / folder).glob("**/*.py"))]
    versions = [importlib.metadata.version(package) for package in ("jax", "jaxlib", "flax", "numpy")]
    device = jax.devices()[0]
    settings = device.device_kind, device.client.platform_version, os.environ.get("XLA_FLAGS"), compiler_options()
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
