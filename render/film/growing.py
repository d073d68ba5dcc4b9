"""Whether a film that was begun is the beginning of another scene's film: then that one goes on from it.

What decides is every number of every frame that is there, as the schedules give it, and not how they are written: a
longer film may have it all, a later keyframe too; what `%`, `p` and `n` make of a new length changes earlier frames.
"""

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from render.film.keeping.parts import differences
from render.language.curves import Curve
from render.language.marks import SceneError
from render.scene.reader import read_made
from render.scene.resolved import plain
from render.scene.scene import Scene
from render.scene.schedule import FrameList, frame_params, scene_clock
from render.scene.terms import terms

TERMS = ("weights", "dreams")  # the columns that have a part for each term


def is_beginning(old: dict[str, Any], frames: int, *, made: dict[str, Any], scene: Scene) -> bool:
    """Whether the first so many frames of what `old` says are those of the scene, made as `made` says."""
    return _without_scene(old) == _without_scene(made) and begins_alike(old, scene, frames)


def begins_alike(old: dict[str, Any], scene: Scene, frames: int) -> bool:
    """`is_beginning` as far as the two scenes alone can tell: whatever versions and devices made them."""
    path = scene.output.path
    try:
        other = read_made(old, path)
        same = not differences(_fixed(other, path), _fixed(scene, path))
        same = same and scene.loop is None  # a loop ends as it began
        return same and old["written_fps"] == _rate(scene) and scene.length >= frames and _alike(other, scene, frames)
    except (SceneError, KeyError, TypeError, ValueError):
        return False


def _rate(scene: Scene) -> Any:
    from render.film.keeping.provenance import described

    return described(scene)["written_fps"]


def _without_scene(made: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in made.items() if key not in ("scene", "written_fps")}


def _fixed(scene: Scene, path: Path) -> dict[str, Any]:
    """What of a scene decides its pictures beside the numbers of each frame."""
    data = plain(_stopped(scene), path.absolute().parent)
    for key in ("duration", "frames", "bpm"):
        data.pop(key, None)
    del data["output"]["path"]
    for key in ("layers", "class"):
        data["dream"].pop(key, None)  # which `_weights` has
    return data


def _stopped(value: Any) -> Any:
    """A scene with 0 for all that moves."""
    if isinstance(value, Curve):
        return Curve.constant(0)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(_stopped, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _stopped(getattr(value, field.name)) for field in fields(value)})
    return value


def _alike(a: Scene, b: Scene, frames: int) -> bool:
    one, two = frame_params(a), frame_params(b)
    same = (_equal(one.columns[name], two.columns[name], frames) for name in one.columns if name not in TERMS)
    return all(same) and _swatches(a) == _swatches(b) and _weights(a, one, frames) == _weights(b, two, frames)


def _weights(scene: Scene, params: FrameList, frames: int) -> list[tuple[Any, ...]]:
    """What the frames dream of, and how strongly; what none of them dreams of does not count."""
    weights, dreams = (params.columns[name] for name in TERMS)
    columns = zip(terms(scene), weights, dreams, strict=True)
    parts = [((t.kind, t.layer, t.channels), weight[:frames], on[:frames]) for t, weight, on in columns]
    return [(term, weight.tolist(), on.tolist()) for term, weight, on in parts if on.any()]


def _swatches(scene: Scene) -> list[float]:
    """The weights of the start's own colours, which count at frame 0."""
    return [float(swatch.weight.sample(scene_clock(scene, 1))[0]) for swatch in scene.start.palette]


def _equal(a: Any, b: Any, frames: int) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(_equal(one, two, frames) for one, two in zip(a, b, strict=True))
    return a is b or (a is not None and b is not None and np.array_equal(a[:frames], b[:frames]))
