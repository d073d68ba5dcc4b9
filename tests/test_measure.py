"""Films in numbers: each number means what its words say, on films whose numbers are known."""

# ruff: noqa: F401 - a fixture is imported

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import TWO_LINES, folder, read
from scipy import ndimage

from render.__main__ import main
from render.film.keeping.provenance import described
from render.media.ffmpeg import FilmError
from render.media.video import film
from render.motion.warp import matrix, warp
from render.scene.resolved import as_text
from render.views import measure_frame
from render.views.measure import PAIRS, ROWS, Measured, measure, pairs, unlike
from render.views.measure_footage import opened, within
from render.views.measure_frame import fine_energy, numbers, overlap, palette
from render.views.measure_motion import Motion, aim, told
from render.views.measure_new import seen
from render.views.measure_report import judge, table
from render.views.measure_summary import WORDS, summary

H, W = 32, 48


def soft(seed: int = 0, sigma: float = 3.0, shape: tuple[int, int] = (H, W)) -> np.ndarray:
    """A smooth picture, float32 [h, w, 3]."""
    noise = np.random.default_rng(seed).normal(size=(*shape, 3))
    smooth = ndimage.gaussian_filter(noise, (sigma, sigma, 0), mode="wrap")
    return (128 + 40 * smooth / smooth.std()).clip(0, 255).astype(np.float32)


def rolled(n: int, seed: int = 0) -> list[np.ndarray]:
    """A film that closes: a picture that is moved all around in n steps."""
    return [np.roll(soft(seed), round(k * W / n), axis=1) for k in range(n)]


def measured(frames: list[np.ndarray], **how) -> Measured:
    return measure(iter(frames), len(frames), **how)


def written(path: Path, frames: list[np.ndarray], fps: int = 12) -> Path:
    """The frames as a film."""
    with film(path, (frames[0].shape[1], frames[0].shape[0]), Fraction(fps)) as write:
        for frame in frames:
            write(np.rint(frame).astype(np.uint8))
    return path


def record(scene, path: Path) -> Path:
    """The record that a render leaves beside a film."""
    data = {**described(scene), "sha256": {"start": "0"}, "versions": {"dreamreel": "0"}}
    data["scene"]["output"]["path"] = path.name
    path.with_suffix(".json").write_text(as_text(data))
    return path


# One frame


def test_shares_and_noise_are_a_curators():
    """Recomputed as a gallery has always been judged: mx, mn = max and min of a pixel's channels, in float64."""
    a = np.random.default_rng(0).integers(0, 256, (H, W, 3)).astype(float)
    a[:8] = 100 + np.random.default_rng(1).integers(0, 20, (8, W, 3))
    a[8:12] = 3
    mx, mn, n = a.max(-1), a.min(-1), numbers(a)
    assert n.grey == ((mx - mn < 30) & (mx > 80) & (mx < 190)).mean() > 0.2
    assert n.clipped == ((a <= 4) | (a >= 251)).any(-1).mean() > 0.1
    assert n.noise == pytest.approx(np.abs(np.diff(a.mean(-1), axis=1)).mean(), rel=1e-12)
    assert n.saturation == pytest.approx(((mx - mn) / np.maximum(mx, 1)).mean(), rel=1e-12)
    assert n.mean == pytest.approx(a.mean((0, 1)), rel=1e-12)
    assert n.contrast == pytest.approx(np.sqrt(a.var((0, 1)).mean()), rel=1e-12)
    h = np.histogramdd(a.reshape(-1, 3)[::7], bins=(6, 6, 6), range=[(0, 256)] * 3)[0]
    assert n.palette == pytest.approx((h / h.sum()).ravel(), abs=1e-12)
    assert numbers(a.astype(np.float32)).contrast == pytest.approx(n.contrast, rel=1e-5)


@pytest.mark.parametrize(
    ("colour", "shares"),
    [
        ((0, 0, 0), (0, 1, 1)),
        ((16, 10, 5), (0, 0, 1)),
        ((17, 10, 5), (0, 0, 0)),
        ((81, 81, 52), (1, 0, 0)),
        ((81, 81, 51), (0, 0, 0)),
        ((189, 189, 189), (1, 0, 0)),
        ((190, 190, 190), (0, 0, 0)),
        ((100, 251, 100), (0, 1, 0)),
    ],
)
def test_edges_of_grey_clipped_and_black(colour, shares):
    n = numbers(np.broadcast_to(np.array(colour, np.float32), (4, 4, 3)))
    assert (n.grey, n.clipped, n.black) == shares


def test_fine_detail_is_the_finest_band():
    """A checkerboard of ±10 is all fine; a slope is none."""
    y, x = np.mgrid[:16, :16]
    assert fine_energy(128 + 10.0 * (-1) ** (x + y)) == pytest.approx(100)
    assert fine_energy(3.0 * x + 2.0 * y) == pytest.approx(0, abs=1e-20)
    assert fine_energy(np.ones((2, 9))) == 0


def test_a_frame_of_one_pixel_has_numbers():
    n = numbers(np.full((1, 1, 3), 5.0, np.float32))
    assert n.noise == n.fine == n.contrast == 0


def test_palettes_overlap():
    red, blue = (np.broadcast_to(np.array(c, np.float32), (8, 8, 3)) for c in ((250, 0, 0), (0, 0, 250)))
    assert overlap(palette(red), palette(red)) == 1 and overlap(palette(red), palette(blue)) == 0
    half = palette(np.array([[250.0, 0, 0], [0, 0, 250]]), np.array([0.25, 0.75]))
    assert overlap(half, palette(blue)) == pytest.approx(0.75)


# Motion


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("border", ["mirror", "fresh"])
def test_flicker_is_what_motion_leaves(border):
    """The reference is scipy's warp on the host, with a matrix made here."""
    scene = read(f"{TWO_LINES}motion: {{zoom: 1.03, rotate: 2, translate: [0.05, 0], border: {border}}}")
    before = soft(sigma=4)
    after = warp(before, matrix(1.03, 2, (0.05, 0), (0.5, 0.5), (H, W)))
    moved = Motion(scene, (W, H))
    assert moved.beyond(before, after, 1) < 0.05 < 1 < measure_frame.change(before, after)
    assert moved.beyond(before, after + 7, 1) == pytest.approx(7, abs=0.05)
    assert moved.beyond(before, before, 1) > 1, "what stands still where the scene moves has changed"


@pytest.mark.usefixtures("folder")
def test_where_nothing_of_the_frame_is_left_all_of_the_change_counts():
    scene = read(f"{TWO_LINES}motion: {{zoom: 1, rotate: 0, translate: [2, 0], border: black}}")
    moved, frames = Motion(scene, (W, H)), [soft(0), soft(1)]
    assert np.isnan(moved.beyond(*frames, 1))
    assert measured(frames, beyond=moved.beyond).rows[1].beyond == measure_frame.change(*frames)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("more", "count", "why"),
    [
        ("", 96, ""),
        ("", 40, "it has 40 frames, and its record tells of 96"),
        ("output: {record: octaves}", 96, "stages of dreams"),
    ],
)
def test_a_record_tells_the_motion(tmp_path, more, count, why):
    path = record(read(TWO_LINES + more), tmp_path / "film.gif")
    found = told(path, count)
    assert found.scene and found.scene.motion.border == "fresh"
    assert found.why == why or (why and why in found.why)
    path.with_suffix(".json").unlink()
    assert told(path, count).why and told(tmp_path / "a.avi", 9).why == "it has no record"


@pytest.mark.usefixtures("folder")
def test_what_the_scene_keeps():
    small = f"size: [{W}, {H}]\n{TWO_LINES}"
    assert aim(read(small + "dream: {keep: 0}"), 5) is None
    start = aim(read(f"size: [{W}, {H}]\nstart: {{colour: teal}}\nduration: 1"), 5)
    assert start and start.mean.tolist() == [0, 128, 128] and start.contrast == 50 and start.palette is None
    teal = aim(read(small + "dream: {keep: {palette: [teal], target: 33}}"), 5)
    assert teal and teal.contrast == 33 and teal.palette is not None and teal.palette.sum() == pytest.approx(1)
    assert teal.mean[0] < 40 and abs(teal.mean[1:] - 128).max() < 20
    held = summary(measured([soft()] * 9), aim=teal)
    assert held["off_contrast"] == pytest.approx(numbers(soft()).contrast / 33) and 0 <= held["on_palette"] <= 1


# A film


def test_a_loop_closes_and_a_seam_is_seen():
    loop = rolled(24)
    found = summary(measured(loop, joint=6), joint=6)
    assert 0.9 < found["closing"] < 1.1 and found["joint"] < 1.15 and found["joint_sharp"] > 0.95
    cut = summary(measured(loop[:18], joint=6), joint=6)
    assert cut["closing"] > 2 and cut["joint"] == cut["closing"]
    soft_joint = [*loop[:20], *(ndimage.gaussian_filter(frame, (1, 1, 0)) for frame in loop[20:])]
    assert summary(measured(soft_joint, joint=6), joint=6)["joint_sharp"] < 0.85
    assert "joint" not in summary(measured(loop))


def test_drift_is_told():
    frames = [soft(0) * (0.6 + 0.02 * k) for k in range(12)]
    found = summary(measured(frames))
    assert found["contrast_drift"] == pytest.approx(np.mean([0.76, 0.78, 0.8, 0.82]) / 0.63, rel=1e-4)
    assert found["mean_drift"] == pytest.approx(0.16 * soft(0).mean((0, 1)).max(), rel=1e-4)
    assert found["palette_drift"] < 1 and found["sharp_drift"] > 1.4
    steady = summary(measured([soft(0)] * 12))
    assert steady["palette_drift"] == pytest.approx(1) and steady["mean_drift"] == 0 and steady["closing"] == 1


def test_a_long_film_takes_few_rows_and_no_pop_is_missed():
    dark, light = (np.full((2, 2, 3), level, np.float32) for level in (50, 51))
    flash, length = np.full((2, 2, 3), 99, np.float32), 5003

    def frames():
        for k in range(length):
            yield flash if k == 4001 else light if k % 2 else dark

    film = measure(frames(), length, joint=30, seen=lambda frame: frame[0, 0], ago=100)
    assert film.length == length and len(film.rows) <= ROWS + 30 + 6 and len(film.new) == PAIRS
    assert [row.k for row in film.rows][-30:] == [*range(length - 30, length)]
    assert 20 < summary(film)["pop"] < 50
    assert film.rows[4].change == pytest.approx(1) and not pairs(5, 5) and not pairs(5, 0)


def test_what_is_new():
    look = seen()
    one, other = look(soft(0, 1)), look(soft(1, 6))
    assert unlike(one, one) == 0 < unlike(one, look(np.roll(soft(0, 1), 9, axis=1))) < unlike(one, other) < 1


def test_a_film_of_one_frame_has_what_it_can_have():
    found = summary(measured([soft()]))
    assert found["flicker"] is found["closing"] is found["pop"] is found["new"] is None
    assert found["contrast"] == pytest.approx(40, rel=0.1) and found["grey"] is not None
    assert {*found} <= {*WORDS}


# Files


def test_films_stills_and_folders_are_opened(tmp_path):
    frames = rolled(6)
    for name in ("a.mp4", "b.gif", "stills/####.png", "one.png"):
        written(tmp_path / name, frames[: 1 if name == "one.png" else None])
    for name, length in (("a.mp4", 6), ("b.gif", 6), ("stills/####.png", 6), ("stills", 6), ("one.png", 1)):
        footage = opened(tmp_path / name)
        read = list(footage.frames())
        assert (footage.size, footage.length, len(read)) == ((W, H), length, length), name
        assert np.abs(read[0] - frames[0]).mean() < 9 and read[-1].shape == (H, W, 3), name
    assert within(tmp_path) == [tmp_path / "a.mp4", tmp_path / "b.gif"] and within(tmp_path / "stills")


def test_stills_are_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 9, 1):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"shot{number}.png")
    assert [frame[0, 0, 0] for frame in opened(tmp_path).frames()] == [1, 9, 10]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone.mp4", "there is no such file"),
        ("broken.mp4", "not a film that can be read"),
        ("broken.png", "not a picture"),
        ("empty", "is a folder without a film or a picture"),
        ("####.png", "there is no such still"),
        ("my.yaml", "is a scene"),
    ],
)
def test_what_is_no_film_is_told(tmp_path, name, says):
    for broken in ("broken.mp4", "broken.png", "my.yaml"):
        (tmp_path / broken).write_text("no film")
    (tmp_path / "empty").mkdir()
    assert main(["measure", str(tmp_path / name)]) == 2
    with pytest.raises((FilmError, ValueError), match=says):
        list(opened(tmp_path / name).frames())


# The command


def test_a_film_is_measured(tmp_path, capsys):
    path = written(tmp_path / "film.mp4", rolled(12))
    out = tmp_path / "numbers.json"
    assert main(["measure", str(path), "--joint", "0.5", "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "12 frames, 1 s, 48×32" in printed and "joint_sharp" in printed and str(out) in printed
    assert "flicker is with motion and all; it has no record" in " ".join(printed.split())
    found = json.loads(out.read_text())
    assert found["films"][0]["summary"]["joint"] < 1.3 and found["numbers"]["flicker"]["unit"] == "levels"
    assert len(found["films"][0]["curves"]["sharp"]) == 12 and found["palettes"] == []
    assert main(["measure", str(path), "-o", str(out)]) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["film.json", "film.mp4", "x.txt"])
def test_neither_a_film_nor_its_record_is_replaced(tmp_path, name, capsys):
    path = record(read(TWO_LINES), written(tmp_path / "film.mp4", rolled(3)))
    before = {file: file.read_bytes() for file in tmp_path.glob("film.*")}
    assert main(["measure", str(path), "-o", str(tmp_path / name), "--overwrite"]) == 2
    assert {file: file.read_bytes() for file in tmp_path.glob("film.*")} == before and len(before) == 2
    assert capsys.readouterr().err


def test_a_gallery_is_measured_and_a_broken_film_spoils_nothing(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    for name, seed in (("one", 0), ("two", 0), ("three", 9)):
        written(tmp_path / f"{name}.mp4", [frame * (seed == 0 or 0.4) for frame in rolled(8, seed)])
    (tmp_path / "broken.mp4").write_text("no film")
    assert main(["measure", str(tmp_path), "-o", str(tmp_path / "all.png"), "-o", str(tmp_path / "all.json")]) == 2
    said = capsys.readouterr()
    assert "broken.mp4: not a film" in said.err
    rows = [line.split()[0] for line in said.out.splitlines() if line.split() and "#" in line]
    assert rows == ["one", "three", "two"]
    assert "1 of 3 pairs have palettes that overlap by more than 0.6: one ~ two 1.00" in said.out
    assert json.loads((tmp_path / "all.json").read_text())["palettes"][0]["overlap"] == pytest.approx(1)
    with Image.open(tmp_path / "all.png") as picture:
        assert picture.width > 1000


def test_a_still_has_a_table(tmp_path):
    printed = table([judge(written(tmp_path / "one.png", [soft()]))])
    assert "a still, 48×32" in printed and "flicker" not in printed and "contrast" in printed


@pytest.mark.usefixtures("folder")
def test_stills_play_as_their_record_says(tmp_path):
    scene = read("start: {noise: uniform}\nframes: 6\nfps: 12\nmotion: {zoom: 1, rotate: 0}")
    record(scene, written(tmp_path / "s/####.png", rolled(6)))
    judged = judge(tmp_path / "s")
    assert judged.fps == 12 and not judged.why and judged.summary["off_mean"] is not None
    assert judged.summary["flicker"] < judged.summary["change"] * 1.2


def test_a_joint_is_so_many_seconds():
    with pytest.raises(SystemExit):
        main(["measure", "film.mp4", "--joint", "-3"])
