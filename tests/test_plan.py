"""What --dry-run says: the whole film is counted, what a render would find is found, and compiling is known."""

from collections import namedtuple

import jax
import pytest
from scenes import folder, read

from render.__main__ import main
from render.dream import compiled
from render.dream.ascent import PLAIN
from render.dream.objective import Target
from render.dream.programs import Need, Programs
from render.media import codecs, ffmpeg, system
from render.media.ffmpeg import FilmError
from render.scene.reader import SceneError
from render.views import estimate as counted
from render.views import plan as told
from render.views.estimate import Speed, estimate, parts_of
from render.views.plan import plan

__all__ = ["folder"]

FADE = """
start: {noise: uniform}
model: squeezenet1_1
size: [64, 64]
fps: 10
frames: 40
dream:
  octaves: 2
  iterations: {0f: 16, 1f: 4}
  layers: {fire2: {0f: 1, 5f: 0}, fire5: {5f: 0, 20f: 1}, fire9: 0}
output: {path: film.mp4}
"""


@pytest.fixture
def unmeasured(monkeypatch):
    """Nothing is compiled or run: a machine that does 10^9 units a second, and compiles 1000 operations in one."""
    monkeypatch.setattr(counted, "measured", lambda parts: Speed(1e-9, 1e-3, 100.0))
    monkeypatch.setattr(Programs, "is_kept", lambda *need: False)


def line(text: str, name: str) -> str:
    """One line of a plan."""
    return next(line for line in text.splitlines() if line.startswith(name))


def test_layers_and_iterations_are_the_whole_films(folder, unmeasured):
    text = plan(read(FADE))
    assert line(text, "network").split(": ")[1] == "fire2, fire5"
    assert line(text, "octaves").endswith("(16 iterations each in frame 0, then 4)")
    assert line(plan(read(FADE), (20, 40)), "film").startswith("film      film.mp4: 20 frames, 64×64, 2.0 s at 10 fps")


def test_octaves_that_change_are_said_to(folder, unmeasured):
    text = line(plan(read(FADE, "dream.octaves={0s: 2, 4s: 4}")), "octaves")
    assert text.startswith("octaves   2 to 4 of changing sizes, such as 23×23, 33×33, 46×46, 64×64")


def test_the_codec_is_named(folder, unmeasured):
    assert line(plan(read(FADE)), "codec").startswith(
        "codec     H.264, 8 bits, at crf 17; unless output.codec names hevc"
    )
    text = line(plan(read(FADE, output=folder / "film.mov")), "codec")
    assert text.startswith("codec     H.264, 8 bits, at crf 17; unless output.codec names hevc, prores")
    text = line(plan(read(FADE, "output.codec=prores", output=folder / "film.mov")), "codec")
    assert text == "codec     ProRes 422 HQ, 10 bits"
    assert line(plan(read(FADE, output=folder / "film.gif")), "codec") == "codec     GIF, 256 colours a frame"
    assert line(plan(read(FADE, output=folder / "a_####.png")), "codec") == "codec     PNG, 8 bits"


def test_every_codec_is_one_that_ffmpeg_has():
    assert {name for codec in codecs.CODECS.values() for name in codec.needed} <= ffmpeg.knows("encoder")


@pytest.mark.parametrize("ending, name", [("mp4", "libx264"), ("webm", "libvpx-vp9"), ("gif", "ffv1")])
def test_an_encoder_that_is_missing_is_found(folder, monkeypatch, ending, name):
    has = ffmpeg.knows("encoder") - {name}
    monkeypatch.setattr(ffmpeg, "knows", lambda kind: has)
    with pytest.raises(SceneError, match=f"no encoder {name}"):
        read(FADE, output=folder / f"film.{ending}")


def test_a_disk_that_is_too_small_is_found(folder, unmeasured, monkeypatch):
    def free(size):
        monkeypatch.setattr(told.shutil, "disk_usage", lambda path: namedtuple("Usage", "total free")(1e13, size))

    free(1e5)
    with pytest.raises(FilmError, match="1 MB are free in"):
        plan(read(FADE))
    free(8e6)
    assert "only 8 MB are free in" in line(plan(read(FADE, "size=[320, 320]", "frames=20")), "disk")
    free(1e12)
    assert "free" not in plan(read(FADE))


@pytest.mark.parametrize(
    "problem, arguments",
    [("is already there", []), ("is no frame", ["-o", "b.mp4", "--frames", "50:60"]), ("closed", ["-o", "c/b.mp4"])],
)
def test_it_finds_what_a_render_would(folder, capsys, monkeypatch, problem, arguments):
    read(FADE)
    (folder / "c").write_text("closed")
    assert main(["s.yaml", "--dry-run", *arguments]) == main(["s.yaml", *arguments]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == second and (problem in first or "no folder" in first)


def test_compiling_is_counted_until_programs_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_store", [tmp_path])
    network = jax.tree_util.Partial(lambda images: {"low": images * 2.0})
    programs = Programs(network, [(16, 16)])
    need = Need((16, 16), (Target("low"),), PLAIN)
    assert not programs.is_kept(*need)
    programs.prepare(*need).result()
    assert programs.is_kept(*need)


def test_time_and_memory_grow_with_what_there_is_to_do(folder, squeezenet, unmeasured):
    def of(*overrides):
        scene = read(FADE, *overrides)
        return estimate(scene, squeezenet, range(scene.length), scene.length)

    one, longer, larger, deeper = of(), of("frames=80"), of("size=[256, 256]"), of("dream.layers=fire9")
    assert (one.kept, one.programs) == (0, 4)
    assert longer.seconds - longer.compiling > one.seconds - one.compiling
    assert larger.frame > 10 * one.frame and larger.memory > one.memory and larger.film > 4 * one.film
    assert deeper.frame > one.frame and deeper.programs == 2
    assert of("dream.iterations=0").programs == 0


def test_a_dream_costs_most_where_its_deepest_layers_are(folder, squeezenet):
    scene = read(FADE)
    parts = parts_of(scene, squeezenet, range(scene.length))
    assert counted.dearest(parts) > 5
    assert [need.shape for need in parts.wanted] == [(46, 46), (64, 64)] * 2


def test_a_step_is_measured_once(folder, squeezenet, quick_ascents):
    scene = read(FADE, "dream.layers=fire2", "dream.octaves=1", "frames=2")
    speed = counted.measured(parts_of(scene, squeezenet, range(2)))
    assert speed.unit > 0 and speed.operation > 0 and speed.pixel > 0


def test_memory_by_now_is_known_here():
    assert 10e6 < system.resident() < 1e11
