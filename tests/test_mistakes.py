"""Every message for a bad scene, with its exact place; all of them at once."""

# ruff: noqa: F401, F811 - a fixture is imported, and named again by the tests that take it

from pathlib import Path

import pytest
from PIL import Image
from scenes import ENDINGS, TWO_LINES, ZOOM, folder, mistakes, read

from models import NETWORKS
from render.language.marks import ESCAPES, listed
from render.language.section import Section
from render.scene.scene import Motion

LAYERS = "conv1, fire2, fire3, fire4, fire5, fire6, fire7, fire8, fire9, conv10 and logits"
FORMS = "keyframes such as {0s: 1, 4s: 2}, or an expression such as 1 + sin(t)"
TIMES = "a keyframe's is such as 4s, 96f (frames), 50% (of the film) or 8b (beats)"
COLOUR = 'a colour such as teal, "#202020" or [32, 32, 32], 0 to 255 each'
PALETTE = "a picture, a list of colours such as [teal, gold], or a mapping of such to weights: {teal: 3, gold: 1}"
pytestmark = pytest.mark.usefixtures("folder")


BAD = [
    # keys
    ("dream:\n  octave: 3", "4:3: dream.octave: unknown key 'octave'; did you mean 'octaves'?"),
    (
        "colours: 3",
        "3:1: colours: unknown key 'colours'; known are model, size, fps, bpm, duration, frames, loop, seed, start, "
        "dream, motion and output",
    ),
    ("octaves: 3", "3:1: octaves: unknown key 'octaves'; it belongs under dream.octaves"),
    (
        "1: 2",
        "3:1: 1: unknown key '1'; known are model, size, fps, bpm, duration, frames, loop, seed, start, dream, "
        "motion and output",
    ),
    ("duration: 5", "3:1: duration: the key 'duration' is here twice, first in line 2"),
    (
        "frames: 5",
        "3:1: frames: is one too many: duration is given already, and only one of duration and frames can be",
    ),
    # sections
    (
        "output: film.mp4",
        "3:9: output: must be a mapping of path, codec, depth, crf, keyframes, transfer, record and repeat, "
        "not 'film.mp4'",
    ),
    ("output: {crf: [1, {a: 2}]}", "3:15: output.crf: must be a whole number from 0 to 51, not [1, …]"),
    (
        "motion: 5",
        f"3:9: motion: must be {Section(Motion).describe()}, not 5",
    ),
    # the film
    ("size: [641, 360]", "3:8: size: must be even, not 641 (film codecs need it); 640 and 642 are"),
    ("size: [640, 14]", "3:13: size: must be from 16 to 16384, not 14"),
    ("size: [640, 360.5]", "3:13: size: must be a whole number from 16 to 16384, not 360.5"),
    (
        "size: 640x360",
        "3:7: size: must be [width, height] in pixels, two even numbers from 16 to 16384, or start, not '640x360'; "
        "write [640, 360]",
    ),
    ("fps: 0", "3:6: fps: must be a number from 0.01 to 1000, or a fraction such as 30000/1001, not 0"),
    ("fps: 30/0", "3:6: fps: must be a number from 0.01 to 1000, or a fraction such as 30000/1001, not '30/0'"),
    ("fps: true", "3:6: fps: must be a number from 0.01 to 1000, or a fraction such as 30000/1001, not true"),
    ("fps: 1e999999", "3:6: fps: must be a number from 0.01 to 1000, or a fraction such as 30000/1001, not 1e999999"),
    ("seed: -1", "3:7: seed: must be from 0 to 4294967295, not -1"),
    ("seed: 1.5", "3:7: seed: must be a whole number from 0 to 4294967295, not 1.5"),
    ("model: squeezenet", "3:8: model.name: there is no network 'squeezenet'; did you mean 'squeezenet1_1'?"),
    ("model: xyz", "3:8: model.name: there is no network 'xyz'; known are " + listed(NETWORKS, "and")),
    ("model: 5", "3:8: model: must be the name of a network, not 5"),
    ("model: {weights: no.safetensors}", "3:18: model.weights: there is no file no.safetensors"),
    # numbers
    ("motion:\n  zoom: -1", f"4:9: motion.zoom: must be above 0, not -1 {ZOOM}"),
    ("motion: {zoom: 0}", f"3:16: motion.zoom: must be above 0, not 0 {ZOOM}"),
    ("motion: {zoom: 1001}", f"3:16: motion.zoom: must be at most 1000, not 1001 {ZOOM}"),
    ("motion: {zoom: yes}", f"3:16: motion.zoom: must be a number above 0, {FORMS}, not 'yes'"),
    ("motion: {zoom: true}", f"3:16: motion.zoom: must be a number above 0, not true {ZOOM}"),
    ("motion: {zoom: [1, 2]}", f"3:16: motion.zoom: must be a number above 0, not [1, 2] {ZOOM}"),
    ("motion: {rotate: .nan}", "3:18: motion.rotate: must be a finite number, not .nan"),
    ("motion: {rotate: -.inf}", "3:18: motion.rotate: must be a finite number, not -.inf"),
    ("motion: {rotate: 1e10}", "3:18: motion.rotate: must be at most 1000000000, not 1e10"),
    ("motion: {translate: 3}", "3:21: motion.translate: must be [x, y], each a number from -1000 to 1000, not 3"),
    (
        "motion: {center: [0, x]}",
        f"3:22: motion.center: must be a number from -1000 to 1000, {FORMS}, not 'x'",
    ),
    (
        "motion: {border: miror}",
        "3:18: motion.border: must be fresh, mirror, wrap, edge or black, not 'miror'; did you mean 'mirror'?",
    ),
    ("motion: {per: 1}", "3:15: motion.per: must be frame or second, not 1"),
    ("dream: {octaves: 2.5}", "3:18: dream.octaves: must be a whole number from 1 to 32, not 2.5"),
    (
        "dream: {octaves: {}}",
        "3:18: dream.octaves: must be a whole number from 1 to 32, or {smallest: 64}, not a mapping {}",
    ),
    ("dream: {octaves: {smalest: 9}}", "3:19: dream.octaves.smalest: unknown key 'smalest'; did you mean 'smallest'?"),
    ("dream: {octave_scale: 1}", "3:23: dream.octave_scale: must be above 1, not 1"),
    ("dream: {iterations: -1}", "3:21: dream.iterations: must be from 0 to 10000, not -1"),
    ("dream: {step_size: -1}", "3:20: dream.step_size: must be from 0 to 255, not -1"),
    ("dream: {jitter: 0.5}", "3:17: dream.jitter: must be a whole number from 0 to 16384, not 0.5"),
    ("dream: {keep: 2}", "3:15: dream.keep: must be from 0 to 1, not 2"),
    ("dream: {keep: {palette: no.jpg}}", "3:25: dream.keep.palette: there is no file no.jpg"),
    ("dream: {keep: {strength: 2}}", "3:26: dream.keep.strength: must be from 0 to 1, not 2"),
    ("dream: {keep: {mean: 2}}", "3:22: dream.keep.mean: must be from 0 to 1, not 2"),
    (
        "dream: {iterations: [10, 6]}",
        "3:21: dream.iterations: must be a whole number from 0 to 10000, or {octaves: […]} with one for each, the "
        "smallest first, not [10, 6]",
    ),
    (
        "dream: {iterations: {octave: [10, 6]}}",
        "3:22: dream.iterations.octave: unknown key 'octave'; did you mean 'octaves'?",
    ),
    (
        "dream: {jitter: {octaves: 8}}",
        "3:27: dream.jitter.octaves: must be a list of 1 to 32 numbers, the smallest octave's first, not 8",
    ),
    ("dream: {iterations: {octaves: [10, -1]}}", "3:36: dream.iterations.octaves: must be from 0 to 10000, not -1"),
    (
        "dream: {step_size: {octaves: [1, 300 * p]}}",
        "3:34: dream.step_size.octaves: is 256.25 at frame 82 (3.42 s); must be from 0 to 255",
    ),
    (
        "dream: {symmetry: miror}",
        "3:19: dream.symmetry: must be off, mirror, or a whole number from 2 to 24, not 'miror'; "
        "did you mean 'mirror'?",
    ),
    ("dream: {wobble: 0.3}", "3:17: dream.wobble: must be from 0 to 0.2, not 0.3"),
    ("dream: {wobble: {turn: 3}}", "3:18: dream.wobble.turn: unknown key 'turn'; known are scale and rotate"),
    ("dream: {symmetry: 1}", "3:19: dream.symmetry: must be from 2 to 24, not 1"),
    ("output: {crf: 99}", "3:15: output.crf: must be from 0 to 51, not 99"),
    # schedules
    ("motion: {zoom: {0s: 1, 4s: -2}}", f"3:28: motion.zoom.4s: must be above 0, not -2 {ZOOM}"),
    ("motion: {zoom: {1s: 1, 1.0: 2}}", "3:24: motion.zoom: two keyframes at 1 s, 1s and 1.0"),
    (
        "motion: {zoom: {}}",
        "3:16: motion.zoom: holds no keyframe; write a number or keyframes such as {0s: 1.0, 4s: 1.05}",
    ),
    (
        "motion: {zoom: {later: 1}}",
        f"3:17: motion.zoom: 'later' is no time; {TIMES}",
    ),
    ("motion: {zoom: {1e99s: 1}}", "3:17: motion.zoom: a keyframe at 1e99s is too far away"),
    ("motion: {zoom: {0s: 1, 5m: 2}}", "3:24: motion.zoom: '5m' is no time; write 300s"),
    (
        "motion: {zoom: {0s: 1, 8b: 2}}",
        "3:24: motion.zoom: 8b is in beats, which need a top-level bpm, such as bpm: 120",
    ),
    ("motion: {zoom: {2s: 1, 48f: 2}}", "3:24: motion.zoom: two keyframes at 2 s, 2s and 48f"),
    ("motion: {zoom: {100%: 1, 4: 2}}", "3:26: motion.zoom: two keyframes at 4 s, 100% and 4"),
    ("bpm: 120\nmotion: {zoom: {2s: 1, 4b: 2}}", "4:24: motion.zoom: two keyframes at 2 s, 2s and 4b"),
    ("bpm: 0", "3:6: bpm: must be from 0.01 to 100000, not 0"),
    (
        "motion: {zoom: {0s: 1, ease: smoth}}",
        "3:30: motion.zoom.ease: must be linear, step, smooth, in, out, in_out or spline, not 'smoth'; "
        "did you mean 'smooth'?",
    ),
    (
        "motion: {zoom: {ease: in}}",
        "3:16: motion.zoom: holds no keyframe; write a number or keyframes such as {0s: 1.0, 4s: 1.05}",
    ),
    ('motion: {zoom: {0s: "1+t"}}', f"3:21: motion.zoom.0s: must be a number above 0, not '1+t' {ZOOM}"),
    (
        "motion: {center: {0s: 0}}",
        "3:18: motion.center: must be [x, y], each a number from -1000 to 1000, not a mapping {0s}; "
        "keyframes stand within: [{0s: 0, 4s: 0.1}, 0]",
    ),
    # layers
    (
        "dream: {layers: fire99}",
        f"3:17: dream.layers: squeezenet1_1 has no layer 'fire99'; did you mean 'fire9'? Its layers are {LAYERS}",
    ),
    ("dream: {layers: [fire7, x]}", f"3:25: dream.layers: squeezenet1_1 has no layer 'x'. Its layers are {LAYERS}"),
    (
        "dream:\n  layers:\n    fire7[384]: 1",
        "5:5: dream.layers: fire7[384]: the channels of fire7 are 0 to 383, 384 is none",
    ),
    (
        "dream: {layers: 'fire7[3, 380-384]'}",
        "3:17: dream.layers: fire7[3, 380-384]: the channels of fire7 are 0 to 383, 384 is none",
    ),
    ("dream: {layers: 'fire7[20-17]'}", "3:17: dream.layers: fire7[20-17]: 20-17 runs backwards; write 17-20"),
    (
        "dream: {layers: {fire8: 1, 'fire7[3,17-20,18]': 2}}",
        "3:28: dream.layers: fire7[3,17-20,18]: the channel 18 is here twice",
    ),
    (
        "dream: {layers: 'fire7[17..20]'}",
        "3:17: dream.layers: 'fire7[17..20]' is no layer's name; "
        "write fire7, fire7[17], fire7[3,17-20], or a list of such: [fire7, fire8]",
    ),
    (f"dream: {{layers: [{'fire7, ' * 1001}]}}", "3:17: dream.layers: names 1001 layers; at most 1000 are read"),
    ("dream: {layers: {fire7: x}}", f"3:25: dream.layers.fire7: must be a number, {FORMS}, not 'x'"),
    ("dream: {layers: {fire7}}", "3:23: dream.layers.fire7: must be a number, not nothing"),
    (
        "dream:\n  layers: fire7, fire8",
        "4:11: dream.layers: 'fire7, fire8' is no layer's name; "
        "write fire7, fire7[17], fire7[3,17-20], or a list of such: [fire7, fire8]",
    ),
    (
        "dream: {layers: []}",
        "3:17: dream.layers: must be a layer's name, a list of names, or a mapping of names to weights such as "
        "{fire7: 1, fire8: 0.5}, not []",
    ),
    # the output
    ("output: {path: x.avi}", f"3:16: output.path: x.avi ends in .avi; known endings are {ENDINGS}"),
    ("output: {path: x}", f"3:16: output.path: x ends in nothing; known endings are {ENDINGS}"),
    (
        "output: {path: '##.mp4'}",
        f"3:16: output.path: ##.mp4: only .png or .exr can be numbered; known endings are {ENDINGS}",
    ),
    (
        "output: {path: '#_#.png'}",
        "3:16: output.path: #_#.png: one run of # stands for the frame's number, as in frames/####.png",
    ),
    (
        "output: {path: x.png}",
        "3:16: output.path: x.png holds one frame, but the film has 96; write frames/####.png, or set frames: 1",
    ),
    ("output: {path: a_folder}", "3:16: output.path: a_folder is a folder"),
    ("output: {path: 5}", "3:16: output.path: must be the path of a file, not 5"),
    ('output: {path: ""}', "3:16: output.path: must be the path of a file, not ''"),
    ('output: {path: "a\\0b.mp4"}', f"3:16: output.path: must be the path of a file, not 'a\\x00b.mp4'; {ESCAPES}"),
    (
        "output: {record: frame}",
        "3:18: output.record: must be frames, octaves or iterations, not 'frame'; did you mean 'frames'?",
    ),
]


EXPRESSIONS = [  # what motion.zoom is, column after `zoom: `, what is told
    ("1 + tt", 4, "there is no name 'tt' in an expression; did you mean 't'?"),
    ('"1 + tt"', 5, "there is no name 'tt' in an expression; did you mean 't'?"),
    ("'1 + tt'", 5, "there is no name 'tt' in an expression; did you mean 't'?"),
    (r'"\x31\t+\u0020tt"', 14, "there is no name 'tt' in an expression; did you mean 't'?"),
    ('&a !!str "1 + tt"', 14, "there is no name 'tt' in an expression; did you mean 't'?"),
    ("sine(t)", 0, "there is no function 'sine'; did you mean 'sin'?"),
    (
        "1 + x",
        4,
        "there is no name 'x' in an expression; known are t, f, p, n, fps, bpm, beat, pi and tau",
    ),
    ("9**9**9", 3, "a power of 3.874e+08 is too large; powers go to 100"),
    ("().__class__", 2, ".__class__ is no part of an expression: a number has no attributes"),
    ("__import__('os')", 11, "the character ' has no meaning in an expression"),
    ("1 + f(2)", 4, "f is no function; write f * (…)"),
    ("1 + (t", 4, "cannot be read: '(' was never closed"),
    ("1 + t -", 7, "ends too soon"),
    ("1 + t t", 6, "a product is written with *; write 1 + t*t"),
    ("t = 2", 2, "= sets nothing in an expression; == compares"),
    ("t^2", 1, "^ is no operator between numbers; a power is written **"),
    ("1 + t × 2", 6, "the character × has no meaning in an expression; write *"),
    ("'lambda: 1'", 1, "this is no part of an expression: an expression cannot define a function"),
    ("1 + 1e999", 4, "holds too large a number"),
    ("1 + mix(1, 2)", 4, "write mix(a, b, u), not 2 numbers"),
    ("1 + 0.1 * beat", 10, "beat needs a top-level bpm, such as bpm: 120"),
    ("bpm / 100", 0, "bpm needs a top-level bpm, such as bpm: 120"),
    ("1 - 2 / 4 - 1", 0, "is -0.5; must be above 0"),
    ("1 - 1.2 * (f >= 17)", 0, "is -0.2 at frame 17 (0.71 s); must be above 0"),
    ("1000 + t", 0, "is 1000.04 at frame 1 (0.04 s); must be at most 1000"),
    ("1 / (f - 24)", 0, "is -0.0416667 at frame 0 (0.00 s); must be above 0"),
    ("1 / abs(f - 24)", 0, "is infinite at frame 24 (1.00 s), where f = 24"),
    ("1 + sqrt(t - p - 1)", 0, "is not a number at frame 0 (0.00 s), where p = 0, t = 0"),
    ("0:(1.02), 60:(1.05", 13, "cannot be read: '(' was never closed"),
    ("0:(1.02), 60:(1.05 + tt)", 21, "there is no name 'tt' in an expression; did you mean 't'?"),
    ("0:(1.02), later:(1.05)", 10, "there is no name 'later' in an expression; known are max_f, pi and tau"),
    ("0:(1.02), 1.05", 10, "'1.05' is no keyframe; write FRAME:(VALUE), as in 0:(1.02), 60:(1.05)"),
    ("0:(1.02), 60:(1.05), 60:(1)", 0, "two keyframes at frame 60"),
    ("0:(1.02), max_f/0:(1)", 0, "max_f/0 is no frame"),
    ("0:(1.02), 60:(1 + 0.1 * beat)", 24, "beat needs a top-level bpm, such as bpm: 120"),
    ("0:(1.02), 50:(1 / (t - 60))", 0, "is -0.0104 at frame 46 (1.92 s); must be above 0"),
    ("0:(1.02), 60:(1 / (t - 60))", 0, "is infinite at frame 60 (2.50 s), where t = 60"),
    ("0:(1.02), 60:(-1)", 0, "is -0.0236667 at frame 31 (1.29 s); must be above 0"),
]


@pytest.mark.parametrize("written, column, told", EXPRESSIONS, ids=[written for written, _, _ in EXPRESSIONS])
def test_a_mistake_in_an_expression_is_told_with_its_column(written, column, told):
    (line,) = mistakes(f"{TWO_LINES}motion:\n  zoom: {written}\n")
    assert line == f"s.yaml:4:{9 + column}: motion.zoom: {told}"


def test_an_expression_over_several_lines_is_told_where_it_begins():
    (line,) = mistakes(TWO_LINES + "motion:\n  zoom: >\n    1 +\n    tt\n")
    assert line.startswith("s.yaml:4:9: motion.zoom: there is no name 'tt'")
    (line,) = mistakes(TWO_LINES, "motion.zoom=1 + tt")
    assert line.startswith("--set motion.zoom=1 + tt: motion.zoom: there is no name 'tt'")


def test_whole_numbers_are_rounded_before_their_bounds_are_checked():
    assert read(TWO_LINES + "dream: {octaves: 1 + 3.4 * p, jitter: '0.4 - 1e-9 * t'}")
    assert mistakes(TWO_LINES + "dream: {octaves: 0.4 + p}") == [
        "s.yaml:3:18: dream.octaves: is 0.4 at frame 0 (0.00 s); must be from 1 to 32"
    ]


def test_layers_weights_and_pairs_are_checked_too():
    told = mistakes(TWO_LINES + "dream: {layers: {fire7: 1 / t}}\nmotion: {translate: [0, 1 / t]}")
    assert told == [
        f"s.yaml:{at} is infinite at frame 0 (0.00 s), where t = 0"
        for at in ("3:25: dream.layers.fire7:", "4:25: motion.translate:")
    ]


def test_values_are_checked_at_the_frames_that_are_rendered():
    text = TWO_LINES + "motion: {rotate: 1 / (f - 0.4)}"  # at 60 fps the first frame after 0 is at f = 0.4
    read(text)
    (line,) = mistakes(text, quality="high")
    assert line.endswith("is infinite at frame 1 (0.02 s), where f = 0.4")


@pytest.mark.parametrize("more, line", BAD, ids=[more.replace("\n", "|")[:90] for more, _ in BAD])
def test_a_mistake_is_told_with_its_place(more, line):
    assert mistakes(TWO_LINES + more) == [f"s.yaml:{line}"]


STARTS = [
    ("duration: 4", "1:1: start: is missing; a scene needs exactly one of noise, image, video or colour"),
    (
        "start: {level: 3}\nduration: 4",
        "1:8: start: is missing; a scene needs exactly one of noise, image, video or colour",
    ),
    ("start: {noise: uniform}", "1:1: duration: is missing; a scene needs exactly one of duration or frames"),
    ("start: uniform\nduration: 4", "1:8: start: must be a mapping such as {noise: uniform}, not 'uniform'"),
    (
        "start:\n  noise:uniform\nduration: 4",
        "2:3: start: must be a mapping such as {noise: uniform}, not 'noise:uniform' (a colon needs a space after it)",
    ),
    (
        "start: {noise: uniform, image: grey.png}\nframes: 4",
        "1:25: start.image: is one too many: noise is given already, and only one of noise, image, video and colour "
        "can be",
    ),
    (
        "start: {noise: unifrom}\nframes: 4",
        "1:16: start.noise: must be uniform, gaussian or perlin, not 'unifrom'; did you mean 'uniform'?",
    ),
    ("start: {image: no.png}\nframes: 4", "1:16: start.image: there is no file no.png"),
    ("start: {image: a_folder}\nframes: 4", "1:16: start.image: a_folder is a folder, not a file"),
    (
        "start: {image: text.png}\nframes: 4",
        "1:16: start.image: text.png is no picture that can be read (PNG, JPEG, HEIC, WebP, TIFF, GIF, BMP … can)",
    ),
    ("start: {video: no.mp4}\nframes: 4", "1:16: start.video: there is no file no.mp4"),
    ("start: {image: grey.png, level: 3}\nframes: 4", "1:26: start.level: belongs to noise only"),
    ("start: {noise: perlin, fit: cover}\nframes: 4", "1:24: start.fit: belongs to image or video only"),
    ("start: {noise: perlin, level: 300}\nframes: 4", "1:31: start.level: must be from 0 to 255, not 300"),
    (
        "start: {image: grey.png, fit: crop}\nframes: 4",
        "1:31: start.fit: must be cover, contain or stretch, not 'crop'",
    ),
    (
        "start: {colour: '#2020'}\nframes: 4",
        "1:17: start.colour: must be a colour such as teal, \"#202020\" or [32, 32, 32], 0 to 255 each, not '#2020'",
    ),
    (
        "start:\n  colour: #202020\nframes: 4",
        '2:10: start.colour: must be a colour such as teal, "#202020" or [32, 32, 32], 0 to 255 each, not nothing '
        "(an unquoted # begins a comment)",
    ),
    (
        "start: {colour: teel}\nframes: 4",
        "1:17: start.colour: must be a colour such as teal, \"#202020\" or [32, 32, 32], 0 to 255 each, not 'teel'; "
        "did you mean 'teal'?",
    ),
    ("start: {noise: perlin, palette: []}\nframes: 4", f"1:33: start.palette: must be {PALETTE}, not []"),
    (
        "start: {noise: perlin, palette: [teel, gold]}\nframes: 4",
        f"1:34: start.palette: must be a picture's path, or {COLOUR}, not 'teel'; did you mean 'teal'?",
    ),
    (
        "start:\n  noise: perlin\n  palette: #fff\nframes: 4",
        f"3:11: start.palette: must be a picture's path, or {COLOUR}, not nothing (an unquoted # begins a comment)",
    ),
    (
        "start: {noise: perlin, palette: {0s: teal, 4s: gold}}\nframes: 4",
        f"1:33: start.palette: must be {PALETTE}, not keyframes; weights move: "
        "{teal: {0s: 1, 4s: 0}, gold: {0s: 0, 4s: 1}}",
    ),
    (
        "start: {noise: perlin, palette: {teal: 1, '#008080': 1}}\nframes: 4",
        "1:43: start.palette: '#008080' is here twice; a weight gives more room: {teal: 2, gold: 1}",
    ),
    ("start: {noise: perlin, palette: {teal: -1}}\nframes: 4", "1:40: start.palette.teal: must be at least 0, not -1"),
    ("start: {noise: perlin, palette: [teal, no.jpg]}\nframes: 4", "1:40: start.palette: there is no file no.jpg"),
    ("start: {colour: teal, palette: gold}\nframes: 4", "1:23: start.palette: belongs to noise or image only"),
    (
        "start: {noise: perlin, palette: gold, contrast: 20}\nframes: 4",
        "1:39: start.contrast: has no say beside a palette, whose colours decide how bright and how "
        "strong the noise is",
    ),
    ("start: {colour: [1, 2, 256]}\nframes: 4", "1:24: start.colour: must be from 0 to 255, not 256"),
    (
        "start: {video: film.mp4}\nframes: 4\nmotion: {zoom: 1}",
        "3:1: motion: has nothing to move: with start.video each frame is the film's own",
    ),
    (
        "start: {video: film.mp4}\nframes: 4\noutput: {record: octaves}",
        "3:18: output.record: octaves films how one picture forms; with start.video it must be frames",
    ),
    (
        "start: {video: film.mp4}\nframes: 4\noutput: {path: film.mp4}",
        "3:16: output.path: film.mp4 would replace film.mp4, which the film is made from",
    ),
    (
        "start: {noise: perlin}\nframes: 1\noutput: {path: x.png, record: octaves}",
        "3:16: output.path: x.png holds one frame, but record: octaves makes many; write frames/####.png or a film",
    ),
    ("start: {noise: uniform}\nframes: 0", "2:9: frames: must be from 1 to 50000000, not 0"),
    ("start: {noise: uniform}\nduration: -1", "2:11: duration: must be above 0, not -1"),
    ("start: {noise: uniform}\nduration: 1e99", "2:11: duration: must be at most 1000000000, not 1e99"),
    (
        "start: {noise: uniform}\nduration: 0.001",
        "2:11: duration: 0.001 s is not one frame; at 24 fps one frame lasts 0.0417 s",
    ),
    (
        "start: {noise: uniform}\nduration: 1e8",
        "2:11: duration: 1e8 s are 2400000000 frames; a film has at most 50000000",
    ),
]


@pytest.mark.parametrize("text, line", STARTS, ids=[text.replace("\n", "|") for text, _ in STARTS])
def test_a_wrong_start_or_length(text, line):
    assert mistakes(text) == [f"s.yaml:{line}"]


PATHS = [r"C:\temp\new.jpg", r"C:\Users\me\a.jpg", r"C:\photos\a.jpg", r"D:\_x.jpg", r"C:\x", r"out\night.mp4"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["start.image", "start.video", "dream.guide", "dream.keep.palette", "model.weights"])
def test_paths_as_windows_writes_them(key, path):
    """In double quotes it says what to do; else they are paths, of files that are not there."""
    scene = "start: {noise: perlin}\nframes: 1\n"
    (told,) = mistakes(scene, f'{key}="{path}"')
    assert told.endswith(ESCAPES)
    if not key.startswith("start"):
        (told,) = mistakes(f'{scene}{key.replace(".", ": {")}: "{path}"{"}" * key.count(".")}')
        assert told.endswith(ESCAPES)
    for quoted in (path, f"'{path}'", path.replace("\\", "\\\\").join('""')):
        assert f"there is no file {path}" in mistakes(scene, f"{key}={quoted}")[0]


@pytest.mark.parametrize("address", ["http://a.org/b.jpg", "file:///home/me/a.jpg", "s3://b/a.png"])
def test_addresses_are_no_paths(address):
    for key in ("start.image", "start.video", "dream.guide", "dream.keep.palette", "model.weights", "output.path"):
        (told,) = mistakes("start: {noise: perlin}\nframes: 1\n", f"{key}={address}")
        assert f"must be the path of a file, not the address '{address}'; only files are read" in told


def test_an_outputs_path_as_windows_writes_it():
    for path in PATHS:
        assert mistakes(f'{TWO_LINES}output: {{path: "{path}"}}')[0].endswith(ESCAPES)


def test_all_mistakes_at_once_in_order():
    text = """size: [641, 360]
start: {image: no.png}
duration: 4
motion: {zoom: -1}
dream:
  octave: 3
  layers: [fire99, fire7]
  layers: fire1
output: {path: x.avi}
"""
    told = mistakes(text, "seed=x")
    assert [line.split(": ")[0] for line in told] == [
        *(f"s.yaml:{at}" for at in ("1:8", "2:16", "4:16", "6:3", "7:12", "8:3", "9:16")),
        "--set seed=x",
    ]


def test_a_tag_that_would_build_an_object_builds_none():
    (line, *_) = mistakes(TWO_LINES + "seed: !!python/object/apply:os.mkdir [made]")
    assert line.startswith("s.yaml:3:7: seed: the tag !!python/object/apply:os.mkdir would build an object")
    assert not Path("made").exists()


def test_an_output_folder_that_cannot_be_written(folder, monkeypatch):
    Path("file").touch()
    assert mistakes(TWO_LINES + "output: {path: file/x/y.mp4}") == [
        f"s.yaml:3:16: output.path: {folder / 'file'} is in the way: it is no folder"
    ]
    monkeypatch.setattr("os.access", lambda path, mode: not Path(path).is_dir())
    assert mistakes(TWO_LINES) == [f"s.yaml: output.path: the folder {folder} cannot be written"]


def test_numbered_stills_must_not_replace_the_picture_that_they_grow_from():
    Path("frames").mkdir()
    Image.new("RGB", (4, 4)).save("frames/0001.png")
    (line,) = mistakes("start: {image: frames/0001.png}\nframes: 4\noutput: {path: 'frames/####.png'}")
    assert line.endswith("frames/####.png would replace frames/0001.png, which the film is made from")


def test_one_frame_may_be_a_plain_picture():
    assert read("start: {image: grey.png}\nframes: 1\noutput: {path: x.PNG}").length == 1
