"""Good scenes, the command line's changes to them, and how soon a bad one is told."""

# ruff: noqa: F401, F811 - a fixture is imported, and named again by the tests that take it

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import ENDINGS, TWO_LINES, ZOOM, folder, mistakes, read

from render.media.video import film
from render.scene.reader import read_scene
from render.scene.scene import Dream, Keep, Model, Motion, Output, Scene, Smallest, Start
from render.scene.schedule import Curve, frame_params

C = Curve.constant
pytestmark = pytest.mark.usefixtures("folder")


def test_two_lines_are_a_scene():
    scene = read(TWO_LINES)
    assert scene == Scene(start=Start(noise="uniform"), duration=4.0, output=Output(path=Path("out/s.mp4")))
    assert scene.length == 96


def test_the_whole_of_the_contract():
    text = """
model: squeezenet1_1
size: [1280, 720]
fps: 30000/1001
frames: 192
seed: 7
start: {noise: perlin, level: 100, contrast: 20, scale: 0.1}
dream:
  layers:
    fire7: 1
    fire8[17]: -0.5
    "fire5[3,17,40]": {0s: 0, 4s: 1}
  octaves: {smallest: 96}
  octave_scale: 1.5
  iterations: {0s: 20, 1.5: 4}
  step_size: 2e0
  jitter: 16
  keep: {mean: 0.1, contrast: {0: 0.3, 2s: 0.1}, target: 50}
motion:
  zoom: {0s: 1.0, 4s: 1.05}
  rotate: -0.2
  translate: [0.01, {0s: 0, 1s: -0.02}]
  center: [0.25, 0.75]
  per: second
  border: wrap
  interpolation: linear
output: {path: stills/####.png, crf: 20, record: octaves}
"""
    scene = read(text)
    assert scene.model == Model("squeezenet1_1") and scene.size == (1280, 720) and scene.fps == Fraction(30000, 1001)
    assert scene.frames == scene.length == 192 and scene.duration is None and scene.seed == 7
    assert scene.start == Start(noise="perlin", level=100.0, contrast=20.0, scale=0.1)
    targets = [(t.layer, t.channels, t.weight) for t in scene.dream.layers]
    fade = Curve.keyframes({0: 0, 4: 1})
    assert targets == [("fire7", (), C(1)), ("fire8", (17,), C(-0.5)), ("fire5", (3, 17, 40), fade)]
    assert scene.dream == Dream(
        layers=scene.dream.layers,
        octaves=Smallest(C(96)),
        octave_scale=C(1.5),
        iterations=Curve.keyframes({0: 20, 1.5: 4}),
        step_size=C(2),
        jitter=C(16),
        keep=Keep(mean=C(0.1), contrast=Curve.keyframes({0: 0.3, 2: 0.1}), target=C(50)),
    )
    assert scene.motion == Motion(
        zoom=Curve.keyframes({0: 1, 4: 1.05}),
        rotate=C(-0.2),
        translate=(C(0.01), Curve.keyframes({0: 0, 1: -0.02})),
        center=(C(0.25), C(0.75)),
        per="second",
        border="wrap",
        interpolation="linear",
        fps=Fraction(30000, 1001),
    )
    assert scene.output == Output(path=Path("stills/####.png"), crf=20, record="octaves")


@pytest.mark.parametrize(
    "written, fps",
    [
        ("24", Fraction(24)),
        ("23.976", Fraction(2997, 125)),
        ("30000/1001", Fraction(30000, 1001)),
        ('"24000/1001"', Fraction(24000, 1001)),
        ("0.5", Fraction(1, 2)),
    ],
)
def test_fps_is_exact(written, fps):
    assert read(TWO_LINES + f"fps: {written}").fps == fps


@pytest.mark.parametrize(
    "written, colour",
    [
        ('"#202020"', (32, 32, 32)),
        ('"#aBc"', (170, 187, 204)),
        ("[0, 127.5, 255]", (0, 127.5, 255)),
        ("teal", (0, 128, 128)),
        ("rebeccapurple", (0x66, 0x33, 0x99)),
        ("tan", (210, 180, 140)),
    ],
)
def test_colours(written, colour):
    assert read(f"start: {{colour: {written}}}\nframes: 1").start.colour == colour


@pytest.mark.parametrize(
    "written, names", [("fire5", ["fire5"]), ("[fire5, fire6]", ["fire5", "fire6"]), ("\n  - fire5[3]", ["fire5"])]
)
def test_layers_without_weights_have_weight_1(written, names):
    targets = read(TWO_LINES + f"dream:\n layers: {written}").dream.layers
    assert [t.layer for t in targets] == names and all(t.weight == C(1) for t in targets)


def test_ranges_of_channels():
    (one, two) = read(TWO_LINES + "dream: {layers: ['fire7[3, 17-20,40]', 'fire8[8-9, 2]']}").dream.layers
    assert one.channels == (3, 17, 18, 19, 20, 40) and one.name == "fire7[3,17-20,40]"
    assert two.channels == (8, 9, 2) and two.name == "fire8[8,9,2]"
    (three,) = read(TWO_LINES, "dream.layers=fire7[17-20]").dream.layers
    assert three.channels == (17, 18, 19, 20)


def test_keep_in_short():
    assert read(TWO_LINES + "dream: {keep: 0.4}").dream.keep == Keep(C(0.4))
    fade = Curve.keyframes({0: 0.4, 2: 0})
    assert read(TWO_LINES + "dream: {keep: {0s: 0.4, 2s: 0}}").dream.keep == Keep(fade)


def test_keyframes_in_any_order_and_empty_sections_are_defaults():
    scene = read(TWO_LINES + "dream:\n  # jitter: 3\nmotion: {zoom: {4s: 1.1, -1s: 0.9}}\noutput:\n")
    assert scene.dream == Dream() and scene.motion.zoom == Curve.keyframes({4: 1.1, -1: 0.9})


def test_paths_start_at_the_scene_and_the_outputs_at_the_working_directory(folder):
    inner = folder / "scenes"
    inner.mkdir()
    Image.new("P", (4, 4)).save(inner / "palette.png")
    (inner / "s.yaml").write_text("start: {image: palette.png}\nduration: 4\noutput: {path: a/b.mp4}")
    scene = read_scene("scenes/s.yaml")
    assert scene.start.image == Path("scenes/palette.png") and scene.output.path == Path("a/b.mp4")
    assert read_scene("scenes/s.yaml", ["start.image=grey.png"]).start.image == Path("grey.png")
    assert not (folder / "a").exists()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_kind_are_taken(mode):
    Image.new(mode, (5, 3)).save(f"x.{'jpg' if mode == 'CMYK' else 'png'}")
    read(f"start: {{image: x.{'jpg' if mode == 'CMYK' else 'png'}}}\nframes: 1")


@pytest.mark.parametrize(
    "override, line",
    [
        ("dream.octave=3", "dream.octave: unknown key 'octave'; did you mean 'octaves'?"),
        ("size=[1920,1081]", "size: must be even, not 1081 (film codecs need it); 1080 and 1082 are"),
        ("motion.zoom=-1", f"motion.zoom: must be above 0, not -1 {ZOOM}"),
        ("start.image=no.png", "start.image: there is no file no.png"),
        (
            "dream.octaves=!!python/x 3",
            "dream.octaves: the tag !!python/x would build an object; a scene holds plain values",
        ),
        ("a\nb=1", "a\\nb: unknown key 'a\\nb'; known are "),
    ],
)
def test_overrides_meet_the_same_checks(override, line):
    shown = override.replace("\n", "\\n")
    (told,) = mistakes(TWO_LINES, override)
    assert told.startswith(f"--set {shown}: {line}")


def test_overrides_take_the_place_of_what_the_scene_says():
    scene = read(TWO_LINES + "dream: {keep: 0.3}", "start.image=grey.png", "frames=7", "dream.keep.mean=0.1", "fps=12")
    assert scene.start == Start(image=Path("grey.png")) and (scene.frames, scene.duration) == (7, None)
    assert scene.dream.keep == Keep(C(0.3), mean=C(0.1))
    assert scene.motion.fps == scene.fps == 12


def test_output_from_the_command_line():
    assert read(TWO_LINES, output=Path("x.gif")).output.path == Path("x.gif")
    assert mistakes(TWO_LINES, output=Path("x.avi")) == [
        f"-o x.avi: output.path: x.avi ends in .avi; known endings are {ENDINGS}"
    ]
    assert mistakes(TWO_LINES, output=Path("a_folder")) == ["-o a_folder: output.path: a_folder is a folder"]


@pytest.mark.parametrize(
    "quality, size, fps",
    [("draft", (320, 180), 12), ("low", (640, 360), 24), ("medium", (1280, 720), 30), ("4k", (3840, 2160), 60)],
)
def test_quality(quality, size, fps):
    scene = read(TWO_LINES + "motion: {zoom: 1.02}", quality=quality)
    assert (scene.size, scene.fps, scene.length) == (size, fps, 4 * fps)
    assert frame_params(scene)[0].zoom ** fps == pytest.approx(1.02**24, rel=1e-12)


def test_quality_keeps_the_aspect_ratio_even_and_a_still_still():
    scene = read("start: {image: grey.png}\nframes: 1\nsize: [1000, 1778]\noutput: {path: x.png}", quality="high")
    assert (scene.size, scene.length) == ((1080, 1920), 1)


def test_an_unknown_quality():
    assert mistakes(TWO_LINES, quality="hihg") == [
        "--quality hihg: must be draft, low, medium, high, 4k or original; did you mean 'high'?"
    ]


def test_a_bad_scene_is_told_without_heavy_imports():
    Path("s.yaml").write_text("start: {image: text.png}\nduration: 4\ndream: {octave: 3}")
    code = """
import sys
from render.scene.reader import SceneError, read_scene
try:
    read_scene("s.yaml")
except SceneError as error:
    print(len(error.problems), sorted({"jax", "flax", "scipy", "imageio"} & set(sys.modules)))
"""
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.stdout == "2 []\n", done.stderr


def test_a_draft_is_a_film_of_its_own():
    """Of any quality, beside the film; not where the command line says where it goes."""
    assert read(TWO_LINES, quality="draft").output.path == Path("out/s-draft.mp4")
    assert read(TWO_LINES + "output: {path: a.b.webm}", quality="4k").output.path == Path("a.b-4k.webm")
    assert read(TWO_LINES + "output: {path: in/##.png}", quality="low").output.path == Path("in/low/##.png")
    assert read(TWO_LINES, quality="draft", output=Path("mine.mp4")).output.path == Path("mine.mp4")
    assert read(TWO_LINES, "output.path=mine.mp4", quality="draft").output.path == Path("mine.mp4")


@pytest.mark.parametrize("size", [(101, 67), (7999, 4001), (300, 10), (5000, 7)])
def test_the_size_of_the_start(size):
    Image.new("L", size).save("own.png")
    w, h = read("start: {image: own.png}\nframes: 1\nsize: start").size
    longest = min(max(size), 3840)
    assert w % 2 == h % 2 == 0 and abs(max(w, h) - longest) <= 1 and min(w, h) >= 16
    assert min(w, h) == 16 or abs(w / h - size[0] / size[1]) < 0.03 * w / h
    assert read("start: {image: own.png}\nframes: 1", quality="original").size == (w, h)
    assert read("start: {image: own.png}\nframes: 1", "size=start").size == (w, h)


def test_the_size_of_a_turned_photo_and_of_a_film():
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 32)).save("turned.jpg", exif=exif)
    assert read("start: {image: turned.jpg}\nframes: 1\nsize: start").size == (32, 64)
    with film("clip.mp4", (48, 32), Fraction(12)) as write:
        write(np.zeros((32, 48, 3), np.uint8))
    assert read("start: {video: clip.mp4}\nsize: start").size == (48, 32)


def test_a_start_without_a_size():
    message = "start is the size of the start's picture or film, and this scene starts from neither"
    assert mistakes(TWO_LINES + "size: start") == [f"s.yaml:3:7: size: {message}; write [width, height]"]
    (one,) = mistakes(TWO_LINES, quality="original")
    assert one == f"--quality original: size: {message}; write [width, height]"
    (one,) = mistakes("start: {image: none.png}\nframes: 1\nsize: start")
    assert "there is no file" in one
