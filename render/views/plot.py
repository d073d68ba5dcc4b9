"""The plan of a film as a picture: every schedule that moves over time, the layers' weights stacked, constants below.

Lengths are inches, from the top left; colours are of one palette on a dark ground. matplotlib comes with the extra
`plan` and is imported where it is needed; its global state (pyplot, rcParams) is left alone, and what the environment
or a matplotlibrc in the working folder make of it changes no plan.
"""

import os
import warnings
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from render.language.marks import one_line
from render.scene.scene import Scene
from render.views.tracks import WEIGHTS, Track, columns, constants, cut, doublings, magnified, pace, tracks, weighed

if TYPE_CHECKING:
    from PIL import Image

DPI = 120
WIDTH, LEFT, RIGHT = 12.0, 2.35, 0.45
HEADER, STACK, ROW, GAP, FOOT, LINE = 1.15, 1.9, 0.95, 0.3, 0.65, 0.27
GROUND, PANEL, GRID, DIM, TEXT = "#15131c", "#1d1a26", "#322d3f", "#8d869c", "#ece7f4"
PALETTE = ("#ff8a5c", "#f7c95c", "#7fd6a4", "#5cc8e8", "#8f9bff", "#d48cf2", "#ff7fa8", "#b9c46a")


class PlotError(Exception):
    """A plan that cannot be drawn; the message says what to do."""


def plot(scene: Scene, name: str = "") -> "Image.Image":
    """The plan of a scene as an RGB picture; `name` is its title. PlotError without matplotlib."""
    return apart(lambda: _drawn(scene, name))


def apart(draw: Callable[[], "Image.Image"]) -> "Image.Image":
    """What `draw` draws by matplotlib's own defaults, whose state is as before then. PlotError: it is not there."""
    try:
        matplotlib = _matplotlib()
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            return draw()
    except ImportError:
        raise PlotError("drawing a plan needs matplotlib: pip install 'dreamreel[plan]'") from None


def picture_of(figure: Any) -> "Image.Image":
    """A figure as an RGB picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():  # letters that the font lacks are boxes
        warnings.simplefilter("ignore")
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _matplotlib() -> Any:
    """matplotlib, whatever backend the environment names: a notebook's may not be there. ImportError."""
    named = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if named is not None:
            os.environ["MPLBACKEND"] = named
    return matplotlib


def _drawn(scene: Scene, name: str) -> "Image.Image":
    from matplotlib.figure import Figure

    every = tracks(scene)
    layers = [track for track in every if track.path.startswith(WEIGHTS)]
    layers = layers if any(track.moves for track in layers) else []
    moving = [track for track in every if track.moves and not track.path.startswith(WEIGHTS)]
    still = [track for track in every if not track.moves and track not in layers]
    table = columns(constants(scene, still))
    rows = [STACK] * bool(layers) + [ROW] * len(moving)
    height = HEADER + sum(rows) + GAP * len(rows) + FOOT * bool(rows) + LINE * (len(table) + 1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=GROUND)
    sheet = _Sheet(figure, scene, height)
    sheet.header(one_line(name or scene.output.path.stem))
    if layers:
        sheet.stack(layers, last=not moving)
    for track, colour in zip(moving, cycle(PALETTE), strict=False):
        sheet.row(track, colour, last=track is moving[-1])
    sheet.table(table)
    return picture_of(figure)


class _Sheet:
    """A figure that is filled from the top down; `top` is how far it has come."""

    def __init__(self, figure: Any, scene: Scene, height: float) -> None:
        self.figure, self.scene, self.height, self.top = figure, scene, height, HEADER
        self.seconds = float(scene.length / scene.fps)

    def text(self, x: float, y: float, text: str, size: float = 8.5, colour: str = TEXT, **more: Any) -> None:
        """Text at inches from the left and the top."""
        place = x / WIDTH, 1 - y / self.height
        self.figure.text(*place, text.replace("$", r"\$"), fontsize=size, color=colour, va="baseline", **more)

    def header(self, name: str) -> None:
        """Title, length, size and network."""
        scene, fps, frames = self.scene, f"{float(self.scene.fps):g} fps", f"{self.scene.length} frames"
        length = ["a still"] if scene.length == 1 else [f"{self.seconds:.4g} s", f"{frames} at {fps}"]
        facts = [*length, f"{scene.size[0]}×{scene.size[1]}", scene.model.name]
        facts += [f"{scene.bpm:g} bpm"] if scene.bpm else []
        self.text(0.45, 0.58, cut(name, 60), 19, weight="bold")
        self.text(0.45, 0.85, "   ·   ".join(facts), 9.5, DIM)

    def axes(self, height: float, last: bool) -> Any:
        """A panel across the sheet with its grid of seconds, or of bars of four beats where the scene has bpm."""
        box = LEFT / WIDTH, 1 - (self.top + height) / self.height, (WIDTH - LEFT - RIGHT) / WIDTH, height / self.height
        ax = self.figure.add_axes(box, facecolor=PANEL)
        self.top += height + GAP
        ax.set_xlim(0, self.seconds)
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.grid(axis="x", color=GRID, linewidth=0.8)
        ax.grid(axis="y", color=GRID, linewidth=0.5)
        ax.set_axisbelow(True)
        ax.tick_params(length=0, labelsize=7.5, labelcolor=DIM, pad=4)
        ax.locator_params(axis="y", nbins=3)
        ax.locator_params(axis="x", nbins=12)
        self.beats(ax)
        ax.tick_params(labelbottom=last)
        if last:
            beats = ", with a line at every beat and a strong one at every fourth" if self.scene.bpm else ""
            ax.set_xlabel(f"seconds{beats}", fontsize=8, color=DIM, labelpad=4)
            self.top += FOOT - GAP
        return ax

    def beats(self, ax: Any) -> None:
        """Thin lines at the beats, stronger at every fourth, as long as they can be told apart."""
        if not self.scene.bpm:
            return
        beat = 60 / self.scene.bpm
        for every, strength in ((1, 0.35), (4, 0.9)):
            if self.seconds / (beat * every) <= 130:
                times = np.arange(0, self.seconds, beat * every)
                ax.vlines(times, 0, 1, transform=ax.get_xaxis_transform(), color="#5a4f78", lw=strength, zorder=0.5)

    def label(self, name: str, lines: Sequence[str], colour: str, middle: float) -> None:
        """A panel's name to its left, and what there is to say about it below."""
        y = middle - 0.07 * len(lines) + 0.03
        self.text(0.45, y, name, 10.5, colour, weight="bold")
        for line in lines:
            y += 0.17
            self.text(0.45, y, line, 8, DIM)

    def row(self, track: Track, colour: str, last: bool) -> None:
        """One schedule: its line, and its keyframes with their values."""
        lines = [track.unit] if track.unit else []
        low, high = float(track.values.min()), float(track.values.max())
        if track.path == "motion.zoom":
            lines.append(f"{magnified(doublings(track.values, self.scene.motion), self.seconds)} in all")
        self.label(
            track.path.partition(".")[2],
            [*lines, f"{low:.4g} … {high:.4g}".replace("-", "−")],
            colour,
            self.top + ROW / 2,
        )
        ax = self.axes(ROW, last)
        ax.set_ylim(low - 0.22 * (high - low), high + 0.38 * (high - low))
        style = "steps-post" if track.steps else "default"
        ax.fill_between(
            track.t,
            track.values,
            ax.get_ylim()[0],
            step="post" if track.steps else None,
            color=colour,
            alpha=0.13,
            lw=0,
        )
        ax.plot(track.t, track.values, color=colour, lw=1.6, drawstyle=style, solid_capstyle="round")
        ax.plot(track.marks, track.marked, "o", ms=4.5, color=colour, mec=PANEL, mew=1.2, clip_on=False, zorder=5)
        self.values(ax, track, colour)

    def values(self, ax: Any, track: Track, colour: str) -> None:
        """The values at the keyframes, or for zoom how fast the picture grows, where there is room."""
        zooms = track.path == "motion.zoom"
        t, values = track.marks, track.marked
        if zooms and not len(t):
            at = np.linspace(0, len(track.t) - 1, 7).astype(int)[1:-1]
            t, values = track.t[at], track.values[at]
        room, until = (0.13 if zooms else 0.055) * self.seconds, -np.inf
        for second, value in zip(t, values, strict=True):
            if second - until >= room:
                until = second
                rate = pace(float(doublings(np.array(value), self.scene.motion))) if zooms else ""
                side = "left" if second < 0.03 * self.seconds else "right" if second > 0.97 * self.seconds else "center"
                note = f"{value:.4g}  {rate}".strip().replace("-", "−")
                ax.annotate(
                    note, (second, value), (0, 6), textcoords="offset points", ha=side, fontsize=7.5, color=TEXT
                )

    def stack(self, layers: Sequence[Track], last: bool) -> None:
        """The layers' weights on top of each other, those that suppress below zero."""
        only_layers = all(track.path.startswith("dream.layers.") for track in layers)
        self.label("layers" if only_layers else "dream", ["weights, stacked"], TEXT, self.top + STACK / 2)
        ax = self.axes(STACK, last)
        up, down = np.zeros_like(layers[0].values), np.zeros_like(layers[0].values)
        edges: list[tuple[Track, np.ndarray, np.ndarray]] = []
        for track in layers:
            first, second = up + np.maximum(track.values, 0), down + np.minimum(track.values, 0)
            edges += [(track, up, first)] * bool(np.any(track.values > 0))
            edges += [(track, down, second)] * bool(np.any(track.values < 0))
            up, down = first, second
        low, high = float(down.min()), float(up.max())
        ax.set_ylim(low * 1.06, high * 1.06 or 1)
        colours = dict(zip([track.path for track in layers], cycle(PALETTE), strict=False))
        for track, a, b in edges:
            ax.fill_between(track.t, a, b, color=colours[track.path], alpha=0.9, lw=0.6, ec=PANEL)
            edge = np.interp(track.marks, track.t, b)
            ax.plot(track.marks, edge, "o", ms=4, color=TEXT, mec=PANEL, mew=1, clip_on=False, zorder=5)
            self.name(ax, track, a, b, (high - low) or 1)

    def name(self, ax: Any, track: Track, a: np.ndarray, b: np.ndarray, span: float) -> None:
        """A layer's name where its band is widest, if it fits."""
        inside = slice(len(a) // 25, max(1, len(a) - len(a) // 25))
        at = int(np.argmax(np.abs(b - a)[inside])) + (inside.start or 0)
        if abs(b[at] - a[at]) > 0.09 * span:
            text = weighed(track.path) + (" (suppressed)" if b[at] < 0 else "")
            ax.text(
                track.t[at],
                (a[at] + b[at]) / 2,
                text,
                fontsize=8.5,
                color=GROUND,
                ha="left" if track.t[at] < 0.1 * self.seconds else "center",
                va="center",
                weight="bold",
            )

    def table(self, constants: Sequence[Sequence[tuple[str, str]]]) -> None:
        """What never changes."""
        if self.top > HEADER and constants:
            self.text(0.45, self.top + 0.05, "constant", 8, DIM)
            self.top += LINE
        for line in constants:
            for (name, value), shift in zip(line, (0, (WIDTH - 0.45) / 2), strict=False):
                self.text(0.45 + shift, self.top + 0.05, name, 8.5, DIM)
                self.text(LEFT + shift, self.top + 0.05, value.replace("-", "−"), 8.5)
            self.top += LINE
