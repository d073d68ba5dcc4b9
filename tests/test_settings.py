"""A film depends on none of JAX's settings in the environment; where they cannot be helped, one sentence says so."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from render.__main__ import main
from render.dream import settings
from render.dream.settings import SettingsError

ROOT = Path(__file__).parents[1]
SCENE = "size: [48, 32]\nframes: 1\nstart: {noise: perlin}\ndream: {layers: fire2, octaves: 1, iterations: 1}\n"
HOSTILE = {
    "JAX_ENABLE_X64": "1",
    "JAX_DISABLE_JIT": "1",
    "JAX_DEBUG_NANS": "1",
    "JAX_TRANSFER_GUARD": "disallow",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "JAX_THREEFRY_PARTITIONABLE": "0",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_DEFAULT_MATMUL_PRECISION": "nonsense",
    "JAX_NUM_CPU_DEVICES": "many",
    "JAX_COMPILATION_CACHE_DIR": "jax",
    "JAX_WHATEVER_COMES_NEXT": "1",
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    return subprocess.run(
        [sys.executable, "-m", "render", *arguments],
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


def test_the_environment_changes_no_film(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SCENE)
    for name, environment in (("a", HOSTILE), ("b", {})):  # the hostile one first: what it keeps serves the other
        done = run("s.yaml", "-o", f"{name}.mp4", "--quiet", **environment)
        assert done.returncode == 0 and done.stderr == "", done.stderr
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()
    assert sorted(file.name for file in Path().iterdir()) == ["a.json", "a.mp4", "b.json", "b.mp4", "s.yaml"]
    done = run("s.yaml", "-o", "c.mp4", JAX_PLATFORMS="cuda")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "JAX is told to use 'cuda', and has no such device" in done.stderr
    assert "without JAX_PLATFORMS and JAX_PLATFORM_NAME it takes what is there" in done.stderr


def test_what_is_kept_of_the_environment(monkeypatch):
    monkeypatch.delitem(sys.modules, "jax")
    for name, value in {**HOSTILE, "JAX_PLATFORMS": "cpu", "JAX_CUDA_VISIBLE_DEVICES": "1", "JAXX": "1"}.items():
        monkeypatch.setenv(name, value)
    settings.forget()
    left = {name for name in os.environ if name.startswith("JAX")}
    assert left == {"JAX_PLATFORMS", "JAX_CUDA_VISIBLE_DEVICES", "JAXX"}
    for count, kept in (("4", True), ("-1", True), ("0", False), ("-2", False), ("", False)):
        monkeypatch.setenv("JAX_NUM_CPU_DEVICES", count)
        settings.forget()
        assert ("JAX_NUM_CPU_DEVICES" in os.environ) == kept


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        (lambda: jax.enable_x64(True), "jax_enable_x64"),
        (lambda: jax.disable_jit(True), "jax_disable_jit"),
        (lambda: jax.debug_nans(True), "jax_debug_nans"),
        (lambda: jax.default_prng_impl("rbg"), "jax_default_prng_impl"),
        (lambda: jax.threefry_partitionable(False), "jax_threefry_partitionable"),
        (lambda: jax.transfer_guard("disallow"), "jax_transfer_guard"),
    ],
)
def test_a_program_that_has_set_jax_otherwise_is_told(tmp_path, capsys, setting, name):
    """Rendering, its plan, and sheets of layers."""
    settings.check()
    (tmp_path / "s.yaml").write_text(SCENE)
    scene, film = str(tmp_path / "s.yaml"), str(tmp_path / "film.mp4")
    with setting():
        with pytest.raises(SettingsError, match=rf"{name} is .*: jax.config.update\('{name}'"):
            settings.check()
        for command in ([scene, "-o", film], [scene, "-o", film, "--dry-run"], ["layers", "-o", film + ".png"]):
            assert main(command) == 1
            told = capsys.readouterr()
            assert told.out == "" and name in told.err and len(told.err.splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["s.yaml"]


def test_no_device(monkeypatch):
    def none():
        raise AssertionError

    monkeypatch.setattr(jax, "devices", none)
    with pytest.raises(SettingsError, match=r"JAX is told to use 'cpu', and has no such device \(AssertionError\);"):
        settings.check()
