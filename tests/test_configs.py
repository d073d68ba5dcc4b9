"""Every scene that ships says what it makes, and renders when made tiny."""

from pathlib import Path

import numpy as np
import pytest

from render.dream.image import to_uint8
from render.film.film import network
from render.film.frames import frames
from render.scene.reader import read_scene

CONFIGS = sorted(Path(__file__).parents[1].joinpath("configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_it_says_what_it_makes_and_how_long_it_takes(path):
    header = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert len(" ".join(header)) > 60
    assert "minute" in " ".join(header) or "second" in " ".join(header)
    read_scene(path)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_it_renders_tiny(path, quick_ascents):
    smaller = [
        "size=[64, 36]",
        "frames=2",
        "dream.iterations=2",
        "dream.octaves=1",
        "output.path=film.mp4",
    ]
    scene = read_scene(path, smaller)
    film = [np.asarray(to_uint8(f)) for f in frames(scene, network(scene.model))]
    assert film[0].shape == (36, 64, 3)
    assert 15 < film[-1].mean() < 240 and film[-1].std() > 8, "neither grey nor burnt"
