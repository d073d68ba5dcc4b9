"""From a scene file to a Scene: every mistake at once, each as one line `file:line:column: key: message`.

Imports nothing heavy: a mistake is told in a fraction of a second. Files that a scene names are looked at, no more.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import models
from models.files.classes import UnknownClass, number_of
from models.files.formats import WeightsError
from render.language.curve_checks import MOST_FRAMES
from render.language.document import compose, load
from render.language.kinds import File
from render.language.marks import Mark, Node, Problems, SceneError, fail, join, listed, near, shown
from render.media.clip import timing
from render.media.codecs import CODECS, STILLS
from render.media.codecs import FILMS as MADE
from render.media.endings import FILMS
from render.media.ffmpeg import FilmError
from render.media.paths import named
from render.scene.checks import check_coding, check_encoder, check_output, check_picture, check_readable
from render.scene.classes import Classes
from render.scene.closing import check_loop
from render.scene.course import course_of
from render.scene.layers import Layers, Target
from render.scene.overrides import ROOT, override, own_size_asked, with_output
from render.scene.own_size import with_own_size
from render.scene.palettes import Palettes
from render.scene.record import frames_of, from_it, is_record, recorded, scene_in
from render.scene.resolved import as_text, files
from render.scene.scene import (
    LENGTHS,
    MAX_FRAMES,
    ORIGINAL,
    PALETTE_DECIDES,
    QUALITIES,
    STARTS,
    Dream,
    Guides,
    Model,
    Output,
    Scene,
    with_quality,
)
from render.scene.schedule import scene_clock

__all__ = ["SceneError", "read_scene"]

TIMING = ("fps", "bpm", *LENGTHS)  # what schedules are sampled by
ONE_OF = {"start": STARTS, "": LENGTHS}  # where → the keys of which exactly one is given


def read_scene(
    path: Path | str,
    overrides: Sequence[str] = (),
    output: Path | None = None,
    quality: str | None = None,
    at: str | None = None,
    tell: Callable[[str], object] = lambda note: None,
) -> Scene:
    """The checked scene of a file; overrides are --set's arguments, output is -o's, at is --at's. Raises SceneError.

    tell: hears what is no mistake, but hardly meant.
    """
    path, problems = Path(path), Problems()
    if quality is not None and quality not in (known := (*QUALITIES, ORIGINAL)):
        raise fail(Mark(f"--quality {quality}"), f"must be {listed(known)}{near(quality, known)}")
    if not is_record(path) and (hint := from_it(path)):
        raise fail(Mark(str(path)), f"is no scene{hint}")
    root, written = recorded(path, problems) if is_record(path) else (load(path, problems), None)
    for argument in overrides:
        root = override(root, argument, problems)
    if output is not None:
        root = with_output(root, output)
    if quality == ORIGINAL:
        root = own_size_asked(root, Mark(f"--quality {quality}"))
    scene = _scene(root, path, problems, written, quality, at, at is not None or _is_of_one_frame(path))
    for note in problems.notes:
        tell(note)
    return scene


def read_made(made: dict[str, Any], path: Path) -> Scene:
    """The scene that the film at path was made of, or is being made of, as it says. SceneError: it is none any more."""
    problems = Problems()
    root = compose(as_text(made), Mark(str(path), folder=path.parent), problems)
    root, written = scene_in(root, path)
    return _scene(root, path, problems, written)


def _scene(
    root: Node,
    path: Path,
    problems: Problems,
    written: Fraction | None,
    quality: str | None = None,
    at: str | None = None,
    one_frame: bool = False,
) -> Scene:
    """The checked scene of a tree that was read from path."""
    scene = ROOT.read(root, "", problems)
    scene = _with_timing(with_own_size(scene, _given(root, "size"), problems), root, problems)
    scene = replace(scene, model=_with_network(scene.model, root))
    scene = replace(scene, motion=replace(scene.motion, fps=written or scene.fps))
    if not _given(root, "output.path"):
        ending = CODECS[scene.output.codec or "h264"].endings[0]
        scene = replace(scene, output=replace(scene.output, path=Path("out") / f"{path.stem}{ending}"))
    if quality and not _asked_for(_given(root, "output.path")):
        scene = replace(scene, output=replace(scene.output, path=named(scene.output.path, quality, "-")))
    if at is not None:
        own = _asked_for(_given(root, "output.path"))
        scene = replace(scene, output=_still(scene.output, None if own else at))
    scene = replace(scene, dream=_with_layers(scene, root))
    _check(scene, root, path, problems, one_frame)
    scene = with_quality(scene, quality) if quality in QUALITIES else scene
    if not problems.about((*TIMING, "dream.class", "model.name", "model.weights")):
        _check_values(scene, root, quality, problems)
    check_coding(scene, quality, partial(_mark_of, root), problems)
    problems.check()
    check_encoder(scene, partial(_mark_of, root), problems)
    problems.check()
    return scene


def _still(output: Output, at: str | None) -> Output:
    """The output of a single frame; at: the moment that its name tells, where nobody has named it."""
    output = replace(output, record="frames", codec=None, transfer=None)  # which are a film's
    if at is None:
        return output
    path = named(output.path, f"at_{re.sub(r'[^0-9A-Za-z.%+-]', '', at)}")
    return replace(output, path=path.with_suffix(".png"))


def _is_of_one_frame(path: Path) -> bool:
    """Whether a path names the record of one frame of a film."""
    only = frames_of(path) if is_record(path) else None
    return only is not None and only[1] - only[0] == 1


def _asked_for(path: Node | None) -> bool:
    """Whether the command line names this path: then it is meant as it is, at any quality."""
    return path is not None and path.mark.where.startswith(("-o ", "--set "))


def _with_timing(scene: Scene, root: Node, problems: Problems) -> Scene:
    """The scene with its film's own length and frame rate, where it names none: every frame of it, once."""
    own_length = not any(_given(root, name) for name in LENGTHS)
    film, node, own_rate = scene.start.video, _given(root, "start.video"), not _given(root, "fps")
    if not film or not node or not film.is_file() or not (own_length or own_rate):
        return scene
    try:
        frames, rate = timing(film)
    except FilmError as error:
        if own_length:  # else it is told once the film is opened, beside all else that is wrong with it
            problems.add(node.mark, "start.video", str(error))
        return scene
    scene = replace(scene, fps=rate) if own_rate else scene
    return with_all(scene, max(1, round(frames * scene.fps / rate))) if own_length else scene


def with_all(scene: Scene, frames: int) -> Scene:
    """The scene of a film with so many frames, as long as that gives: a loop needs some before its first."""

    def steps(n: int) -> int:
        return course_of(replace(scene, frames=n, motion=replace(scene.motion, fps=scene.fps))).steps

    with suppress(ValueError):  # beats without bpm, which is told later
        return replace(scene, frames=max(1, bisect_right(range(1, frames + 1), frames, key=steps)))
    return replace(scene, frames=frames)


def _with_network(model: Model, root: Node) -> Model:
    """The network; where the scene names none, the shipped one that knows its layers best, the default first."""
    if _given(root, "model"):
        return model
    guides = [part for node in [_given(root, "dream.guide")] if node for part in Guides().parts(node)]
    written = [_given(root, "dream.layers"), *(_given(part, "layers") for part in guides)]
    names = {layer for node in written if node for _, layer, _ in Layers().parted(node)}
    shipped = [name for name, entry in models.NETWORKS.items() if entry.sha256 and not entry.download]

    def known(name: str) -> tuple[int, int]:
        layers = models.NETWORKS[name].layers
        return sum(layer in layers for layer in names), sum(bool(near(layer, layers)) for layer in names)

    return replace(model, name=max([model.name, *shipped], key=known))


def _with_layers(scene: Scene, root: Node) -> Dream:
    """The dream, what it does not say about layers filled in: what suits the network, or none where it says enough."""
    dream, entry = scene.dream, models.NETWORKS.get(scene.model.name)
    usual = tuple(map(Target, entry.default_layers)) if entry else ()
    if not _given(root, "dream.layers"):
        known = entry and all(target.layer in entry.layers for target in dream.layers)
        enough = _given(root, "dream.class") or _given(root, "dream.guide")
        dream = replace(dream, layers=() if enough else dream.layers if known else usual)
    return replace(dream, guide=tuple(g if g.layers else replace(g, layers=usual) for g in dream.guide))


def _check_values(scene: Scene, root: Node, quality: str | None, problems: Problems) -> None:
    """Schedules at the frames that will be rendered."""
    if scene.length > MAX_FRAMES:
        most = f"makes {scene.length} frames; a film has at most {MAX_FRAMES}"
        problems.add(Mark(f"--quality {quality}"), "", most)
        return
    clock = scene_clock(scene, MOST_FRAMES)
    for check in problems.later:
        check(clock)
    if scene.loop and not problems.found:
        check_loop(scene, lambda key: _nearest_mark(root, key), problems)


def _given(root: Node, path: str) -> Node | None:
    """The value at a dotted path if the scene holds one."""
    node = root
    for name in path.split("."):
        if not isinstance(node.value, dict) or name not in node.value:
            return None
        node = node.value[name].value
    return None if node.value is None else node


def _mark_of(root: Node, path: str) -> Mark | None:
    """Where the value at a dotted path stands if the scene holds one."""
    node = _given(root, path)
    return node.mark if node else None


def _nearest_mark(root: Node, path: str) -> Mark:
    """Where the value at a dotted path is written, or what holds it."""
    names = path.split(".")
    marks = (_mark_of(root, ".".join(names[:count])) for count in range(len(names), 0, -1))
    return next(filter(None, marks), root.mark)


def _key_mark(root: Node, path: str) -> Mark:
    parent, _, name = path.rpartition(".")
    node = _given(root, parent) if parent else root
    return node.value[name].key.mark if node else root.mark


def _check(scene: Scene, root: Node, path: Path, problems: Problems, one_frame: bool) -> None:
    """What no single value can tell: choices, lengths, layers, files."""
    for where in ONE_OF:
        _check_one_of(where, root, problems)
    _check_length(scene, root, problems)
    _check_start(scene, root, problems)
    _check_layers(scene, root, problems)
    inputs = [None if is_record(path) else path, *(file for _, file in files(scene))]
    _check_repeat(scene, root, problems)
    node = _given(root, "output.path")
    if node is None or isinstance(node.value, str):
        mark = node.mark if node else Mark(str(path))
        check_output(scene, [p for p in inputs if p], mark, problems, one_frame)


def _check_one_of(where: str, root: Node, problems: Problems) -> None:
    node = _given(root, where) if where else root
    if node is not None and not isinstance(node.value, dict):
        return  # already noted
    names, inside = list(ONE_OF[where]), node.value if node else {}
    given = [name for name in inside if name in names and (inside[name].value.value is not None or name == "colour")]
    if not given and not (names == [*LENGTHS] and _given(root, "start.video")):
        message = f"is missing; a scene needs exactly one of {listed(names)}"
        problems.add(node.mark if node else root.mark, where or names[0], message)
    for name in given[1:]:
        message = f"is one too many: {given[0]} is given already, and only one of {listed(names, 'and')} can be"
        problems.add(inside[name].key.mark, join(where, name), message)


def _check_length(scene: Scene, root: Node, problems: Problems) -> None:
    node = _given(root, "duration")
    if node is None or scene.duration is None:
        return
    if scene.duration * scene.fps < 0.5:
        least = f"at {float(scene.fps):g} fps one frame lasts {float(1 / scene.fps):.3g} s"
        problems.add(node.mark, "duration", f"{shown(node)} s is not one frame; {least}")
    if scene.length > MAX_FRAMES:
        most = f"{scene.length} frames; a film has at most {MAX_FRAMES}"
        problems.add(node.mark, "duration", f"{shown(node)} s are {most}")


def _check_repeat(scene: Scene, root: Node, problems: Problems) -> None:
    if scene.output.repeat == 1:
        return
    mark, path = _nearest_mark(root, "output.repeat"), scene.output.path
    if scene.loop is None:
        problems.add(mark, "output.repeat", "repeats a loop, and this film is none; loop: true makes it one")
    elif path.suffix.lower() in STILLS:
        problems.add(mark, "output.repeat", f"{path} holds every frame once; films repeat: {listed(MADE)}")


def _check_start(scene: Scene, root: Node, problems: Problems) -> None:
    start = scene.start
    given = [kind for kind in STARTS if _given(root, f"start.{kind}")]
    for name in dict.fromkeys(name for own in STARTS.values() for name in own):
        owners = [kind for kind, own in STARTS.items() if name in own]
        if given and not set(owners) & set(given) and _given(root, f"start.{name}"):
            problems.add(_key_mark(root, f"start.{name}"), f"start.{name}", f"belongs to {listed(owners)} only")
    if start.image and (node := _given(root, "start.image")):
        check_picture(start.image, node.mark, "start.image", problems)
    turns = scene.motion.swirl
    if start.moves and not (turns.is_constant and turns.sample(scene_clock(scene, 2))[0] == 0):
        message = "a start cannot follow motion.swirl; leave one of them out"
        problems.add(_key_mark(root, "start.moves"), "start.moves", message)
    for where in ("start.palette", "dream.keep.palette"):
        if node := _given(root, where):
            for picture, written in Palettes().pictures(node):
                check_picture(picture, written.mark, where, problems)
    for name in PALETTE_DECIDES:
        if start.palette and _given(root, f"start.{name}"):
            message = "has no say beside a palette, whose colours decide how bright and how strong the noise is"
            problems.add(_key_mark(root, f"start.{name}"), f"start.{name}", message)
    if start.video and (node := _given(root, "start.video")):
        check_readable(start.video, node.mark, "start.video", problems, FILMS)
        if _given(root, "motion"):
            message = "has nothing to move: with start.video each frame is the film's own"
            problems.add(_key_mark(root, "motion"), "motion", message)
        if scene.output.record != "frames" and (record := _given(root, "output.record")):
            message = f"{scene.output.record} films how one picture forms; with start.video it must be frames"
            problems.add(record.mark, "output.record", message)


def _check_layers(scene: Scene, root: Node, problems: Problems) -> None:
    entry = _network(scene, root, problems)
    if entry is None:
        return
    if node := _given(root, "dream.layers"):
        _check_names(entry, node, "dream.layers", problems)
    if node := _given(root, "dream.guide"):
        for part in Guides().parts(node):
            _check_guide(entry, part, problems)
    if node := _given(root, "dream.class"):
        for written, _ in Classes().names(node):
            try:
                number_of(entry, written.text)
            except UnknownClass as error:
                problems.add(written.mark, "dream.class", str(error))


def _network(scene: Scene, root: Node, problems: Problems) -> models.Entry | None:
    """The scene's network, with the classes that a file of weights gives it; None where there is none."""
    name, weights = scene.model.name, scene.model.weights
    if name not in models.NETWORKS:
        known = f"known are {listed(models.NETWORKS, 'and')}"
        where = (_given(root, "model.name") or _given(root, "model") or root).mark
        problems.add(where, "model.name", f"there is no network '{name}'{near(name, models.NETWORKS) or '; ' + known}")
        return None
    node = _given(root, "model.weights")
    if weights and node and check_readable(weights, node.mark, "model.weights", problems):
        try:
            return models.entry_of(name, weights)
        except WeightsError as error:
            problems.add(node.mark, "model.weights", str(error))
            return None
    takes = _given(root, "model.input")
    if takes and not weights and scene.model.input != "auto":
        problems.add(takes.mark, "model.input", "is about a file of weights, and model.weights names none")
    return models.NETWORKS[name]


def _check_guide(entry: models.Entry, part: Node, problems: Problems) -> None:
    image, layers = _given(part, "image"), _given(part, "layers")
    if image and (path := File().read(image, "dream.guide.image", Problems())):
        check_picture(path, image.mark, "dream.guide", problems)
    if layers:
        _check_names(entry, layers, "dream.guide.layers", problems)
        for written, _, channels in Layers().parted(layers):
            if channels:
                problems.add(written.mark, "dream.guide.layers", f"{written.text}: a guide draws by whole layers")


def _check_names(entry: models.Entry, node: Node, key: str, problems: Problems) -> None:
    """Notes layers and channels that the network does not have."""
    known_layers = entry.layers
    for written, layer, channels in Layers().parted(node):
        if layer not in known_layers and layer in models.NETWORKS[entry.name].layers:
            problems.add(written.mark, key, f"{entry.own} holds no classifier, and so there is no layer '{layer}'")
        elif layer not in known_layers:
            others = [other for other, entry in models.NETWORKS.items() if layer in entry.layers]
            hint = f"; model: {listed(others)} has it." if others else near(layer, known_layers) or "."
            parts = [
                one for one in known_layers if one.rpartition("/")[0] not in known_layers
            ]  # block3, not its /expand
            message = f"{entry.name} has no layer '{layer}'{hint} Its layers are {listed(parts, 'and')}"
            problems.add(written.mark, key, message)
        elif channels and max(channels) >= known_layers[layer]:
            known = f"the channels of {layer} are 0 to {known_layers[layer] - 1}"
            problems.add(written.mark, key, f"{written.text}: {known}, {max(channels)} is none")
