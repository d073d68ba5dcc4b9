"""From checked scenes to films on disk: network, frames, encoders, progress.

Frames are uint8 [h, w, 3]. Errors: models.weights.WeightsError, pictures.PictureError, video.FilmError, OSError.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import models
from render import device
from render.frames import film_length, films, on_host
from render.grid import grid, layout
from render.programs import at_once
from render.progress import progress
from render.scene import Model, Scene
from render.start import check_film
from render.sweep import together
from render.video import film


@cache
def network(model: Model) -> Any:
    """A network, loaded once."""
    return models.load(model.name, model.weights)


def batches(scenes: Sequence[Scene]) -> list[list[int]]:
    """The scenes by number, in batches that are dreamed in one pass."""
    return together(scenes, lambda scene: at_once(network(scene.model), scene))


def render_films(scenes: Sequence[Scene], *, quiet: bool = False) -> Iterator[Path]:
    """Renders each scene to its own film, those that differ in numbers only in one pass; yields their paths."""
    device.prepare()
    for scene in scenes:
        check_film(scene)
    for batch in batches(scenes):
        chosen = [scenes[k] for k in batch]
        with ExitStack() as encoders:
            writes = [encoders.enter_context(film(s.output.path, s.size, s.fps, s.output.crf)) for s in chosen]
            frames = on_host(films(chosen, network(chosen[0].model)))
            for batch_of_frames in progress(frames, film_length(chosen[0]), quiet=quiet):
                for write, frame in zip(writes, batch_of_frames, strict=True):
                    write(frame)
        yield from (scene.output.path for scene in chosen)


def render_grid(scenes: Sequence[Scene], labels: Sequence[str], *, quiet: bool = False) -> Path:
    """Renders scenes of one size, length and fps to one film of labelled tiles, at the first one's path."""
    device.prepare()
    for scene in scenes:
        check_film(scene)
    first, order = scenes[0], batches(scenes)
    columns, rows, tile = layout(len(scenes), first.size)
    size = columns * tile[0], rows * tile[1]
    streams = [on_host(films([scenes[k] for k in batch], network(scenes[batch[0]].model))) for batch in order]
    place = np.argsort([k for batch in order for k in batch])
    with film(first.output.path, size, first.fps, first.output.crf) as write:
        for parts in progress(zip(*streams, strict=True), film_length(first), quiet=quiet):
            write(grid(list(np.concatenate(parts)[place]), labels))
    return first.output.path
