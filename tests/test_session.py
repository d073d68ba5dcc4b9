"""docs/first-steps.md records a first session; every answer in it is the program's own, to a stand-in of its picture.

Measured numbers differ from machine to machine, and are not compared.
"""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from test_readme import EXTRAS, ROOT, of

from render.__main__ import main
from render.dream.programs import Programs
from render.media.screen import Errors
from render.scene.scene import QUALITIES
from render.views import estimate
from render.views.estimate import Speed

PAGE = ROOT / "docs" / "first-steps.md"
SMALL = "--set", "size=[32, 24]", "--set", "dream.iterations=0"  # frames that are only moved, and as many
MEASURED = r"\d+ h \d+ min|\d+ min \d+ s|[\d.]+ (?:s|MB|GB)\b|\d+ × \w+|\[.*\]|█+|\d+(?= of \d+ are compiled)"


def recorded() -> list[tuple[str, list[str]]]:
    """Commands, each with the lines that it answers."""
    blocks = [text for text in of(PAGE, "text") if text.startswith("$ ")]
    commands = [command.splitlines() for block in blocks for command in re.split(r"^\$ ", block, flags=re.M)[1:]]
    return [(command, answers) for command, *answers in commands]


def unmeasured(lines: list[str]) -> list[str]:
    """Lines without what differs between machines, or between two runs on one."""
    own = re.compile("time |programs |memory |disk |dreaming: ")
    return [re.sub(MEASURED, "#", line) if own.match(line) else line for line in lines]


def mend(file: Path, answers: list[str]) -> None:
    """Does to a scene what the answers to its mistakes say."""
    for line in answers:
        for said, meant in re.findall(r"'([^']+)'; (?:did you mean '|write )([^',]+)", line):
            text = file.read_text()
            assert text.count(f"{said}:") + text.count(f": {said}\n") == 1
            file.write_text(text.replace(f"{said}:", f"{meant}:").replace(f": {said}\n", f": {meant}\n"))


@pytest.fixture
def terminal(tmp_path, monkeypatch, capsys) -> Callable[..., list[str]]:
    """Runs a command as in a terminal, in a folder with a photograph; hands on the lines that stay on the screen."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Errors, "isatty", lambda errors: True)
    monkeypatch.setattr(estimate, "measured", lambda parts: Speed(1e-9, 1e-3, 100.0))
    monkeypatch.setattr(Programs, "is_kept", lambda *need: False)
    monkeypatch.setitem(QUALITIES, "draft", (32, QUALITIES["draft"][1]))
    Image.linear_gradient("L").resize((40, 30)).save("holiday.jpg")

    def run(*arguments: str) -> list[str]:
        main(arguments)
        said = capsys.readouterr()
        return [line.rpartition("\r")[2] for line in (said.err + said.out).rstrip("\n").split("\n")]

    return run


def test_a_first_session_is_as_it_was_recorded(terminal):
    scene, mistakes = Path("holiday.yaml"), 0
    for command, answers in recorded():
        words = shlex.split(command, comments=True)
        if words[0] == "cat":
            Path(words[1]).write_text("\n".join(answers) + "\n")
        elif words[:3] == ["python", "-m", "render"]:
            small = () if "--dry-run" in words else SMALL
            assert unmeasured(terminal(*words[3:], *small)) == unmeasured(answers), command
            mend(scene, answers)
            mistakes += answers[0].startswith(scene.name)
        else:
            assert re.fullmatch(EXTRAS.replace("(-e )", "(-q )?(-e )"), command) and not answers
    assert mistakes == 1 and answers[-1].endswith(".mp4") and Path(answers[-1]).is_file()


def test_it_takes_fewer_than_ten_commands_from_install_to_film():
    commands = [command for command, _ in recorded()]
    assert commands[0].endswith("-m venv .venv") and len(commands) < 10
    assert sum(command.startswith("python -m render") for command in commands) >= 3
