"""Sets JAX up for a render: the compilation cache that makes the second run start at once."""

import os
from pathlib import Path

import jax
from platformdirs import user_cache_path

from render.compiled import keep_in


def cache_folder() -> Path:
    """The user's own cache folder for Dreamreel; DREAMREEL_CACHE names another one."""
    return Path(os.environ.get("DREAMREEL_CACHE") or user_cache_path("dreamreel"))


def prepare() -> None:
    """Keeps compiled programs in the user's cache folder.

    JAX's own compilation cache stays off: what comes out of it cannot be kept again (its code is no longer whole).
    """
    keep_in(cache_folder() / "programs")


def name() -> str:
    """What renders, in words: the kind of the first device and how many there are."""
    devices = jax.devices()
    return f"{len(devices)} × {devices[0].device_kind}"
