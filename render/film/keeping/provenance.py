"""What a film was made of: written into it and beside it (`film.json`), so that it can be made again.

`made` is plain data that decides every pixel: the resolved scene, the sums of what it reads, versions, device.
"""

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import models
from render.dream import settings
from render.film.keeping.checkpoint import durable
from render.film.keeping.parts import Range
from render.language.document import MAX_BYTES, compose, load
from render.language.marks import Entry, Mark, Node, Problems, SceneError, fail, one_line
from render.media.ffmpeg import FilmError, running
from render.media.paths import exists, free, is_numbered
from render.media.system import discard, fitting
from render.scene.resolved import as_text, files, number, plain
from render.scene.scene import Scene

PACKAGES = ("jax", "jaxlib", "flax", "numpy", "scipy")
HOLDING = (".mp4", ".mov", ".webm")  # films that hold their record themselves; a GIF's and stills' is beside them
RECORDS = (".json", *HOLDING)
# Files of this project that no picture depends on, so that a film can go on when they change.
NOT_DECIDING = {"__main__", "checkpoint", "commands", "compiled", "download", "fetch", "grid", "parts", "plan", "plot"}
NOT_DECIDING |= {"progress", "sheet", "sweep", "target", "tracks", "begun", "paths", "screen", "system"}


def made(scene: Scene, only: Range | None = None) -> dict[str, Any]:
    """Everything that decides the film's pictures. OSError: a file that it starts from cannot be read."""
    import jax
    from imageio_ffmpeg import get_ffmpeg_version

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
            "ffmpeg": get_ffmpeg_version(),
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


def is_record(path: Path) -> bool:
    """Whether a path names a film or its record, and not a scene."""
    return path.suffix.lower() in (*RECORDS, ".gif", ".png")


def records_of(path: Path) -> tuple[Path, Path]:
    """Where a record of the film at path may lie; the first is for one of all films that differ in their endings."""
    return path.with_suffix(".json"), path.with_name(fitting(path.name, ".json"))


def record_of(path: Path) -> Path | None:
    """The record beside the film at path: its own, or one that was renamed along with it; None if there is none."""
    short, long = records_of(path)
    films = {place: Path(film_of(place)) for place in (long, short)}
    own = [place for place, film in films.items() if film.name == path.name]
    return next(iter(own + [place for place, film in films.items() if film.suffix == path.suffix]), None)


def film_of(record: Path) -> str:
    """The name of the film that a record is about; nothing if it is no record."""
    try:
        data: Any = json.loads(record.read_bytes()) if record.stat().st_size < MAX_BYTES else None
        return str(data["scene"]["output"]["path"]) if data["sha256"] and data["versions"] else ""
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def recorded(path: Path, problems: Problems) -> tuple[Node, Fraction | None]:
    """The scene in a film or record, as `document.load` gives one, its output where it lies, and its written_fps.

    SceneError: there is none in it.
    """
    root = _record(path, problems)
    parts = root.value if isinstance(root.value, dict) else {}
    if "scene" not in parts and path.suffix.lower() == ".json":
        return root, None  # a scene that is written as JSON
    scene = parts["scene"].value if "scene" in parts else None
    if scene is None or not isinstance(scene.value, dict):
        raise fail(root.mark, "holds no scene; is it a film, or the record of one, that Dreamreel made?")
    rate = parts["written_fps"].value.text if "written_fps" in parts else ""
    written = Fraction(rate) if re.fullmatch(r"[0-9]{1,9}(/[1-9][0-9]{0,8}|\.[0-9]{1,9})?", rate) else None
    return _beside(scene, path), written or None


def frames_of(path: Path) -> Range | None:
    """The frames that a record is about if it is not about the whole film."""
    root = _record(path, Problems())
    only = root.value["only"].value.value if isinstance(root.value, dict) and "only" in root.value else None
    numbers = [part.value for part in only] if isinstance(only, list) else []
    if len(numbers) == 2 and all(isinstance(part, int) for part in numbers):
        return numbers[0], numbers[1]
    return None


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


def _record(path: Path, problems: Problems) -> Node:
    if path.suffix.lower() in (".gif", ".png"):
        record = record_of(path)
        if record is None:
            beside = f"{records_of(path)[0]} is not there, or not about it"
            raise fail(Mark(str(path)), f"holds no record of how it was made, and {beside}")
        path = record
    if path.suffix.lower() == ".json":
        return load(path, problems)
    mark = Mark(str(path), folder=path.parent)
    if not path.is_file():
        raise fail(mark, "there is no such file")
    try:
        text = comment(path)
    except FilmError as error:
        raise SceneError([one_line(str(error))]) from None
    if not text.startswith("{"):
        raise fail(mark, "holds no record of how it was made; is it a film that Dreamreel made?")
    return compose(text, mark, problems)


def comment(path: Path) -> str:
    """The comment in a film; nothing if it has none. FilmError: not a film."""
    source = ["-protocol_whitelist", "file,pipe", "-i", f"file:{path}"]
    with running(
        [*source, "-f", "ffmetadata", "pipe:1"], f"{path}: not a film that can be read", stdout=subprocess.PIPE
    ) as ffmpeg:
        assert ffmpeg.popen.stdout is not None
        text = ffmpeg.popen.stdout.read().decode(errors="replace")
    found = re.search(r"^comment=((?:[^\\\n]|\\.)*)$", text, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found else ""


def _beside(scene: Node, path: Path) -> Node:
    """The scene with its output where the record lies; a film is itself that place."""
    output = scene.value["output"].value if "output" in scene.value else Node({}, scene.mark)
    if not isinstance(output.value, dict):
        return scene
    name = output.value["path"].value.text if "path" in output.value else path.name
    place = str(path.parent / name)
    key = Node("path", output.mark, "path")
    moved = replace(output, value={**output.value, "path": Entry(key, Node(place, output.mark, place, raw=True))})
    return replace(scene, value={**scene.value, "output": Entry(Node("output", output.mark, "output"), moved)})


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
    here = Path(__file__).parents[3]
    files = [f for folder in ("models", "render") for f in (here / folder).rglob("*.py") if f.stem not in NOT_DECIDING]
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(file.relative_to(here).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]
