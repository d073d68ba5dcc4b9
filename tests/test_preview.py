"""Something to look at: the latest frame beside a film that renders, and a still of its middle."""

# ruff: noqa: F401 - fixtures are imported, and named again by the tests that take them

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_resume import cache, half, here, rendered, stopped_at

from render.__main__ import main
from render.film import resume
from render.film.keeping.preview import Previews, preview_of
from render.film.target import frame_at
from render.language.marks import SceneError
from render.scene.reader import read_scene


@pytest.fixture
def looked(monkeypatch):
    """What lies at film.preview.jpg, or else named, whenever a frame is recorded: its bytes by the frame's number."""
    seen: dict[int, bytes] = {}
    done = resume.Recorder.done

    def look(self, number, x):
        self.wait()
        for file in Path().glob("**/*preview.jpg"):
            seen[number] = file.read_bytes()
        done(self, number, x)

    monkeypatch.setattr(resume.Recorder, "done", look)
    return seen


@pytest.mark.parametrize(("film", "preview"), [("a.mp4", "a.preview.jpg"), ("s_##.png", "s.preview.jpg")])
def test_the_latest_frame_lies_beside_the_film(monkeypatch, looked, film, preview):
    monkeypatch.setattr("render.film.keeping.preview.EVERY", 0)
    monkeypatch.setattr(resume, "progress", lambda made, total, **_: made)
    told: list[str] = []
    list(resume_films(film, told))
    assert told == [f"while it renders, its latest frame is in {preview}"]
    assert sorted(looked) == [0, 1, 2] and looked[0] != looked[2]
    if "#" in film:
        for number, data in looked.items():
            still = np.asarray(Image.open(f"s_{number:02d}.png"), np.float32)
            assert np.abs(np.asarray(Image.open(BytesIO(data)), np.float32) - still).mean() < 8
    assert not list(Path().glob("*preview*"))


def resume_films(path, told, *overrides):
    from render.film.film import render_films

    scene = read_scene("scene.yaml", ["frames=3", *overrides], output=Path(path))
    return render_films([scene], tell=told.append)


def test_once_a_second_and_not_for_one_frame(monkeypatch, looked):
    monkeypatch.setattr("render.film.keeping.preview.EVERY", 1e9)  # a second that never ends
    rendered("a.mp4", "frames=12")
    assert len(looked) == 12 and len({*looked.values()}) == 1
    looked.clear()
    rendered("a.png", "frames=1")
    assert not looked


def test_a_file_of_somebody_else_stays_and_a_preview_of_a_killed_renderer_goes(monkeypatch):
    Image.new("RGB", (8, 8)).save("a.preview.jpg")
    mine = Path("a.preview.jpg").read_bytes()
    rendered("a.mp4", "frames=3")
    assert Path("a.preview.jpg").read_bytes() == mine
    Previews([Path("b.mp4")], [Path()]).show([np.zeros((8, 8, 3), np.uint8)])
    assert Path("b.preview.jpg").exists()
    rendered("b.mp4", "frames=3")
    assert not Path("b.preview.jpg").exists()
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch:
        stopped_at(1, patch, KeyboardInterrupt())
        rendered("c.mp4", "frames=3")
    assert not Path("c.preview.jpg").exists()


def test_what_cannot_be_shown_ends_no_film(monkeypatch):
    def refused(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("render.film.keeping.preview.Image.fromarray", refused)
    rendered("a.mp4", "frames=3")
    Path("b.preview.jpg").mkdir()
    rendered("b.mp4", "frames=3")
    assert Path("a.mp4").exists() and Path("b.mp4").exists() and Path("b.preview.jpg").is_dir()


def test_names_of_previews():
    assert preview_of(Path("x/film-draft.mp4")) == Path("x/film-draft.preview.jpg")
    assert preview_of(Path("x/####.png")) == Path("x/preview.jpg")
    assert preview_of(Path("x/a.png")) == Path("x/a.preview.jpg")


# --at


def test_moments():
    scene = read_scene("scene.yaml", ["bpm=60"])  # 60 frames at 12 a second
    expected = {"2s": 24, "2.5": 30, "0f": 0, "30f": 30, "50%": 30, "100%": 59, "5s": 59, "3b": 36}
    assert {text: frame_at(text, scene)[0] for text in expected} == expected
    for text in ("5.1s", "-1s", "61f", "101%", "now", "", "8 bars"):
        with pytest.raises(SceneError, match=rf"^--at {text}: is no moment"):
            frame_at(text, scene)
    with pytest.raises(SceneError, match="--at 3b: beats need"):
        frame_at("3b", read_scene("scene.yaml"))


def test_a_still_of_the_middle(monkeypatch, capsys):
    rendered("all/##.png", "frames=30")
    half("out/scene.mp4", 29, monkeypatch)
    assert main(["scene.yaml", "--at", "2.25s", "-o", "still.png", "--set", "frames=60"]) == 0
    out, told = capsys.readouterr()
    assert out == "still.png\n" and "goes on at frame 24 of 60" in told
    assert Path("still.png").read_bytes() == Path("all/27.png").read_bytes()
    assert main(["scene.yaml", "--at", "5%", "--quiet"]) == 0
    assert Path("out/scene_at_5%.png").read_bytes() == Path("all/03.png").read_bytes()
    assert main(["still.json", "-o", "again.png", "--quiet"]) == 0, "a still knows its scene"
    assert Path("again.png").read_bytes() == Path("still.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "still.mp4"], "still.mp4 is a film's; one frame is a still, and ends in .png"),
        (["--frames", "0:3"], "--at: is one frame of the film, and --frames are others"),
        (["--set", "frames=3"], "--at 2s: is no moment of the film, which lasts 0.25 s: 3 frames"),
    ],
)
def test_what_is_no_still(capsys, arguments, message):
    assert main(["scene.yaml", "--at", "2s", *arguments]) == 2
    assert message in capsys.readouterr().err
