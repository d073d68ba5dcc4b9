"""Whatever ends a render: what was rendered is kept, and the film is the same to the byte as if nothing had happened.

Most of it happens in this process; what only the operating system can do is done to processes of their own.
"""

import errno
import gc
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from render.__main__ import main
from render.film import film, resume
from render.film.keeping import checkpoint, segments
from render.film.keeping.parts import LockedError, locked, parts_of
from render.film.watch import NumbersError
from render.media.ffmpeg import FilmError
from render.media.video import count_frames, numbered, read_film
from render.scene.reader import read_scene
from render.scene.record import record_of

pytestmark = pytest.mark.numbers

ROOT = Path(__file__).parents[1]
SCENE = """\
size: [48, 32]
fps: 12
frames: 60
start: {noise: perlin}
dream: {layers: fire2, octaves: 1, iterations: 1}
"""  # segments of 24 frames: two and a half of them


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Where all of them keep compiled programs."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, cache):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DREAMREEL_CACHE", str(cache))
    monkeypatch.setattr(film, "network", lambda model: jax.tree_util.Partial(waves))
    Path("scene.yaml").write_text(SCENE)


@pytest.fixture(scope="module")
def whole(cache, tmp_path_factory):
    """The bytes of the film of an ending and some overrides, rendered without a stop."""
    known: dict[tuple[str, ...], bytes] = {}

    def render(name: str, *overrides: str) -> bytes:
        if (name, *overrides) not in known:
            folder = tmp_path_factory.mktemp("whole")
            (folder / "scene.yaml").write_text(SCENE)
            rendered(folder / name, *overrides, scene=folder / "scene.yaml")
            known[name, *overrides] = content(folder / name)
        return known[name, *overrides]

    return render


def rendered(path: Path | str, *overrides: str, scene: Path | str = "scene.yaml", **more) -> list[str]:
    """Renders, in this process; what was told."""
    told: list[str] = []
    list(film.render_films([read_scene(scene, overrides, output=Path(path))], quiet=True, tell=told.append, **more))
    return told


def content(path: Path) -> bytes:
    """The bytes of a film or of all stills."""
    files = sorted(path.parent.glob(re.sub("#+", "[0-9]*", path.name))) if "#" in path.name else [path]
    return b"".join(file.read_bytes() for file in files)


def waves(x):
    """What a network could make of pictures."""
    return {"fire2": jnp.tanh((x - jnp.roll(x, 3, 2)) / 40 + jnp.sin(x / 30)), "fire3": x}


class Stop(BaseException):
    """Ends a render as a crash would."""


def stopped_at(frame: int, monkeypatch, error: BaseException | None = None):
    """Lets the next render of this process end before this frame is recorded."""
    done = resume.Recorder.done

    def broken(self, number, x):
        if number == frame:
            raise error or Stop
        done(self, number, x)

    monkeypatch.setattr(resume.Recorder, "done", broken)


def half(path: str, frame: int, monkeypatch, *overrides: str) -> None:
    """An unfinished film."""
    with monkeypatch.context() as patch:
        stopped_at(frame, patch)
        with pytest.raises(Stop):
            rendered(path, *overrides)


# One process


USUAL = ["film.mp4", "film.mov", "film.webm", "film.gif", "film.mkv", "stills/###.png", "stills/###.exr"]
NAMED = [("film.mp4", "hevc"), ("film.webm", "av1"), ("film.mov", "prores"), ("film.mov", "hap")]


@pytest.mark.parametrize(("name", "codec"), [*((name, "") for name in USUAL), *NAMED])
def test_a_film_goes_on_from_its_last_segment(monkeypatch, whole, name, codec):
    over = [f"output.codec={codec}", "size=[64, 64]"] if codec else []
    half(name, 30, monkeypatch, *over)
    assert not Path(name).exists() and parts_of(Path(name)).is_dir()
    assert rendered(name, *over) == ["goes on at frame 24 of 60"]
    assert content(Path(name)) == whole(name, *over)
    record = Path(name).with_suffix(".json")
    kept = {file.name for file in Path(name).parent.iterdir()} - {"scene.yaml", "stills", record.name}
    own = {f"{k:03d}{Path(name).suffix}" for k in range(60)} if "#" in name else {name}
    assert kept == own, "no parts are left"
    if "#" not in name:
        assert count_frames(name) == 60
        assert len(list(read_film(name, (48, 32), 12))) == 60


@pytest.mark.parametrize(
    "overrides", [["output.record=iterations", "dream.iterations=5", "frames=13"], ["fps=2997/125"]]
)
def test_other_films_go_on_too(monkeypatch, whole, overrides):
    half("film.mp4", 11 if len(overrides) > 1 else 50, monkeypatch, *overrides)
    assert "goes on at frame" in rendered("film.mp4", *overrides)[0]
    assert Path("film.mp4").read_bytes() == whole("film.mp4", *overrides)


def test_a_film_of_a_film_goes_on(monkeypatch):
    rendered("clip.mp4", "frames=40")
    over = ["frames=40", "start={video: clip.mp4}"]
    rendered("whole.mp4", *over)
    half("film.mp4", 30, monkeypatch, *over)
    assert rendered("film.mp4", *over) == ["goes on at frame 24 of 40"]
    assert Path("film.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_states_within_a_segment(monkeypatch, whole):
    monkeypatch.setattr("render.film.keeping.recorder.SAVED_EVERY", 0)
    monkeypatch.setattr(segments, "SPOOLED", 0)
    half("film.mp4", 31, monkeypatch)
    assert rendered("film.mp4")[0] in ("goes on at frame 30 of 60", "goes on at frame 31 of 60")
    assert Path("film.mp4").read_bytes() == whole("film.mp4")


def test_an_interrupt_keeps_the_last_frame(monkeypatch, whole):
    with monkeypatch.context() as patch:
        stopped_at(17, patch, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            rendered("film.mp4")
    assert rendered("film.mp4") == ["goes on at frame 17 of 60"]
    assert Path("film.mp4").read_bytes() == whole("film.mp4")


@pytest.mark.parametrize("every", [3, 7])
def test_a_crash_at_any_step_on_disk(monkeypatch, whole, every):
    """Before every few of the renames, removals and syncs: the next run dies a little later, and the last completes."""
    left = 0

    def step(call):
        def counted(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                raise Stop
            return call(*arguments, **options)

        return counted

    crashes = 0
    with monkeypatch.context() as patch:
        for where, name in ((os, "replace"), (os, "fsync"), (Path, "unlink"), (resume, "clear")):
            patch.setattr(where, name, step(getattr(where, name)))
        while True:
            left = every + crashes
            try:
                rendered("film.mp4")
                break
            except Stop:
                crashes += 1
    assert crashes >= 3
    assert Path("film.mp4").read_bytes() == whole("film.mp4")
    assert not parts_of(Path("film.mp4")).exists()


@pytest.mark.parametrize("harm", ["cut", "flipped", "both", "segment"])
def test_damaged_parts(monkeypatch, whole, harm):
    half("film.mp4", 55, monkeypatch)
    folder = parts_of(Path("film.mp4")) / "film"
    newer, older = checkpoint.states(folder)
    data = newer.read_bytes()
    if harm == "segment":
        (folder / "segment-000001.mp4").unlink()
    else:
        newer.write_bytes(data[:-99] if harm == "cut" else data[:2000] + bytes([data[2000] ^ 4]) + data[2001:])
    if harm == "both":
        older.write_bytes(b"")
    why = " (the latest checkpoint is damaged)"
    expected = f"begins anew{why}" if harm == "both" else f"goes on at frame 24 of 60{why}"
    assert rendered("film.mp4") == [expected]
    assert Path("film.mp4").read_bytes() == whole("film.mp4")


@contextmanager
def files_of_at_most(size: int):
    """A limit on the size of files: what a full disk is like."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("spooled", [0, np.nan])
def test_a_full_disk(monkeypatch, whole, spooled):
    expected = whole("film.mp4")
    monkeypatch.setattr(segments, "SPOOLED", spooled)
    ended = r"^film\.mp4: ffmpeg was ended by signal 25"
    with files_of_at_most(2_000), pytest.raises(FilmError, match=ended):
        rendered("film.mp4")
    assert not Path("film.mp4").exists()
    rendered("film.mp4")
    assert Path("film.mp4").read_bytes() == expected


def test_a_film_that_fits_beside_what_does_not(monkeypatch, whole):
    """Neither the spool nor a state fits on the disk: the film is made all the same."""
    expected = whole("film.mp4")
    monkeypatch.setattr(segments, "SPOOLED", 0)
    with files_of_at_most(len(expected) + 1000):
        told = rendered("film.mp4")
    assert told == ["renders on, but cannot keep where it is: File too large (film.mp4.parts/film)"]
    assert Path("film.mp4").read_bytes() == expected and not parts_of(Path("film.mp4")).exists()


NAMES = ['take #3? 100%d it\'s "so"\nкот é e\u0301 猫;&=|*[]{}', " ", "a" * 240, os.fsdecode(b"caf\xe9")]


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif", "##.png"])
def test_names_are_what_people_chose(ending):
    """In folders and files, relative and absolute, of films, of their records, and of what they are made from."""
    for number, name in enumerate(NAMES):
        Path(name).mkdir()
        own = name[:200].replace("#", "") if "##" in ending else name[:200]
        path = Path(name) / f"{own}{ending}" if number % 2 else Path(name).absolute() / f"{own}{ending}"
        rendered(path, "frames=2", "dream.iterations=0")
        (film,) = path.parent.glob(f"*{ending}") if "##" not in ending else [numbered(path, 1)]
        assert film.stat().st_size > 50
        assert read_scene(record_of(path)).output.path == path
        start = {"video" if ending in (".mp4", ".webm") else "image": str(film)}
        rendered(f"{number}.mp4", "frames=1", "dream.iterations=0", f"start={json.dumps(start)}")


def test_a_folder_that_becomes_read_only(monkeypatch, whole):
    def refused(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(arguments[-1]))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refused)
        with pytest.raises(
            FilmError, match=r"^film\.mp4: Read-only file system \(film\.mp4\.parts/film/segment-0+\.mp4"
        ):
            rendered("film.mp4")
    rendered("film.mp4")
    assert Path("film.mp4").read_bytes() == whole("film.mp4")


def test_a_file_in_the_way_of_the_parts(capsys):
    Path("film.mp4.parts").write_text("mine")
    assert main(["scene.yaml", "-o", "film.mp4", "--quiet"]) == 1
    assert capsys.readouterr().err == "film.mp4: File exists (film.mp4.parts)\n"
    assert Path("film.mp4.parts").read_text() == "mine"


def test_ffmpeg_is_killed(monkeypatch, whole):
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    done = resume.Recorder.done

    def kill(self, number, x):
        if number == 40:
            started[-1].kill()
        done(self, number, x)

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", Popen)
        patch.setattr(resume.Recorder, "done", kill)
        with pytest.raises(FilmError, match=r"film\.mp4: ffmpeg was ended by signal 9"):
            rendered("film.mp4")
    assert all(process.returncode is not None for process in started)
    assert rendered("film.mp4") == ["goes on at frame 24 of 60"]
    assert Path("film.mp4").read_bytes() == whole("film.mp4")


def test_a_segment_that_is_damaged_makes_no_film(monkeypatch):
    half("film.mp4", 55, monkeypatch)
    segment = parts_of(Path("film.mp4")) / "film" / "segment-000000.mp4"
    segment.write_bytes(segment.read_bytes()[:400])
    with pytest.raises(FilmError, match=r"^film\.mp4: "):
        rendered("film.mp4")
    assert not Path("film.mp4").exists()
    assert rendered("film.mp4", restart=True) == [] and count_frames("film.mp4") == 60


def test_another_renderer_is_refused():
    with locked(Path("film.mp4")), pytest.raises(LockedError, match=f"by process {os.getpid()}"):
        rendered("film.mp4")
    rendered("film.mp4", "frames=1")


def test_numbers_that_go_wrong(monkeypatch, whole):
    true = resume.steps

    def broken(scenes, network, begin, *rest):
        for made in true(scenes, network, begin, *rest):
            yield made._replace(picture=made.picture * jnp.nan) if made.frame == 30 else made

    monkeypatch.setattr(segments, "SPOOLED", 0)
    with monkeypatch.context() as patch:
        patch.setattr(resume, "steps", broken)
        with pytest.raises(NumbersError) as error:
            rendered("film.mp4")
    assert str(error.value) == (
        "film.mp4: frame 30 holds values that are no numbers: it does not happen again when dreamed once more, so the "
        "device or its memory is at fault; film_first_30.mp4 holds the frames before it"
    )
    assert count_frames("film_first_30.mp4") == 30 and not Path("film.mp4").exists()
    assert rendered("film.mp4") == ["goes on at frame 30 of 60"]
    assert Path("film.mp4").read_bytes() == whole("film.mp4")


@pytest.mark.parametrize(
    ("network", "cause"),
    [
        (lambda scale, images: {"fire2": images * scale}, "from octave 2 on; numbers overflow"),
        (lambda scale, images: {"fire2": images * (scale - jnp.inf)}, "weights hold some: its file is damaged"),
    ],
)
def test_where_numbers_go_wrong(monkeypatch, network, cause):
    scale = jnp.float32(1e30 if "overflow" in cause else jnp.inf)

    def net(scale, images):
        acts = network(scale, images)
        return {name: a if images.shape[1] < 32 or "weights" in cause else a * scale for name, a in acts.items()}

    monkeypatch.setattr(film, "network", lambda model: jax.tree_util.Partial(net, scale))
    with pytest.raises(NumbersError, match=rf"^film\.mp4: frame 0 holds .*{cause}") as error:
        rendered("film.mp4", "dream.octaves=2")
    assert "holds the frames" not in str(error.value)


# Frames A to B-1


def test_only_some_frames(monkeypatch, whole):
    rendered("####.png")
    before = {file.name: file.read_bytes() for file in Path().glob("*.png")}
    rendered("some/####.png", only=(20, 23))
    assert {file.name for file in Path("some").glob("*.png")} == {"0020.png", "0021.png", "0022.png"}
    assert all(file.read_bytes() == before[file.name] for file in Path("some").glob("*.png"))
    rendered("some.mp4", only=(50, 60))
    assert count_frames("some.mp4") == 10
    half("film.mp4", 55, monkeypatch)
    told = rendered("other.mp4", only=(50, 60), others=(Path("film.mp4"),))
    assert told == ["goes on at frame 48 of 60"]
    assert Path("other.mp4").read_bytes() == Path("some.mp4").read_bytes()
    assert rendered("film.mp4") == ["goes on at frame 48 of 60"], "its own parts were left alone"


def test_stages_keep_their_numbers(monkeypatch):
    over = ["output.record=iterations", "dream.iterations=2", "frames=6"]
    rendered("all/##.png", *over)
    rendered("some/##.png", *over, only=(2, 4))
    assert [file.name for file in sorted(Path("some").glob("*.png"))] == ["04.png", "05.png", "06.png", "07.png"]
    for file in Path("some").glob("*.png"):
        assert file.read_bytes() == (Path("all") / file.name).read_bytes()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("5:3", "is no frame; the film has the frames 0 to 59, and A:B are those from A to B-1"),
        ("60:", "is no frame; the film has the frames 0 to 59, and A:B are those from A to B-1"),
        ("7", "write A:B for the frames A to B-1, or A: for all from A on, such as 48:96"),
        ("a:b", "write A:B for the frames A to B-1, or A: for all from A on, such as 48:96"),
    ],
)
def test_ranges_that_mean_nothing(capsys, asked, message):
    assert main(["scene.yaml", "--frames", asked]) == 2
    assert capsys.readouterr().err == f"--frames {asked}: {message}\n"
    assert [file.name for file in Path().iterdir()] == ["scene.yaml"]


# The command line


def test_another_scene_is_refused_and_told(monkeypatch, capsys):
    half("film.mp4", 30, monkeypatch)
    command = ["scene.yaml", "-o", "film.mp4", "--quiet"]
    assert main([*command, "--set", "dream.step_size=2", "--set", "output.crf=20"]) == 2
    assert capsys.readouterr().err == (
        "film.mp4 is half rendered from another scene: dream.step_size was 1.5 and is 2; output.crf was 17 and is 20; "
        "--restart begins anew, -o PATH writes elsewhere\n"
    )
    assert main([*command, "--set", "dream.step_size=2", "--restart"]) == 0
    assert main([*command, "--set", "dream.step_size=2"]) == 2 and "already there" in capsys.readouterr().err
    old = Path("film.mp4").read_bytes()
    assert main([*command, "--overwrite"]) == 0
    assert Path("film.mp4").read_bytes() != old


def test_a_film_and_its_record_are_scenes(whole, capsys):
    rendered("out/film.mp4")
    for source in ("out/film.mp4", "out/film.json"):
        assert main([source, "--quiet"]) == 2 and "out/film.mp4 is already there" in capsys.readouterr().err
        assert main([source, "--quiet", "-o", "again.mp4", "--overwrite"]) == 0
        assert Path("again.mp4").read_bytes() == whole("film.mp4")
    assert main(["out/film.mp4", "--quiet", "--overwrite"]) == 0
    assert Path("out/film.mp4").read_bytes() == whole("film.mp4")
    record = json.loads(Path("out/film.json").read_text())
    assert record["scene"]["seed"] == 0 and record["seconds"] > 0
    assert len(record["sha256"]["model.weights"]) == 64 and record["device"]["platform"] == "cpu"
    assert {"dreamreel", "jax", "jaxlib", "flax", "numpy", "scipy", "ffmpeg"} <= set(record["versions"])


def test_records_hold_frames():
    rendered("some.webm", only=(2, 5))
    assert main(["some.webm", "--quiet", "-o", "again.webm"]) == 0
    assert Path("again.webm").read_bytes() == Path("some.webm").read_bytes() and count_frames("again.webm") == 3


def test_what_holds_no_record(capsys, tmp_path):
    Path("empty.mp4").touch()
    Path("text.json").write_text("[1]")
    Path("still.png").touch()
    for name in ("empty.mp4", "text.json", "still.png", "none.mp4"):
        assert main([name]) == 2
        assert capsys.readouterr().err.startswith(name)


def test_an_interrupted_sweep_goes_on(capsys, monkeypatch):
    sweep = ["scene.yaml", "--quiet", "--set", "frames=2", "--sweep", "dream.layers=fire2,fire3", "-o", "f.mp4"]
    with monkeypatch.context() as patch:
        stopped_at(1, patch, KeyboardInterrupt())
        assert main(sweep) == 130
    assert "python -m render scene.yaml" in capsys.readouterr().err
    assert main(sweep) == 0
    assert capsys.readouterr().out.split() == ["f_layers=fire2.mp4", "f_layers=fire3.mp4"]
    Path("f_layers=fire3.mp4").unlink()
    assert main(sweep) == 0
    assert capsys.readouterr().out.split() == ["f_layers=fire3.mp4"]


SWEEP = ["scene.yaml", "--quiet", "--set", "frames=40", "--sweep", "seed=0..2", "-o", "f.mp4"]
THREE = [f"f_seed={seed}.mp4" for seed in range(3)]


@pytest.fixture(scope="module")
def swept():
    """The bytes of the three films of a pass that nothing stopped."""
    known: list[bytes] = []

    def get():
        if not known:
            assert main([*SWEEP[:-1], "whole.mp4"]) == 0
            known.extend(Path(name.replace("f_", "whole_")).read_bytes() for name in THREE)
        return known

    return get


@pytest.mark.parametrize("at", [3, 24, 31])
def test_films_of_one_pass_go_on_together(swept, capsys, monkeypatch, at):
    expected = swept()
    with monkeypatch.context() as patch:
        stopped_at(at, patch, KeyboardInterrupt())
        assert main(SWEEP) == 130
    assert not any(Path(name).exists() for name in THREE)
    capsys.readouterr()
    assert main([argument for argument in SWEEP if argument != "--quiet"]) == 0
    told = capsys.readouterr()
    assert re.search(r"goes on at frame [1-9]\d* of 40", told.err) and told.out.split() == THREE
    assert [Path(name).read_bytes() for name in THREE] == expected
    assert len(list(Path().glob("f_*"))) == 6  # each with its record, and no parts
    assert main(["f_seed=1.mp4", "-o", "again.mp4", "--quiet"]) == 0 and Path("again.mp4").exists()


def test_films_of_one_pass_survive_an_end_between_their_joining(swept, monkeypatch):
    expected = swept()
    true, joined = segments.Film.join, []

    def join(self, at, metadata):
        true(self, at, metadata)
        joined.append(self.path)
        if len(joined) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(segments.Film, "join", join)
        assert main(SWEEP) == 130
    assert Path(THREE[1]).exists() and not Path(THREE[2]).exists()
    assert main(SWEEP) == 0
    assert [Path(name).read_bytes() for name in THREE] == expected


def test_films_in_other_company_begin_anew(capsys, monkeypatch):
    with monkeypatch.context() as patch:
        stopped_at(30, patch, KeyboardInterrupt())
        assert main(SWEEP) == 130
    other = [argument.replace("0..2", "0..1") for argument in SWEEP if argument != "--quiet"]
    assert main(other) == 0
    assert "begins anew: the films of this pass are not those" in capsys.readouterr().err


def test_a_changed_pass_is_refused(capsys, monkeypatch):
    with monkeypatch.context() as patch:
        stopped_at(30, patch, KeyboardInterrupt())
        assert main(SWEEP) == 130
    capsys.readouterr()
    assert main([*SWEEP, "--set", "dream.step_size=2"]) == 2
    assert "dream.step_size was 1.5 and is 2" in capsys.readouterr().err
    assert main([*SWEEP, "--set", "dream.step_size=2", "--restart"]) == 0


# Bounds


def test_nothing_grows_with_the_film(monkeypatch):
    seen: dict[int, tuple[int, ...]] = {}
    done = resume.Recorder.done

    def count(self, number, x):
        done(self, number, x)
        if number in (30, 100):
            self.wait()
            children = Path("/proc/self/task")
            kids = sum(len((task / "children").read_text().split()) for task in children.iterdir())
            gc.collect()  # what hangs in a circle counts when the collector happens to come by
            arrays = len(jax.live_arrays())
            seen[number] = (kids, len(os.listdir("/proc/self/fd")), threading.active_count(), arrays)

    monkeypatch.setattr(resume.Recorder, "done", count)
    before = len(os.listdir("/proc/self/fd")), threading.active_count()
    rendered("film.mp4", "frames=110")
    assert seen[30] == seen[100]
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before


# Processes of their own


def start(*arguments: str) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}  # one device
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "render", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(file: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not list(Path().glob(file)) and time.monotonic() < until:
        time.sleep(0.01)


def test_killed_at_random_moments():
    over = ["--set", "frames=300", "-o"]
    process = start("scene.yaml", *over, "whole.mp4")
    assert process.communicate(timeout=120) and process.returncode == 0
    at = 0
    for attempt in range(2):
        process = start("scene.yaml", *over, "film.mp4")
        wait_for(f"film.mp4.parts/film/state-*{24 * (at // 24 + 2)}")
        time.sleep(random.random() / 5)
        process.kill()
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors
        assert attempt == 0 or f"goes on at frame {at} of 300" in errors
        at = int(checkpoint.states(Path("film.mp4.parts/film"))[0].name.split("-")[1])
    process = start("scene.yaml", *over, "film.mp4")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and f"goes on at frame {at} of 300" in errors, errors
    assert Path("film.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    names = {"scene.yaml", "film.mp4", "film.json", "whole.mp4", "whole.json"}
    assert {file.name for file in Path().iterdir()} == names


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(number):
    process = start("scene.yaml", "--set", "frames=100000", "-o", "film.mp4", "--restart")
    wait_for("film.mp4.parts/film/state-*")
    process.send_signal(number)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == 130 and out == "" and "Traceback" not in errors
    again = "python -m render scene.yaml --set frames=100000 -o film.mp4"
    assert errors.endswith(f"interrupted; what is rendered is kept, and goes on with\n  {again}\n")
    assert len(checkpoint.states(Path("film.mp4.parts/film"))) >= 1 and not Path("film.mp4").exists()


def test_segments_are_about_as_long_whatever_the_fps():
    assert [segments.length_of(fps) for fps in (1, 12, 24, 60, 1000)] == [24, 24, 48, 120, 240]
    assert np.isfinite(segments.SPOOLED)
