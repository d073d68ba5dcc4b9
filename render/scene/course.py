"""Which frames a film dreams, and whose numbers each takes: its own, in their order, and for a loop some before them.

A feedback film closes like this. First `warmup` frames ripen that nobody sees. The next `joint` frames, which lead up
to frame 0, are not seen either, but what goes into their dreams is kept. In the film's last `joint` frames what is
dreamed grows over into what was kept, and in the last of all it is what was kept. So the last frame is the one that
frame 0 grew from. Each frame before the first has the numbers and keys of the one a film later.

Notation: a step is a dreamed frame; step s of a film of n frames makes frame s - lead, which is below 0 before it.
"""

from typing import NamedTuple

import numpy as np

from render.language.clock import Time
from render.scene.scene import Scene
from render.scene.schedule import FrameList, frame_params, scene_clock

JOINT, WARMUP = Time(1.5), Time(3.0)  # of a loop that says nothing else


class Course(NamedTuple):
    """The steps of a film of n frames; joint and warmup are 0 where it is no loop."""

    n: int
    joint: int = 0
    warmup: int = 0

    @property
    def lead(self) -> int:
        """The steps before frame 0."""
        return self.warmup + self.joint

    @property
    def steps(self) -> int:
        """All of them."""
        return self.lead + self.n

    def number(self, step: int) -> int:
        """The frame whose numbers and keys a step takes."""
        return (step - self.lead) % self.n

    def keeps(self, step: int) -> bool:
        """Whether what goes into a step's dream is kept."""
        return self.warmup <= step < self.lead

    def share(self, step: int) -> float:
        """How much of what was kept n steps before goes into a step's dream: 0, then so much that all of it rises to 1.

        What was mixed in before is still there, moved and dreamed as what was kept is: so each step adds to the rest.
        """
        before, now = self._all(step - 1), self._all(step)
        return (now - before) / (1 - before) if now else 0.0

    def _all(self, step: int) -> float:
        """How much of a step's picture has come from what was kept, smoothly from 0 to 1."""
        u = (step - self.steps + self.joint + 1) / self.joint if self.joint else 0.0
        return u * u * (3 - 2 * u) if u > 0 else 0.0


def course_of(scene: Scene) -> Course:
    """The steps of a scene's film. ValueError: a loop in beats without bpm."""
    n, loop = scene.length, scene.loop
    if loop is None:
        return Course(n)
    ripens = 0 if scene.start.video is not None else counted(scene, loop.warmup or WARMUP)
    joint = counted(scene, loop.joint) if loop.joint else max(1, min(counted(scene, JOINT), n // 2))
    return Course(n, joint, ripens)


def counted(scene: Scene, time: Time) -> int:
    """A length of time in rendered frames. ValueError: beats without bpm."""
    return round(scene_clock(scene, 2).when(time) * scene.fps)


def unrolled(scene: Scene) -> FrameList:
    """One FrameParams for each step."""
    params, course = frame_params(scene), course_of(scene)
    if not course.lead:
        return params
    order = np.arange(-course.lead, course.n) % course.n
    return FrameList({name: _taken(column, order) for name, column in params.columns.items()}, len(order))


def _taken(column, order: np.ndarray):
    """A column in another order; one number that stands for all frames still does."""
    if isinstance(column, tuple):
        return tuple(_taken(part, order) for part in column)
    if column is None:
        return None
    return np.broadcast_to(column[0], order.shape) if column.strides == (0,) else column[order]
