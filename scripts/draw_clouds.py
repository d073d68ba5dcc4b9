"""Makes a sky with clouds of our own, configs/pictures/clouds.jpg, to dream of.

    python scripts/draw_clouds.py [-o configs/pictures/clouds.jpg]

Two layers of Perlin noise: the large one says where clouds are, the fine one makes them ragged; light comes from above.
"""

import argparse
from pathlib import Path

import jax
import numpy as np
from PIL import Image

from render.dream.image import noise

SHAPE = 720, 1280
ZENITH, HORIZON = np.array([52, 104, 178.0]), np.array([176, 206, 230.0])
LIGHT, SHADE = np.array([252, 250, 245.0]), np.array([138, 150, 172.0])


def draw(seed: int = 5) -> np.ndarray:
    """The sky, uint8 [h, w, 3]."""
    keys = jax.random.split(jax.random.key(seed), 2)
    fields = [
        noise(k, 0.0 + 128, 40.0, shape=SHAPE, kind="perlin", scale=s) for k, s in zip(keys, (0.45, 0.12), strict=True)
    ]
    large, fine = ((np.asarray(field)[..., 0] - 128) / 40 for field in fields)
    thickness = large + 0.45 * fine
    cover = smooth((thickness + 0.1) / 1.1)[..., None]
    above = np.pad(thickness, ((14, 0), (0, 0)), mode="edge")[:-14]
    lit = smooth(0.5 + 0.9 * (thickness - above))[..., None]  # thinner above: the light gets in
    height = np.linspace(0, 1, SHAPE[0])[:, None, None] ** 1.3
    sky = ZENITH + (HORIZON - ZENITH) * height
    return np.uint8(np.clip(sky * (1 - cover) + (SHADE + (LIGHT - SHADE) * lit) * cover, 0, 255))


def smooth(t: np.ndarray) -> np.ndarray:
    """0 to 1 along 3t² - 2t³."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("-o", "--output", type=Path, default=Path("configs/pictures/clouds.jpg"))
    path = arguments.parse_args().output
    Image.fromarray(draw()).save(path, quality=88)
    print(path)
