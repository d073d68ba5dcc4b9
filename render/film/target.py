"""Where a film goes, and which of its frames: what is in the way there, what --frames means. Nothing heavy here."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from render.film.keeping.begun import may_replace
from render.film.keeping.parts import Range, locked, parts_of, pass_of, unfinished
from render.film.keeping.provenance import holds, place_of, same_film
from render.language.clock import Time
from render.language.curve_reader import TIME
from render.language.marks import Mark, SceneError, fail
from render.media.ffmpeg import FilmError
from render.media.paths import exists, is_numbered, lost, numbered
from render.scene.record import frames_of, is_record
from render.scene.scene import Scene
from render.scene.schedule import scene_clock


def frames_asked(text: str, length: int) -> Range:
    """--frames' A:B of a film, as Python counts: A to B-1, either may be left out, below 0 counts from the end.

    SceneError: another form, or no frame of the film.
    """
    mark = Mark(f"--frames {text}")
    match = re.fullmatch(r"\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*", text)
    if not match:
        raise fail(mark, "write A:B for the frames A to B-1, or A: for all from A on, such as 48:96")
    first, end, _ = slice(*(None if part is None else int(part) for part in match.groups())).indices(length)
    if first >= end:
        raise fail(mark, f"is no frame; the film has the frames 0 to {length - 1}, and A:B are those from A to B-1")
    return first, end


def frame_at(text: str, scene: Scene) -> Range:
    """--at's moment of a scene's film as the range of its one frame: 12.5s, 30f, 50%, 8b as keyframes have them.

    SceneError: another form, or no moment of the film.
    """
    mark, match = Mark(f"--at {text}"), TIME.fullmatch(text.strip())
    if not match:
        raise fail(mark, "is no moment; write 12.5s, 30f (a frame), 50% (of the film) or 8b (beats)")
    clock = scene_clock(scene, 2)
    try:
        seconds = clock.when(Time(float(match[1]), match[2] or "s"))
    except ValueError as error:
        raise fail(mark, str(error)) from None
    lasts = float(scene.length / scene.fps)
    if not 0 <= seconds <= lasts:
        raise fail(mark, f"is no moment of the film, which lasts {lasts:g} s: {scene.length} frames")
    frame = min(scene.length - 1, round(seconds * float(scene.fps)))
    return frame, frame + 1


def frames_of_film(scene: Path, asked: str | None, length: int) -> Range | None:
    """The frames to render of a scene's film, None for all: --frames', or those that a record is about."""
    if asked is not None:
        return frames_asked(asked, length)
    return frames_of(scene) if is_record(scene) else None


def own_path(read: Callable[[], Scene]) -> tuple[Path, ...]:
    """Where a scene's film goes without -o, as another place to look for states."""
    try:
        return (read().output.path,)
    except SceneError:  # what was wrong with that path alone
        return ()


def in_the_way(scene: Scene, only: Range | None, restart: bool, source: Path | None = None) -> Path | None:
    """A file that rendering would replace, and may not: none that an unfinished film has come to replace.

    source: what the scene is read from. If that is the film's own record, it is no other scene's to replace.
    """
    folder = None if restart else unfinished(scene.output.path, only)
    if folder:
        return next((file for file in exists(scene.output.path) if not may_replace(folder, scene.output.path)), None)
    if parts_of(scene.output.path).is_dir():
        with suppress(FilmError, OSError), locked(scene.output.path):
            pass  # a renderer that was killed while it removed the last of its parts
    found = exists(scene.output.path)
    if only and is_numbered(scene.output.path) and scene.output.record == "frames":
        own = {numbered(scene.output.path, number) for number in range(*only)}
        found = [file for file in found if file in own]
    if not found and source and lost([place_of(scene.output.path)], [source]) and not holds(source, scene):
        return source
    return found[0] if found else None


def growth(scene: Scene, film: Path) -> tuple[bool, str]:
    """Whether the finished film at a path can grow into the scene's; if it only lacks a state to go on from, how so."""
    from render.film.growing import begins_alike
    from render.film.keeping.kept import ROOM, made_in, state_of
    from render.scene.reader import read_made

    old = made_in(film) if exists(film) else None
    with suppress(SceneError, KeyError, TypeError):
        length = read_made(old, film).length if old and not old["only"] else scene.length
        if old and length < scene.length and begins_alike(old, scene, length):
            if state_of(film):
                return True, ""
            why = f"none of less than two seconds or of a GIF is kept, and of others the last {ROOM / 1e9:g} GB"
            return (
                False,
                f"{film} has the first {length} frames of this film, but no state to go on from is left ({why})",
            )
    return False, ""


def to_render(scenes: list[Scene], overwrite: bool) -> list[Scene]:
    """Of the films of a sweep or of many pictures those that are not there yet: so an interrupted one goes on.

    Of films that are made in one pass, all are, until the last is in its place.
    """
    if overwrite:
        return scenes
    there = [same_film(scene) for scene in scenes]
    if all(there):
        return []
    begun = [pass_of(scene.output.path).is_dir() for scene in scenes]
    return [scene for scene, done, still in zip(scenes, there, begun, strict=True) if still or not done]
