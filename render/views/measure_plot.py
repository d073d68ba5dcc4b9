"""Measured films as a picture: a few frames of each, and every number over time, as plot.py draws plans."""

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from render.language.marks import one_line
from render.views.measure_report import Judged, curves, labels
from render.views.plot import DIM, DPI, GRID, GROUND, LEFT, PALETTE, PANEL, RIGHT, TEXT, WIDTH, apart, picture_of
from render.views.tracks import cut

if TYPE_CHECKING:
    from PIL import Image

PANELS = {  # curve → unit, and what is good
    "flicker": ("levels", "beyond motion; calm below 4"),
    "sharp": ("levels", "fine detail"),
    "contrast": ("levels", "rich from 40 to 75"),
    "noise": ("levels", "grain above 20"),
    "saturation": ("0 to 1", ""),
    "grey": ("share", "unfinished above 0.1"),
    "clipped": ("share", "burnt above 0.15"),
    "black": ("share", ""),
}
HEAD, STRIP, ROW, GAP, FOOT = 0.75, 1.15, 0.85, 0.25, 0.25  # inches
MOST = 24  # films whose frames are shown


def plot(films: Sequence[Judged]) -> "Image.Image":
    """Frames and curves of films. PlotError without matplotlib."""
    return apart(lambda: _drawn(films))


def _drawn(films: Sequence[Judged]) -> "Image.Image":
    from matplotlib.figure import Figure

    moving = [judged for judged in films if judged.film.length > 1]
    shown, panels = films[:MOST], PANELS if moving else {}
    height = HEAD + STRIP * len(shown) + GAP + (ROW + GAP) * len(panels) + FOOT
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=GROUND)
    title = one_line(films[0].path.name) if len(films) == 1 else f"{len(films)} films"
    _text(figure, 0.45, 0.5, height, cut(title, 60), 16, weight="bold")
    colours = dict(zip(map(id, films), cycle(PALETTE), strict=False))
    for number, (judged, name) in enumerate(zip(shown, labels(films), strict=False)):
        _strip(figure, judged, HEAD + STRIP * number, height, name if len(films) > 1 else "", colours[id(judged)])
    top = HEAD + STRIP * len(shown) + GAP
    for name in panels:
        ax = _panel(figure, top, height, name, last=name == [*panels][-1])
        for judged in moving:
            _curve(ax, judged, name, colours[id(judged)])
        ax.set_ylim(0, 1.08 * max(ax.get_ylim()[1], 1e-3))
        top += ROW + GAP
    if panels:
        _text(figure, LEFT, top + 0.1, height, "seconds", 8, DIM)
    return picture_of(figure)


def _strip(figure: Any, judged: Judged, top: float, height: float, name: str, colour: str) -> None:
    """A few frames in a row, after the film's name."""
    _text(figure, 0.45, top + 0.5, height, cut(one_line(name), 22), 9, colour)
    width = (WIDTH - LEFT - RIGHT) / max(6, len(judged.film.pictures))
    for number, picture in enumerate(judged.film.pictures):
        box = _box(LEFT + number * width, top, width - 0.06, STRIP - 0.06, height)
        ax = figure.add_axes(box)
        ax.imshow(picture)
        ax.axis("off")


def _panel(figure: Any, top: float, height: float, name: str, last: bool) -> Any:
    """An empty panel for one number over time."""
    unit, good = PANELS[name]
    _text(figure, 0.45, top + ROW / 2, height, name, 10)
    _text(figure, 0.45, top + ROW / 2 + 0.18, height, unit, 7.5, DIM)
    _text(figure, 0.45, top + ROW / 2 + 0.34, height, good, 7.5, DIM)
    ax = figure.add_axes(_box(LEFT, top, WIDTH - LEFT - RIGHT, ROW, height), facecolor=PANEL)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.grid(color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, labelsize=7.5, labelcolor=DIM, pad=4, labelbottom=last)
    ax.locator_params(axis="y", nbins=3)
    ax.margins(x=0)
    return ax


def _curve(ax: Any, judged: Judged, name: str, colour: str) -> None:
    """One film's line; the first frame has come by no step."""
    columns = curves(judged.film)
    skip = name == "flicker"
    seconds = [k / float(judged.fps) for k in columns["k"]]
    ax.plot(seconds[skip:], columns[name][skip:], color=colour, lw=1.3)


def _text(figure: Any, x: float, y: float, height: float, text: str, size: float, colour: str = TEXT, **more: Any):
    """Text at inches from the left and the top."""
    figure.text(x / WIDTH, 1 - y / height, text.replace("$", r"\$"), fontsize=size, color=colour, **more)


def _box(x: float, top: float, width: float, tall: float, height: float) -> tuple[float, float, float, float]:
    """matplotlib's box of inches from the left and the top."""
    return x / WIDTH, 1 - (top + tall) / height, width / WIDTH, tall / height
