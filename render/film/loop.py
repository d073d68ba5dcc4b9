"""What closes a loop: states kept on the way to frame 0, and mixed into what is dreamed at the end (course.py).

A state here is what goes into a step's dream, x float32 [n, h, w, 3]. It lies on the disk, whole and checked, so that a
loop takes no more memory than any film, and a film that goes on finds it.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jax import Array

from render.film.keeping.checkpoint import Progress, State, durable, load, write
from render.film.moved import mix_each
from render.media.ffmpeg import FilmError
from render.scene.course import Course

Placed = Callable[[Array], Array]


class Kept:
    """A loop's states in a folder; put(job) runs a job later, in order."""

    def __init__(self, folder: Path, put: Callable[[Callable[[], None]], None] = lambda job: job()) -> None:
        self.folder, self.put = folder, put
        self.waiting: dict[int, Array] = {}  # to be written

    def path(self, step: int) -> Path:
        """Where a step's state lies."""
        return self.folder / f"kept-{step:09d}"

    def keep(self, step: int, x: Array) -> None:
        """Keeps a step's state."""
        self.waiting[step] = x
        self.put(partial(self._write, step))

    def _write(self, step: int) -> None:
        write(self.path(step), State({}, Progress(frame=step), np.asarray(self.waiting[step])))
        del self.waiting[step]

    def __getitem__(self, step: int) -> Array | np.ndarray:
        """A step's state. FilmError: it is not as it was kept."""
        if (x := self.waiting.get(step)) is not None:
            return x
        if (state := load(self.path(step))) is None:
            raise FilmError(f"{self.path(step)}: is damaged, so that the loop cannot close; --restart begins anew")
        return state.x


def whole(folder: Path, course: Course, end: int) -> bool:
    """Whether all that the steps before `end` have kept is in a folder, as it was written."""
    return all(load(Kept(folder).path(step)) for step in range(course.warmup, min(course.lead, end)))


def adopt(folder: Path, other: Path, course: Course, end: int) -> None:
    """Copies what the steps before `end` have kept from another folder."""
    for step in range(course.warmup, min(course.lead, end)):
        with Kept(other).path(step).open("rb") as source, durable(Kept(folder).path(step)) as file:
            shutil.copyfileobj(source, file)


def kept_bytes(course: Course, size: tuple[int, int]) -> int:
    """How much a loop keeps on the disk until it is whole."""
    return course.joint * size[0] * size[1] * 3 * 4


@contextmanager
def closing(course: Course, kept: Kept | None, placed: Placed) -> Iterator[Callable[[Array, int], Array]]:
    """Yields close(x, step): what is dreamed as a step where x would be. Without `kept`, states go with the block."""
    if kept is None and course.joint:
        with tempfile.TemporaryDirectory(prefix="dreamreel-") as folder:
            yield partial(closed, course, Kept(Path(folder)), placed)
    elif kept is None:
        yield lambda x, step: x
    else:
        yield partial(closed, course, kept, placed)


def closed(course: Course, kept: Kept, placed: Placed, x: Array, step: int) -> Array:
    """x, kept where it must be, or with what was kept mixed in; in the last step it is what was kept, to the bit."""
    if course.keeps(step):
        kept.keep(step, x)
    share = course.share(step)
    if not share:
        return x
    then = placed(jnp.asarray(kept[step - course.n]))
    return then if share == 1 else mix_each(x, then, jnp.full(len(x), share, jnp.float32))
