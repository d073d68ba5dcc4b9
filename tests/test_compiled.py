"""Programs that are kept: read again they do what they did, and whatever is wrong with them only costs time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from render.dream import compiled


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


def test_only_so_many_are_kept(store, monkeypatch):
    monkeypatch.setattr(compiled, "MOST", 2)
    for n in range(1, 5):
        doubled()(jnp.ones(n), times=1)
    assert len(list(store.glob("*.program"))) == 2
