"""What a film grows from: noise, a picture, a flat colour, or another film.

Notation: pictures are float32 [h, w, 3] in levels 0..255, at the scene's size; scene.size is (w, h).
"""

from collections.abc import Iterator
from typing import Any, cast

import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream import image
from render.dream.palette import cloud
from render.media import pictures, video
from render.scene.scene import Scene
from render.scene.schedule import scene_clock

PASSES = 2  # of a start to its palette: after one some colours lie between the palette's, after more edges get hard
GRAINS = {"uniform": 1 / 45, "gaussian": 1 / 45, "perlin": 0.3}  # the noise's scale where the scene names none: in
# fractions of the picture, so that a draft and the film grow from the same


def start_pictures(scene: Scene, key: Array) -> Iterator[Any]:
    """One picture [h, w, 3] for a still start; for `start.video` as many as there are, the last one again and again.

    PictureError, FilmError: the file cannot be read.
    """
    start, (w, h) = scene.start, scene.size
    if start.video is not None:
        yield from film_pictures(scene)
    elif start.image is not None:
        picture = pictures.fit(pictures.read_picture(start.image), scene.size, cast(pictures.Fit, start.fit))
        yield coloured(picture, scene)
    elif start.colour is not None:
        yield np.broadcast_to(np.array(start.colour, np.float32), (h, w, 3))
    elif start.noise is not None:
        scale = GRAINS[start.noise] if start.scale is None else start.scale
        noise = image.noise(key, start.level, start.contrast, shape=(h, w), kind=start.noise, scale=scale)
        yield coloured(noise, scene)


def coloured(picture: Any, scene: Scene) -> Any:
    """A picture [h, w, 3] in the colours of `start.palette`, if there is one."""
    if not scene.start.palette:
        return picture
    palette, x = cloud([scene.start.palette]), jnp.asarray(picture)[None]
    weights = [swatch.weight.sample(scene_clock(scene, 1))[0] for swatch in scene.start.palette]
    for _ in range(PASSES):
        x = palette.draw(x, [weights], [None], [1], [1])
    return x[0]


def film_pictures(scene: Scene) -> Iterator[Any]:
    """The frames of `start.video` at the scene's fps; the last one stands in where rounding left one too few."""
    assert scene.start.video is not None
    for picture in video.read_film(scene.start.video, scene.size, scene.fps, cast(pictures.Fit, scene.start.fit)):
        yield picture
    while True:
        yield picture
