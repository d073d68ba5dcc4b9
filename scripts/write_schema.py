"""Writes configs/scene.schema.json, by which editors check and complete scenes, from the scene's dataclasses.

    python scripts/write_schema.py

A scene's first line names it: `# yaml-language-server: $schema=scene.schema.json`. A test checks that it is current.
"""

import json
from dataclasses import MISSING, Field
from fractions import Fraction
from functools import singledispatch
from pathlib import Path
from typing import Any

from render.language.curves import Constant
from render.language.easing import EASINGS
from render.language.kinds import (
    HUGE,
    Choice,
    Colour,
    File,
    Fps,
    Name,
    Number,
    Pair,
    Size,
    Switch,
    WordOrNumber,
    colour_names,
)
from render.language.section import Section
from render.scene.by_octave import MOST_OCTAVES, PerOctave
from render.scene.classes import Classes
from render.scene.layers import Layers
from render.scene.loops import Lasts, Looping
from render.scene.palettes import MOST, PATH, Palettes
from render.scene.scene import LENGTHS, STARTS, Guides, Octaves, Scene, Smallest

SCHEMA = Path(__file__).parents[1] / "configs" / "scene.schema.json"
TIME = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*[sf%b]?\s*$"
LAYER = r"^\s*[^\[\],\s]+(\[\s*\d+(\s*-\s*\d+)?(\s*,\s*\d+(\s*-\s*\d+)?)*\s*\])?\s*$"
Schema = dict[str, Any]


def schema() -> Schema:
    """The whole scene as a JSON Schema."""
    scene = of(Section(Scene))
    lengths = [{"required": [name]} for name in LENGTHS]
    own = {"properties": {"start": {"required": ["video"]}}, "not": {"anyOf": lengths}}  # the film's own length
    scene["oneOf"] = [*lengths, own]
    scene["required"] = ["start"]
    scene["properties"]["start"]["oneOf"] = [{"required": [name]} for name in STARTS]
    scene["properties"]["start"]["type"] = "object"
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scene of Dreamreel",
        "description": "A film that a network dreams; see docs/reference.md for every key.",
    }
    return {**head, **scene, "type": "object", "$defs": {"colour": colour()}}


@singledispatch
def of(kind: Any) -> Schema:
    """The schema of what a kind accepts."""
    raise TypeError(f"{type(kind).__name__} has no schema yet; add one to {Path(__file__).name}")


@of.register
def _(kind: Section) -> Schema:
    properties = {
        name: {"description": field.metadata["help"], **_default(field)} for name, field in kind.keys().items()
    }
    for name, more in properties.items():
        more.update(of(kind.kind(name)))
    mapping = {"type": ["object", "null"], "properties": properties, "additionalProperties": False}
    if not kind.short:
        return mapping
    return {"oneOf": [of(kind.kind(kind.short[0])), mapping]}


@of.register
def _(kind: Number) -> Schema:
    number: Schema = {"type": "integer" if kind.whole else "number"}
    if kind.above is not None:
        number["exclusiveMinimum"] = kind.above
    elif kind.least != -HUGE:
        number["minimum"] = kind.least
    if kind.most != HUGE:
        number["maximum"] = kind.most
    return _moving(number) if kind.moving else number


def _moving(number: Schema) -> Schema:
    """A number, keyframes of it, or a text that gives it."""
    keyframes = {
        "type": "object",
        "description": "keyframes at times such as 4s, 96f, 50% or 8b; a bare number is seconds",
        "properties": {"ease": {"enum": list(EASINGS), "description": "how a value goes over into the next"}},
        "patternProperties": {TIME: number},
        "additionalProperties": False,
        "minProperties": 1,
    }
    text = {"type": "string", "description": 'an expression such as "1 + 0.1 * sin(t)", or Deforum\'s "0:(1), 60:(2)"'}
    return {"oneOf": [number, keyframes, {**text, "minLength": 1}]}


@of.register
def _(kind: Octaves) -> Schema:
    smallest = {**of(Section(Smallest)), "type": "object", "required": ["smallest"]}
    return {"oneOf": [*of(kind.count)["oneOf"], smallest]}


@of.register
def _(kind: Looping) -> Schema:
    return {"oneOf": [of(Switch()), {**of(kind.section), "type": "object"}]}


@of.register
def _(kind: Lasts) -> Schema:
    return {"oneOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": TIME}]}


@of.register
def _(kind: PerOctave) -> Schema:
    numbers = {"type": "array", "items": of(kind.number), "minItems": 1, "maxItems": MOST_OCTAVES}
    listed = {
        "type": "object",
        "description": "a number for each octave, the smallest first; the last one goes on",
        "properties": {"octaves": numbers},
        "additionalProperties": False,
        "required": ["octaves"],
    }
    return {"oneOf": [*of(kind.number)["oneOf"], listed]}


@of.register
def _(kind: WordOrNumber) -> Schema:
    return {"oneOf": [of(Choice(kind.words)), of(kind.number)]}


@of.register
def _(kind: Layers) -> Schema:
    name = {"type": "string", "pattern": LAYER}
    mapping = {
        "type": "object",
        "patternProperties": {LAYER: of(kind.weight)},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"oneOf": [name, {"type": "array", "items": name, "minItems": 1}, mapping]}


@of.register
def _(kind: Classes) -> Schema:
    name: Schema = {"type": ["string", "integer"]}
    mapping = {"type": "object", "additionalProperties": of(kind.weight), "minProperties": 1}
    return {"oneOf": [name, {"type": "array", "items": name, "minItems": 1}, mapping]}


@of.register
def _(kind: Guides) -> Schema:
    one = of(kind.one)["oneOf"]
    mapping = {**one[1], "type": "object", "required": ["image"]}
    return {"oneOf": [one[0], mapping, {"type": "array", "items": {"oneOf": [one[0], mapping]}, "minItems": 1}]}


@of.register
def _(kind: Pair) -> Schema:
    return {"type": "array", "items": of(kind.number), "minItems": 2, "maxItems": 2}


@of.register
def _(kind: Size) -> Schema:
    side = {"type": "integer", "minimum": kind.least, "maximum": kind.most, "multipleOf": 2}
    numbers = {"type": "array", "items": side, "minItems": 2, "maxItems": 2}
    return {"anyOf": [numbers, {"const": kind.word}]} if kind.word else numbers


@of.register
def _(kind: Switch) -> Schema:
    return {"type": "boolean"}


@of.register
def _(kind: Fps) -> Schema:
    fraction = {"type": "string", "pattern": r"^\d{1,9}\s*/\s*\d{1,9}$"}
    return {"oneOf": [{"type": "number", "minimum": 0.01, "maximum": 1000}, fraction]}


@of.register
def _(kind: Colour) -> Schema:
    return {"$ref": "#/$defs/colour"}


def colour() -> Schema:
    """A colour: `$defs` holds it once for all keys that take one."""
    code = {"type": "string", "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"}
    levels = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 255}, "minItems": 3, "maxItems": 3}
    return {"oneOf": [{"enum": [*colour_names()]}, code, levels]}


@of.register
def _(kind: Palettes) -> Schema:
    picture = {"type": "string", "pattern": PATH}
    many = {"type": "array", "items": {"anyOf": [of(Colour()), picture]}, "minItems": 1, "maxItems": MOST}
    mapping = {"type": "object", "additionalProperties": of(kind.weight), "minProperties": 1, "maxProperties": MOST}
    return {"anyOf": [of(Colour()), picture, many, mapping]}


@of.register
def _(kind: Choice) -> Schema:
    return {"enum": list(kind.words)}


@of.register
def _(kind: Name) -> Schema:
    return {"type": "string"}


@of.register
def _(kind: File) -> Schema:
    return {"type": "string", "minLength": 1}


def _default(field: Field[Any]) -> Schema:
    """A field's default where JSON has a word for it."""
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    value = [v.value if isinstance(v, Constant) else v for v in value] if isinstance(value, list) else value
    value = value.value if isinstance(value, Constant) else value
    value = str(value) if isinstance(value, Path) else float(value) if isinstance(value, Fraction) else value
    plain = isinstance(value, int | float | str) or (
        isinstance(value, list) and all(isinstance(v, int | float) for v in value)
    )
    return {"default": value} if plain and value is not MISSING else {}


def written() -> str:
    """The file's text."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(written(), encoding="utf-8")
