"""From checked scenes to films on disk: network, frames, encoders, progress.

Frames are uint8 [h, w, 3]. Errors: models.files.weights.WeightsError, pictures.PictureError, video.FilmError, OSError.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import models
from render.dream import device
from render.dream.programs import at_once
from render.film.each import by_picture
from render.film.frames import film_length, films, on_host
from render.film.grid import grid, layout
from render.film.keeping.parts import Range
from render.film.keeping.preview import previews
from render.film.keeping.provenance import forget
from render.film.progress import progress
from render.film.resume import refuse, render_film, render_together
from render.film.sources import check_sources
from render.film.sweep import together
from render.language.marks import Mark, fail
from render.media.video import film
from render.scene.scene import Model, Scene


@cache
def network(model: Model) -> Any:
    """A network, loaded once."""
    return models.load(model.name, model.weights, model.input)


def batches(scenes: Sequence[Scene]) -> list[list[int]]:
    """The scenes by number, in batches that are dreamed in one pass."""
    return together(scenes, lambda scene: at_once(network(scene.model), scene.size, scene.dream.tile))


def render_films(
    scenes: Sequence[Scene],
    *,
    only: Range | None = None,
    restart: bool = False,
    others: tuple[Path, ...] = (),
    tell: Callable[[str], None] = lambda text: None,
    quiet: bool = False,
    apart: bool = False,
    grow: Path | None = None,
) -> Iterator[Path]:
    """Renders each scene to its own film, those that differ in numbers only in one pass; yields their paths.

    apart: those of one picture are ready before the next one is begun.

    They go on where they stopped; arguments as in `resume.render_film`.
    """
    device.prepare(tell)
    for batch in checked(scenes, only=only, restart=restart, apart=apart):
        chosen = [scenes[k] for k in batch]
        net = network(chosen[0].model)
        if len(chosen) == 1:
            how: dict[str, Any] = {
                "only": only,
                "restart": restart,
                "others": others,
                "grow": grow,
                "tell": tell,
                "quiet": quiet,
            }
            yield render_film(chosen[0], net, **how)
        else:
            yield from render_together(chosen, net, restart=restart, tell=tell, quiet=quiet)


def checked(
    scenes: Sequence[Scene], *, only: Range | None = None, restart: bool = False, apart: bool = False
) -> list[list[int]]:
    """The passes that the films are dreamed in, once all that they start from was looked at; nothing is written.

    Raises what rendering any of them would before its first frame: so the last is refused before the first is dreamed.
    """
    check_sources(scenes)
    groups = by_picture(scenes) if apart else [[*range(len(scenes))]]
    order = [[group[k] for k in batch] for group in groups for batch in batches([scenes[k] for k in group])]
    order = [[k] for batch in order for k in batch] if only else order
    for batch in order:
        network(scenes[batch[0]].model)
        refuse([scenes[k] for k in batch], only=only, restart=restart)
    return order


def check_grid(scenes: Sequence[Scene]) -> None:
    """SceneError if scenes cannot be tiles of one film; PictureError, SourceError as rendering them would."""
    if len({(scene.size, scene.fps, film_length(scene)) for scene in scenes}) > 1:
        raise fail(Mark("--grid"), "the variations differ in size, fps or length, and cannot be tiles of one film")
    check_sources(scenes)


def render_grid(
    scenes: Sequence[Scene],
    labels: Sequence[str],
    *,
    tell: Callable[[str], None] = lambda text: None,
    quiet: bool = False,
) -> Path:
    """Renders scenes of one size, length and fps to one film of labelled tiles, at the first one's path."""
    device.prepare(tell)
    check_grid(scenes)
    first, order = scenes[0], batches(scenes)
    multiple = first.output.coding.codec.multiple
    columns, rows, tile = layout(len(scenes), first.size, multiple)
    size = columns * tile[0], rows * tile[1]
    streams = [on_host(films([scenes[k] for k in batch], network(scenes[batch[0]].model))) for batch in order]
    place = np.argsort([k for batch in order for k in batch])
    path = first.output.path
    with (
        previews([path], [path.parent]) as shown,
        film(path, size, first.fps, first.output.coding) as write,
    ):
        for parts in progress(zip(*streams, strict=True), film_length(first), quiet=quiet):
            tiles = grid(list(np.concatenate(parts)[place]), labels, multiple)
            if shown.due():
                shown.show([tiles])
            write(tiles)
    forget(path)
    return path
