"""A film, or the record beside it (`film.json`), as a scene: so that it can be made again.

What is in a record, and how it gets there, is film/keeping/provenance.py's.
"""

import json
import re
import subprocess
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from render.language.document import MAX_BYTES, compose, load
from render.language.marks import Entry, Mark, Node, Problems, SceneError, fail, one_line
from render.language.nearby import nearby
from render.media.codecs import BESIDE, HOLDING
from render.media.ffmpeg import FilmError, running
from render.media.system import fitting

SIGNATURES = {  # how a file begins → the key of start that takes it
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*|BM....\0\0\0\0|....ftyp(hei|hev|mif|avi)": "image",
    rb"....ftyp|....moov|\x1aE\xdf\xa3|RIFF....AVI|\0\0\x01\xba|FLV": "video",
}


def is_record(path: Path) -> bool:
    """Whether a path names a film or its record, and not a scene."""
    return path.suffix.lower() in (".json", *HOLDING, *BESIDE)


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
    if path.suffix.lower() == ".json" and not (isinstance(root.value, dict) and "scene" in root.value):
        return root, None  # a scene that is written as JSON
    return scene_in(root, path)


def scene_in(root: Node, path: Path) -> tuple[Node, Fraction | None]:
    """`recorded` of a record that was read, of the film at path. SceneError: it holds no scene."""
    parts = root.value if isinstance(root.value, dict) else {}
    scene = parts["scene"].value if "scene" in parts else None
    if scene is None or not isinstance(scene.value, dict):
        raise fail(root.mark, "holds no scene; is it a film, or the record of one, that Dreamreel made?")
    rate = parts["written_fps"].value.text if "written_fps" in parts else ""
    written = Fraction(rate) if re.fullmatch(r"[0-9]{1,9}(/[1-9][0-9]{0,8}|\.[0-9]{1,9})?", rate) else None
    return _beside(scene, path), written or None


def from_it(path: Path) -> str:
    """How a scene begins that starts from a picture or a film; nothing for a file that is neither."""
    with suppress(OSError), path.open("rb") as file:
        begins = file.read(16)
        kind = next((kind for pattern, kind in SIGNATURES.items() if re.match(pattern, begins, re.DOTALL)), "")
        return f". A scene that starts from it says start: {{{kind}: {path.name}}}" if kind else ""
    return ""


def frames_of(path: Path) -> tuple[int, int] | None:
    """The frames (first, behind the last) that a record is about if it is not about the whole film."""
    root = _record(path, Problems())
    only = root.value["only"].value.value if isinstance(root.value, dict) and "only" in root.value else None
    numbers = [part.value for part in only] if isinstance(only, list) else []
    if len(numbers) == 2 and all(isinstance(part, int) for part in numbers):
        return numbers[0], numbers[1]
    return None


def _record(path: Path, problems: Problems) -> Node:
    if path.suffix.lower() in BESIDE:
        record = record_of(path)
        if record is None:
            beside = f"{records_of(path)[0]} is not there, or not about it"
            if not path.is_file():
                raise fail(Mark(str(path)), f"there is no such file{nearby(path)}")
            raise fail(Mark(str(path)), f"holds no record of how it was made, and {beside}{from_it(path)}")
        path = record
    if path.suffix.lower() == ".json":
        return load(path, problems)
    mark = Mark(str(path), folder=path.parent)
    if not path.is_file():
        raise fail(mark, f"there is no such file{nearby(path)}")
    try:
        text = comment(path)
    except FilmError as error:
        raise SceneError([one_line(str(error))]) from None
    if not text.startswith("{"):
        raise fail(mark, f"holds no record of how it was made; is it a film that Dreamreel made?{from_it(path)}")
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
