"""--each: the pictures that a scene is rendered for, one film or still after the other, and what these are called."""

import glob
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from render.language.marks import Mark, SceneError, fail
from render.media.endings import PICTURES
from render.media.paths import alike, named
from render.scene.scene import Scene


def pictures(patterns: Sequence[str]) -> list[Path]:
    """The pictures that --each's arguments name: files, folders (all pictures in them), patterns such as photos/*.jpg.

    In the order of their names, each once. SceneError, of all that is wrong: a pattern without a match, a file that is
    no picture, two of one name.
    """
    found = dict.fromkeys(file for pattern in patterns for file in _matches(pattern))
    _check([*found])
    return [*found]


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES and file.name[:1] != ".")
        if not files:
            raise fail(Mark(f"--each {pattern}"), "no picture is in this folder")
        return files
    if os.path.lexists(path):  # whatever letters it has: a name may hold brackets
        return [path]
    files = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if os.path.isfile(name))
    if not files:
        raise fail(Mark(f"--each {pattern}"), "matches no file; in quotes it is a pattern, such as 'photos/*.jpg'")
    return files


def _check(files: Sequence[Path]) -> None:
    from render.media.pictures import PictureError, check_picture

    problems: list[str] = []
    names: dict[str, Path] = {}
    for file in files:
        try:
            check_picture(file)
        except PictureError as error:
            problems.append(f"--each {error}")
        other = names.setdefault(alike(file.stem), file)
        if other != file:
            problems.append(f"--each: {other} and {file} would have one name, {file.stem}; rename one of them")
    if problems:
        raise SceneError(problems)


def overrides(picture: Path) -> list[str]:
    """What makes a scene that of a picture, as --set's arguments."""
    return [f"start.image={json.dumps(str(picture))}"]


def named_after(scene: Scene, picture: Path) -> Scene:
    """The scene of a picture with an output of its own: film_PICTURE.mp4; numbered stills get a folder each."""
    return replace(scene, output=replace(scene.output, path=named(scene.output.path, picture.stem.replace("#", "_"))))


def by_picture(scenes: Sequence[Scene]) -> Iterator[list[int]]:
    """The scenes by number, those of one picture together, so that it is ready before the next one is begun."""
    for _, group in groupby(range(len(scenes)), key=lambda k: scenes[k].start.image):
        yield [*group]
