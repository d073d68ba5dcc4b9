"""A scene for every picture of a folder: which pictures, what the films are called, and going on."""

# ruff: noqa: F401, F811 - fixtures are imported, and named again by the tests that take them

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_resume import cache, here, stopped_at

from render.__main__ import main
from render.film import each
from render.language.marks import SceneError
from render.scene.reader import read_scene
from render.scene.record import record_of

SCENE = "size: [48, 32]\nfps: 12\nframes: 2\ndream: {layers: fire2, octaves: 1, iterations: 1}\n"
NAMES = ["photos/b.png", "photos/a.jpg", "photos/it's [1] #2.png"]


@pytest.fixture(autouse=True)
def photos(here):
    Path("photos").mkdir()
    Path("scene.yaml").write_text(SCENE)
    for number, name in enumerate(NAMES):
        Image.fromarray(np.full((32, 48, 3), 60 * number, np.uint8)).save(name)
    Path("photos/notes.txt").write_text("mine")


def test_files_folders_and_patterns():
    every = sorted(map(Path, NAMES))
    assert each.pictures(["photos"]) == every == each.pictures(["photos/*g", "photos/a.jpg"])
    assert each.pictures(["photos/*.png"]) == [file for file in every if file.suffix == ".png"]
    assert each.pictures(["photos/it's [1] #2.png"]) == [Path("photos/it's [1] #2.png")]
    assert each.pictures(["**/a.*"]) == [Path("photos/a.jpg")]


def test_every_picture_gets_its_film_and_again_only_new_ones(capsys, monkeypatch):
    scene = ["scene.yaml", "-o", "out/x.mp4", "--each", "photos"]
    with monkeypatch.context() as patch:
        stopped_at(1, patch, KeyboardInterrupt())
        assert main([*scene, "--quiet"]) == 130
    assert Path("out/x_a.mp4.parts").is_dir() and not Path("out/x_b.mp4.parts").exists()
    assert main([*scene, "--quiet"]) == 0
    films = ["out/x_a.mp4", "out/x_b.mp4", "out/x_it's [1] _2.mp4"]
    assert capsys.readouterr().out.splitlines() == films
    starts = [read_scene(record_of(Path(film))).start.image for film in films]
    assert [start.name for start in starts] == [Path(name).name for name in sorted(NAMES)]
    Image.new("RGB", (48, 32)).save("photos/new.png")
    assert main(scene) == 0
    out, told = capsys.readouterr()
    assert out == "out/x_new.mp4\n" and "3 of 4 films are there already" in told
    assert main([*scene, "--set", "seed=5"]) == 2, "films of another scene are in the way, as always"


def test_with_variations_and_as_stills(capsys):
    names = ["--each", "photos/a.jpg", "photos/b.png"]
    assert main(["scene.yaml", "-o", "s.mp4", *names, "--sweep", "seed=1,2", "--quiet"]) == 0
    expected = [f"s_{name}_seed={seed}.mp4" for name in "ab" for seed in (1, 2)]
    assert capsys.readouterr().out.splitlines() == expected
    assert main(["scene.yaml", "-o", "o/##.png", *names, "--quiet"]) == 0
    assert sorted(file.as_posix() for file in Path("o").glob("*/*.png")) == [
        f"o/{name}/0{k}.png" for name in "ab" for k in (0, 1)
    ]
    assert main(["scene.yaml", "-o", "grid.mp4", *names, "--grid", "--quiet"]) == 0
    assert Path("grid.mp4").exists()


def test_the_pictures_of_one_are_dreamed_before_the_next():
    scenes = [read_scene("scene.yaml", [*each.overrides(Path(name)), f"seed={k}"]) for name in NAMES for k in (0, 1)]
    assert [*each.by_picture(scenes)] == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("patterns", "messages"),
    [
        (["no/*.jpg"], ["--each no/*.jpg: matches no file; in quotes it is a pattern, such as 'photos/*.jpg'"]),
        (["empty"], ["--each empty: no picture is in this folder"]),
        (["photos/*.txt"], ["--each photos/notes.txt: not a picture (or of a kind"]),
        (["photos", "other"], ["--each: photos/a.jpg and other/A.png would have one name, A; rename one of them"]),
    ],
)
def test_what_is_not_a_batch(patterns, messages, capsys):
    Path("empty").mkdir()
    Path("other").mkdir()
    Image.new("RGB", (8, 8)).save("other/A.png")
    with pytest.raises(SceneError) as error:
        each.pictures(patterns)
    assert len(error.value.problems) == len(messages)
    assert all(line.startswith(message) for line, message in zip(error.value.problems, messages, strict=True))
    assert main(["scene.yaml", "--each", *patterns]) == 2 and not Path("out").exists()
