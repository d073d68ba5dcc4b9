"""Strict numerics and two virtual CPU devices, set before JAX is first imported."""

import contextlib
import os
import signal

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import pytest
from quick import QUICK

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.default_int_handler)

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_debug_key_reuse", True)


@pytest.fixture(scope="session", autouse=True)
def programs(tmp_path_factory):
    """One folder of kept programs for this run, its processes and the commands they start: each is compiled once."""
    from render.dream import compiled

    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    os.environ["DREAMREEL_CACHE"] = str(cache)
    compiled.keep_in(cache / "programs")


@pytest.fixture(scope="session")
def squeezenet():
    """The shipped network, loaded once."""
    import models

    return models.load("squeezenet1_1")


@pytest.fixture
def quick_ascents(monkeypatch):
    """Ascents are compiled without optimising, and not kept: right for a scene of its own that runs few steps."""
    from models.blocks.xla import compiler_options

    options = {**compiler_options(), **QUICK}
    monkeypatch.setattr("models.blocks.inverted.GROUP", 10_000)  # one group: a third of the program
    monkeypatch.setattr("render.dream.programs.obtain", lambda name, lower, devices: lower().compile(options))
