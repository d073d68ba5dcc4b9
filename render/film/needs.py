"""What the frames of a film need, told from its schedules before it begins: octaves, targets, programs, their order.

Notation: p is one frame's FrameParams; a shape is (h, w). Nothing here dreams.
"""

from collections.abc import Iterator

import numpy as np

from render.dream.ascent import Ways
from render.dream.image import Shape, octave_shapes
from render.dream.objective import Target
from render.dream.programs import Need
from render.scene.by_octave import at_octave
from render.scene.scene import Scene
from render.scene.schedule import FrameList, FrameParams
from render.scene.terms import terms


def targets(scene: Scene, p: FrameParams) -> tuple[Target, ...]:
    """What a frame dreams; what has weight 0 is left out, so that it costs nothing, but for the end of a fade."""
    return tuple(Target(t.layer, t.channels, t.kind) for t, on in zip(terms(scene), p.dreams, strict=True) if on)


def ways(p: FrameParams) -> Ways:
    """What the steps of a frame do."""
    return Ways(natural=bool(p.colour or p.spectrum), wobble=any(p.wobble))


def shapes(scene: Scene, p: FrameParams) -> list[Shape]:
    """A frame's octaves, (h, w) each."""
    w, h = scene.size
    return octave_shapes((h, w), octaves=p.octaves, scale=p.octave_scale, smallest=p.smallest)


def climbed(scene: Scene, p: FrameParams) -> list[tuple[Shape, int]]:
    """The octaves that a frame dreams at all, and in how many steps."""
    steps = [(shape, at_octave(p.iterations, number)) for number, shape in enumerate(shapes(scene, p))]
    return [(shape, count) for shape, count in steps if count and targets(scene, p)]


def needs_of(scene: Scene, p: FrameParams) -> list[Need]:
    """What one frame needs, in its order: the small octaves first."""
    return [Need(shape, targets(scene, p), ways(p)) for shape, _ in climbed(scene, p)]


def needs(scene: Scene, params: FrameList, begin: int, end: int) -> Iterator[Need]:
    """What the frames begin..end-1 need, each once, in the order of need."""
    known = set()
    for k in changes(params, begin, end):
        for need in needs_of(scene, params[k]):
            if need not in known:
                known.add(need)
                yield need


def changes(params: FrameList, begin: int, end: int) -> list[int]:
    """Of the frames begin..end-1 the first, and those that may need something else than the frame before them."""
    c = params.columns
    natural, wobble = [c["colour"], c["spectrum"]], c["wobble"]
    whether = [np.asarray(amount) != 0 for amount in (*c["dreams"], *c["iterations"], *natural, *wobble)]
    sizes = [c[name] for name in ("octaves", "smallest", "octave_scale") if c[name] is not None]
    moves = np.zeros(max(0, end - begin - 1), bool)
    for column in (*whether, *sizes):
        moves |= column[begin + 1 : end] != column[begin : end - 1]
    return [begin, *(begin + 1 + np.flatnonzero(moves)).tolist()] if end > begin else []


def layers_of(wanted: tuple[Target, ...]) -> list[str]:
    """The network's own activations that targets are made of."""
    return list(dict.fromkeys(t.layer.partition(" ")[2] if t.kind == "guide" else t.layer for t in wanted))
