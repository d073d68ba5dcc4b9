"""What is the user's stays: no command replaces unasked what lies where it writes, and --dry-run says so, too."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from test_resume import SCENE, rendered, stopped_at, waves

from render.__main__ import main
from render.film import film, resume
from render.film.keeping import provenance
from render.film.keeping.parts import parts_of
from render.language.marks import SceneError
from render.media import system
from render.media.paths import exists, free, lost, told_apart
from render.media.video import count_frames
from render.scene.reader import read_scene

SHORT = ["scene.yaml", "--quiet", "--set", "frames=2"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(film, "network", lambda model: jax.tree_util.Partial(waves))
    Path("scene.yaml").write_text(SCENE)
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save("photo.png")


def told(capsys, *command: str) -> tuple[int, str]:
    """A command's exit status, and what it says; --dry-run says the same."""
    capsys.readouterr()
    status = main([*command])
    said = capsys.readouterr()
    if status:
        assert (main([*command, "--dry-run"]), capsys.readouterr().err) == (status, said.err)
    return status, said.err


def names() -> list[str]:
    return sorted(str(file) for file in Path().rglob("*") if file.is_file())


@pytest.mark.parametrize("path", ["film.mp4", "film.gif", "stills/##.png", "one.png"])
def test_a_refused_render_lifts_no_protection(capsys, path):
    frames = ["--set", f"frames={1 if path == 'one.png' else 2}", "-o", path]
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:-30])
    assert main(["scene.yaml", "--quiet", *frames]) == 0
    before = {name: Path(name).read_bytes() for name in names()}
    status, said = told(capsys, "scene.yaml", "--quiet", *frames, "--overwrite", "--set", "start.image=cut.png")
    assert status == 2 and said.startswith("cut.png: ")
    for more in ([], ["--set", "start.image=cut.png"], ["--restart"]):
        status, said = told(capsys, "scene.yaml", "--quiet", *frames, "--set", "seed=3", *more)
        assert status == 2 and "is already there; --overwrite replaces it, -o PATH writes elsewhere" in said
    assert {name: Path(name).read_bytes() for name in names()} == before


def test_an_end_before_the_first_frame_lifts_none(monkeypatch, capsys):
    assert main([*SHORT, "-o", "film.mp4"]) == 0

    def broken(*arguments):
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patch:
        patch.setattr(resume, "steps", broken)
        assert main([*SHORT, "-o", "film.mp4", "--overwrite"]) == 130
    assert not parts_of(Path("film.mp4")).exists()
    assert told(capsys, *SHORT, "-o", "film.mp4", "--set", "seed=3")[0] == 2


@pytest.mark.parametrize("path", ["film.mp4", "stills/##.png"])
def test_what_was_begun_replaces_for_its_own_scene_only(monkeypatch, capsys, path):
    assert main([*SHORT, "-o", path]) == 0
    before = exists(path)[1 if "#" in path else 0].read_bytes()
    with monkeypatch.context() as patch:
        stopped_at(1 if "#" in path else 0, patch, KeyboardInterrupt())
        assert main([*SHORT, "-o", path, "--overwrite", "--set", "seed=3"]) == 130
    status, said = told(capsys, *SHORT, "-o", path, "--set", "seed=4")
    assert status == 2 and f"{path} is half rendered from another scene: seed was 3 and is 4" in said
    assert told(capsys, *SHORT, "-o", path, "--set", "seed=4", "--restart")[0] == 2
    assert main([*SHORT, "-o", path, "--set", "seed=3"]) == 0
    assert exists(path)[1 if "#" in path else 0].read_bytes() != before and len(exists(path)) in (1, 2)


def test_what_has_come_since_a_film_was_begun_stays(monkeypatch, capsys):
    with monkeypatch.context() as patch:
        stopped_at(1, patch, KeyboardInterrupt())
        assert main([*SHORT, "-o", "film.mp4"]) == 130
    Path("film.mp4").write_text("mine")
    assert told(capsys, *SHORT, "-o", "film.mp4")[0] == 2
    assert Path("film.mp4").read_text() == "mine"
    done = resume.Recorder.done

    def meanwhile(self, number, x):
        Path("film.mp4").write_text("mine, and newer")
        done(self, number, x)

    with monkeypatch.context() as patch:
        patch.setattr(resume.Recorder, "done", meanwhile)
        assert main(["scene.yaml", "--set", "frames=2", "-o", "film.mp4", "--overwrite"]) == 0
    said = capsys.readouterr()
    assert said.out == "film_2.mp4\n" and "film.mp4 has come there meanwhile" in said.err
    assert Path("film.mp4").read_text() == "mine, and newer" and count_frames("film_2.mp4") == 2
    assert not parts_of(Path("film.mp4")).exists()


def test_links_count(capsys):
    Path("other").symlink_to("nowhere")
    Path("film.mp4").symlink_to("nowhere")
    Path("film.gif").symlink_to("photo.png")
    for path in ("film.mp4", "film.gif"):
        assert told(capsys, *SHORT, "-o", path)[0] == 2 and Path(path).is_symlink()


def test_nothing_replaces_what_it_is_made_from(capsys):
    """By no name: not with --overwrite, not by a link, in another folder, of a sweep's film, or of a picture."""
    rendered("clip.mp4", "frames=2")
    Path("folder").symlink_to(".")
    os.link("clip.mp4", "hard.mp4")
    Path("soft.mp4").symlink_to("clip.mp4")
    Path("still_seed=1.png").write_bytes(Path("photo.png").read_bytes())
    before = {name: Path(name).read_bytes() for name in names()}
    video, still = ["--set", "start={video: clip.mp4}"], ["--set=frames=1", "--set=start.image=photo.png"]
    own = ["--set=frames=1", "--set=start.image=still_seed=1.png", "--sweep", "seed=1,2"]
    for path in ("clip.mp4", "hard.mp4", "soft.mp4", "folder/clip.mp4", "../" + Path().resolve().name + "/clip.mp4"):
        status, said = told(capsys, *SHORT, *video, "-o", path, "--overwrite")
        assert status == 2 and "would replace clip.mp4, which the film is made from" in said
    for more in (
        still,
        ["--set=frames=1", "--set=dream.guide=photo.png"],
        ["--set=frames=1", "--set=dream.keep.palette=photo.png"],
    ):
        assert told(capsys, "scene.yaml", "--quiet", *more, "-o", "photo.png", "--overwrite")[0] == 2
    status, said = told(capsys, "scene.yaml", "--quiet", *own, "-o", "still.png", "--overwrite")
    assert status == 2 and "still_seed=1.png would replace still_seed=1.png, which the film is made from" in said
    assert main(["layers", "--image", "photo.png", "-o", "folder/photo.png", "--overwrite"]) == 2
    assert main(["plan", "scene.yaml", *still, "-o", "photo.png", "--overwrite"]) == 2
    assert capsys.readouterr().err.count("would replace") == 2
    assert {name: Path(name).read_bytes() for name in names()} == before


@pytest.mark.parametrize("command", [["layers", "--tiles", "0:1"], ["plan", "scene.yaml"]])
def test_pictures_of_other_commands(capsys, monkeypatch, command):
    monkeypatch.setattr("render.commands.layers.sheet", lambda options: Image.new("RGB", (4, 4)))
    Path("sheet #1.png").write_text("mine")
    for path in ("photo.png", "sheet #1.png"):
        before = Path(path).read_bytes()
        assert main([*command, "-o", path]) == 2
        assert (
            capsys.readouterr().err == f"{path} is already there; --overwrite replaces it, -o PATH writes elsewhere\n"
        )
        assert Path(path).read_bytes() == before
        assert main([*command, "-o", path, "--overwrite"]) == 0 and Path(path).read_bytes() != before
    for path, says in (
        ("a.xyz", "ends in .xyz"),
        ("photo.png/a.png", "is in the way"),
        ("a" * 300 + ".png", "too long"),
    ):
        assert main([*command, "-o", path]) == 2 and says in capsys.readouterr().err
    Path("dir.png").mkdir()
    assert main([*command, "-o", "dir.png", "--overwrite"]) == 2
    assert sorted(names()) == ["photo.png", "scene.yaml", "sheet #1.png"], "whole or not at all"


@pytest.mark.parametrize("sweep", ["seed=1,1", "motion.rotate=t*2,t/2"])
def test_variations_of_one_name_are_two_films(capsys, sweep):
    assert main([*SHORT, "--sweep", sweep, "-o", "film.gif"]) == 0
    made = capsys.readouterr().out.split()
    assert len(set(made)) == 2 and all(count_frames(path) == 2 for path in made)
    assert len(names()) == 6, "each with its record, and no parts"
    assert main([*SHORT, "--sweep", sweep, "-o", "film.gif"]) == 0, "they are there"
    assert main([*SHORT, "--sweep", sweep, "-o", "##.png"]) == 0
    assert len(set(capsys.readouterr().out.split())) == 2


def test_films_of_a_sweep_go_where_their_paths_say(capsys):
    """A folder by two names is one, and a path that varies is the film's own."""
    Path("x").mkdir()
    Path("y").symlink_to("x")
    assert main([*SHORT, "--sweep", "output.path=x/a.gif,y/a.gif,b.gif,x/../B.gif"]) == 0
    assert capsys.readouterr().out.split() == ["x/a.gif", "y/a_2.gif", "b.gif", "x/../B_2.gif"]
    assert main([*SHORT, "--sweep", "output.path=c.gif,d.gif", "--sweep", "seed=1,2"]) == 0
    assert capsys.readouterr().out.split() == [f"{name}_seed={seed}.gif" for name in "cd" for seed in (1, 2)]
    assert told(capsys, *SHORT, "--sweep", "output.path=e.gif,b.gif")[0] == 0, "one is there, of this scene"
    Path("b.gif").write_text("mine")
    assert told(capsys, *SHORT, "--sweep", "output.path=f.gif,b.gif", "--set=seed=9")[0] == 2


def test_names_that_some_drive_takes_for_one():
    paths = [
        "a/Film.mp4",
        "a/film.mp4",
        "a/caf\xe9.mp4",
        "a/cafe\u0301.mp4",
        "a/film_2.mp4",
        "b/film.mp4",
        "x/##.png",
        "X/##.png",
    ]
    own = [str(path) for path in told_apart([*map(Path, paths)])]
    assert own[:4] == ["a/Film.mp4", "a/film_2.mp4", "a/caf\xe9.mp4", "a/cafe\u0301_2.mp4"]
    assert own[4:] == ["a/film_2_2.mp4", "b/film.mp4", "x/##.png", "X_2/##.png"]
    long = told_apart([Path("a" * 250 + ".mp4")] * 2)
    assert len({*long}) == 2 and all(len(path.name) <= 255 for path in long)


def test_a_drive_that_does_not_tell_cases_apart(monkeypatch):
    """Played: whatever is asked for is there if it is in another case."""
    real = os.path.lexists
    alike = lambda path: Path(path).name.lower() in {file.name.lower() for file in Path(path).parent.glob("*")}  # noqa: E731
    for name in ("Film.MP4", "A01.png", "a02.PNG"):
        Path(name).touch()
    assert exists("film.mp4") == [] and exists("a##.png") == [], "here they are others"
    monkeypatch.setattr(os.path, "lexists", lambda path: real(path) or alike(path))
    assert exists("film.mp4") == [Path("film.mp4")] and exists("a##.png") == [Path("A01.png"), Path("a02.PNG")]
    monkeypatch.setattr(os.path, "samefile", lambda one, other: str(one).lower() == str(other).lower())
    assert lost(exists("film.mp4"), [Path("Film.MP4")]) == Path("Film.MP4")


def test_frames_that_are_salvaged_replace_nothing():
    assert free(Path("x_first_3.mp4")) == Path("x_first_3.mp4")
    Path("x_first_3.mp4").touch()
    Path("x_first_3_2.mp4").touch()
    assert free(Path("x_first_3.mp4")) == Path("x_first_3_3.mp4")


def test_records_replace_nothing_of_the_users(capsys):
    """A scene, settings, a folder; then the record has another name, or none is taken that is not its own."""
    scene = (
        '{"size": [48, 32], "frames": 1, "start": {"noise": "perlin"}, "dream": {"layers": "fire2", "iterations": 1}}'
    )
    Path("mine.json").write_text(scene)
    Path("take.json").write_text('{"my": 1}')
    Path("take.gif.json").write_text("mine, too")
    Path("dir.json").mkdir()
    before = {name: Path(name).read_bytes() for name in names()}
    for source, path in (("mine.json", "mine.mp4"), ("scene.yaml", "take.gif"), ("scene.yaml", "dir.gif")):
        for again in ([], ["--overwrite"]):
            assert main([source, "--quiet", "--set=frames=1", "-o", path, *again]) == 0
    assert {name: Path(name).read_bytes() for name in before} == before
    new = ["dir.gif", "dir.gif.json", "mine.mp4", "mine.mp4.json", "take.gif", "take.gif_2.json", "take.gif_3.json"]
    assert [name for name in names() if name not in before] == new
    assert main(["dir.gif", "--quiet", "-o", "again.gif"]) == 0
    assert Path("again.gif").read_bytes() == Path("dir.gif").read_bytes()
    assert main(["take.gif", "--quiet", "-o", "no.gif"]) == 2
    assert "holds no record of how it was made" in capsys.readouterr().err


def test_each_film_has_its_own_record(capsys):
    """A GIF and a WebM of one name, from two scenes; renamed ones; one that a grid has replaced."""
    assert main([*SHORT, "-o", "f.gif"]) == 0 and main([*SHORT, "--set", "seed=5", "-o", "f.webm"]) == 0
    assert names()[:4] == ["f.gif", "f.json", "f.webm", "f.webm.json"]
    for name in ("f.gif", "f.webm"):
        assert main([name, "--quiet", "-o", f"again-{name}"]) == 0
        assert Path(f"again-{name}").read_bytes() == Path(name).read_bytes()
    Path("f.gif").rename("g.gif")
    Path("f.json").rename("g.json")
    assert main(["g.gif", "--quiet", "-o", "again.gif"]) == 0
    assert Path("again.gif").read_bytes() == Path("g.gif").read_bytes()
    grid = [*SHORT, "--sweep", "seed=1,2", "--grid", "-o", "again.gif", "--overwrite"]
    assert main(grid) == 0
    assert main(["again.gif"]) == 2 and "again.json is not there, or not about it" in capsys.readouterr().err


def test_a_record_is_not_replaced_by_that_of_another_scene_it_is_read_for(capsys):
    assert main([*SHORT, "-o", "film.gif"]) == 0
    before = Path("film.json").read_bytes()
    Path("film.gif").unlink()
    status, said = told(capsys, "film.json", "--quiet", "--set", "seed=5")
    assert status == 2 and "film.json is already there; --overwrite replaces it" in said
    assert Path("film.json").read_bytes() == before
    assert main(["film.json", "--quiet"]) == 0 and Path("film.gif").exists()


def test_the_record_of_all_stills_stays_where_some_are_made_again():
    assert main(["scene.yaml", "--quiet", "--set=frames=4", "-o", "##.png"]) == 0
    before = Path("##.json").read_bytes()
    assert main(["scene.yaml", "--quiet", "--set=frames=4", "-o", "##.png", "--frames=1:2", "--overwrite"]) == 0
    assert Path("##.json").read_bytes() == before


def test_a_sweep_of_stills_goes_on(capsys):
    sweep = [*SHORT, "--sweep", "seed=1,2", "-o", "##.png"]
    assert main(sweep) == 0
    capsys.readouterr()
    assert main(sweep) == 0 and capsys.readouterr().out == "", "all are there"
    assert main([*SHORT, "--sweep", "seed=1,2", "--frames=0:1", "-o", "some.gif"]) == 0
    assert main([*SHORT, "--sweep", "seed=1,2", "-o", "some.gif"]) == 2, "some frames are not all"


def test_a_film_without_its_record_is_whole(monkeypatch, capsys):
    def broken(*arguments):
        raise PermissionError(13, "Permission denied", "film.json")

    monkeypatch.setattr(provenance, "write_beside", broken)
    assert main(["scene.yaml", "--set", "frames=1", "-o", "film.mp4"]) == 0
    assert "film.mp4: is there, but not the record beside it: Permission denied" in capsys.readouterr().err


def test_folders_in_the_way(capsys):
    Path("film.mp4").mkdir()
    Path("stills/01.png").mkdir(parents=True)
    Path("other.mp4.parts").write_text("mine")
    for path, status in (("film.mp4", 2), ("stills/##.png", 2), ("photo.png/film.mp4", 2), ("other.mp4", 1)):
        assert told(capsys, *SHORT, "-o", path, "--overwrite")[0] == status
    assert Path("other.mp4.parts").read_text() == "mine"


@pytest.mark.parametrize("path", ["film.mp4", "##.png"])
def test_what_a_killed_renderer_leaves_goes(path):
    """Files that were not whole yet, in folders of parts, and of parts that were being removed."""
    for folder in ("film", "gone.film"):
        (parts_of(Path(path)) / folder).mkdir(parents=True)
        for name in ("open.7.png", "open-000001.7.mp4", "joined.7.mp4", ".state-000000012.7", ".##.7.json", ".begun.7"):
            (parts_of(Path(path)) / folder / name).touch()
    assert main([*SHORT, "-o", path]) == 0 and not parts_of(Path(path)).exists()


@pytest.mark.parametrize("link", [False, True])
def test_what_people_put_among_a_films_parts_stays(monkeypatch, link):
    """Beside the parts and within, whether the film begins, goes on, begins anew or is whole; no lock is left there."""
    own = parts_of(Path("film.mp4"))
    if link:
        Path("elsewhere").mkdir()
        own.symlink_to("elsewhere")
    for name in ("mine.txt", "gone.txt", "film/mine.txt", "film/more/state-1", "gone.film/mine.txt"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text("mine")
    before = {str(file): file.read_bytes() for file in own.rglob("*") if file.is_file()}
    for more in ([], ["--restart"], []):
        with monkeypatch.context() as patch:
            stopped_at(1, patch, KeyboardInterrupt())
            assert main([*SHORT, "-o", "film.mp4", *more]) == 130
    assert main([*SHORT, "-o", "film.mp4"]) == 0 and count_frames("film.mp4") == 2
    left = {str(file): file.read_bytes() for file in own.rglob("*") if file.is_file() and file.name != "lock"}
    assert left == before
    for file in (own / "film", own / "gone.film"):
        shutil.rmtree(file)
    assert main([*SHORT, "-o", "film.mp4", "--overwrite"]) == 0
    assert sorted(file.name for file in own.iterdir()) == ["gone.txt", "mine.txt"]


def test_too_long_a_name_is_refused_and_the_longest_is_rendered(capsys):
    with pytest.raises(SceneError, match="is too long for a name; 255 bytes are the most"):
        read_scene("scene.yaml", output=Path("a" * 300 + ".mp4"))
    longest = "ф" * 125 + "a.mp4"
    assert main([*SHORT, "-o", longest]) == 0 and count_frames(longest) == 2
    assert main([*SHORT, "-o", longest]) == 2
    sweep = "dream.layers={fire2: 1, fire3: 0." + "1" * 300 + "},{fire2: 1, fire3: 0." + "1" * 301 + "}"
    capsys.readouterr()
    assert main([*SHORT, "--sweep", sweep, "-o", "film.mp4"]) == 0
    assert len({*capsys.readouterr().out.split()}) == 2


@pytest.mark.parametrize("restart", [[], ["--restart"]])
def test_a_refusal_costs_nothing_that_was_rendered(monkeypatch, capsys, restart):
    with monkeypatch.context() as patch:
        stopped_at(40, patch, KeyboardInterrupt())
        assert main(["scene.yaml", "--quiet", "-o", "film.mp4"]) == 130
    before = names()
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:-30])
    assert told(capsys, "scene.yaml", "--quiet", "-o", "film.mp4", "--set=start.image=cut.png", *restart)[0] == 2
    assert names() == sorted([*before, "cut.png"])


def test_the_last_film_is_refused_before_the_first_is_dreamed(monkeypatch, capsys):
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:-30])
    sweep = ["--sweep", "start.image=photo.png,cut.png", "-o", "film.mp4"]
    assert told(capsys, *SHORT, *sweep)[0] == 2
    rendered("clip.mp4", "frames=2")
    status, said = told(
        capsys, "scene.yaml", "--quiet", "--sweep", "start={video: clip.mp4},{noise: perlin}", *sweep[2:]
    )
    assert status == 2 and "clip.mp4: lasts 0.17 s, and the scene asks for 5.00 s of it" in said
    status, said = told(capsys, *SHORT, "--sweep", "size=[48, 32],[64, 32]", "--grid", "-o", "film.mp4")
    assert status == 2 and said.startswith("--grid: the variations differ in size, fps or length")
    with monkeypatch.context() as patch:
        stopped_at(1, patch, KeyboardInterrupt())
        assert main([*SHORT, "-o", "film_layers=fire3.mp4", "--set=seed=9"]) == 130
    status, said = told(capsys, *SHORT, "--sweep", "dream.layers=fire2,fire3", "-o", "film.mp4")  # a pass for each
    assert status == 2 and "film_layers=fire3.mp4 is half rendered from another scene: seed was 9" in said
    assert not Path("film_layers=fire2.mp4").exists()


def test_dry_run_writes_nothing(capsys):
    before = {str(file): os.stat(file).st_mtime_ns for file in Path().rglob("*")}
    time.sleep(0.01)
    assert main([*SHORT, "-o", "new/film.mp4", "--dry-run"]) == 0
    assert {str(file): os.stat(file).st_mtime_ns for file in Path().rglob("*")} == before


def test_a_film_that_a_player_has_open(monkeypatch, capsys):
    """On Windows it cannot be replaced, not even when asked: the new one lies beside it."""
    assert main([*SHORT, "-o", "film.mp4"]) == 0
    replace = os.replace

    def held(source, target):
        if Path(target).name == "film.mp4":
            raise PermissionError(13, "is being used by another process", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(system, "PAUSES", ())
    capsys.readouterr()
    assert main(["scene.yaml", "--set=frames=3", "-o", "film.mp4", "--overwrite"]) == 0
    assert capsys.readouterr().out == "film_2.mp4\n"
    assert count_frames("film.mp4") == 2 and count_frames("film_2.mp4") == 3
    assert not parts_of(Path("film.mp4")).exists()


@pytest.mark.parametrize("path", ["film.mp4", "##.png"])
def test_what_lies_beside_the_pictures_ends_no_film(monkeypatch, path):
    """States, marks and locks are removed or cannot be written while it renders; there is no folder for messages."""

    def nothing(*arguments, **options):
        raise OSError(28, "No space left on device")

    done = resume.Recorder.done

    def remove(self, number, x):
        done(self, number, x)
        self.wait()
        for file in parts_of(Path(path)).rglob("*"):
            if file.is_file() and not file.name.startswith(("segment", "open")):
                file.unlink()

    monkeypatch.setattr("render.film.keeping.recorder.SAVED_EVERY", 0)
    monkeypatch.setattr(resume.Recorder, "done", remove)
    monkeypatch.setattr(tempfile, "TemporaryFile", nothing)
    assert main([*SHORT, "-o", path]) == 0 and exists(path) and not parts_of(Path(path)).exists()
    monkeypatch.setattr("render.film.keeping.recorder.save", nothing)
    monkeypatch.setattr("render.film.keeping.begun.durable", nothing)
    assert main([*SHORT, "-o", path, "--overwrite", "--set=seed=3"]) == 0 and not parts_of(Path(path)).exists()


def test_stills_go_on_where_their_parts_are_removed(monkeypatch):
    done = resume.Recorder.done

    def remove(self, number, x):
        done(self, number, x)
        self.wait()
        shutil.rmtree(parts_of(Path("##.png")))

    monkeypatch.setattr(resume.Recorder, "done", remove)
    assert main([*SHORT, "-o", "##.png"]) == 0 and len(exists("##.png")) == 2


def test_a_working_folder_that_is_gone(capsys, tmp_path, monkeypatch):
    Path("gone").mkdir()
    monkeypatch.chdir("gone")
    Path("../gone").rmdir()
    assert main([str(tmp_path / "scene.yaml"), "-o", "film.mp4"]) == 1
    assert capsys.readouterr().err == "the working folder is there no more; go to another one\n"


def test_an_ffmpeg_that_is_none(capsys, monkeypatch):
    for program in ("/nowhere/ffmpeg", sys.executable):
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program)
        status, said = told(capsys, *SHORT, "-o", "film.mp4")
        assert status == 1 and said.startswith("ffmpeg cannot be started, as IMAGEIO_FFMPEG_EXE names it")
        assert program in said and len(said.splitlines()) == 1
    assert names() == ["photo.png", "scene.yaml"]


def test_a_plan_is_drawn_whatever_its_scene_is_called(capsys):
    for name in (os.fsdecode(b"caf\xe9 $x_ \n"), "猫" * 80, "a" * 250):
        Path(f"{name}.yaml").write_text(SCENE)
        assert main(["plan", f"{name}.yaml"]) == 0
    assert len([name for name in names() if name.endswith("-plan.png")]) == 3
