"""What the steps of a film (course.py) cost, in one unit that compares them: pixels, steps, how deep their layers lie.

Notation as in needs.py. A cost is in FLOPs of the network forward, and what takes as long.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from render.dream.cost import BESIDES, counter
from render.dream.image import Shape
from render.dream.objective import Target
from render.dream.tiles import Network
from render.film.needs import changes, climbed, layers_of, targets
from render.scene.course import unrolled
from render.scene.scene import Scene
from render.scene.schedule import FrameParams

MOST = 2000  # frames looked at of a long film, evenly spread: schedules are smooth
ANY = 10_000.0  # a pixel's cost where all frames dream the same
FRAME = 5000.0  # of a frame's pixel besides its steps: motion, colours, encoding

PixelCost = Callable[[tuple[Target, ...]], float]
Area = Callable[[Shape], float]


def area(size: Shape) -> int:
    """Pixels."""
    return size[0] * size[1]


def pixel_costs(scene: Scene, network: Network, begin: int, end: int) -> PixelCost:
    """What a step costs for a pixel; the network is looked at only if the frames dream of different things."""
    params = unrolled(scene)
    if len({targets(scene, params[k]) for k in changes(params, begin, end)[:MOST]}) < 2:
        return lambda wanted: ANY
    costs = counter(network)
    return cache(lambda wanted: costs(layers_of(wanted)).pixel if wanted else BESIDES)


def film_costs(scene: Scene, network: Network, begin: int, end: int) -> np.ndarray:
    """`frame_costs` that compare the frames of one film."""
    return frame_costs(scene, begin, end, pixel_costs(scene, network, begin, end))


def frame_costs(scene: Scene, begin: int, end: int, pixel: PixelCost, covered: Area = area) -> np.ndarray:
    """How much each picture of the steps begin..end-1 costs: of a frame one, or one for each stage recorded.

    covered: the pixels that go through the network in a step at an octave.
    """
    params, record = unrolled(scene), scene.output.record
    if record != "frames":
        return np.array([one for k in range(begin, end) for one in stage_costs(scene, params[k], pixel, covered)])
    looked = sorted({begin, *np.linspace(begin, end - 1, min(end - begin, MOST)).astype(int).tolist()})
    sums = [FRAME * area(scene.size) + sum(octave_costs(scene, params[k], pixel, covered)) for k in looked]
    return np.interp(np.arange(begin, end), looked, sums)


def octave_costs(scene: Scene, p: FrameParams, pixel: PixelCost, covered: Area = area) -> list[float]:
    """What each octave that a frame climbs costs."""
    each = pixel(targets(scene, p))
    return [each * steps * covered(shape) for shape, steps in climbed(scene, p)]


def stage_costs(scene: Scene, p: FrameParams, pixel: PixelCost, covered: Area = area) -> list[float]:
    """What each recorded stage of a frame costs: an octave, or one iteration of it."""
    octaves, steps = octave_costs(scene, p, pixel, covered), [n for _, n in climbed(scene, p)]
    parts = [n if scene.output.record == "iterations" else 1 for n in steps]
    return [cost / n + FRAME * area(scene.size) for cost, n in zip(octaves, parts, strict=True) for _ in range(n)]
