"""Whether what scenes are made from can be read. No JAX here: a mistake is told in a moment."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from render.media import pictures, video
from render.media.ffmpeg import FilmError, SourceError
from render.scene.course import course_of
from render.scene.scene import Scene


def check_sources(scenes: Sequence[Scene]) -> None:
    """Reads what the scenes are made from, as rendering would: PictureError, SourceError."""
    for path in dict.fromkeys(path for scene in scenes for path in stills(scene)):
        pictures.read_picture(path)
    for scene in scenes:
        check_film(scene)


def stills(scene: Scene) -> Iterator[Path]:
    """The pictures that a scene is made from."""
    guides = (guide.image for guide in scene.dream.guide)
    swatches = (swatch.picture for swatch in (*scene.start.palette, *scene.dream.keep.palette))
    yield from filter(None, (scene.start.image, *swatches, *guides))


def check_film(scene: Scene) -> None:
    """SourceError if `start.video` is no film, cannot be decoded, or is over before the scene is."""
    if scene.start.video is None:
        return
    try:
        lasts, asked = video.film_length(scene.start.video), float(course_of(scene).steps / scene.fps)
        with closing(cast(Any, video.read_film(scene.start.video, (16, 16), scene.fps))) as frames:
            next(frames)
    except FilmError as error:
        raise SourceError(str(error)) from error
    if lasts + 1 / float(scene.fps) < asked:
        joint = float(course_of(scene).joint / scene.fps)
        told = (scene.duration or asked - joint) + joint  # as it was written, not in whole frames
        part = f", {joint:.2f} s of them for its loop" if joint else ""
        raise SourceError(f"{scene.start.video}: lasts {lasts:.2f} s, and the scene asks for {told:.2f} s of it{part}")
