"""The terms of a scene's objective: its layers, its classes, and what its guides draw, in this order.

Plain data, so that schedules can be evaluated without any heavy import.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import models
from models.files.classes import number_of
from render.language.curves import Curve

if TYPE_CHECKING:
    from render.scene.scene import Scene


class Term(NamedTuple):
    """One summand: an activation's name, the channels of it that count (() means all), its weight over time.

    kind: layer | class | guide, as in objective.py.
    """

    kind: str
    layer: str
    channels: tuple[int, ...]
    weight: Curve


def terms(scene: "Scene") -> list[Term]:
    """All terms, those whose weight is 0, too. UnknownClass: a class that the network does not know."""
    dream, entry = scene.dream, models.entry_of(scene.model.name, scene.model.weights)
    layers = [Term("layer", t.layer, t.channels, t.weight) for t in dream.layers]
    classes = [Term("class", entry.classifier, (number_of(entry, c.name),), c.weight) for c in dream.classes]
    drawn = [
        Term("guide", named(i, t.layer), (), t.weight) for i, guide in enumerate(dream.guide) for t in guide.layers
    ]
    return layers + classes + drawn


def guides(scene: "Scene") -> tuple[tuple[Path, tuple[str, ...]], ...]:
    """Each guide's picture, and the layers that it guides."""
    return tuple((guide.image, tuple(t.layer for t in guide.layers)) for guide in scene.dream.guide if guide.image)


def named(guide: int, layer: str) -> str:
    """What the activation is called that tells how like guide number `guide` a layer is."""
    return f"guide{guide} {layer}"
