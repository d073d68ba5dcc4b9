"""What depends on the system, on each system: those that are not here are played by tests/shims."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from render.film.keeping.parts import LockedError, clear, locked
from render.media import system
from tests.shims import network, windows


@pytest.fixture(params=["this one", "windows", "network 22", "network 5"])
def any_system(request, monkeypatch):
    if request.param == "windows":
        windows.install(monkeypatch.setattr)
    if request.param.startswith("network"):
        network.install(monkeypatch.setattr, int(request.param.split()[1]))
    return request.param


def test_files_are_kept_replaced_and_removed(any_system, tmp_path):
    path = tmp_path / "film.mp4"
    for content in ("old", "new"):
        with system.whole_file(path) as temporary:
            temporary.write_text(content)
            assert not path.exists() or path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(ZeroDivisionError), system.whole_file(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]
    assert system.discard(path) and list(tmp_path.iterdir()) == []


def test_a_lock_goes_with_its_folder(any_system, tmp_path):
    path = tmp_path / "film.mp4"
    with locked(path) as parts:
        (parts / "film").mkdir()
        (parts / "film" / "state-000000001").write_text("x")
        (parts / ".DS_Store").touch()
        clear(parts / "film")
        assert not (parts / "film").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_held_stays_and_nobody_minds(tmp_path, monkeypatch):
    windows.install(monkeypatch.setattr, held=0)
    monkeypatch.setattr(system, "PAUSES", (0,))
    file = tmp_path / "folder" / "file"
    file.parent.mkdir()
    with file.open("w"):
        assert not system.discard(file) and not system.discard(file.parent)
        with pytest.raises(PermissionError):
            system.patiently(os.replace, file, tmp_path / "elsewhere")
    assert system.discard(file.parent)


@pytest.mark.parametrize("played", [False, True])
def test_where_there_are_locks_the_second_is_refused(tmp_path, monkeypatch, played):
    if played:
        windows.install(monkeypatch.setattr)
    with locked(tmp_path / "film.mp4"), pytest.raises(LockedError):
        locked(tmp_path / "film.mp4").__enter__()


def test_only_a_files_own_fsync_counts(tmp_path, monkeypatch):
    def breaks_with(code):
        def fsync(descriptor):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", fsync)

    file = tmp_path / "file"
    file.touch()
    for code in (errno.EIO, errno.ENOSPC):
        breaks_with(code)
        system.sync(tmp_path)
        with pytest.raises(OSError, match=os.strerror(code)):
            system.sync(file)
    for code in (errno.EINVAL, errno.ENOTSUP):  # a drive that has no such call
        breaks_with(code)
        system.sync(file)


def test_memory(monkeypatch):
    here = system.memory()
    assert 1e8 < here < 1e14
    monkeypatch.setattr(Path, "read_text", lambda self: "100000000\n" if self.name == "memory.max" else "max")
    assert system.memory() == 1e8, "a container's"
    monkeypatch.setattr(Path, "read_text", lambda self: "max")
    monkeypatch.delattr(os, "sysconf")
    assert system.memory() == system.MODEST, "neither Linux nor Windows"

    class Kernel:
        def GlobalMemoryStatusEx(self, status):
            assert status[0] == 64
            status[1] = 7_000_000_000
            return 1

    monkeypatch.setattr(system.ctypes, "windll", type("Dlls", (), {"kernel32": Kernel()}), raising=False)
    assert system.memory() == 7e9, "Windows"


def test_who_else_could_have_written(tmp_path, monkeypatch):
    def status(mode: int, user: int = os.geteuid()):
        return os.stat_result((stat.S_IFREG | mode, 0, 0, 1, user, 0, 0, 0, 0, 0))

    assert system.others(status(0o600)) == system.others(status(0o755)) == system.others(status(0o755, 0)) == ""
    assert system.others(status(0o660)) == "can be written by its group"
    assert system.others(status(0o602)) == "can be written by everybody"
    assert system.others(status(0o600, 12345)) == "belongs to user 12345"
    monkeypatch.setattr(os, "name", "nt")
    assert system.others(status(0o777, 12345)) == ""


def test_names_fit_their_drive():
    assert system.fitting("film", ".mp4.parts") == "film.mp4.parts"
    long, other = system.fitting("ф" * 200, ".parts"), system.fitting("ф" * 199 + "ы", ".parts")
    assert len(long.encode()) <= 255 and long.endswith(".parts") and long != other


def test_command_lines_are_quoted_for_the_systems_shell(monkeypatch):
    assert system.quoted(["a b", "c"]) == "'a b' c"
    monkeypatch.setattr(os, "name", "nt")
    assert system.quoted(["a b", "c"]) == '"a b" c'


def test_closed_streams_are_opened_on_nothing():
    """In a process of its own: what is opened next must not become stderr."""
    code = "from render.media import system; system.fill_standard(); import sys; print('x', file=sys.stderr)\n"
    code += "print('y'); f = open(sys.argv[1], 'w'); sys.exit(f.fileno() < 3)"
    command = [sys.executable, "-c", code, os.devnull]
    for closed in ((), (0,), (2,), (1, 2), (0, 1, 2)):
        actions = [(os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in closed]
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)  # JAX warns of a fork
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, closed
