"""Films are decoded again by ffmpeg, whatever ends them; the reader's colours are judged against what was written."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from render.media.codecs import CODECS, FILMS, NAMES, coding
from render.media.ffmpeg import in_background, running
from render.media.video import FilmError, check_path, exists, film, film_length, read_film

SIZE = 64, 36
GIF = ".gif", "gif"
COLOURS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (200, 120, 40),
    (0, 0, 0),
    (255, 255, 255),
    (90, 90, 90),
]


def patches(size=SIZE):
    """A frame of eight flat columns."""
    w, h = size
    return np.repeat(np.array(COLOURS, np.uint8), w // 8, axis=0)[None].repeat(h, axis=0)


def grey(level, size=SIZE):
    return np.full((size[1], size[0], 3), level, np.uint8)


def make(path, frames, fps=24, size=SIZE, first=0, **said):
    with film(path, size, Fraction(fps), coding(path, **said) if said else None, first) as write:
        for frame in frames:
            write(frame)
    return path


def header(path):
    """What ffmpeg says about a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True).stderr


@pytest.fixture
def started(monkeypatch):
    """Every process that is started; at the end of the test none may still run, nor any thread of ours."""
    processes = []

    class Popen(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    yield processes
    assert processes and all(process.returncode is not None for process in processes)
    assert [thread.name for thread in threading.enumerate() if thread.name == "film writer"] == []


@pytest.mark.parametrize(("ending", "name"), [(end, name) for name in NAMES for end in CODECS[name].endings] + [GIF])
def test_a_film_is_decoded_as_it_was_written(tmp_path, started, ending, name):
    path = make(tmp_path / "new" / f"film{ending}", [patches((256, 120))] * 12, size=(256, 120), name=name)
    assert os.listdir(path.parent) == [path.name]
    assert ", 256x120" in header(path)
    frames = list(read_film(path, (256, 120), Fraction(24)))
    assert len(frames) == 12
    assert film_length(path) == pytest.approx(0.5, abs=0.011)  # GIF counts in hundredths of a second
    for frame in frames:
        assert frame.dtype == np.float32 and frame.shape == (120, 256, 3)
    for i, colour in enumerate(COLOURS):  # the middle of each column: chroma has half the resolution
        np.testing.assert_allclose(frames[6][:, 32 * i + 12 : 32 * i + 20], np.full((120, 8, 3), colour), atol=3)


def test_frames_come_in_order_and_every_one(tmp_path):
    path = make(tmp_path / "film.mp4", [grey(10 * k) for k in range(25)])
    levels = [frame.mean() for frame in read_film(path, SIZE, Fraction(24))]
    np.testing.assert_allclose(levels, 10.0 * np.arange(25), atol=1)


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".webm"])
def test_films_are_tagged_bt709_and_limited_range(tmp_path, ending):
    assert "yuv420p(tv, bt709, progressive)" in header(make(tmp_path / f"film{ending}", [patches()], transfer="bt709"))
    assert "(tv, bt709/bt709/iec61966-2-1, progressive)" in header(make(tmp_path / f"film{ending}", [patches()]))


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_the_index_comes_first(tmp_path, ending):
    data = make(tmp_path / f"film{ending}", [patches()] * 3).read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_fps_is_exact(tmp_path):
    fps = Fraction(30000, 1001)
    path = make(tmp_path / "film.mp4", [grey(k) for k in range(90)], fps)
    assert "29.97 fps" in header(path) and "30k tbn" in header(path)
    assert film_length(path) == pytest.approx(float(90 / fps), abs=1e-5)
    assert len(list(read_film(path, SIZE, fps))) == 90


def test_crf_decides_the_size(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (36, 64, 3), np.uint8)
    for ending in (".mp4", ".webm"):
        fine, coarse = (make(tmp_path / f"{crf}{ending}", [noise] * 4, crf=crf) for crf in (5, 45))
        assert fine.stat().st_size > 1.5 * coarse.stat().st_size


def test_a_gif_loops_for_ever(tmp_path):
    with Image.open(make(tmp_path / "film.gif", [grey(0), grey(200)])) as image:
        assert image.n_frames == 2 and image.info["loop"] == 0


def test_numbered_stills(tmp_path, started):
    started.append(subprocess.Popen(["true"]))
    started[0].wait()
    path = tmp_path / "take #1" / "a###.png"
    make(path, [grey(k) for k in range(3)])
    make(path, [grey(200)], first=1001)
    assert [file.name for file in exists(path)] == ["a000.png", "a001.png", "a002.png", "a1001.png"]
    assert sorted(os.listdir(path.parent)) == sorted(file.name for file in exists(path))
    for k, file in enumerate(exists(path)[:3]):
        np.testing.assert_array_equal(np.asarray(Image.open(file)), grey(k))


def test_a_plain_png_is_a_film_of_one_frame(tmp_path):
    path = make(tmp_path / "still.png", [patches()])
    np.testing.assert_array_equal(np.asarray(Image.open(path)), patches())
    with pytest.raises(FilmError, match="holds one frame"):
        make(path, [patches()] * 2)


def test_exists_tells_what_would_be_replaced(tmp_path):
    names = ["film.mp4", "f00.png", "f01.png", "f1.png", "f100.png", "f0x.png", "g00.png"]
    for name in names:
        (tmp_path / name).touch()
    assert exists(tmp_path / "film.mp4") == [tmp_path / "film.mp4"]
    assert exists(tmp_path / "other.mp4") == exists(tmp_path / "no" / "##.png") == []
    assert [file.name for file in exists(tmp_path / "f##.png")] == ["f00.png", "f01.png", "f100.png"]


@pytest.mark.parametrize("ending", FILMS)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_exception_leaves_nothing(tmp_path, started, ending, error):
    (tmp_path / f"film{ending}").write_text("an older film")
    with pytest.raises(error), film(tmp_path / f"film{ending}", SIZE, Fraction(24)) as write:
        for k in range(40):
            write(grey(k))
        raise error
    assert [file.read_text() for file in tmp_path.iterdir()] == ["an older film"]


def test_a_generator_that_is_closed_ends_its_film(tmp_path, started):
    def steps():
        with film(tmp_path / "film.mp4", SIZE, Fraction(24)) as write:
            while True:
                write(patches())
                yield

    going = steps()
    next(going)
    going.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("late", [False, True])
def test_ffmpeg_killed_from_outside(tmp_path, started, late):
    with pytest.raises(FilmError, match=r"film\.mp4: ffmpeg was ended by signal 9"):  # noqa: SIM117
        with film(tmp_path / "film.mp4", SIZE, Fraction(24)) as write:
            write(patches())
            started[-1].kill()
            started[-1].wait()
            for _ in range(0 if late else 1000):
                write(patches())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk(tmp_path, started):
    (tmp_path / f".film.{os.getpid()}.mp4").symlink_to("/dev/full")
    with pytest.raises(FilmError, match=r"film\.mp4: ffmpeg failed: .*No space left on device"):
        make(tmp_path / "film.mp4", [patches()] * 4)
    assert not list(tmp_path.iterdir())


def test_no_frame_is_no_film(tmp_path):
    for name in ("film.mp4", "film.gif", "still.png", "####.png"):
        with pytest.raises(FilmError, match="no frame was made"):
            make(tmp_path / name, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        (
            "film.avi",
            (64, 36),
            r"the ending is '\.avi', and must be one of \.mp4, \.mov, \.webm, \.mkv, \.gif, \.png, \.exr",
        ),
        ("film", (64, 36), "the ending is ''"),
        ("film.mp4", (63, 36), "the size is 63x36, and must be even for H.264, 8 bits"),
        ("folder.mp4", (64, 36), "is a folder"),
        ("file/film.mp4", (64, 36), "its folder cannot be made"),
    ],
)
def test_paths_that_cannot_be(tmp_path, name, size, message):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(FilmError, match=message):
        make(tmp_path / name, [grey(0, size)], size=size)
    assert {file.name for file in tmp_path.iterdir()} == {"folder.mp4", "file"}


def test_odd_sizes_where_they_can_be(tmp_path):
    for name in ("film.gif", "still.png"):
        for w, h in ((33, 17), (1, 1), (701, 1)):
            check_path(tmp_path / name, (w, h))
            assert f" {w}x{h}" in header(make(tmp_path / name, [grey(9, (w, h))], size=(w, h)))


@pytest.mark.parametrize("frame", [grey(0, (32, 36)), grey(0).astype(np.float32), grey(0)[..., 0]])
def test_a_frame_of_another_kind(tmp_path, frame):
    with pytest.raises(ValueError, match=r"must be uint8 \(36, 64, 3\)"):
        make(tmp_path / "film.mp4", [frame])


def test_strange_names(tmp_path):
    for name in ("-y.mp4", "a:b %d 'ü'.mp4", "http:x.mp4"):
        path = make(tmp_path / name, [patches()] * 2)
        assert len(list(read_film(path, SIZE, Fraction(24)))) == 2


def test_writing_does_not_wait_for_the_encoder_nor_run_far_ahead():
    begun, gate = threading.Event(), threading.Event()
    done = []

    def work(item):
        begun.set()
        gate.wait()
        done.append(item)

    with in_background(work) as put:
        put(0)
        begun.wait()
        put(1)  # returns although 0 is still being encoded
        put(2)
        blocked = threading.Thread(target=put, args=(3,))
        blocked.start()
        blocked.join(0.1)
        assert blocked.is_alive() and done == []
        gate.set()
        blocked.join()
    assert done == [0, 1, 2, 3]


def test_an_error_in_the_background_reaches_the_caller_once():
    with pytest.raises(ZeroDivisionError), in_background(lambda item: 1 / item) as put:
        for item in [1, 0, *range(1, 100)]:
            put(item)


def test_ctrl_c_in_a_terminal(tmp_path):
    """The whole process group gets SIGINT, as from a terminal; ours ends quietly and ffmpeg with it."""
    script = """
        import sys, numpy as np
        from fractions import Fraction
        from render.media.video import film
        try:
            with film(sys.argv[1], (640, 360), Fraction(24)) as write:
                print("begun", flush=True)
                while True:
                    write(np.zeros((360, 640, 3), np.uint8))
        except KeyboardInterrupt:
            print("stopped", flush=True)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script), str(tmp_path / "film.mp4")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, start_new_session=True, cwd=root, **pipes) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert (out, errors, process.returncode) == ("stopped\n", "", 0)
    assert not list(tmp_path.iterdir())


def test_starting_ffmpeg_forks_no_python(tmp_path):
    """JAX warns at os.fork, and this suite's warnings are errors."""
    import jax

    jax.devices()
    make(tmp_path / "film.mp4", [patches()])


# Reading


def test_fps_is_converted(tmp_path):
    path = make(tmp_path / "film.mp4", [grey(10 * k) for k in range(24)], 24)
    halved, doubled = (list(read_film(path, SIZE, Fraction(fps))) for fps in (12, 48))
    assert (len(halved), len(doubled)) == (12, 48)
    np.testing.assert_allclose([f.mean() for f in doubled], 10.0 * (np.arange(48) // 2), atol=1)


def test_sizes_are_fitted(tmp_path):
    wide = np.concatenate([grey(30, (32, 32)), grey(220, (64, 32)), grey(30, (32, 32))], axis=1)
    path = make(tmp_path / "film.mp4", [wide] * 2, size=(128, 32))
    cover, contain, stretch = (
        next(read_film(path, (32, 32), Fraction(24), how)) for how in ("cover", "contain", "stretch")
    )
    assert cover.shape == contain.shape == stretch.shape == (32, 32, 3)
    np.testing.assert_allclose(cover, 220, atol=1.5)
    np.testing.assert_allclose(contain[:11], 128, atol=0)
    np.testing.assert_allclose(contain[21:], 128, atol=0)
    np.testing.assert_allclose(contain[14:18, 12:20], 220, atol=1.5)
    np.testing.assert_allclose(stretch[:, 12:20], 220, atol=1.5)
    np.testing.assert_allclose(stretch[:, :4], 30, atol=1.5)


def test_an_odd_size_is_read(tmp_path):
    path = make(tmp_path / "film.mp4", [grey(80)] * 2)
    for how in ("cover", "contain", "stretch"):
        assert next(read_film(path, (33, 17), Fraction(24), how)).shape == (17, 33, 3)


@pytest.mark.parametrize(("matrix", "tag"), [("bt601", "smpte170m"), ("bt709", "bt709")])
def test_the_matrix_of_a_film_is_respected(tmp_path, matrix, tag):
    path = tmp_path / "film.mp4"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x36", "-i", "pipe:0"]
    tagged = f"scale=out_color_matrix={matrix}:out_range=tv,setparams=colorspace={tag}:range=tv"
    arguments = [*source, "-vf", tagged, "-pix_fmt", "yuv420p", str(path)]
    with running(arguments, "a film", stdin=subprocess.PIPE, bufsize=0) as ffmpeg:
        ffmpeg.feed(np.broadcast_to(np.uint8([200, 60, 20]), (36, 64, 3)).tobytes())
    np.testing.assert_allclose(next(read_film(path, SIZE, Fraction(25))).mean((0, 1)), [200, 60, 20], atol=2)


def test_a_reader_that_is_closed_ends_its_ffmpeg(tmp_path, started):
    path = make(tmp_path / "film.mp4", [grey(0, (640, 360))] * 48, size=(640, 360))
    reader = read_film(path, (640, 360), Fraction(24))
    next(reader)
    assert started[-1].poll() is None
    reader.close()


def test_what_is_no_film(tmp_path, started):
    (tmp_path / "text.mp4").write_text("not a film")
    (tmp_path / "empty.mp4").touch()
    whole = make(tmp_path / "film.mp4", [patches()] * 9).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 3])
    for name in ("text.mp4", "empty.mp4", "cut.mp4", "no.mp4", "."):
        for read in (lambda path: next(read_film(path, SIZE, Fraction(24))), film_length):
            with pytest.raises(FilmError, match=f"^{re.escape(str(tmp_path / name))}: "):
                read(tmp_path / name)


def test_a_playlist_opens_no_address(tmp_path):
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/film.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(FilmError):
        next(read_film(path, SIZE, Fraction(24)))
