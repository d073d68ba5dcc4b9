"""A Scene back as plain data: complete, so that nothing is left to a default that may change, and read_scene takes it.

Curves keep their source: keyframes their units, expressions and Deforum's strings their text. Paths become relative to
a folder, the one that the data will lie in; the output's becomes its name there.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from render.language.clock import Time
from render.language.curves import Constant, Curve, Deforum, Expression, Keyframes
from render.language.section import written
from render.scene.classes import Class
from render.scene.layers import Target
from render.scene.loops import Loop
from render.scene.palettes import Swatch
from render.scene.scene import PALETTE_DECIDES, STARTS, Scene, Start

# To YAML no part of a line, unless escaped; or to UTF-8 no character: bytes of a name that is in another encoding.
NOT_PLAIN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\udc80-\udcff]")


def plain(scene: Scene, folder: Path) -> dict[str, Any]:
    """Every key of the scene as numbers, texts, lists and mappings; paths as from `folder`.

    Motion.fps, the frame rate that numbers per frame were written for, is no key of a scene, and not in it.
    """
    data = _written(scene, folder)
    data["output"]["path"] = scene.output.path.name
    if scene.start.video is not None:  # there is nothing that these could be about, and the reader refuses them
        del data["motion"], data["output"]["record"]
    return data


def as_text(data: Any) -> str:
    """JSON that YAML's parser reads as the same: two characters more are escaped than JSON asks for."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    return NOT_PLAIN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _written(value: Any, folder: Path) -> Any:
    if isinstance(value, Curve):
        return curve(value)
    if isinstance(value, Path):
        return relative(value, folder)
    if isinstance(value, Fraction):
        return number(float(value)) if value.denominator == 1 else str(value)
    if isinstance(value, Time):
        return time(value)
    if value == Loop():
        return True
    if isinstance(value, tuple) and value and isinstance(value[0], Target | Class):
        return weights(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Swatch):
        return palette(value, folder)
    if isinstance(value, tuple | list):
        return [_written(part, folder) for part in value]
    if is_dataclass(value):
        there = [f for f in fields(value) if "kind" in f.metadata and getattr(value, f.name) not in (None, ())]
        keys = {written(f): f.name for f in there}
        if isinstance(value, Start):
            given = next(name for name in STARTS if name in keys)
            silent = PALETTE_DECIDES if value.palette else ()
            keys = {name: name for name in (given, *STARTS[given]) if name in keys and name not in silent}
        return {key: _written(getattr(value, name), folder) for key, name in keys.items()}
    return number(value) if isinstance(value, float) else value


def files(value: Any, key: str = "") -> Iterator[tuple[str, Path]]:
    """Every file that a scene is made from, with its dotted key."""
    if isinstance(value, Path):
        yield key, value
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from files(part, f"{key}.{number}")
    elif is_dataclass(value):
        for field in fields(value):
            if "kind" in field.metadata and field.name != "output":
                yield from files(getattr(value, field.name), f"{key}.{written(field)}".strip("."))


def curve(value: Curve) -> Any:
    """A curve as a scene writes it."""
    match value:
        case Constant():
            return number(value.value)
        case Keyframes():
            return {**dict(zip(map(time, value.times), map(number, value.values), strict=True)), "ease": value.ease}
        case Expression():
            return value.text
        case Deforum():
            return ",".join(f"{frame}:{text}" for frame, text in value.pairs)
    raise TypeError(f"a curve of a new kind, {type(value).__name__}, needs a way to be written")


def time(value: Time) -> str:
    """A time as a scene writes it: 1.5s."""
    return f"{number(value.amount)}{value.unit}"


def weights(things: Sequence[Target | Class]) -> dict[str, Any]:
    """Layers or classes with weights. One that is named twice gets a space behind its name: a mapping's keys differ."""
    data: dict[str, Any] = {}
    for thing in things:
        name = thing.name
        while name in data:
            name += " "
        data[name] = curve(thing.weight)
    return data


def palette(swatches: Sequence[Swatch], folder: Path) -> Any:
    """A palette as a list, or with its weights where it has some."""
    if all(swatch.weight == Curve.constant(1) for swatch in swatches):
        return [relative(s.picture, folder) if s.picture else [*map(number, s.colour or ())] for s in swatches]
    names = (relative(s.picture, folder) if s.picture else s.name for s in swatches)
    return dict(zip(names, (curve(swatch.weight) for swatch in swatches), strict=True))


def number(value: float) -> float | int:
    """4.0 as 4, as people write it."""
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def relative(path: Path, folder: Path) -> str:
    """The path as from a folder; as it is where no relative one leads there (another drive)."""
    try:
        text = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return str(path.absolute())
    return f"./{text}" if text.startswith("~") else text
