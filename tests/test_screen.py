"""What is printed ends no render: letters that stdout does not know, streams that are missing, closed or full."""

import io
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import jax
import pytest
from test_resume import SCENE, waves

from render.__main__ import interrupted, main
from render.film import film
from render.media import screen

ROOT = Path(__file__).parents[1]
ONE = ["scene.yaml", "--set", "frames=1", "-o"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(film, "network", lambda model: jax.tree_util.Partial(waves))
    Path("scene.yaml").write_text(SCENE)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "ascii", "utf-8"])
def test_names_that_stdout_cannot_spell(monkeypatch, encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["scene.yaml", "--quiet", "--set=frames=1", "--sweep", "seed=1,2", "-o", "кот猫.mp4"]) == 0
    assert main(["models"]) == 0
    text = out.buffer.getvalue().decode(encoding)
    names = [f"кот猫_seed={seed}.mp4" for seed in (1, 2)]
    assert text.split()[:2] == [name.encode(encoding, "backslashreplace").decode(encoding) for name in names]
    assert all(Path(name).exists() for name in names) and "squeezenet1_1" in text


class Broken(io.StringIO):
    """As a pipe whose reader has gone, or a terminal that was closed."""

    def write(self, text):
        raise BrokenPipeError

    def isatty(self):
        return self.terminal

    def __init__(self, terminal=False):
        super().__init__()
        self.terminal = terminal


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


def unread() -> io.TextIOWrapper:
    """A pipe that is full, and that nobody empties."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    pipe = os.fdopen(writer, "w")
    pipe.reader = os.fdopen(reader)  # type: ignore[attr-defined]
    return pipe


@pytest.mark.parametrize("stream", [lambda: None, closed, Broken, lambda: Broken(True), unread])
def test_stderr_that_takes_nothing(monkeypatch, stream, capsys):
    monkeypatch.setattr(screen, "PATIENCE", 0.01)
    monkeypatch.setattr(sys, "stderr", stream())
    assert main([*ONE, "film.mp4"]) == 0
    assert main([*ONE, "film.mp4"]) == 2 and main(["nothing.yaml"]) == 2 and main(["fetch", "nothing"]) == 2
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.close()
        sys.stderr.reader.close()
    assert capsys.readouterr().out == "film.mp4\n", "no message goes to stdout instead"
    assert sorted(file.name for file in Path().iterdir()) == ["film.json", "film.mp4", "scene.yaml"]


@pytest.mark.parametrize("stream", [lambda: None, closed, Broken])
def test_stdout_that_takes_nothing(monkeypatch, stream):
    """A film that is whole is; what is only printed, was not."""
    monkeypatch.setattr(sys, "stdout", stream())
    sweep = ["scene.yaml", "--quiet", "--set=frames=1", "--sweep", "dream.layers=fire2,fire3", "-o", "film.mp4"]
    assert main(sweep) == 0
    assert len(list(Path().glob("film*.mp4"))) == 2
    if stream is not closed and sys.stdout is not None:
        monkeypatch.setattr(sys, "stdout", stream())
        assert main(["models"]) == 1


def test_messages_say_the_command_that_was_called(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/dreamreel"])
    assert interrupted(["a b.yaml", "--restart"]).endswith("goes on with\n  dreamreel 'a b.yaml'")
    screen.say("python -m render fetch vgg16")
    assert capsys.readouterr().err == "dreamreel fetch vgg16\n"
    monkeypatch.setattr(sys, "argv", ["/x/render/__main__.py"])
    assert interrupted(["a.yaml"]).endswith("\n  python -m render a.yaml")


def test_the_command_is_its_own():
    """As pip makes it from pyproject.toml: nothing in the working folder takes its place, and nothing need be open."""
    module, _, function = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"][
        "dreamreel"
    ].partition(":")
    Path("bin").mkdir()
    Path("bin/dreamreel").write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n")
    Path("render.py").write_text("print('mine')")
    Path("models").mkdir()
    Path("models/__init__.py").write_text("print('mine')")
    command = f"{sys.executable} bin/dreamreel models"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        f"{command} && {command} >&- 2>&- <&-", shell=True, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0 and "mine" not in done.stdout, done.stderr
    assert "squeezenet1_1" in done.stdout
