"""What the tests of scene files share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.scene.reader import SceneError, read_scene
from render.scene.scene import Scene

TWO_LINES = "start: {noise: uniform}\nduration: 4\n"
ZOOM = "(1 stands still, above 1 falls in, below 1 pulls out)"
ENDINGS = ".mp4, .mov, .webm, .mkv, .gif, .png or .exr for one frame, or frames/####.png for numbered stills"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a picture, a file that is none, a film by name only, and a folder."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((4, 6), np.uint8)).save("grey.png")
    Path("text.png").write_text("no picture")
    Path("film.mp4").write_bytes(b"film")
    Path("a_folder").mkdir()
    return tmp_path


def read(text: str, *overrides: str, **more) -> Scene:
    """The scene of a text, as s.yaml in the working directory."""
    Path("s.yaml").write_text(text)
    return read_scene("s.yaml", overrides, **more)


def mistakes(text: str, *overrides: str, **more) -> list[str]:
    """The problems of a text that is no scene."""
    with pytest.raises(SceneError) as error:
        read(text, *overrides, **more)
    return error.value.problems
