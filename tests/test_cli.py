"""The command line as a user meets it: in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.files.places import cache_folder
from render.__main__ import main, parser
from render.commands.layers import layers_parser

ROOT = Path(__file__).parents[1]
SCENE = """\
size: [48, 32]
frames: 3
start: {noise: perlin}
dream: {layers: fire3, octaves: 1, iterations: 1}
"""


def command(folder: Path, *arguments: str) -> list[str]:
    (folder / "scene.yaml").write_text(SCENE) if not (folder / "scene.yaml").exists() else None
    return [sys.executable, "-m", "render", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments), cwd=folder, env=environment(), capture_output=True, text=True, timeout=120
    )


def test_a_scene_becomes_a_film_and_is_not_overwritten(tmp_path):
    done = run(tmp_path, "scene.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out/scene.mp4"
    assert "frame 1 of 3" in done.stderr and "frame 3 of 3" in done.stderr
    assert "Traceback" not in done.stderr and "Warning" not in done.stderr
    film = tmp_path / "out/scene.mp4"
    before = film.read_bytes()

    again = run(tmp_path, "scene.yaml", "--set", "seed=5")
    assert again.returncode == 2 and "--overwrite" in again.stderr
    assert film.read_bytes() == before

    replaced = run(tmp_path, "scene.yaml", "--set", "seed=5", "--overwrite", "--quiet")
    assert replaced.returncode == 0 and replaced.stderr == ""
    assert film.read_bytes() != before
    assert sorted(p.name for p in film.parent.iterdir()) == ["scene.json", "scene.mp4"], "nothing temporary stays"


def test_dry_run_prints_the_plan_and_writes_nothing(tmp_path):
    plan = run(tmp_path, "scene.yaml", "--dry-run", "-o", "film.mp4", "--quality", "draft")
    assert plan.returncode == 0, plan.stderr
    for word in ("film.mp4", "frames", "320×214", "octaves", "memory", "time"):
        assert word in plan.stdout
    assert not (tmp_path / "film.mp4").exists() and not (tmp_path / "out").exists()


def test_mistakes_are_shown_all_at_once(tmp_path):
    (tmp_path / "scene.yaml").write_text(SCENE.replace("octaves", "octave").replace("frames: 3", "frames: none"))
    done = run(tmp_path, "scene.yaml", "--set", "motion.zoom=0")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert any(line.startswith("scene.yaml:2:9: frames:") for line in lines)
    assert any(line.startswith("scene.yaml:4:") and "did you mean 'octaves'?" in line for line in lines)
    assert any("--set motion.zoom=0" in line for line in lines)
    assert list(tmp_path.iterdir()) == [tmp_path / "scene.yaml"]


@pytest.mark.parametrize("arguments", [["scene.yaml", "--set", "fps=-1"], ["missing.yaml"], ["--help"], []])
def test_answers_come_before_heavy_imports(tmp_path, arguments):
    command(tmp_path)
    heavy = "{'jax', 'flax', 'scipy', 'imageio', 'tqdm', 'imageio_ffmpeg'}"
    code = (
        "import sys\nfrom render.__main__ import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        f"sys.exit(str(set(sys.modules) & {heavy}) if set(sys.modules) & {heavy} else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_stops_cleanly(tmp_path):
    process = subprocess.Popen(
        command(tmp_path, "scene.yaml", "--set", "frames=100000"),
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    told, first = process.stderr.readline(), process.stderr.readline()
    assert "its latest frame is in out/scene.preview.jpg" in told and "frame 1" in first
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: ffmpeg gets it too
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors and "Traceback" not in errors
    assert "python -m render scene.yaml" in errors, "the command that goes on"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scene.mp4.parts"]


def test_an_unwritable_target_is_a_mistake(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run(tmp_path, "scene.yaml", "-o", "file/film.mp4")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (tmp_path / "file").read_text() == "in the way"


def test_the_home_folder_is_known_where_the_shell_leaves_it(tmp_path, monkeypatch):
    """As in --output=~/film.mp4, and for a user who has none."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DREAMREEL_CACHE", "~/cache")
    options = layers_parser().parse_args(["--weights=~/a.pth", "--image=~/a.png", "--output=~/b.png"])
    assert [options.weights, options.image, options.output] == [tmp_path / name for name in ("a.pth", "a.png", "b.png")]
    assert parser().parse_args(["~/s.yaml"]).scene == tmp_path / "s.yaml"
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("DREAMREEL_CACHE")
    assert tmp_path in cache_folder().parents
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder().is_absolute()


@pytest.mark.parametrize("arguments", [["layers", "-o"], ["plan", "s.yaml", "-o"], ["fetch", "vgg16", "--from"], []])
def test_an_address_is_no_path(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "https://a.org/b.png"])
    assert "'https://a.org/b.png' is an address; only files are read" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
