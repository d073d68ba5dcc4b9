"""Ends renders in every way there is, for minutes or hours, and compares films: python scripts/torture.py --minutes 60

With --as windows,network films are made on such systems, too, which tests/shims play.
Each film is rendered once in peace, and once through a series of faults, each in a process of its own: killed at a
random moment or just before its n-th write to the disk, interrupted, its ffmpeg killed, its files limited in size, its
latest state or a segment damaged, a second renderer started. In the end both films must have the same bytes.
"""

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILMS = [  # ending, frames, more
    ("film.mp4", 400, []),
    ("film.mp4", 170, ["fps=30000/1001", "dream.octaves=2"]),
    ("film.webm", 200, []),
    ("film.mov", 160, ["output.record=octaves", "dream.octaves=2"]),
    ("film.gif", 130, []),
    ("####.png", 150, []),
    ("film.mp4", 40, ["output.record=iterations", "dream.iterations=6"]),
]
SCENE = "size: [48, 32]\nstart: {noise: perlin}\ndream: {layers: fire2, octaves: 1, iterations: 1}\n"
DISK = ("replace", "fsync", "unlink", "rmdir", "write", "truncate", "mkdir")  # of os: where a process may die

FAULTS = {"kill": 2, "write": 3, "signal": 1, "ffmpeg": 1, "full": 1, "state": 1, "two": 1}  # how often
SYSTEMS = ("here", "windows", "network")


class Lost(AssertionError):
    """Something that the project promises is not so."""


def spawn(command: list[str], log: Path, before: Callable[[], None] = lambda: None) -> int:
    """Starts a renderer and returns its process id. It is forked: what it imports is imported already."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored
        before()
        from render.__main__ import main

        status = main(command)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def ended(child: int) -> int:
    """Waits for a process: its exit status, negative the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at_write(number: int) -> Callable[[], None]:
    """Lets the process be killed before its n-th call of DISK."""
    left = number

    def arm() -> None:
        def deadly(call: Callable) -> Callable:
            def counted(*arguments, **options):
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments, **options)

            return counted

        for name in DISK:
            setattr(os, name, deadly(getattr(os, name)))

    return arm


def limit_files(size: int) -> Callable[[], None]:
    """Lets no file grow beyond a size: what a full disk is like."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class Torture:
    """A folder, and what has happened in it."""

    def __init__(self, folder: Path, seed: int, systems: Sequence[str]) -> None:
        self.systems, self.system = systems, systems[0]
        self.folder, self.random, self.counts = folder, random.Random(seed), Counter[str]()
        self.log, self.wholes = folder / "log.txt", dict[tuple, bytes]()
        (folder / "scene.yaml").write_text(SCENE)

    def film(self) -> None:
        """One film: faults until it is whole, then a comparison."""
        name, frames, more = self.random.choice(FILMS)
        seed = self.random.randrange(3)
        self.system = self.random.choice(self.systems)
        self.counts[self.system] += 1
        scene = [f"frames={frames}", f"seed={seed}", *more]
        path = self.folder / "hurt" / name
        command = [str(self.folder / "scene.yaml"), *(f"--set={part}" for part in scene), "-o"]
        for _ in range(self.random.randint(1, 12)):
            if self.harm([*command, str(path)], path):
                break
        else:
            self.completes([*command, str(path)])
        self.compare(path, self.whole(command, name, tuple(scene)))

    def harm(self, command: list[str], path: Path) -> bool:
        """One fault; whether the film was complete before it came."""
        known = [name for name in FAULTS if name != "two" or self.system != "network"]  # there are no locks
        (fault,) = self.random.choices(known, [FAULTS[name] for name in known])
        self.counts[fault] += 1
        before, after = (lambda: None), None
        seconds = self.random.uniform(0.2, 3)
        match fault:
            case "write":
                before, seconds = die_at_write(self.random.randrange(150)), 60.0
            case "full":
                before, seconds = limit_files(self.random.choice([3000, 10_000, 30_000])), 60.0
            case "kill" | "signal" | "state" | "two":
                after = signal.SIGKILL if fault != "signal" else self.random.choice([signal.SIGINT, signal.SIGTERM])
        child = self.spawn(command, self.log, before)
        done = self.until(child, seconds)
        if done is None and fault == "two":
            self.refused(command, child)
        if done is None and fault == "ffmpeg":
            self.kill_ffmpeg(child)
        if done is None and after:
            os.kill(child, after)
        done = ended(child) if done is None else done
        if done == 2 and "is already there" in self.log.read_text():  # killed when all was done but tidying up
            done = 0
        self.told(fault, done)
        if fault == "state":
            self.damage(path)
        return done == 0

    def spawn(self, command: list[str], log: Path, before: Callable[[], None] = lambda: None) -> int:
        """A renderer on the system of now."""

        def arm() -> None:
            if self.system != "here":
                import_module(f"tests.shims.{self.system}").install()
            before()

        return spawn(command, log, arm)

    def until(self, child: int, seconds: float) -> int | None:
        """A process's exit status if it ends within a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.003)
        return None

    def told(self, fault: str, status: int) -> None:
        """A renderer that was not killed has said in one sentence what happened."""
        text = self.log.read_text()
        self.counts["killed"] += status == -signal.SIGKILL
        allowed = {"signal": (0, 130), "ffmpeg": (0, 1), "full": (0, 1)}.get(fault, (0, -signal.SIGKILL))
        if fault == "two" and status == 1 and "is being rendered already" in text:
            return  # the second was faster
        if status not in allowed or "Traceback" in text:
            raise Lost(f"{fault}: status {status}\n{text}")

    def refused(self, command: list[str], child: int) -> None:
        """A second renderer names the first, or both were at their beginning or end."""
        log = self.folder / "second.txt"
        second = self.spawn(command, log)
        status, text = ended(second), log.read_text()
        if status == 1 and f"by process {child}" in text:
            self.counts["refused"] += 1
        elif status not in (0, 1, 2) or "Traceback" in text:
            raise Lost(f"two at once: status {status}\n{text}")

    def kill_ffmpeg(self, child: int) -> None:
        """Kills a renderer's ffmpeg, if it has one at the moment."""
        for task in Path(f"/proc/{child}/task").glob("*/children"):
            for process in task.read_text().split():
                os.kill(int(process), signal.SIGKILL)

    def damage(self, path: Path) -> None:
        """Cuts the latest state, or turns a bit in it."""
        states = sorted(path.with_name(f"{path.name}.parts").glob("film/state-*[0-9]"))
        if states:
            data = states[-1].read_bytes()
            at = self.random.randrange(len(data))
            flipped = data[:at] + bytes([data[at] ^ 1 << self.random.randrange(8)]) + data[at + 1 :]
            states[-1].write_bytes(data[:at] if self.random.random() < 0.5 else flipped)
            self.counts["damaged"] += 1

    def completes(self, command: list[str]) -> None:
        """Nothing is in the way any more."""
        status = ended(self.spawn(command, self.log))
        if status and not (status == 2 and "is already there" in self.log.read_text()):
            raise Lost(f"does not complete: status {status}\n{self.log.read_text()}")

    def whole(self, command: list[str], name: str, scene: tuple[str, ...]) -> bytes:
        """The film as it is without a fault."""
        if (name, scene) not in self.wholes:
            path = self.folder / "whole" / name
            self.completes([*command, str(path), "--overwrite"])
            self.wholes[name, scene] = content(path)
        return self.wholes[name, scene]

    def compare(self, path: Path, whole: bytes) -> None:
        """The film is the same, and nothing else is left; then it goes."""
        hurt = content(path)
        if hurt != whole:
            raise Lost(f"{path} has {len(hurt)} bytes that differ from {len(whole)}")
        stray = [f.name for f in path.parent.iterdir() if f.suffix not in (path.suffix, ".json") or f.name[0] == "."]
        if stray:
            raise Lost(f"left behind: {stray}")
        for file in path.parent.iterdir():
            file.unlink()
        self.counts["films"] += 1
        self.counts["bytes"] += len(whole)


def content(path: Path) -> bytes:
    """The bytes of a film, or of all stills."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name.replace("####", "[0-9]*"))))


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    p.add_argument("--minutes", type=float, default=10)
    p.add_argument("--as", dest="systems", default="here", metavar="SYSTEMS", help=f"of {', '.join(SYSTEMS)} some")
    p.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = p.parse_args()
    systems = options.systems.split(",")
    if not set(systems) <= set(SYSTEMS):
        p.error(f"--as: known systems are {', '.join(SYSTEMS)}")
    sys.path.insert(0, str(ROOT))
    import render.film.film  # noqa: F401 - before the forks; it starts no device yet

    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DREAMREEL_CACHE", f"{folder}/cache")
        torture, end = Torture(Path(folder), options.seed, systems), time.monotonic() + 60 * options.minutes
        lost = 0
        while time.monotonic() < end:
            try:
                torture.film()
            except Lost as error:
                lost += 1
                print(f"LOST (seed {options.seed}): {error}", flush=True)
                torture = fresh(torture)
        report(torture.counts, lost)
    return 1 if lost else 0


def report(c: Counter[str], lost: int) -> None:
    """The summary."""
    faults = ", ".join(f"{name} {c[name]}" for name in FAULTS)
    print(f"{c['killed']} kills survived; faults tried: {faults}; {c['damaged']} states damaged,")
    print(f"films on systems: {', '.join(f'{name} {c[name]}' for name in SYSTEMS)};")
    print(f"{c['refused']} second renderers refused; {c['films']} films, {c['bytes']} bytes compared; lost: {lost}")


def fresh(torture: Torture) -> Torture:
    """The same with its unfinished film removed."""
    import shutil

    shutil.rmtree(torture.folder / "hurt", ignore_errors=True)
    return torture


if __name__ == "__main__":
    sys.exit(main())
