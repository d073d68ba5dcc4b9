"""What a film grows from: noise, a picture, a flat colour, or another film.

Notation: pictures are float32 [h, w, 3] in levels 0..255, at the scene's size; scene.size is (w, h).
"""

from collections.abc import Iterator

import numpy as np
from jax import Array

from render import image, pictures as stills, video
from render.scene import Scene

DEFAULT_SCALE = {"uniform": 0.0, "gaussian": 0.0, "perlin": 0.3}


def pictures(scene: Scene, key: Array) -> Iterator[Array | np.ndarray]:
    """One picture for a still start; for `start.video` one for every frame of the scene."""
    start, (w, h) = scene.start, scene.size
    if start.video is not None:
        yield from video.read_film(start.video, scene.size, scene.fps, start.fit)
    elif start.image is not None:
        yield stills.fit(stills.read_picture(start.image), scene.size, start.fit)
    elif start.colour is not None:
        yield np.broadcast_to(np.float32(start.colour), (h, w, 3))
    else:
        scale = DEFAULT_SCALE[start.noise] if start.scale is None else start.scale
        yield image.noise(key, (h, w), start.noise, level=start.level, contrast=start.contrast, scale=scale)
