"""Programs that are kept: read again they do what they did, and whatever is wrong with them only costs time."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from render.dream import compiled
from render.media import system


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "_store", [tmp_path])
    return tmp_path


def doubled():
    """A function that has forgotten what it compiled, as after a new start."""

    def double(x, *, times):
        return x * jnp.float32(2**times)

    return compiled.kept("times")(double)


def test_a_program_is_read_again(store, monkeypatch):
    x = jnp.arange(6.0)
    np.testing.assert_array_equal(doubled()(x, times=2), 4 * np.arange(6.0))
    (file,) = store.glob("*.program")
    monkeypatch.setattr(jax, "jit", lambda f, **how: None)  # nothing can be traced any more
    np.testing.assert_array_equal(doubled()(x, times=2), 4 * np.arange(6.0))
    assert list(store.iterdir()) == [file]


def test_over_several_devices_too(store):
    mesh = Mesh(np.array(jax.devices()), ("batch",))
    x = jax.device_put(jnp.arange(8.0), NamedSharding(mesh, P("batch")))
    for _ in range(2):
        y = doubled()(x, times=1)
        np.testing.assert_array_equal(y, 2 * np.arange(8.0))
        assert len(y.sharding.device_set) == len(jax.devices()) == 2


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"no program"])
def test_a_damaged_one_is_made_anew(store, damage):
    doubled()(jnp.ones(3), times=1)
    (file,) = store.glob("*.program")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    np.testing.assert_array_equal(doubled()(jnp.ones(3), times=1), [2, 2, 2])
    assert len(file.read_bytes()) > len(whole) / 2


def test_shapes_options_and_code_tell_programs_apart(store):
    for n, times in ((3, 1), (4, 1), (3, 2), (3, 1)):
        doubled()(jnp.ones(n), times=times)
    assert len(list(store.glob("*.program"))) == 3


def test_a_folder_that_cannot_be_written_costs_time_only(store):
    (store / "file").write_text("in the way")
    compiled.keep_in(store / "file" / "folder")
    np.testing.assert_array_equal(doubled()(jnp.ones(2), times=1), [2, 2])


def nothing_is_traced(monkeypatch):
    monkeypatch.setattr(jax, "jit", lambda f, **how: None)


@pytest.fixture
def told(store, monkeypatch):
    """What is told of programs that cannot be kept."""
    heard: list[str] = []
    compiled.keep_in(store, heard.append)
    return heard


def test_a_folder_that_others_let_us_read_is_as_good(store, monkeypatch, told):
    doubled()(jnp.ones(3), times=1)
    nothing_is_traced(monkeypatch)
    monkeypatch.setattr(Path, "touch", refused)
    np.testing.assert_array_equal(doubled()(jnp.ones(3), times=1), [2, 2, 2])
    assert told == []


def refused(path, *how):
    raise PermissionError(13, "Permission denied", str(path))


def test_a_folder_that_cannot_be_written_is_told(store, monkeypatch, told):
    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(system, "PAUSES", ())
    for n in (1, 2):
        doubled()(jnp.ones(n), times=1)
    cannot = f"compiled programs cannot be kept in {store}: Permission denied; DREAMREEL_CACHE names another folder"
    assert told == [cannot] and list(store.iterdir()) == []


class Deed:
    """What a program would do if it were read."""

    def __reduce__(self):
        return os.mkdir, ("done",)


@pytest.mark.parametrize("whose", ["the file", "the folder", "a stranger"])
def test_what_others_could_have_written_is_not_run(store, monkeypatch, told, whose):
    monkeypatch.chdir(store.parent)
    doubled()(jnp.ones(3), times=1)
    (file,) = store.glob("*.program")
    file.write_bytes(pickle.dumps((Deed(), None, None)))
    if whose == "a stranger":
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
        monkeypatch.setattr(os, "fstat", lambda descriptor: owned(file.stat(), 1000))
        says = f"{file} belongs to user 1000"
    else:
        place, mode = (file, 0o664) if whose == "the file" else (store, 0o777)
        place.chmod(mode)
        says = f"{place} can be written by {'its group' if mode == 0o664 else 'everybody'}"
    np.testing.assert_array_equal(doubled()(jnp.ones(3), times=1), [2, 2, 2])
    assert not Path("done").exists()
    assert told == [f"compiles anew: a kept program is code, and {says}; DREAMREEL_CACHE names another folder"]
    if whose == "the file":  # it was made anew, and is ours alone
        assert file.stat().st_mode & 0o022 == 0
        nothing_is_traced(monkeypatch)
        np.testing.assert_array_equal(doubled()(jnp.ones(3), times=1), [2, 2, 2])


def owned(status: os.stat_result, user: int) -> os.stat_result:
    return os.stat_result((*status[:4], user, *status[5:]))


def test_programs_of_an_easygoing_umask_are_read(store, monkeypatch, told):
    before = os.umask(0o002)
    try:
        compiled.keep_in(store / "programs", told.append)
        doubled()(jnp.ones(3), times=1)
    finally:
        os.umask(before)
    nothing_is_traced(monkeypatch)
    doubled()(jnp.ones(3), times=1)
    assert told == []


@pytest.mark.parametrize(
    "setting",
    [
        lambda: jax.threefry_partitionable(False),
        lambda: jax.default_prng_impl("rbg"),
        lambda: jax.default_matmul_precision("float32"),
        lambda: jax.enable_x64(True),
        lambda: jax.numpy_rank_promotion("warn"),
    ],
)
def test_settings_tell_programs_apart(store, setting):
    doubled()(jnp.ones(3, jnp.float32), times=1)
    with setting():
        doubled()(jnp.ones(3, jnp.float32), times=1)
    doubled()(jnp.ones(3, jnp.float32), times=1)
    assert len(list(store.glob("*.program"))) == 2


def test_only_so_many_are_kept(store, monkeypatch):
    monkeypatch.setattr(compiled, "MOST", 2)
    for n in range(1, 5):
        doubled()(jnp.ones(n), times=1)
    assert len(list(store.glob("*.program"))) == 2


LIBRARY = """
import sys
from pathlib import Path
import jax, jax.numpy as jnp
from render.dream import compiled

compiled.keep_in(Path(sys.argv[1]))
compiled.fingerprint()
if sys.argv[2] == "again":
    jax.stages.Lowered.compile = None  # nothing can be compiled any more
print(compiled.kept()(jnp.linalg.eigvalsh)(2 * jnp.eye(3)))
"""


def test_a_program_that_calls_a_library_is_read_by_another_process(store):
    """LAPACK's functions are called by address, which a process has to look up first: without, it dies of signal 11."""
    store.chmod(0o700)
    for which in ("first", "again"):
        command = [sys.executable, "-c", LIBRARY, str(store), which]
        done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "[2. 2. 2.]\n"), done.stderr
    assert len(list(store.glob("*.program"))) == 1
