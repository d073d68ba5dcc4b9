"""Writes docs/reference.md's table of every key from the scene's dataclasses.

    python scripts/write_reference.py

The table stands between two comments there; a test checks that it is current.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from render.language.curves import Curve
from render.language.section import Section
from render.scene.layers import Layers
from render.scene.loops import Looping
from render.scene.scene import Octaves, Scene

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
BEGIN, END = "<!-- reference: scripts/write_reference.py -->", "<!-- end of reference -->"


def table() -> str:
    """The reference as a Markdown table, a row for every key."""
    rows = [f"| `{path}` | {accepts} | {default} | {text} |" for path, accepts, default, text in keys(Section(Scene))]
    return "\n".join(["| key | takes | default | what it is |", "| --- | --- | --- | --- |", *rows])


def keys(section: Section, prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Path, what it takes, default and help of each key, the sections' own keys in their place."""
    for name, field in section.keys().items():
        kind, text = field.metadata["kind"], field.metadata["help"].replace("|", "or")
        if isinstance(kind, Section) and not kind.short:
            yield from keys(kind, f"{prefix}{name}.")
        elif isinstance(kind, Section):
            yield f"{prefix}{name}", "one value for the first of the keys below, or a mapping", "", text
            yield from keys(kind, f"{prefix}{name}.")
        else:
            moving = " ⏱" if moves(field.default, kind) else ""
            yield f"{prefix}{name}", kind.describe() + moving, shown(field.default), text
            if isinstance(kind, Looping):
                yield from keys(kind.section, f"{prefix}{name}.")


def moves(default: Any, kind: Any) -> bool:
    """Whether a key takes a schedule."""
    pair = isinstance(default, tuple) and all(isinstance(part, Curve) for part in default)
    return isinstance(default, Curve) or pair or isinstance(kind, Octaves | Layers) or getattr(kind, "moving", False)


def shown(default: Any) -> str:
    """A default as a scene would write it."""
    if default is None:
        return ""
    if isinstance(default, Curve):
        return f"`{default.values[0]:g}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple) and default and hasattr(default[0], "layer"):
        return "`{" + ", ".join(f"{t.layer}: {t.weight.values[0]:g}" for t in default) + "}`"
    if isinstance(default, tuple):
        return "`[" + ", ".join(f"{getattr(v, 'values', (v,))[0]:g}" for v in default) + "]`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def written(page: str) -> str:
    """The page with its table brought up to date."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
