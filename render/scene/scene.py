"""The scene: what a film is made of, as frozen dataclasses. Every field has its default, its kind and one line of help.

Sizes are (width, height) in pixels, colours and contrasts in levels of 255, times in seconds. `metadata` holds kind and
help, from which the reader, docs/reference.md and the editor's schema are made; without them a field is none of a
scene's keys.
"""

# ruff: noqa: RUF009 - key() and moving() are dataclasses.field with metadata
import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import models
from render.language.curve_reader import is_keyframes
from render.language.curves import Curve
from render.language.kinds import Choice, Colour, File, Fps, Kind, Name, Number, Pair, Size, Switch, WordOrNumber
from render.language.marks import Node, Problems, shown
from render.language.section import Section
from render.media.codecs import ENDINGS, NAMES, TRANSFERS, Coding, coding
from render.scene.by_octave import MOST_OCTAVES, ByOctave, PerOctave
from render.scene.classes import Class, Classes
from render.scene.layers import Layers, Target
from render.scene.loops import Loop, Looping
from render.scene.palettes import Palettes, Swatch

NOISE_ONLY, PICTURE_ONLY, STILL_ONLY = ("level", "contrast", "scale"), ("fit",), ("blend", "moves")
STARTS: dict[str, tuple[str, ...]] = {  # what a film starts from → the keys that only it takes; exactly one is given
    "noise": (*NOISE_ONLY, "palette", *STILL_ONLY),
    "image": (*PICTURE_ONLY, "palette", *STILL_ONLY),
    "video": PICTURE_ONLY,
    "colour": STILL_ONLY,
}
PALETTE_DECIDES = ("level", "contrast")  # what start.palette leaves nothing to say about
LENGTHS: dict[str, tuple[str, ...]] = {
    "duration": (),
    "frames": (),
}  # exactly one, beside a video at most
MODEL = "efficientnet_lite2"  # dreams where a scene names neither a network nor layers of another
MAX_FRAMES = 50_000_000  # nine days at 60 frames a second
QUALITIES = {  # name → longest side in pixels, frames per second
    "draft": (320, 12),
    "low": (640, 24),
    "medium": (1280, 30),
    "high": (1920, 60),
    "4k": (3840, 60),
}
ORIGINAL = "original"  # one more: the size of the start's picture or film, as `size: start`
LARGEST = 3840  # pixels of the longer side of such a film, unless the scene says it in numbers

TAKING = ("auto", "torch", "caffe", "tf")  # what pictures a file of weights is for


def key(kind: Kind, help: str, default: Any, **more: str) -> Any:
    """A dataclass field that a scene may hold; name=: what it is called there, where Python cannot."""
    return field(default=default, metadata={"kind": kind, "help": help, **more})


def moving(default: float, help: str, **bounds: Any) -> Any:
    """A field whose number may be a schedule."""
    return key(Number(moving=True, **bounds), help, Curve.constant(default))


def by_octave(default: float, help: str, **bounds: Any) -> Any:
    """A field whose number may be a schedule, and one for each octave."""
    return key(PerOctave(Number(moving=True, **bounds)), help, Curve.constant(default))


@dataclass(frozen=True)
class Smallest:
    """Octaves from this shorter side up to the full size."""

    smallest: Curve = moving(64, "shorter side of the smallest octave, in pixels", least=8, most=16384, whole=True)


@dataclass(frozen=True)
class Octaves:
    """A moving number of octaves, or {smallest: pixels}."""

    count: Number = Number(1, MOST_OCTAVES, whole=True, moving=True)

    def describe(self) -> str:
        return f"{self.count.describe()}, or {{smallest: 64}}"

    def opened(self, node: Node) -> Node:
        """A mapping that can take `smallest`."""
        return Node({}, node.mark) if not isinstance(node.value, dict) or is_keyframes(node) else node

    def read(self, node: Node, key: str, problems: Problems) -> Curve | Smallest | None:
        if not isinstance(node.value, dict) or is_keyframes(node):
            return self.count.read(node, key, problems)  # type: ignore[return-value]
        if not node.value:
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
        return Section(Smallest).read(node, key, problems)


@dataclass(frozen=True)
class Model:
    name: str = key(
        Name("the name of a network"),
        "a network, as `python -m render models` lists them; without one, a shipped one that has the layers",
        MODEL,
    )
    weights: Path | None = key(File(), "a file of weights to use instead of the network's own", None)
    input: str = key(
        Choice(TAKING),
        "what those weights take: RGB around 0 with deviation 1, BGR in levels, RGB from -1 to 1; auto: as they look",
        "auto",
    )


@dataclass(frozen=True)
class Start:
    """What frame 0 grows from: exactly one of noise, image, video and colour is not None."""

    noise: str | None = key(Choice(("uniform", "gaussian", "perlin")), "random pixels", None)
    image: Path | None = key(File(), "a picture", None)
    video: Path | None = key(File(), "a film: every frame of it is dreamed", None)
    colour: tuple[float, float, float] | None = key(Colour(), "a flat colour", None)
    level: float = key(Number(0, 255), "the noise's mean, in levels", 128.0)
    contrast: float = key(Number(0, 255), "the noise's standard deviation, in levels", 42.0)
    scale: float | None = key(
        Number(0, 1), "size of the noise's grain, as a fraction of the shorter side; 0 is single pixels", None
    )
    palette: tuple[Swatch, ...] = key(
        Palettes(), "colours for the noise or the picture, and what `dream.keep` holds from then on", ()
    )
    fit: str = key(Choice(("cover", "contain", "stretch")), "how a picture or film fills the frame", "cover")
    blend: Curve = moving(0, "how much of the start is mixed back before each later frame is dreamed", least=0, most=1)
    moves: bool = key(Switch(), "whether the start that is mixed back moves along with the picture", False)


@dataclass(frozen=True)
class Keep:
    strength: Curve = moving(0.2, "how strongly a frame's colours are drawn to those it is to keep", least=0, most=1)
    palette: tuple[Swatch, ...] = key(
        Palettes(), "the colours to keep; without one start.palette, else mean and contrast of the start", ()
    )
    mean: Curve | None = key(Number(0, 1, moving=True), "another strength for the mean", None)
    contrast: Curve | None = key(Number(0, 1, moving=True), "another strength for all but the mean", None)
    target: Curve | None = key(Number(0, 255, moving=True), "the contrast to keep, in levels, instead of its own", None)


@dataclass(frozen=True)
class Guide:
    """A picture that draws the dream, and by which layers; without any, by the network's own (`default_layers`)."""

    image: Path | None = key(File(), "a picture whose features the dream takes up", None)
    layers: tuple[Target, ...] = key(Layers(), "where they are compared: layer → weight", ())


@dataclass(frozen=True)
class Guides:
    """A picture, a mapping of image and layers, or a list of either."""

    one: Section = Section(Guide, ("image",))

    def describe(self) -> str:
        return "a picture's path, a mapping {image: flowers.jpg, layers: fire7}, or a list of such"

    def parts(self, node: Node) -> list[Node]:
        """The nodes of each guide, as mappings."""
        return [self.one.opened(part) for part in (node.value if isinstance(node.value, list) else [node])]

    def opened(self, node: Node) -> Node:
        """The value as a mapping that can take keys."""
        return self.one.opened(node)

    def read(self, node: Node, key: str, problems: Problems) -> tuple[Guide, ...] | None:
        if not self.parts(node):
            problems.add(node.mark, key, f"must be {self.describe()}, not {shown(node)}")
        read = [(part, self.one.read(part, key, problems)) for part in self.parts(node)]
        for part, guide in read:
            if guide and guide.image is None and "image" not in part.value:
                problems.add(part.mark, f"{key}.image", "is missing: a guide is a picture")
        return tuple(guide for _, guide in read if guide and guide.image)


@dataclass(frozen=True)
class Natural:
    """How gradients follow photographs; one number stands for both."""

    colour: Curve = moving(0.5, "how far gradients follow the colours of photographs: less neon", least=0, most=1)
    spectrum: Curve = moving(0.8, "how far they follow their spectrum: soft and large, not grain", least=0, most=1)


@dataclass(frozen=True)
class Wobble:
    """What the network sees at each step, beside jitter; a single number is the scale."""

    scale: Curve = moving(0, "up to how much larger or smaller, 0.05 is 5 per cent", least=0, most=0.2)
    rotate: Curve = moving(0, "up to how many degrees turned, either way", least=0, most=15)


@dataclass(frozen=True)
class Dream:
    layers: tuple[Target, ...] = key(
        Layers(), "what to amplify: layer → weight", tuple(map(Target, models.NETWORKS[MODEL].default_layers))
    )
    classes: tuple[Class, ...] = key(
        Classes(), "what to dream of: class → weight, for networks with a classifier", (), name="class"
    )
    guide: tuple[Guide, ...] = key(Guides(), "pictures that the dream takes its features from", ())
    octaves: Curve | Smallest = key(
        Octaves(),
        "the sizes that the dream climbs: {smallest: 64} from so many pixels up, the same in a draft and in the film; "
        "or a number of them, counted from the full size down",
        Smallest(),
    )
    octave_scale: Curve = moving(1.4, "the ratio of one octave's size to the next smaller", above=1, most=10)
    iterations: Curve | ByOctave = by_octave(10, "ascent steps per octave", least=0, most=10_000, whole=True)
    step_size: Curve | ByOctave = by_octave(1.5, "mean change of a pixel per step, in levels", least=0, most=255)
    jitter: Curve | ByOctave = by_octave(
        32, "random roll of up to so many pixels before every step", least=0, most=16384, whole=True
    )
    wobble: Wobble = key(
        Section(Wobble, ("scale",)), "random scale and turn of what the network sees at each step", Wobble()
    )
    natural: Natural = key(
        Section(Natural, ("colour", "spectrum")),
        "how far gradients follow the colours and the spectrum of photographs, 0 to 1",
        Natural(),
    )
    keep: Keep = key(
        Section(Keep, ("strength",)), "how strongly colours are drawn to the start's or a palette's, 0 to 1", Keep()
    )
    symmetry: str | int = key(
        WordOrNumber(("off", "mirror"), Number(2, 24, whole=True)),
        "a kaleidoscope with so many mirrors through the middle, or `mirror`, a single upright one",
        "off",
    )
    tile: str | int = key(
        WordOrNumber(("auto", "off"), Number(64, 4096, whole=True)),
        "large pictures are dreamed in tiles of at most this side, in pixels: memory stays bounded",
        "auto",
    )


ZERO = Curve.constant(0)
HALF = Curve.constant(0.5)
ZOOM = "1 stands still, above 1 falls in, below 1 pulls out"


@dataclass(frozen=True)
class Motion:
    """What happens to a frame before it is dreamed again. `fps` are those that numbers per frame were written for."""

    zoom: Curve = moving(1.015, f"factor: {ZOOM}", above=0, most=1000, note=ZOOM)
    rotate: Curve = moving(0.2, "degrees, positive turns the picture counter-clockwise")
    translate: tuple[Curve, Curve] = key(
        Pair(Number(-1000, 1000, moving=True)),
        "fraction of width and height, positive goes right and down",
        (ZERO, ZERO),
    )
    center: tuple[Curve, Curve] = key(
        Pair(Number(-1000, 1000, moving=True)), "the fixed point, as a fraction of width and height", (HALF, HALF)
    )
    tilt: Curve = moving(0, "degrees that the camera turns upwards: perspective, the picture moves down")
    pan: Curve = moving(0, "degrees that the camera turns to the right: perspective, the picture moves left")
    swirl: Curve = moving(0, "degrees that the middle turns counter-clockwise, falling off to the border")
    per: str = key(Choice(("frame", "second")), "what all of the above are counted by", "frame")
    border: str = key(Choice(("fresh", "mirror", "wrap", "edge", "black")), "what lies outside the frame", "fresh")
    interpolation: str = key(Choice(("cubic", "linear")), "how pixels are resampled", "cubic")
    sharpen: Curve = moving(0, "unsharp masking of the moved frame, against the blur of a long film", least=0, most=2)
    grain: Curve = moving(0, "new noise before every dream, in levels, against a dream that freezes", least=0, most=255)
    fps: Fraction = Fraction(24)


@dataclass(frozen=True)
class Output:
    path: Path = key(File(here=True), "the film; its ending decides what is written", Path("out/scene.mp4"))
    codec: str | None = key(Choice(NAMES), "how the film is compressed; unless given, as its ending usually is", None)
    depth: int | None = key(Choice((8, 16)), "bits of a PNG's colours, 8 unless given", None)
    crf: int = key(Number(0, 51, whole=True), "quality of the compression: lower is better and larger", 17)
    keyframes: int | None = key(
        Number(1, MAX_FRAMES, whole=True), "at most so many frames from one that stands alone to the next", None
    )
    transfer: str | None = key(
        Choice(tuple(TRANSFERS)), "the curve that a film names to its player; sRGB, which it is, unless given", None
    )
    record: str = key(Choice(("frames", "octaves", "iterations")), "what becomes a frame of the film", "frames")
    repeat: int = key(Number(1, 10_000, whole=True), "a loop, so many times over in the file, dreamed once", 1)

    @property
    def coding(self) -> Coding:
        """How the film is encoded. KeyError: no film ends so, which the reader has told."""
        return coding(
            self.path,
            self.codec,
            self.depth,
            crf=self.crf,
            transfer=self.transfer or "srgb",
            keyframes=self.keyframes,
        )


@dataclass(frozen=True)
class Scene:
    """A whole scene; exactly one of duration and frames is not None, once it is read."""

    model: Model = key(Section(Model, ("name",)), "the network that dreams", Model())
    size: tuple[int, int] = key(
        Size(word="start"),
        "width, height in pixels, both even; `start`: those of the start's picture or film",
        (640, 360),
    )
    fps: Fraction = key(Fps(), "frames per second; beside `start.video` those of the film, unless given", Fraction(24))
    bpm: float | None = key(Number(0.01, 100_000), "beats per minute, for times in beats: 8b, and `beat`", None)
    duration: float | None = key(Number(above=0), "the film's length in seconds", None)
    frames: int | None = key(Number(1, MAX_FRAMES, whole=True), "the film's length in frames", None)
    loop: Loop | None = key(Looping(), "the film closes: its last frame leads into its first without a seam", None)
    seed: int = key(Number(0, 2**32 - 1, whole=True), "decides every random number of the film", 0)
    start: Start = key(
        Section(Start, example="{noise: uniform}"),
        "what frame 0 grows from: one of noise, image, video, colour",
        Start(),
    )
    dream: Dream = key(Section(Dream), "what the network does to a frame", Dream())
    motion: Motion = key(Section(Motion), "what happens to a frame before it is dreamed again", Motion())
    output: Output = key(Section(Output), "where the film goes", Output())

    @property
    def palette(self) -> tuple[Swatch, ...]:
        """The colours to keep, if they are not simply the start's."""
        return self.dream.keep.palette or self.start.palette

    @property
    def length(self) -> int:
        """The number of frames, at least 1."""
        if self.frames is not None:
            return self.frames
        return max(1, math.floor(Fraction(self.duration or 0) * self.fps + Fraction(1, 2)))


def with_quality(scene: Scene, quality: str) -> Scene:
    """The scene at a preset of QUALITIES: its aspect ratio, seconds and speed stay.

    So does the frame rate where stages are recorded: each is a frame, and a draft would show them half as fast.
    """
    longest, written = QUALITIES[quality]
    fps = written if scene.output.record == "frames" else scene.fps
    each = max(2, scene.output.coding.codec.multiple) if scene.output.path.suffix.lower() in ENDINGS else 2
    frames, duration = scene.frames, scene.duration
    if scene.length == 1:  # a still remains one, whatever the frame rate
        frames, duration = 1, None
    elif scene.frames is not None:
        frames, duration = None, float(scene.frames / scene.fps)
    return replace(scene, size=within(scene.size, longest, each), fps=Fraction(fps), frames=frames, duration=duration)


def within(size: tuple[int, int], longest: int, each: int = 2) -> tuple[int, int]:
    """A size of the same shape whose longer side is `longest`; both are multiples of `each`."""
    w, h = (max(16, each * round(side * longest / max(size) / each)) for side in size)
    return w, h
