"""What a render will do, in words: sizes, layers, time, memory and disk, from a short measured step (--dry-run)."""

import shutil
from collections.abc import Iterator

from render.dream import device
from render.film.film import network
from render.film.frames import film_length
from render.film.keeping.parts import Range
from render.film.loop import kept_bytes
from render.film.needs import shapes
from render.film.progress import clock
from render.language import marks
from render.media.clip import has_sound
from render.media.codecs import CODECS, NAMES
from render.media.ffmpeg import FilmError
from render.scene.by_octave import at_octave
from render.scene.course import course_of, unrolled
from render.scene.scene import Scene
from render.scene.schedule import FrameList
from render.views.estimate import Estimate, estimate, times

LOOKED = 2000  # frames of a long film whose octaves are looked at
MOST_NAMES = 12  # layers named of a film that dreams of many


def plan(scene: Scene, only: Range | None = None) -> str:
    """The plan of a scene, or of the frames `only` of it, several lines. Compiles an octave at most, and runs it.

    FilmError: the disk has no room for the film.
    """
    device.prepare()
    first, end = only or (0, scene.length)
    lead = course_of(scene).lead
    # the frames before must be dreamed, too
    frames = range(first if scene.start.video is not None and not lead else 0, lead + end)
    pictures = film_length(scene, first, end)
    told = estimate(scene, network(scene.model), frames, pictures)
    return "\n".join(lines(scene, told, frames, pictures))


def lines(scene: Scene, told: Estimate, frames: range, pictures: int) -> Iterator[str]:
    """The plan, line by line."""
    (w, h), path, params = scene.size, scene.output.path, unrolled(scene)
    often, shown = times(scene, pictures), f"{pictures} frames"
    lasts = f"{float(often * pictures / scene.fps):.1f} s at {float(scene.fps):g} fps"
    shown += f", {often} times over" if often > 1 else ""
    yield f"film      {path}: {shown}, {w}×{h}, {lasts}"
    yield f"codec     {coded(scene)}"
    yield from looped(scene)
    yield f"network   {scene.model.name}: {listed(weighed(scene, params, frames)) or 'nothing has weight'}"
    yield f"octaves   {octaves(scene, params, frames)}"
    yield f"time      about {clock(told.seconds)}, {told.frame:.2f} s a frame, as measured on {device.name()}"
    yield f"programs  {programs(told)}"
    yield f"memory    about {told.memory / 1e6:.0f} MB at most, Python's and the encoder's with it"
    yield f"disk      about {amount(told.film)}; {amount(told.disk)} while it renders{room(scene, told)}"
    yield from left_out(scene)


def looped(scene: Scene) -> Iterator[str]:
    """How a loop closes, and what it keeps for that while it renders."""
    course = course_of(scene)
    if course.lead:
        unseen = f"{course.lead} frames are dreamed before the first"
        kept = f"{course.joint} states of them, {amount(kept_bytes(course, scene.size))}, are kept"
        yield f"loop      closes over its last {course.joint} frames; {unseen}, and {kept} until it is whole"


def programs(told: Estimate) -> str:
    """How many have to be compiled, and how long that takes."""
    new = told.programs - told.kept
    if not told.programs:
        return "none: nothing is dreamed"
    if not new:
        return f"all {told.programs} are kept from earlier renders"
    return f"{new} of {told.programs} are compiled, about {clock(told.compiling)} in all; they are kept"


def octaves(scene: Scene, params: FrameList, frames: range) -> str:
    """The octaves' sizes and iterations over the whole film."""
    looked = [params[k] for k in [frames.start, *frames[1 :: max(1, len(frames) // LOOKED)]]]
    sets = {tuple(shapes(scene, p)) for p in looked}
    largest = max(sets, key=len)
    sizes = ", ".join(f"{w}×{h}" for h, w in largest)
    counts = span({len(each) for each in sets})
    moving = f"{counts} of changing sizes, such as {sizes}" if len(sets) > 1 else sizes
    first = [at_octave(looked[0].iterations, number) for number in range(len(shapes(scene, looked[0])))]
    later = {at_octave(p.iterations, number) for p in looked[1:] for number in range(len(shapes(scene, p)))} or {*first}
    return f"{moving} ({said(first, later)})"


def said(first: list[int], later: set[int]) -> str:
    """Iterations: frame 0's of each octave, and those of the others."""
    own = f"{first[0]} iterations each" if len({*first}) == 1 else f"{', '.join(map(str, first))} iterations"
    return own if later == {*first} else f"{own} in frame 0, then {span(later)}"


def span(numbers: set[int]) -> str:
    """Whole numbers as one, or from the least to the most."""
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def weighed(scene: Scene, params: FrameList, frames: range) -> list[str]:
    """What the frames dream of, as a scene writes it: fire7[3,17], Egyptian cat, flowers.jpg (fire7)."""
    dream = scene.dream
    drawn = [f"{guide.image.name} ({t.name})" for guide in dream.guide if guide.image for t in guide.layers]
    names = [*(t.name for t in dream.layers), *(c.name for c in dream.classes), *drawn]
    weights = params.columns["weights"]
    return [name for name, w in zip(names, weights, strict=True) if w[frames.start : frames.stop].any()]


def listed(names: list[str]) -> str:
    """Names, of many the first ones."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def coded(scene: Scene) -> str:
    """How the film is encoded, and where that was not the only way, what else its ending holds."""
    output, ending = scene.output, scene.output.path.suffix.lower()
    others = [name for name in NAMES if ending in CODECS[name].endings and CODECS[name] != output.coding.codec]
    choice = f"; unless output.codec names {marks.listed(others)}" if others and output.codec is None else ""
    crf = f", at crf {output.crf}" if output.coding.codec.crf else ""
    return f"{output.coding.codec.words}{crf}{choice}"


def left_out(scene: Scene) -> Iterator[str]:
    """What the film will lack of what one might expect: frames that its kind cannot show, sound."""
    codec = scene.output.coding.codec
    length = film_length(scene)
    if (shown := codec.shown(length, scene.fps)) < length:
        yield f"left out  {length - shown} of {length} frames: a GIF shows {codec.fastest} a second at most"
    if scene.start.video is not None and has_sound(scene.start.video):
        yield f"left out  the sound of {scene.start.video}: films are written without any"


def room(scene: Scene, told: Estimate) -> str:
    """How much is free, where that is little. FilmError: less than half of what is needed."""
    folder = next(folder for folder in scene.output.path.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(folder).free
    if free < told.disk / 2:
        raise FilmError(
            f"{scene.output.path}: needs about {amount(told.disk)}, and {amount(free)} are free in {folder}"
        )
    return f"; only {amount(free)} are free in {folder}" if free < 2 * told.disk else ""


def amount(size: float) -> str:
    """Bytes as people write them."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, size / 1e6):.0f} MB"
