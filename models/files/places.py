"""Where weights lie: with the project, or in the user's cache folder, where `fetch` puts them."""

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from models.plans.table import Entry

WEIGHTS = Path(__file__).parents[1] / "weights"
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds


def cache_folder() -> Path:
    """The user's own cache folder for Dreamreel; DREAMREEL_CACHE names another one.

    A user without a home, as in a container, has one beside other temporary files, and none that is called ~.
    """
    from platformdirs import user_cache_path

    if named := os.environ.get("DREAMREEL_CACHE"):
        return Path(os.path.expanduser(named))
    with suppress(RuntimeError):
        if (own := user_cache_path("dreamreel")).is_absolute():
            return own
    return Path(tempfile.gettempdir(), f"dreamreel-{getattr(os, 'getuid', int)()}")


def cached(entry: Entry) -> Path:
    """Where a network's fetched weights lie, or will."""
    return cache_folder() / "weights" / entry.file


def find(entry: Entry) -> Path | None:
    """The file of a network's weights, shipped or fetched; None where they are not here."""
    return next((path for path in (WEIGHTS / entry.file, cached(entry)) if path.is_file()), None)


def put(temporary: Path, path: Path) -> None:
    """Renames a file to its place; on Windows a virus scanner may hold a new one for a moment."""
    for pause in PAUSES:
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(pause)
    os.replace(temporary, path)


def discard(path: Path) -> None:
    """Removes a file; what Windows holds because something has it mapped stays, and goes the next time."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
