"""What --dry-run says of scenes beside what rendering them takes: time, and memory of the whole process tree.

    python scripts/benchmark.py --plan               # eight scenes: networks, sizes, kinds of start and film

Each is planned, rendered anew, planned again, and rendered once more with its programs kept. On a machine where other
work runs, compare the processor's seconds: `used` is all of them, shared among the cores.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOISE = "start: {noise: perlin}\n"
SCENES = {
    "SqueezeNet, 320×180": "size: [320, 180]\nframes: 24\ndream: {layers: fire7}\n" + NOISE,
    "SqueezeNet, 640×360": "frames: 12\ndream: {layers: fire7}\n" + NOISE,
    "SqueezeNet, 1280×720, tiles": "size: [1280, 720]\nframes: 4\ndream: {layers: fire7, octaves: 4}\n" + NOISE,
    "EfficientNet-Lite2, 320×180, palette": (
        "size: [320, 180]\nframes: 12\ndream: {layers: block12}\nstart: {noise: perlin, palette: [teal, gold, black]}\n"
    ),
    "EfficientNet-Lite0, 320×180": (
        "size: [320, 180]\nframes: 12\nmodel: efficientnet_lite0\ndream: {layers: block10, octaves: 3}\n" + NOISE
    ),
    "cross-fade, 160×90": (
        "size: [160, 90]\nframes: 60\ndream: {layers: {fire3: {0s: 1, 1s: 0}, fire7: {0s: 0, 1s: 1}}}\n" + NOISE
    ),
    "record: octaves, 320×180": (
        "size: [320, 180]\nframes: 4\ndream: {layers: fire7}\noutput: {record: octaves}\n" + NOISE
    ),
    "from a film, 320×180": "size: [320, 180]\nframes: 12\ndream: {layers: fire5}\nstart: {video: source.mp4}\n",
}


def table(chosen: str = "") -> None:
    """Prints said beside real for each scene whose name holds `chosen`."""
    print("| scene | time said | real | used | memory said | real | again: time said | real | used |")
    print("| --- |" + " ---: |" * 8)
    for name, text in SCENES.items():
        if chosen in name:
            print(f"| {name} | {' | '.join(row(text))} |", flush=True)


def row(text: str) -> list[str]:
    """One scene: said and real, without and with kept programs."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "scene.yaml").write_text(text)
        if "source.mp4" in text:
            source(here / "source.mp4")
        cells: list[str] = []
        for again in (False, True):
            cells += once(here, again)
        return cells


def once(here: Path, again: bool) -> list[str]:
    """Plans and renders a scene."""
    environment = {**os.environ, "DREAMREEL_CACHE": str(here / "cache")}
    command = [sys.executable, "-m", "render", str(here / "scene.yaml"), "-o", str(here / "film.mp4"), "--overwrite"]
    said = subprocess.run([*command, "--dry-run"], env=environment, capture_output=True, text=True, check=True).stdout
    seconds, used, peak = rendered([*command, "--quiet"], environment)
    times = [f"{spoken(said):.0f} s", f"{seconds:.0f} s", f"{used / (os.cpu_count() or 1):.0f} s"]
    memory = re.search(r"memory +about (\d+)", said)
    return times if again or not memory else [*times, f"{memory[1]} MB", f"{peak / 1e6:.0f} MB"]


def spoken(plan: str) -> float:
    """The seconds of a plan's time, as `clock` writes them."""
    found = re.search(r"time +about (?:(\d+) h )?(?:(\d+) min ?)?(?:(\d+) s)?", plan)
    assert found
    return sum(int(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True))


def rendered(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds, seconds of all processors, and the most bytes of the process and its children (Linux)."""
    before, began, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0.0
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(resident, family(process.pid))))
            time.sleep(0.03)
        assert process.returncode == 0, process.returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [each for child in children.read_text().split() for each in family(int(child))]
        except OSError:  # it has just ended
            continue
    return found


def resident(pid: int) -> float:
    """Bytes of memory that a process has."""
    try:
        return float(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0.0


def source(path: Path) -> None:
    """A second of a moving test picture."""
    from imageio_ffmpeg import get_ffmpeg_exe

    picture = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=24:duration=1", "-pix_fmt", "yuv420p"]
    subprocess.run([get_ffmpeg_exe(), "-v", "error", *picture, str(path)], check=True)
