"""What a film was made of: written into it and beside it (`film.json`), so that it can be made again.

`made` is plain data that decides every pixel: the resolved scene, the sums of what it reads, versions, device.
"""

import hashlib
import importlib.metadata
import os
import re
from pathlib import Path
from typing import Any

import models
from render.dream import settings
from render.film.keeping.checkpoint import durable
from render.film.keeping.parts import Range
from render.media import ffmpeg
from render.media.paths import exists, free, is_numbered
from render.media.system import discard
from render.scene.record import film_of, frames_of, record_of, records_of
from render.scene.resolved import as_text, files, number, plain
from render.scene.scene import Scene

HERE = Path(__file__).parents[3]  # holds the packages render and models
PACKAGES = ("jax", "jaxlib", "flax", "numpy", "scipy")
NOT_DECIDING = (  # files and wings that no picture depends on, so that a film can go on when they change
    "models/files/download.py",
    "models/files/fetch.py",
    "render/__main__.py",
    "render/commands",
    "render/completion.py",
    "render/dream/compiled.py",
    "render/dream/compilers.py",
    "render/dream/cost.py",
    "render/film/costs.py",
    "render/film/each.py",
    "render/film/grid.py",
    "render/film/keeping/begun.py",
    "render/film/keeping/checkpoint.py",
    "render/film/keeping/kept.py",
    "render/film/keeping/parts.py",
    "render/film/keeping/preview.py",
    "render/film/progress.py",
    "render/film/signals.py",
    "render/film/sweep.py",
    "render/film/target.py",
    "render/grammar.py",
    "render/media/endings.py",
    "render/media/paths.py",
    "render/media/screen.py",
    "render/media/system.py",
    "render/views",
)


def made(scene: Scene, only: Range | None = None) -> dict[str, Any]:
    """Everything that decides the film's pictures.

    OSError: a file that it starts from cannot be read; FilmError: there is no ffmpeg.
    """
    import jax

    what = described(scene)
    del what["scene"]["output"]["path"]
    read = {"model.weights": models.find(models.NETWORKS[scene.model.name]), **dict(files(scene))}
    return {
        **what,
        "only": list(only) if only else None,
        "sha256": {key: sum_of(path) for key, path in read.items() if path},
        "versions": {
            "dreamreel": version("dreamreel"),
            "code": code(),
            **{name: version(name) for name in PACKAGES},
            "ffmpeg": ffmpeg.version(),
        },
        "device": {
            "platform": jax.default_backend(),
            "kind": jax.devices()[0].device_kind,
            "count": jax.local_device_count(),
        },
        "settings": settings.deciding(),
    }


def described(scene: Scene) -> dict[str, Any]:
    """The resolved scene, and the frame rate that its numbers per frame were written for."""
    written = scene.motion.fps
    rate = number(float(written)) if written.denominator == 1 else str(written)
    return {"scene": plain(scene, scene.output.path.absolute().parent), "written_fps": rate}


def write_beside(scene: Scene, made: dict[str, Any], seconds: float, folder: Path | None = None) -> None:
    """Writes `film.json` beside the film, by way of a folder of its own. OSError: it cannot be.

    A record of all stills stays where some of them were made again.
    """
    place = place_of(scene.output.path)
    if made["only"] and is_numbered(scene.output.path) and holds(place, scene) and not frames_of(place):
        return
    with durable(place, folder) as file:
        file.write(as_text({**made, **described(scene), "seconds": round(seconds, 1)}).encode() + b"\n")


def place_of(path: Path) -> Path:
    """Where the record of the film at path goes: film.json, or where that is none of its own, film.mp4.json."""
    long = records_of(path)[1]
    own = (place for place in records_of(path) if not os.path.lexists(place) or film_of(place) == path.name)
    return next(own, free(long))


def forget(path: Path) -> None:
    """Removes the record of a film that another one has replaced, which has none."""
    for place in records_of(path):
        if film_of(place) == path.name:
            discard(place)


def metadata(made: dict[str, Any]) -> str:
    """What goes into the film, as a comment in ffmpeg's own form: neither its name nor the time that it took."""
    return ";FFMETADATA1\ncomment=" + re.sub(r"([=;#\\\n])", r"\\\1", as_text(made)) + "\n"


def same_film(scene: Scene) -> bool:
    """Whether a film of this very scene is where it would go."""
    record = record_of(scene.output.path)
    if record is None or not exists(scene.output.path):
        return False
    return holds(record, scene) and frames_of(record) is None


def holds(record: Path, scene: Scene) -> bool:
    """Whether a record is about this very scene."""
    try:
        text = record.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return text.startswith(as_text(described(scene)).removesuffix("\n}"))


def sum_of(path: Path) -> str:
    """A file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version(package: str) -> str:
    """A package's version; Dreamreel runs without being installed, too."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def code() -> str:
    """A sum of the files that decide pictures: a clone of the repository changes without its version."""
    total = hashlib.sha256()
    for path in deciding():
        total.update(path.as_posix().encode() + b"\0" + (HERE / path).read_bytes())
    return total.hexdigest()[:16]


def deciding() -> list[Path]:
    """The files of this project that pictures depend on, from the folder that holds its packages."""
    files = sorted(file.relative_to(HERE) for folder in ("models", "render") for file in (HERE / folder).rglob("*.py"))
    return [file for file in files if not any(file.is_relative_to(path) for path in NOT_DECIDING)]
