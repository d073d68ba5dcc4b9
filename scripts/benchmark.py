"""How fast Dreamreel is on this machine, as a Markdown table; with --torch beside PyTorch, interleaved in the same run.

    python scripts/benchmark.py                        # 640x360 and 1280x720, SqueezeNet to fire7
    python scripts/benchmark.py --layer block14        # EfficientNet-Lite2 to block14
    python scripts/benchmark.py --torch                # needs torch; a small, honest implementation on the same weights
    python scripts/benchmark.py --plan                 # what --dry-run says beside what rendering takes: plans.py
    python scripts/benchmark.py --sizes 1280x720 --octaves 3 --iterations 6 --frames 120    # an accelerator's goals

step: one ascent iteration at full size. frame: all octaves, with warp and colour, to uint8 on the host. Both are
medians of rounds that take turns. first frame: from the command's start, in a process of its own, without and with
kept programs. Peak memory: of that process. The floor: the time in which this machine's matrix rate, measured, does a
step's multiplications.
"""

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

import models
from render.dream import programs
from render.dream.ascent import Knobs
from render.dream.image import to_uint8
from render.dream.objective import Target, score
from render.film import frames, moved
from render.media.video import film
from render.scene.reader import read_scene

NETWORKS = {"fire": "squeezenet1_1", "block": "efficientnet_lite2"}  # whose layers begin so
STEPS = 4  # per timing of a step


def main() -> None:
    """Measures what was asked for and prints the table."""
    options = arguments()
    if options.plan is not None:
        import plans

        print(f"{processor()}, {datetime.date.today()}\n")
        plans.table(options.plan)
        return
    sizes = [tuple(map(int, size.split("x"))) for size in options.sizes]
    columns = {"Dreamreel": Ours} | ({"PyTorch": torch_side()} if options.torch else {})
    rate, bandwidth = matrix_rate(), memory_bandwidth()
    print(f"{processor()}, {datetime.date.today()}: {rate / 1e9:.0f} GFLOP/s in matrices, {bandwidth / 1e9:.0f} GB/s\n")
    print(f"| {network_of(options.layer)} to `{options.layer}` | " + " | ".join(f"{w}×{h}" for w, h in sizes) + " |")
    print("| --- |" + " --- |" * len(sizes))
    results = [measure(size, columns, options, rate) for size in sizes]
    for name in results[0]:
        print(f"| {name} | " + " | ".join(result[name] for result in results) + " |")


def arguments() -> argparse.Namespace:
    """The command line."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--sizes", nargs="+", default=["640x360", "1280x720"], metavar="WxH")
    p.add_argument("--layer", default="fire7", help="fire7 of SqueezeNet, block14 of EfficientNet-Lite2, …")
    p.add_argument("--octaves", type=int, default=4)
    p.add_argument("--iterations", type=int, default=10)
    p.add_argument("--frames", type=int, default=3, help="frames timed at a time")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--torch", action="store_true", help="beside PyTorch")
    p.add_argument("--no-process", action="store_true", help="leave out first frame and peak memory")
    p.add_argument("--plan", nargs="?", const="", metavar="SCENE", help="the dry run's estimates, said and real")
    return p.parse_args()


class Ours:
    """Dreamreel's side: step(n) and frame() at one size."""

    def __init__(self, size: tuple[int, int], options: argparse.Namespace):
        self.scene = scene_of(size, options)
        self.network = models.load(network_of(options.layer))
        self.layer = options.layer
        w, h = size
        self.programs = programs.Programs(self.network, [(h, w)])
        self.x = jnp.asarray(np.random.default_rng(0).uniform(60, 190, (1, h, w, 3)), jnp.float32)
        self.film = frames.frames(self.scene, self.network)
        self.step(1)
        self.frame()
        self.frame()

    def step(self, n: int) -> None:
        """n ascent steps at full size."""
        numbers = jnp.ones((1, 1)), Knobs(1.0, 32), jax.random.key(0)[None]
        jax.block_until_ready(self.programs(jnp.array(self.x), *numbers, (0, n), targets=(Target(self.layer),)))

    def frame(self) -> None:
        """One frame of the film, on the host; waited for, so that nothing of it runs in the other side's time."""
        np.asarray(to_uint8(next(self.film)))


def network_of(layer: str) -> str:
    """The network that a layer belongs to."""
    return next(name for start, name in NETWORKS.items() if layer.startswith(start))


def torch_side() -> Callable:
    """PyTorch's side, imported only when asked for."""
    from torch_dream import TorchDream

    return lambda size, options: TorchDream(size, options.octaves, options.iterations, options.layer)


def scene_of(size: tuple[int, int], options: argparse.Namespace, frames: int = 100_000):
    """A zoom from noise with the default motion."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.yaml"
        path.write_text(scene_text(size, options, frames))
        return read_scene(path)


def scene_text(size: tuple[int, int], options: argparse.Namespace, frames: int) -> str:
    """The scene as YAML."""
    return (
        f"size: [{size[0]}, {size[1]}]\nframes: {frames}\nstart: {{noise: perlin}}\n"
        f"dream: {{layers: {options.layer}, natural: 0, "
        f"octaves: {options.octaves}, iterations: {options.iterations}}}\n"
    )


def measure(size: tuple[int, int], columns: dict, options: argparse.Namespace, rate: float) -> dict[str, str]:
    """Every row of the table for one size."""
    sides = {name: make(size, options) for name, make in columns.items()}
    steps: dict[str, list[float]] = {name: [] for name in sides}
    whole: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, side in sides.items():
            steps[name].append(timed(side.step, STEPS) / STEPS)
            whole[name].append(timed(lambda side=side: [side.frame() for _ in range(options.frames)]) / options.frames)
    rows = {}
    for name in sides:
        rows[f"{name}: step"] = f"{1e3 * statistics.median(steps[name]):.0f} ms"
        rows[f"{name}: frame"] = f"{1e3 * statistics.median(whole[name]):.0f} ms"
    if len(sides) == 2:
        (ours, other), (our_frame, other_frame) = steps.values(), whole.values()
        rows["times faster: step, frame"] = f"{ratio(other, ours):.2f}, {ratio(other_frame, our_frame):.2f}"
    floor = step_flops(sides["Dreamreel"].network, options.layer, size) / rate
    rows["floor of a step, reached"] = (
        f"{1e3 * floor:.0f} ms, {100 * floor / statistics.median(steps['Dreamreel']):.0f} %"
    )
    rows |= shares(sides["Dreamreel"], options)
    rows["encoder, beside it"] = f"{1e3 * encoding(size):.0f} ms a frame"
    return rows if options.no_process else rows | in_processes(size, options)


def timed(f: Callable, *arguments) -> float:
    """Seconds."""
    began = time.perf_counter()
    f(*arguments)
    return time.perf_counter() - began


def ratio(a: list[float], b: list[float]) -> float:
    """The median of a/b, round by round, so that a machine whose speed drifts does not matter."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def shares(side: Ours, options: argparse.Namespace) -> dict[str, str]:
    """What part of a frame's time the network and the warp take, each waited for."""
    spent = {"network": 0.0, "warp": 0.0}

    def waiting(name: str, f: Callable) -> Callable:
        def call(*arguments, **keywords):
            jax.block_until_ready(arguments)
            began = time.perf_counter()
            result = jax.block_until_ready(f(*arguments, **keywords))
            spent[name] += time.perf_counter() - began
            return result

        return call

    ascend = programs.Programs.__call__
    with (
        mock.patch.object(programs.Programs, "__call__", waiting("network", ascend)),
        mock.patch.object(moved, "warp_each", waiting("warp", moved.warp_each)),
    ):
        total = timed(lambda: [side.frame() for _ in range(options.frames)])
    return {f"share of the {name}": f"{100 * seconds / total:.1f} %" for name, seconds in spent.items()}


def encoding(size: tuple[int, int], count: int = 40) -> float:
    """Seconds that the encoder takes for a frame of noise-like pictures, alone on the machine."""
    w, h = size
    pictures = np.random.default_rng(0).integers(0, 255, (4, h // 8 + 1, w // 8 + 1, 3), np.uint8)
    big = [p.repeat(8, 0).repeat(8, 1)[:h, :w].copy() for p in pictures]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with film(Path(folder) / "film.mp4", size, Fraction(24)) as write:
            for k in range(count):
                write(np.roll(big[k // 10 % 4], k % 10, 1))
        return (time.perf_counter() - began) / count


def in_processes(size: tuple[int, int], options: argparse.Namespace) -> dict[str, str]:
    """First frame without and with kept programs, and peak memory, of the command itself."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "scene.yaml").write_text(scene_text(size, options, 2))
        environment = {**os.environ, "DREAMREEL_CACHE": folder}
        command = [sys.executable, "-m", "render", f"{folder}/scene.yaml", "-o", f"{folder}/film.mp4", "--overwrite"]
        (ever, peak), (again, _) = (first_frame(command, environment) for _ in range(2))
    return {"first frame: ever, again": f"{ever:.1f} s, {again:.1f} s", "peak memory": peak}


def first_frame(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Seconds from the start of the command to its first frame, and the most memory it had by its last one."""
    began, seconds, peak = time.perf_counter(), float("nan"), "not known here"
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        status = Path(f"/proc/{process.pid}/status")
        for line in process.stderr:
            if line.startswith("frame 1 "):
                seconds = time.perf_counter() - began
            if status.exists():  # Linux; a child's own ru_maxrss begins with its parent's
                peak = next((f"{int(s.split()[1]) / 1000:.0f} MB" for s in status.open() if "VmHWM" in s), peak)
    return seconds, peak


def step_flops(network, layer: str, size: tuple[int, int]) -> float:
    """Multiplications and additions of one step: forward, and the gradient with respect to the picture."""
    w, h = size

    def value(network, x):
        return score(network(x), (Target(layer),), jnp.ones(1))

    x = jax.ShapeDtypeStruct((1, h, w, 3), jnp.float32)
    with mock.patch("models.blocks.layers.own_gradients", lambda: False):  # as XLA counts its own convolutions
        cost = jax.jit(jax.grad(value, argnums=1)).lower(network, x).cost_analysis()
    return cost["flops"]


def matrix_rate(n: int = 2048) -> float:
    """FLOP/s of a float32 matrix product."""
    product = jax.jit(lambda a, b: a @ b)
    a = jnp.ones((n, n))
    jax.block_until_ready(product(a, a))
    return 2 * n**3 / min(timed(lambda: jax.block_until_ready(product(a, a))) for _ in range(5))


def memory_bandwidth(megabytes: int = 256) -> float:
    """Bytes/s of an addition that streams through memory: one read, one write."""
    x = jnp.zeros(megabytes * 2**18)
    add = jax.jit(lambda x: x + 1)
    jax.block_until_ready(add(x))
    return 2 * x.nbytes / min(timed(lambda: jax.block_until_ready(add(x))) for _ in range(5))


def processor() -> str:
    """What computes, in words."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        return f"{jax.device_count()} × {device.device_kind}"
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    return f"{os.cpu_count()} threads of {model}"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
