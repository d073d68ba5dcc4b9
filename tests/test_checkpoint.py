"""States on disk: what was saved comes back exactly, or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from render.film.keeping.checkpoint import Progress, State, durable, load, save, states
from render.film.keeping.parts import ChangedError, LockedError, differences, latest, locked, parts_of

MADE = {"scene": {"seed": 1, "dream": {"layers": {"fire2": "sin(t)"}}}, "versions": {"jax": "1"}}


def state(frame: int = 7, **more) -> State:
    x = np.random.default_rng(frame).normal(128, 50, (1, 4, 6, 3)).astype(np.float32)
    return State(MADE, Progress(frame=frame, pictures=frame, **more), x)


def test_a_state_comes_back_to_the_bit(tmp_path):
    x = np.array([0.1, -0.0, 255, np.float32(1e-42), np.nan], np.float32).reshape(1, 1, 5, 1)
    saved = State(MADE, Progress(3, 5, 1, 2, 0.25), x)
    loaded = load(save(tmp_path, saved))
    assert loaded is not None and (loaded.made, loaded.at) == (saved.made, saved.at)
    assert loaded.x.tobytes() == x.tobytes() and loaded.x.shape == x.shape


def test_the_last_two_are_kept(tmp_path):
    for frame in (2, 9, 10, 100):
        save(tmp_path, state(frame))
    assert [load(file).at.frame for file in states(tmp_path)] == [100, 10]
    assert sorted(os.listdir(tmp_path)) == sorted(file.name for file in states(tmp_path)), "nothing temporary"


def test_any_cut_and_any_flipped_bit_is_noticed(tmp_path):
    file = save(tmp_path, state())
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert load(file) is None
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        assert load(file) is None
    file.write_bytes(whole)
    assert load(file) is not None
    assert load(tmp_path / "none") is None


def test_the_one_before_stands_in(tmp_path):
    save(tmp_path, state(5))
    newer = save(tmp_path, state(8))
    assert latest(tmp_path, MADE, lambda at: True)[0].at.frame == 8
    newer.write_bytes(newer.read_bytes()[:-1])
    found, damaged = latest(tmp_path, MADE, lambda at: True)
    assert found.at.frame == 5 and damaged
    found, damaged = latest(tmp_path, MADE, lambda at: False)  # its pictures are gone
    assert found is None and damaged
    assert latest(tmp_path / "nothing", MADE, lambda at: True) == (None, False)


def test_what_changed_is_told(tmp_path):
    save(tmp_path, state())
    other = {"scene": {"seed": 2, "dream": {"layers": {"fire3": "sin(t)"}}}, "versions": {"jax": "1"}}
    with pytest.raises(ChangedError) as error:
        latest(tmp_path, other, lambda at: True)
    assert str(error.value).split("; ") == [
        "seed was 1 and is 2",
        "dream.layers.fire2 was sin(t) and is not given",
        "dream.layers.fire3 was not given and is sin(t)",
    ]
    assert differences(MADE, MADE) == []


def test_a_file_is_as_it_was_unless_the_block_ends_well(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), durable(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with durable(path) as file:
        file.write(b"new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_only_one_holds_a_films_lock(tmp_path):
    path = tmp_path / "film.mp4"
    with locked(path) as parts:
        assert parts == parts_of(path) and (parts / "lock").read_text() == f"{os.getpid()}\n"
        with pytest.raises(LockedError, match=rf"film\.mp4: is being rendered already, by process {os.getpid()}"):
            locked(path).__enter__()
        with locked(tmp_path / "other.mp4"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_outlives_neither_crash_nor_error(tmp_path):
    path = tmp_path / "film.mp4"
    parts_of(path).mkdir()
    (parts_of(path) / "lock").write_text("123456789012345678901234567890")  # left by a process that was killed
    with pytest.raises(ZeroDivisionError), locked(path) as parts:
        (parts / "film").mkdir()
        raise ZeroDivisionError
    assert (parts_of(path) / "film").exists(), "what is rendered stays"
    with locked(path):
        assert Path(parts_of(path) / "lock").read_text() == f"{os.getpid()}\n"
