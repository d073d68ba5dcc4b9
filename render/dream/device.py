"""Sets JAX up for a render: its settings, and where programs are kept, so that the second run starts at once."""

from collections.abc import Callable

import jax

from models.files.places import cache_folder
from render.dream import settings
from render.dream.compiled import keep_in


def prepare(tell: Callable[[str], None] = lambda text: None) -> None:
    """Keeps compiled programs in the user's cache folder; tell hears why they cannot be. settings.SettingsError."""
    settings.check()
    keep_in(cache_folder() / "programs", tell)


def name() -> str:
    """What renders, in words: the kind of the first device and how many there are."""
    devices = jax.devices()
    return f"{len(devices)} × {devices[0].device_kind}"
