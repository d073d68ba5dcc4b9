"""Sets JAX up for a render: the compilation cache that makes the second run start at once."""

import os
from pathlib import Path

import jax
from platformdirs import user_cache_path


def cache_folder() -> Path:
    """The user's own cache folder for Dreamreel; DREAMREEL_CACHE names another one."""
    return Path(os.environ.get("DREAMREEL_CACHE") or user_cache_path("dreamreel"))


def prepare() -> None:
    """Keeps compiled programs in the user's cache folder. JAX only warns when it cannot write there."""
    jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def name() -> str:
    """What renders, in words: the kind of the first device and how many there are."""
    devices = jax.devices()
    return f"{len(devices)} × {devices[0].device_kind}"
