"""A film that grows: what was rendered stays, and the longer film is the same to the byte as if it had begun so."""

# ruff: noqa: F401 - fixtures are imported, and named again by the tests that take them

import shutil
from pathlib import Path

import pytest
from test_resume import Stop, cache, content, half, here, rendered, stopped_at

from render.__main__ import main
from render.film import growing, resume
from render.film.keeping import kept
from render.film.keeping.parts import ChangedError, parts_of
from render.scene.reader import read_scene
from render.scene.record import record_of

FADE = "dream.layers={fire2: {0s: 1, 5s: 1, 6s: 0.2}, fire3: {0s: 0, 5s: 0, 6s: 1}}"


@pytest.fixture(autouse=True)
def own_states(tmp_path, monkeypatch):
    """States of these tests alone."""
    monkeypatch.setattr(kept, "cache_folder", lambda: tmp_path / "cache")


def render(*arguments: str) -> int:
    return main(["scene.yaml", "--quiet", *arguments])


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.webm", "stills/###.png"])
def test_a_finished_film_grows(name, capsys):
    rendered(f"whole/{name}", "frames=84", FADE)
    assert render("-o", name) == 0
    before = content(Path(name))
    capsys.readouterr()
    assert main(["scene.yaml", "-o", name, "--set", "frames=84", "--set", FADE]) == 0
    assert "goes on at frame 48 of 84" in capsys.readouterr().err
    assert content(Path(name)) == content(Path("whole") / name) != before
    assert not parts_of(Path(name)).exists()
    assert read_scene(record_of(Path(name))).length == 84
    assert render("-o", name, "--set", "frames=84", "--set", FADE) == 2, "there is nothing to add"
    assert render("-o", name, "--set", "frames=90", "--set", FADE) == 0, "and it grows again"


@pytest.mark.parametrize("at", ["adopted", 50, 73])
def test_a_film_that_grows_is_killed(monkeypatch, at):
    rendered("whole.mp4", "frames=84")
    assert render("-o", "film.mp4") == 0
    shutil.copy("film.mp4", "before.mp4")
    with monkeypatch.context() as patch, pytest.raises(Stop):
        if at == "adopted":
            patch.setattr(resume, "dream", lambda *_: (_ for _ in ()).throw(Stop()))
        else:
            stopped_at(at, patch)
        render("-o", "film.mp4", "--set", "frames=84")
    assert Path("film.mp4").read_bytes() == Path("before.mp4").read_bytes(), "until the longer one is whole"
    assert render("-o", "film.mp4", "--set", "frames=84") == 0
    assert Path("film.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_a_half_rendered_film_grows(monkeypatch):
    rendered("whole.mp4", "frames=84", FADE)
    half("film.mp4", 30, monkeypatch)
    assert rendered("film.mp4", "frames=84", FADE) == ["goes on at frame 24 of 84"]
    assert Path("film.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_a_film_that_was_about_to_be_joined_grows(monkeypatch):
    """Its last segment is shorter than it would be."""
    rendered("whole.mp4", "frames=84")
    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(resume, "finish", lambda *_: (_ for _ in ()).throw(Stop()))
        rendered("film.mp4")
    assert rendered("film.mp4", "frames=84") == ["goes on at frame 48 of 84"]
    assert Path("film.mp4").read_bytes() == Path("whole.mp4").read_bytes()


@pytest.mark.parametrize("begun", ["half", "finished"])
def test_under_another_name(monkeypatch, capsys, begun):
    Path("scene.yaml").write_text(Path("scene.yaml").read_text() + "output: {path: film.mp4}\n")
    rendered("whole.mp4", "frames=84")
    half("film.mp4", 55, monkeypatch) if begun == "half" else rendered("film.mp4")
    there = {file: file.read_bytes() for file in Path().rglob("film.*") if file.is_file()}
    assert main(["scene.yaml", "-o", "other.mp4", "--set", "frames=84"]) == 0
    assert "goes on at frame 48 of 84" in capsys.readouterr().err
    assert Path("other.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    assert all(file.read_bytes() == data for file, data in there.items()), "what was begun stays"


CHANGED = [
    ["motion.zoom=1.02"],
    ["frames=84", "motion.rotate={0s: 0, 100%: 5}"],
    ["frames=84", "motion.rotate={0s: 0, 3s: 0, 4s: 1}"],
    ["frames=84", "seed=3"],
    ["frames=84", "dream.layers={fire2: 1, fire3: 0.1}"],
    ["frames=84", "output.crf=20"],
]


@pytest.mark.parametrize("overrides", CHANGED)
def test_what_changes_earlier_frames_is_refused(monkeypatch, capsys, overrides):
    base = ["motion.rotate={0s: 0, 100%: 5}"] if "%" in overrides[-1] else ["motion.rotate=0"]
    half("half.mp4", 55, monkeypatch, *base)
    with pytest.raises(ChangedError, match="half rendered from another scene"):
        rendered("half.mp4", *base, *overrides)
    rendered("film.mp4", *base)
    over = [part for override in [*base, *overrides] for part in ("--set", override)]
    assert render("-o", "film.mp4", *over) == 2
    assert "film.mp4 is already there" in capsys.readouterr().err


def test_where_no_state_is_left_it_says_so(monkeypatch, capsys):
    longer = ["--set", "frames=84", "-o"]
    for name, overrides in (("film.gif", []), ("short.mp4", ["frames=20"]), ("old.mp4", [])):
        rendered(name, *overrides)
        if name == "old.mp4":
            shutil.rmtree("cache/states")
        assert render(*longer, name) == 2
        error = capsys.readouterr().err
        assert "frames of this film, but no state to go on from is left" in error and "--overwrite" in error
    rendered("cut.mp4")
    with Path("cut.mp4").open("ab") as file:
        file.write(b"\0\0\0\x08free")
    assert render(*longer, "cut.mp4") == 2, "it is another file by now"


def test_another_version_is_told(monkeypatch, capsys):
    assert render("-o", "film.mp4") == 0
    monkeypatch.setattr("render.film.keeping.provenance.code", lambda: "newer")
    assert render("-o", "film.mp4", "--set", "frames=84") == 2
    assert "film.mp4 was made otherwise: versions.code was" in capsys.readouterr().err


def test_states_have_a_bound(monkeypatch):
    monkeypatch.setattr(kept, "ROOM", 60_000)  # two of 48×32, and what their headers say
    for seed in range(4):
        rendered(f"{seed}.mp4", f"seed={seed}", "frames=24")
    states = [*Path("cache/states").iterdir()]
    assert len(states) == 2 and sum(file.stat().st_size for place in states for file in place.iterdir()) <= 60_000
    assert kept.state_of(Path("3.mp4")) and not kept.state_of(Path("0.mp4"))


def test_a_film_of_a_pass_grows_alone():
    rendered("whole.mp4", "frames=84", "seed=2")
    assert render("-o", "s.mp4", "--sweep", "seed=1,2") == 0
    assert render("-o", "s_seed=2.mp4", "--set", "seed=2", "--set", "frames=84") == 0
    assert Path("s_seed=2.mp4").stat().st_size > 0 and read_scene("s_seed=2.mp4").length == 84


def test_what_is_written_otherwise_is_the_same():
    """A constant or an expression, a layer without weight, beats or seconds."""
    scene = read_scene("scene.yaml")
    from render.film.keeping.provenance import described

    old = described(scene)
    for same in (
        ["frames=90", "motion.rotate=0.1+0.1"],
        ["dream.layers={fire3: 0, fire2: 1}"],
        ["bpm=90"],
        ["duration=9"],
    ):
        assert growing.begins_alike(old, read_scene("scene.yaml", same), 60), same
    for other in (["frames=59"], ["motion.rotate=0.2+t/9"], ["start.noise=uniform"], ["size=[64, 32]"], ["fps=24"]):
        assert not growing.begins_alike(old, read_scene("scene.yaml", other), 60), other
