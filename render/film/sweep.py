"""Variations of a scene: the product of --sweep's values, and which of them can be dreamed in one pass.

A variation is a list of --set arguments, such as ["dream.step_size=1.5", "seed=2"].
"""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from render.language.marks import Mark, SceneError, fail
from render.media.paths import exists, lost, named, told_apart
from render.scene.course import course_of
from render.scene.resolved import files
from render.scene.scene import Scene
from render.scene.schedule import frame_params
from render.scene.terms import guides, terms

MOST = 1000  # variations; more is a mistake in writing
STRUCTURE = (
    "octaves",
    "smallest",
    "octave_scale",
    "iterations",
)  # what decides shapes and loops, frame by frame


def variations(sweeps: Sequence[str]) -> list[list[str]]:
    """--sweep's arguments (KEY=1,1.5,2 or KEY=0..3, the last one included) → their product, as --set's arguments.

    SceneError: an argument of another form, or more than MOST variations.
    """
    product = list(itertools.islice(itertools.product(*map(values, sweeps)), MOST + 1))
    if len(product) > MOST:
        raise SceneError([f"--sweep: makes more than {MOST} variations"])
    return [list(combination) for combination in product]


def values(sweep: str) -> list[str]:
    """One --sweep as a list of --set arguments. Commas inside brackets, braces and quotes do not separate."""
    key, equals, text = sweep.partition("=")
    if not equals or not key.strip() or not text.strip():
        raise fail(Mark(f"--sweep {sweep}"), "write KEY=VALUE,VALUE,… or KEY=FIRST..LAST, such as seed=0..3")
    span = re.fullmatch(r"\s*(-?\d+)\.\.(-?\d+)\s*", text)
    if span:
        first, last = int(span[1]), int(span[2])
        if not first <= last < first + MOST:
            raise fail(Mark(f"--sweep {sweep}"), f"counts upwards, over at most {MOST} values")
        return [f"{key}={number}" for number in range(first, last + 1)]
    return [f"{key}={value.strip()}" for value in split(text)]


def split(text: str) -> Iterator[str]:
    """The parts between a text's outer commas."""
    depth, quote, part = 0, "", ""
    for letter in text:
        if quote or letter in "\"'":
            quote = "" if letter == quote else quote or letter
        depth += (letter in "[{(") - (letter in ")}]") if not quote else 0
        if letter == "," and not depth and not quote:
            yield part
            part = ""
        else:
            part += letter
    yield part


def label(variation: Sequence[str]) -> str:
    """A variation in few words: step_size=1.5 seed=2."""
    halves = (argument.partition("=") for argument in variation)
    return " ".join(f"{key.rpartition('.')[2]}={value}" for key, _, value in halves)


def output_of(path: Path, variation: Sequence[str]) -> Path:
    """Where a variation's film goes: film.mp4 → film_step_size=1.5_seed=2.mp4; numbered stills get a folder each.

    The path itself needs no other name where it is what varies.
    """
    varies = [argument for argument in variation if argument.partition("=")[0].strip() != "output.path"]
    if not varies:
        return path
    name = re.sub(r"[^\w.=+-]+", "_", label(varies)).strip("_")
    return named(path, name)


def with_own_paths(scenes: Sequence[Scene], chosen: Sequence[Sequence[str]]) -> list[Scene]:
    """The scenes of some variations, each with an output of its own. SceneError: one would replace what it reads."""
    paths = [output_of(scene.output.path, variation) for scene, variation in zip(scenes, chosen, strict=True)]
    own = [
        replace(scene, output=replace(scene.output, path=path))
        for scene, path in zip(scenes, told_apart(paths), strict=True)
    ]
    for scene in own:
        path, sources = scene.output.path, [file for _, file in files(scene)]
        if source := lost(exists(path), sources):
            raise fail(Mark("--sweep"), f"{path} would replace {source}, which the film is made from")
    return own


def together(scenes: Sequence[Scene], at_once: Callable[[Scene], int]) -> list[list[int]]:
    """The scenes by number, in batches that differ in numbers only and hold at most `at_once(scene)` each."""
    batches: list[list[int]] = []
    for number, scene in enumerate(scenes):
        for batch in batches:
            if len(batch) < at_once(scene) and alike(scenes[batch[0]], scene):
                batch.append(number)
                break
        else:
            batches.append([number])
    return batches


def alike(a: Scene, b: Scene) -> bool:
    """Whether two scenes differ in numbers only, and so can share their programs frame by frame."""
    return _structure(a) == _structure(b) and a.start.video is None and _loops_alike(a, b)


def _structure(scene: Scene) -> tuple:
    motion, output = scene.motion, scene.output
    return (
        scene.model,
        scene.size,
        course_of(scene),
        tuple((t.kind, t.layer, t.channels) for t in terms(scene)),
        guides(scene),
        scene.dream.symmetry,
        bool(scene.palette),
        scene.dream.tile,
        scene.start.moves,
        motion.border,
        motion.interpolation,
        output.record,
        (output.coding.codec.depth, output.coding.codec.dithered),  # what pictures are rounded to
    )


def _loops_alike(a: Scene, b: Scene) -> bool:
    one, two = frame_params(a).columns, frame_params(b).columns
    same = all(_equal(one[name], two[name]) for name in STRUCTURE)
    return same and all(map(np.array_equal, _active(one), _active(two)))


def _active(columns: dict) -> list[np.ndarray]:
    """In which frames each weight counts at all, gradients are made natural, and what is seen wobbles."""
    natural, wobble = np.maximum(columns["colour"], columns["spectrum"]), np.maximum(*columns["wobble"])
    return [np.asarray(amount) != 0 for amount in (*columns["weights"], natural, wobble)]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
