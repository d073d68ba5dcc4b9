"""A plan as a picture: every moving number is in it, in the right place, for any scene."""

# ruff: noqa: F401 - a fixture is imported

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scenes import TWO_LINES, folder, read

from render.views import plot
from render.views.tracks import columns, constants, doublings, magnified, pace, tracks, unit

pytestmark = pytest.mark.usefixtures("folder")
MOVING = """bpm: 120
dream:
  layers: {fire5: {0: 1, 2: 0}, "fire7[3]": {0: 0, 4: -1}, fire8: 1}
  octaves: {0: 2, 4: 4}
  step_size: 1 + p
  jitter: {octaves: [8, {0: 8, 4: 16}]}
motion: {zoom: {0: 1, 50%: 1.02, 100%: 1.01}, translate: [0, "0:(0), 48:(0.1)"]}
"""


def test_tracks_are_every_number_that_may_move():
    found = {track.path: track for track in tracks(read(TWO_LINES + MOVING))}
    assert list(found)[:4] == ["start.blend", "dream.layers.fire5", "dream.layers.fire7[3]", "dream.layers.fire8"]
    assert {path for path, track in found.items() if track.moves} == {
        *("dream.layers.fire5", "dream.layers.fire7[3]", "dream.octaves", "dream.step_size", "motion.zoom"),
        "dream.jitter 2",
        "motion.translate y",
    }
    zoom = found["motion.zoom"]
    assert zoom.marks.tolist() == [0, 2, 4] and zoom.marked.tolist() == [1, 1.02, 1.01]
    assert found["dream.octaves"].whole and set(found["dream.octaves"].values) == {2, 3, 4}
    assert found["dream.jitter 1"].whole and found["dream.jitter 2"].unit == "pixels"
    assert found["motion.translate y"].marks.tolist() == [0, 2]
    assert "dream.octaves.smallest" in {t.path for t in tracks(read(TWO_LINES + "dream: {octaves: {smallest: 96}}"))}


def test_the_weights_of_a_palette_are_among_them():
    scene = read(TWO_LINES + "dream: {keep: {palette: {teal: {0s: 1, 2s: 0}, grey.png: 1}}}")
    found = {track.path: track.moves for track in tracks(scene) if "palette" in track.path}
    assert found == {"dream.keep.palette.#008080": True, "dream.keep.palette.grey.png": False}


def test_a_days_film_is_sampled():
    assert len(tracks(read("start: {noise: uniform}\nduration: 86400\nmotion: {zoom: 1 + p}"))[0].t) == 3000


def test_units():
    motion = read(TWO_LINES + "motion: {per: second}").motion
    assert unit("motion.zoom", motion) == "× per second" and unit("dream.jitter", motion) == "pixels"
    assert unit("motion.center x", motion) == "of the width" and unit("dream.keep.mean", motion) == ""


def test_doubling_time():
    rates = doublings(np.array([2 ** (1 / 48), 1, 0.5]), read(TWO_LINES).motion)  # at 24 fps
    assert [pace(rate) for rate in rates] == ["×2 in 2 s", "still", "×½ in 0.042 s"]
    assert magnified(np.array([0.5]), 4) == "4×" and magnified(np.array([0.5]), 400) == "10^60×"


def test_constants_are_told_in_words():
    told = dict(constants(read(TWO_LINES), tracks(read(TWO_LINES))))
    assert told["dream.layers"] == "block12 1,  block16 1"
    assert told["motion.zoom"] == "1.015 × per frame,  ×2 in 1.9 s"
    assert told["motion.center"] == "x 0.5 of the width,  y 0.5 of the height"
    lines = [len(line) for line in columns([*told.items(), ("x", "long" * 20)])]
    assert lines[0] == 1 and set(lines[1:-1]) == {2} and sum(lines) == len(told) + 1


@pytest.fixture
def matplotlib():
    return pytest.importorskip("matplotlib")


def colours(picture):
    return {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.unique(np.asarray(picture).reshape(-1, 3), axis=0)}


def test_a_moving_scene_is_drawn(matplotlib):
    before = matplotlib.rcParams.copy()
    picture = plot.plot(read(TWO_LINES + MOVING), "a $name$ with dollars")
    assert picture.mode == "RGB" and picture.width == 1440 and picture.height > 900
    assert {plot.GROUND, plot.PANEL, *plot.PALETTE[:4]} <= colours(picture)  # four rows, each with a colour of its own
    assert matplotlib.rcParams.copy() == before


@pytest.mark.parametrize(
    "text",
    [
        TWO_LINES,
        "start: {noise: uniform}\nframes: 1",
        "start: {noise: uniform}\nframes: 1\nmotion: {zoom: {0: 1, 1: 2}}",
        "start: {noise: uniform}\nframes: 2\nbpm: 100000\nmotion: {zoom: 1 + t}",
        "start: {noise: uniform}\nduration: 86400\nbpm: 90\nmotion: {zoom: 1 + p, rotate: {-1: 0, 0: 1, 200%: 3}}",
        TWO_LINES + "dream: {layers: {fire7: 0 - t, fire8: 0}, octaves: {smallest: {0: 96, 4: 50}}}",
        TWO_LINES + "dream: {layers: {fire7: '1e-9 * t'}}\nmotion: {rotate: '1e9 * p'}",
    ],
)
def test_any_scene_is_drawn(text, matplotlib):
    assert plot.plot(read(text)).width == 1440


def test_a_style_changes_no_plan(matplotlib):
    """Such as a matplotlibrc in the working folder."""
    expected = plot.plot(read(TWO_LINES))
    with matplotlib.rc_context({"text.usetex": True, "font.size": 40, "figure.constrained_layout.use": True}):
        assert plot.plot(read(TWO_LINES)) == expected


def test_no_backend_of_the_environment_is_asked_for(tmp_path, monkeypatch):
    """matplotlib, played, reads it when it is imported; it may be a notebook's that is not there."""
    (tmp_path / "matplotlib.py").write_text("import os\nnamed = os.environ.get('MPLBACKEND')\n")
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    assert plot._matplotlib().named is None and os.environ["MPLBACKEND"] == "nonsense"
    monkeypatch.delitem(sys.modules, "matplotlib")


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(plot.PlotError, match=r"^drawing a plan needs matplotlib: pip install 'dreamreel\[plan\]'$"):
        plot.plot(read(TWO_LINES))


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = "import sys, render.views.plot; print(sorted({'matplotlib', 'jax', 'scipy'} & set(sys.modules)))"
    root = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
