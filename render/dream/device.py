"""Sets JAX up for a render: the compilation cache that makes the second run start at once."""

import jax

from models.files.places import cache_folder
from render.dream.compiled import keep_in


def prepare() -> None:
    """Keeps compiled programs in the user's cache folder.

    JAX's own compilation cache stays off: what comes out of it cannot be kept again (its code is no longer whole).
    """
    keep_in(cache_folder() / "programs")


def name() -> str:
    """What renders, in words: the kind of the first device and how many there are."""
    devices = jax.devices()
    return f"{len(devices)} × {devices[0].device_kind}"
