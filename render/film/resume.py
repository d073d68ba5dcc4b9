"""One film that survives everything: what is rendered is kept, and rendering it again goes on where it stopped.

A state, the float32 frame that the next one grows from, is saved whenever a segment is whole, and in between when
SAVED_EVERY seconds have passed. Segment before state, each on the disk before the next: whatever ends the process, the
latest state finds its segments.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from render.dream.compilers import Work
from render.film.costs import film_costs
from render.film.frames import film_length, pictures, steps
from render.film.growing import is_beginning
from render.film.keeping import provenance
from render.film.keeping.begun import begin, made_of
from render.film.keeping.checkpoint import Progress, State, load, save, states
from render.film.keeping.kept import keep, state_of
from render.film.keeping.parts import (
    ChangedError,
    Range,
    clear,
    differences,
    folder_of,
    forget_later,
    latest,
    locked,
    nearest,
    parts_of,
    pass_of,
    ready,
)
from render.film.keeping.preview import Previews, preview_of, previews
from render.film.keeping.recorder import Recorder, recorder
from render.film.keeping.segments import Film, kept_of, length_of
from render.film.keeping.store import Stills, Store, Together
from render.film.loop import Kept, adopt, whole
from render.film.progress import progress
from render.film.rounding import rounding
from render.film.watch import NumbersError, Seen, cause, seen
from render.language.marks import listed
from render.media.codecs import FILMS, STILLS
from render.media.ffmpeg import FilmError
from render.media.paths import exists
from render.media.system import whole_file
from render.scene.course import Course, course_of
from render.scene.scene import Scene


def render_film(
    scene: Scene,
    network: Any,
    *,
    only: Range | None = None,
    restart: bool = False,
    others: tuple[Path, ...] = (),
    grow: Path | None = None,
    tell: Callable[[str], None] = lambda text: None,
    quiet: bool = False,
) -> Path:
    """Renders a scene's film, or the frames `only` = (first, behind the last) of it, or goes on with an unfinished one.

    restart: forget what there is. others: paths of films whose states may serve too. grow: a finished
    film that may be the beginning of this one. tell: hears where it goes on.
    LockedError: another process is at it. ChangedError: it was begun otherwise. FilmError: it cannot be written.
    NumbersError: it went wrong. KeyboardInterrupt: stopped. What is rendered is kept in each case.
    """
    path, made = scene.output.path, provenance.made(scene, only)
    with saying(path), locked(path), prepared(folder_of(path, only), restart) as folder:
        store = store_of(scene, folder, only)
        course = course_of(scene)
        state, damaged = found(path, folder, made, store, course, partial(is_beginning, made=made, scene=scene))
        if state is None and grow:
            state = adopted(grow, scene, folder, made, store)
        if state is None and not only:
            state = taken_over(others, scene, folder, made)
        if state is None and only:
            state = before(course.lead + only[0], path, others, folder, made, course)
        tell_where(state, damaged, scene, tell)
        forget_later(folder, state)
        store.begin(state.at if state else Progress())
        with (
            previewed([scene], [folder], state, only, None if quiet else tell) as shown,
            recorder(folder, store, made, state, length_of(scene.fps), tell) as film,
        ):
            dream(film, [scene], network, only, quiet, lambda: begin(folder, made, path), shown)
        finish(scene, store, made, film.at, folder, tell)
        keep(folder, store.path, made)
        clear(folder)
    return store.path


def render_together(
    scenes: Sequence[Scene],
    network: Any,
    *,
    restart: bool = False,
    tell: Callable[[str], None] = lambda text: None,
    quiet: bool = False,
) -> list[Path]:
    """Renders scenes that are `sweep.alike` in one pass, each to its own film; all go on from where they stopped.

    The states of all lie in the first one's parts. Arguments and errors as in `render_film`; the same films in other
    company begin anew.
    """
    each = {scene.output.path: provenance.made(scene) for scene in scenes}
    first, made = scenes[0], pass_made(each)

    def begin_each() -> None:
        for path, folder in zip(each, folders, strict=True):
            begin(folder, made, path)

    with saying(first.output.path), ExitStack() as stack:
        for path in each:
            stack.enter_context(locked(path))
        folders = [stack.enter_context(prepared(pass_of(path), restart)) for path in each]
        if in_other_company(folders[0], made):
            tell("begins anew: the films of this pass are not those that were begun")
            folders = [stack.enter_context(prepared(folder, True)) for folder in folders]
        stores = [store_of(scene, folder, None) for scene, folder in zip(scenes, folders, strict=True)]
        store = Together(stores)
        state, damaged = found(first.output.path, folders[0], made, store, course_of(first), never)
        tell_where(state, damaged, first, tell)
        forget_later(folders[0], state)
        store.begin(state.at if state else Progress())
        with (
            previewed(scenes, folders, state, None, None if quiet else tell) as shown,
            recorder(folders[0], store, made, state, length_of(first.fps), tell) as film,
        ):
            dream(film, scenes, network, None, quiet, begin_each, shown)
        for number, (scene, own, folder) in enumerate(zip(scenes, stores, folders, strict=True)):
            finish(scene, own, each[scene.output.path], film.at, folder, tell)
            keep(folders[0], own.path, each[scene.output.path], number)
        for folder in folders:  # not before all are there: until then they are one
            clear(folder)
    return [store.path for store in stores]


def refuse(scenes: Sequence[Scene], *, only: Range | None = None, restart: bool = False) -> None:
    """Raises what `render_film`, or of several scenes `render_together`, would before it begins; writes nothing."""
    each = {scene.output.path: provenance.made(scene, only) for scene in scenes}
    first, alone = scenes[0].output.path, len(scenes) == 1
    made = each[first] if alone else pass_made(each)
    with saying(first):
        for path in each:
            ready(path)
        folder = folder_of(first, only) if alone else pass_of(first)
        if restart or not folder.is_dir() or (not alone and in_other_company(folder, made)):
            return
        store = Together([store_of(scene, folder, only) for scene in scenes])
        grows = partial(is_beginning, made=made, scene=scenes[0]) if alone else never
        found(first, folder, made, store, course_of(scenes[0]), grows)


def pass_made(each: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    """What decides the films of a pass."""
    return {"films": {path.name: made for path, made in each.items()}}


def in_other_company(folder: Path, made: dict[str, Any]) -> bool:
    """Whether a pass was begun whose films are not those of `made`."""
    newest = next(filter(None, map(load, states(folder))), None)
    begun = newest.made if newest else made_of(folder)
    return begun is not None and {*begun.get("films", ())} != {*made["films"]}


@contextmanager
def prepared(folder: Path, restart: bool) -> Iterator[Path]:
    """The folder for a film's parts, emptied where it is to `restart`; it goes if nothing was put there."""
    if restart:
        clear(folder)
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()


Grows = Callable[[dict[str, Any], int], bool]


def never(old: dict[str, Any], frames: int) -> bool:
    """The films of a pass do not grow: they begin together."""
    return False


def found(
    path: Path, folder: Path, made: dict[str, Any], store: Store, course: Course, grows: Grows
) -> tuple[State | None, bool]:
    """The state to go on from, and whether a newer one is damaged. ChangedError: the film was begun otherwise.

    grows: as for `latest`; a film that only goes on further may replace what the shorter one might.
    """
    begun = made_of(folder)
    try:
        if begun and exists(path) and (changes := differences(begun, made)) and not grows(begun, 1):
            raise ChangedError("; ".join(changes))  # it was this one's to replace, not ours
        return latest(folder, made, lambda at: store.ready(at) and whole(folder, course, at.frame), grows)
    except ChangedError as changes:
        raise ChangedError(f"{path} is half rendered from another scene: {changes}") from None


def before(
    step: int, path: Path, others: Sequence[Path], folder: Path, made: dict[str, Any], course: Course
) -> State | None:
    """The latest state at or before a step of all that is begun of the same film, and what a loop has kept until then.

    None of this film's pictures is there yet.
    """
    near = nearest(path, others, step, made, lambda other, at: whole(other, course, at.frame))
    if near is None:
        return None
    state, other = near
    if other != folder:
        adopt(folder, other, course, state.at.frame)
    return replace(state, at=Progress(frame=state.at.frame))


def adopted(film: Path, scene: Scene, folder: Path, made: dict[str, Any], store: Store) -> State | None:
    """What this film goes on from of a finished one, once that is in its parts. ChangedError: it was made otherwise."""
    state = state_of(film)
    if state is None:
        return None
    if not is_beginning(state.made, state.at.frame, made=made, scene=scene):
        same = {key: value for key, value in made.items() if key in ("scene", "written_fps")}
        raise ChangedError(f"{film} was made otherwise: {'; '.join(differences({**state.made, **same}, made))}")
    state = State(made, store.adopt(film, state.at), state.x)
    save(folder, state)
    return state


def taken_over(others: Sequence[Path], scene: Scene, folder: Path, made: dict[str, Any]) -> State | None:
    """A state of the same film, begun under another name, with its segments copied into the parts of this one."""
    for other in others:
        theirs = folder_of(other, None)
        if (
            other.suffix != scene.output.path.suffix
            or other.suffix not in FILMS
            or theirs == folder
            or not theirs.is_dir()
        ):
            continue
        for state in filter(None, map(load, states(theirs))):
            alike = state.made == made or (
                not state.at.ended and is_beginning(state.made, state.at.frame, made=made, scene=scene)
            )
            with suppress(OSError):  # it is being rendered, and has gone on
                ready = Film(other, theirs, scene.size, scene.fps, scene.output.coding).ready(state.at)
                if alike and ready and whole(theirs, course_of(scene), state.at.frame):
                    for file in kept_of(theirs, state.at):
                        with whole_file(folder / file.name) as copy:
                            shutil.copyfile(file, copy)
                    own = State(made, state.at, state.x)
                    save(folder, own)
                    return own
    return None


def store_of(scene: Scene, folder: Path, only: Range | None) -> Store:
    """What keeps the film's pictures."""
    path = scene.output.path
    if path.suffix.lower() not in STILLS:
        times = 1 if only else scene.output.repeat
        return Film(path, folder, scene.size, scene.fps, scene.output.coding, times)
    return Stills(path, folder, film_length(scene, 0, only[0]) if only else 0)


def tell_where(state: State | None, damaged: bool, scene: Scene, tell: Callable[[str], None]) -> None:
    """Says where a film goes on."""
    why = " (the latest checkpoint is damaged)" if damaged else ""
    if state is not None:
        tell(f"goes on at frame {state.at.frame} of {course_of(scene).steps}{why}")
    elif damaged:
        tell(f"begins anew{why}")


def dream(
    film: Recorder,
    scenes: Sequence[Scene],
    network: Any,
    only: Range | None,
    quiet: bool,
    begun: Callable[[], None],
    preview: Previews,
) -> None:
    """Dreams what is missing of a film, or of those of one pass, and records it; begun: called before the first."""
    scene, alone = scenes[0], len(scenes) == 1
    lead = course_of(scene).lead
    first, end = (lead + frame for frame in only or (0, scene.length))
    begin, kept = film.at.frame, Kept(film.folder, film.put)
    if begin >= end:
        return
    work = Work()
    stepped = steps(scenes, network, begin, film.x, end, work, kept)
    made = announced(begun, seen(stepped, rounding(scene.output.coding.codec)))
    done, total = pictures(scene, 0, begin), pictures(scene, 0, end)
    shown = progress(
        made,
        total,
        done=done,
        quiet=quiet,
        costs=lambda: film_costs(scene, network, begin, end),
        work=work,
        counts=lambda one: one.picture is not None,
    )
    try:
        for frame, picture, state in shown:
            if picture is not None and preview.due():
                film.put(partial(preview.show, picture))
            if picture is not None and frame >= first:
                film.add(picture[0] if alone else picture)
            if state is not None:
                film.done(frame, state)
    except NumbersError as error:
        frame, so_far = int(str(error)), film.salvage()
        message = (
            f"{listed([str(s.output.path) for s in scenes])}: frame {frame - lead} holds values that are no numbers: "
        )
        message += cause(scenes, network, frame, film.x, kept)
        raise NumbersError(f"{message}; {so_far} holds the frames before it" if so_far else message) from None


@contextmanager
def previewed(
    scenes: Sequence[Scene],
    folders: Sequence[Path],
    state: State | None,
    only: Range | None,
    tell: Callable[[str], None] | None,
) -> Iterator[Previews]:
    """The previews of films that are dreamed from a state on, none of a single picture; tell hears where they are."""
    first, end = state.at.frame if state else 0, only[1] if only else scenes[0].length
    many = first < end and (end - first > 1 or film_length(scenes[0], first, end) > 1)
    paths = [scene.output.path for scene in scenes] if many else []
    with previews(paths, folders[: len(paths)]) as shown:
        if paths and tell:
            tell(f"while it renders, its latest frame is in {listed([str(preview_of(path)) for path in paths], 'and')}")
        yield shown


def announced(begun: Callable[[], None], made: Iterator[Seen]) -> Iterator[Seen]:
    """Calls begun as soon as the first one is there."""
    for number, one in enumerate(made):
        if number == 0:
            begun()
        yield one


def finish(
    scene: Scene, store: Store, made: dict[str, Any], at: Progress, folder: Path, tell: Callable[[str], None]
) -> None:
    """Puts the film and its record in their places. A film without its record is whole all the same."""
    if not at.pictures:
        raise FilmError(f"{scene.output.path}: no frame was made, so there is no film")
    store.join(at, provenance.metadata(made))
    if store.path != scene.output.path:
        tell(f"{scene.output.path} has come there meanwhile, or is held, and stays; the film is {store.path}")
        scene = replace(scene, output=replace(scene.output, path=store.path))
    try:
        provenance.write_beside(scene, made, at.seconds, folder)
    except OSError as error:
        tell(f"{store.path}: is there, but not the record beside it: {error.strerror or error}")


@contextmanager
def saying(path: Path) -> Iterator[None]:
    """Turns what the operating system says into a sentence about the film."""
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        kept = "; what is rendered is kept" if parts_of(path).is_dir() else ""
        raise FilmError(f"{path}: {error.strerror or error}{place}{kept}") from error
