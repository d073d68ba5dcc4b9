"""What is mistyped on the command line, or named though it is not there, is answered with what may have been meant."""

# ruff: noqa: F401 - a fixture is imported, and named again by the tests that take it

from pathlib import Path

import pytest
from PIL import Image
from scenes import TWO_LINES, folder, mistakes, read

from render.__main__ import main, parser
from render.commands import COMMANDS
from render.language.marks import listed
from render.language.section import Section
from render.scene.scene import ORIGINAL, QUALITIES, Scene

GRAMMARS = {"": parser, **{name: grammar for name, (_, grammar) in COMMANDS.items()}}
CHOICES = (*QUALITIES, ORIGINAL)
pytestmark = pytest.mark.usefixtures("folder")


def told(capsys, *arguments: str) -> str:
    """The last line that a command says; it must be a mistake."""
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code
    assert status == 2
    said = capsys.readouterr()
    assert not said.out and "Traceback" not in said.err
    return said.err.rstrip("\n").rpartition("\n")[2]


OPTIONS = [(name, option) for name, grammar in GRAMMARS.items() for option in grammar()._option_string_actions]


@pytest.mark.parametrize("command, option", [pair for pair in OPTIONS if pair[1].startswith("--")])
def test_every_option_of_every_command_that_is_mistyped_is_told(capsys, command, option):
    name = option[2:]
    swapped = f"--{name[0]}{name[2:3]}{name[1]}{name[3:]}"
    for slip in {f"{option}{name[-1]}x", option[:-1], swapped, f"-{name}", f"—{name}", option.upper()} - {option}:
        line = told(capsys, *filter(None, [command]), slip, "x.yaml")
        assert line == f"there is no option {slip}; did you mean '{option}'?"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_is_mistyped_is_told(capsys, command):
    slip = f"{command[0]}{command[2]}{command[1]}{command[3:]}"
    assert told(capsys, slip, "a.yaml") == f"there is no command '{slip}', and no such file; did you mean '{command}'?"


@pytest.mark.parametrize(
    "arguments, line",
    [
        ("s.yaml --quality darft", f"--quality: must be {listed(CHOICES)}, not 'darft'; did you mean 'draft'?"),
        ("s.yaml -O a.mp4", "there is no option -O; did you mean '-o'?"),
        ("s.yaml --out a.mp4", "there is no option --out; did you mean '--output'?"),
        ("s.yaml --qual=draft", "there is no option --qual; did you mean '--quality'?"),
        ("s.yaml --rest", "there is no option --rest; did you mean '--restart'?"),
        ("models --xyz", "there is no option --xyz; known are --help"),
        ("help", "there is no command 'help', and no such file; --help tells what there is"),
        ("render s.yaml", "there is no command 'render', and no such file; a scene alone is rendered: SCENE.yaml"),
        ("s.yaml t.yaml", "'t.yaml' is one too many; a text with blanks needs quotes"),
        ("fetch googelnet", "fetch: there is no network 'googelnet'; did you mean 'googlenet'?"),
        ("layers --model inception_v4", "--model: there is no network 'inception_v4'; did you mean 'inception_v3'?"),
        ("layers --tiles 3", "argument --tiles: write A:B for the tiles A to B-1, such as 0:64, not '3'"),
        ("endless_zoom", "endless_zoom: there is no such file; did you mean 'configs/endless_zoom.yaml'?"),
        ("endles_zoom.yaml", "endles_zoom.yaml: there is no such file; did you mean 'configs/endless_zoom.yaml'?"),
        ("config/endless", "config/endless: there is no such file; did you mean 'configs/endless.yaml'?"),
        ("plan mine", "mine: there is no such file; did you mean 'mine.yaml'?"),
        ("grey.jpg", "grey.jpg: there is no such file"),
        (
            "grey.png",
            "grey.png: holds no record of how it was made, and grey.json is not there, or not about it. "
            "A scene that starts from it says start: {image: grey.png}",
        ),
        ("sky.jpg", "sky.jpg: is no scene. A scene that starts from it says start: {image: sky.jpg}"),
        ("film.avi", "film.avi: is no scene. A scene that starts from it says start: {video: film.avi}"),
    ],
)  # fmt: skip
def test_a_slip_on_the_command_line(capsys, arguments, line):
    Path("configs").mkdir()
    Path("configs/endless_zoom.yaml").write_text(TWO_LINES)
    Path("configs/endless.yaml").write_text(TWO_LINES)
    Path("mine.yaml").write_text(TWO_LINES)
    Path("film.avi").write_bytes(b"\x1aE\xdf\xa3" + bytes(20))
    Image.new("RGB", (4, 4)).save("sky.jpg")
    assert told(capsys, *arguments.split(" ")) == line


@pytest.mark.parametrize("said", ["mysyk.jpg", "mysky.jpeg", "MYSKI.JPG", "pictures/mysky.jpg"])
@pytest.mark.parametrize("key", ["start.image", "dream.guide", "dream.keep.palette", "model.weights"])
def test_a_file_that_is_nearly_there(key, said):
    Image.new("RGB", (4, 4)).save("mysky.jpg")
    Image.new("RGB", (4, 4)).save("another.jpg")
    (line,) = mistakes("start: {noise: perlin}\nframes: 1\n", f"{key}={said}")
    assert line.endswith(f"there is no file {said}; did you mean 'mysky.jpg'?")


def test_a_file_of_another_kind_is_not_what_was_meant():
    Image.new("RGB", (4, 4)).save("mysky.jpg")
    (line,) = mistakes("start: {noise: perlin}\nframes: 1\n", "start.video=mysyk.mp4")
    assert line.endswith("there is no file mysyk.mp4")
    Path("mysky.mov").touch()
    (line,) = mistakes("start: {noise: perlin}\nframes: 1\n", "start.video=mysyk.mp4")
    assert line.endswith("there is no file mysyk.mp4; did you mean 'mysky.mov'?")
    (line,) = mistakes("start: {noise: perlin}\nframes: 1\n", "start.image=mysyk.mp4")
    assert line.endswith("did you mean 'mysky.jpg'?")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder of the system's own")
def test_a_folder_of_the_systems_own_takes_no_film():
    """For root it seems to be open."""
    (line,) = mistakes(TWO_LINES, "output.path=/proc/x.mp4")
    assert line.endswith("output.path: the folder /proc cannot be written")


def test_a_file_that_lies_in_another_folder_than_the_scene_thinks():
    Path("scenes").mkdir()
    Path("pictures").mkdir()
    Image.new("RGB", (4, 4)).save("pictures/sky.jpg")
    from render.scene.reader import SceneError, read_scene

    for said, meant in (("picture/sky.jpg", "pictures/sky.jpg"), ("../pictures/ski.jpg", "../pictures/sky.jpg")):
        where = Path("s.yaml" if said.startswith("picture/") else "scenes/s.yaml")
        where.write_text(f"start: {{image: {said}}}\nframes: 1\n")
        with pytest.raises(SceneError) as error:
            read_scene(where)
        assert error.value.problems[0].endswith(f"did you mean '{where.parent / meant}'?")


def test_of_a_film_that_could_not_be_begun_nothing_is_said_to_be_kept(tmp_path):
    from render.film.resume import saying
    from render.media.ffmpeg import FilmError

    def fail(path: Path) -> str:
        with pytest.raises(FilmError) as error, saying(path):
            raise FileNotFoundError(2, "No such file or directory", "/proc/x.mp4.parts")
        return str(error.value)

    assert "kept" not in fail(Path("/proc/x.mp4"))
    (tmp_path / "x.mp4.parts").mkdir()
    assert fail(tmp_path / "x.mp4").endswith("; what is rendered is kept")


SIZE = Section(Scene).kind("size").describe()
NUMBERS = [  # what is written in a scene, its place, what is told
    ("duration: 4s", "2:11: duration: must be a number above 0, not '4s'; write 4, in seconds"),
    ("duration: 2min", "2:11: duration: must be a number above 0, not '2min'; write 120, in seconds"),
    ("duration: 1 min 30 s", "2:11: duration: must be a number above 0, not '1 min 30 s'; write 90, in seconds"),
    ("duration: 0:30", "2:11: duration: must be a number above 0, not '0:30'; write 30, in seconds"),
    ("duration: 96f", "2:11: duration: must be a number above 0, not '96f'; write frames: 96"),
    ("duration: 1,5", "2:11: duration: must be a number above 0, not '1,5'; a decimal has a point: 1.5"),
    ("frames: 4s", "2:9: frames: must be a whole number from 1 to 50000000, not '4s'; write duration: 4"),
    ("frames: 4\nbpm: 120 bpm", "3:6: bpm: must be a number from 0.01 to 100000, not '120 bpm'; write 120 alone"),
    ("frames: 4\nmotion: {zoom: 101%}", "3:16: motion.zoom: per cent are a fraction; write 1.01"),
    ("frames: 4\ndream: {keep: 20 %}", "3:15: dream.keep: per cent are a fraction; write 0.2"),
    (
        "frames: 4\nmotion: {rotate: {0s: 50%}}",
        "3:23: motion.rotate.0s: must be a number, not '50%'; as a number that is 0.5",
    ),
    ("frames: 4\nmotion: {zoom: 1,01}", "3:16: motion.zoom: a decimal has a point: 1.01"),
    ("frames: 4\nmotion: {zoom: 1,01, per: second}", "3:16: motion.zoom: a decimal has a point: 1.01"),
    ("frames: 4\nmotion: {zoom: {0s: 1,01}}", "3:21: motion.zoom.0s: a decimal has a point: 1.01"),
    ("frames: 4\nmotion: {zoom: {0,5s: 1, 4s: 1}}", "3:17: motion.zoom.0: a decimal has a point: 0.5s"),
    ("frames: 4\nmotion: {zoom: {0:02: 1}}", "3:17: motion.zoom: '0:02' is no time; write 2s"),
    ("frames: 4\nmotion:\n  zoom: 1,01", "4:9: motion.zoom: a decimal has a point; write 1.01"),
    (
        "frames: 4\nmotion: {zoom: 1 + sin(2pi t)}",
        "3:25: motion.zoom: a product is written with *; write 1 + sin(2*pi*t)",
    ),
    (
        "frames: 4\nmotion: {zoom: 1 + 0.1 sin(t)}",
        "3:24: motion.zoom: a product is written with *; write 1 + 0.1*sin(t)",
    ),
    ("frames: 4\nmotion: {zoom: 2 + sin t}", "3:20: motion.zoom: a function takes brackets; write 2 + sin(t)"),
    ("frames: 4\nmotion: {zoom: 1 + 05}", "3:20: motion.zoom: a number begins with no 0; write 1 + 5"),
    ("frames: 4\nmodel: “squeezenet1_1”", "3:8: model: “ and ” are no quotes; write \" or '"),
    ("frames: 4\nmotion: {zoom: ‘1 + t’}", "3:16: motion.zoom: ‘ and ’ are no quotes; write \" or '"),
    ("frames: 4\nmodel: „squeezenet1_1“", "3:8: model: „ and “ are no quotes; write \" or '"),
    ("frames = 4", "2:1: a key ends with a colon and a space; write frames: 4"),
    ("frames: 4\nseed:3", "3:1: a key ends with a colon and a space; write seed: 3"),
    *(
        (f"frames: 4\nsize: {said}", f"3:7: size: must be {SIZE}, not '{said}'; write [640, 360]")
        for said in ("640, 360", "640×360", "640 x 360")
    ),
    (
        "frames: 4\nmotion: {zoom: 1 + sin(2πt)}",
        "3:25: motion.zoom: a product is written with *; write 1 + sin(2*pi*t)",
    ),
    ("frames: 4\nmotion: {zoom: 1 + 2 t}", "3:22: motion.zoom: a product is written with *; write 1 + 2*t"),
    (
        "frames: 4\ndream:\n  octaves: 3\n   keep: 0",
        "5:8: is indented by 3, and the lines above by 0 or 2; keys that belong together stand under each other",
    ),
    (
        "frames: 4\ndream:\n  octaves: 3\n keep: 0",
        "5:2: is indented by 1, and the lines above by 0 or 2; keys that belong together stand under each other",
    ),
    (
        " frames: 4",
        "2:2: is indented by 1, and the lines above by 0; keys that belong together stand under each other",
    ),
]


@pytest.mark.parametrize("text, line", NUMBERS, ids=[text.replace("\n", "|") for text, _ in NUMBERS])
def test_how_numbers_are_written_elsewhere(text, line):
    assert mistakes("start: {noise: uniform}\n" + text) == [f"s.yaml:{line}"]


def test_decimal_commas_on_the_command_line():
    for given in ("motion.zoom=1,01", "motion={zoom: 1,01}", "dream.keep=0,2", "motion.translate=[0,1, 0,2]"):
        (line,) = mistakes(TWO_LINES, given)
        assert "a decimal has a point" in line


@pytest.mark.parametrize("fine", ["clamp(1,1,2)", "t % 7 + 1", "max(1,2)", "mix(1,2,p)", "0:(1), 2:(1)"])
def test_what_only_looks_like_a_slip_is_none(fine):
    assert read(TWO_LINES + f"motion:\n  zoom: {fine}\ndream: {{layers: 'fire7[3,17]'}}")


def test_keyframes_after_the_end_are_noted_and_rendered(capsys):
    late = "motion:\n  zoom: {0s: 1, 9s: 1.1, 200%: 1.2}\n  rotate: '0:(1), 200:(2)'\n  swirl: {0s: 0, 100%: 0}\n"
    notes: list[str] = []
    read(TWO_LINES + late, tell=notes.append)
    assert notes == [
        "s.yaml:4:17: motion.zoom: note: 9s and 200% come after the end of the film, which lasts 4 s",
        "s.yaml:5:11: motion.rotate: note: frame 200 comes after the end of the film, which has 96",
    ]
    notes.clear()
    read(TWO_LINES + "motion: {zoom: {0s: 1, 3s: 2}}", "duration=2", quality="high", tell=notes.append)
    assert notes == ["s.yaml:3:24: motion.zoom: note: 3s comes after the end of the film, which lasts 2 s"]
    main(["s.yaml", "--set", "duration=2", "--frames", "9:9"])
    assert capsys.readouterr().err.count("note:") == 1
    main(["s.yaml", "--set", "duration=2", "--frames", "9:9", "--quiet"])
    assert "note:" not in capsys.readouterr().err


def test_no_scene_that_ships_has_keyframes_that_it_never_comes_to():
    from render.scene.reader import read_scene

    notes: list[str] = []
    for scene in (Path(__file__).parents[1] / "configs").glob("*.yaml"):
        read_scene(scene, tell=notes.append)
    assert notes == []
