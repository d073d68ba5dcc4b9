"""Whether a loop can close, and which of its schedules do not."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from render.language.curves import Curve
from render.language.marks import Mark, Problems, join
from render.language.section import written
from render.scene.classes import Class
from render.scene.course import counted, course_of
from render.scene.layers import Target
from render.scene.palettes import Swatch
from render.scene.resolved import time
from render.scene.scene import MAX_FRAMES, Scene
from render.scene.schedule import scene_clock

SEEN = 0.01  # a jump of less than this part of a schedule's range is none: people write 6.28
LOOKED_AT = 1000  # frames, for that range


def check_loop(scene: Scene, mark: Callable[[str], Mark], problems: Problems) -> None:
    """Notes what keeps a loop from closing, at the mark of its key, and schedules that jump where it does."""
    assert scene.loop is not None
    asked = {"joint": scene.loop.joint, "warmup": scene.loop.warmup}
    beats = [name for name, lasts in asked.items() if lasts and lasts.unit == "b" and scene.bpm is None]
    for name in beats:
        lasts = asked[name]
        assert lasts is not None
        message = f"{time(lasts)} is in beats, which need a top-level bpm, such as bpm: 120"
        problems.add(mark(f"loop.{name}"), f"loop.{name}", message)
    if scene.loop.warmup and scene.start.video:
        message = "with start.video each frame is the film's own, and there is nothing to ripen; leave it out"
        problems.add(mark("loop.warmup"), "loop.warmup", message)
    if beats:
        return
    if scene.length < 2:
        problems.add(mark("loop"), "loop", "a film of one frame has no end to close")
        return
    _check_frames(scene, mark, problems)
    for key, curve in schedules(scene):
        if jump := jump_of(scene, curve):
            begins, ends = (f"{value:.4g}" for value in jump)
            problems.note(mark(key), key, f"ends at {ends} and begins at {begins}: the loop jumps there")


def _check_frames(scene: Scene, mark: Callable[[str], Mark], problems: Problems) -> None:
    assert scene.loop is not None
    joint, key = scene.loop.joint, "loop.joint"
    if joint and not 1 <= (count := counted(scene, joint)) <= scene.length:
        lasts = f"is {count} frames, and the film has {scene.length}" if count else "is less than a frame"
        problems.add(mark(key), key, f"{time(joint)} {lasts}; it must be at least one of them and at most all")
    elif course_of(scene).steps > MAX_FRAMES:
        most = f"makes {course_of(scene).steps} frames with the film's own; at most {MAX_FRAMES} are dreamed"
        problems.add(mark("loop.warmup"), "loop.warmup", most)


def schedules(value: Any, key: str = "") -> Iterator[tuple[str, Curve]]:
    """Every number of a scene that moves, with its dotted key."""
    if isinstance(value, Curve):
        if not value.is_constant:
            yield key, value
    elif isinstance(value, Target | Class | Swatch):
        yield from schedules(value.weight, join(key, value.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from schedules(part, key)
    elif is_dataclass(value):
        for field in fields(value):
            if "kind" in field.metadata:
                yield from schedules(getattr(value, field.name), join(key, written(field)))


def jump_of(scene: Scene, curve: Curve) -> tuple[float, float] | None:
    """What a schedule begins with, and would go on with one frame after the last; None if that is about the same."""
    clock = scene_clock(scene, LOOKED_AT)
    begins, ends = curve.sample(clock.at(np.array([0.0, scene.length]))).tolist()
    return (begins, ends) if abs(ends - begins) > SEEN * np.ptp(curve.sample(clock)) else None
