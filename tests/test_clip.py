"""Films as phones, cameras and editors leave them, made here by ffmpeg: what is read is what players show."""

import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from render.__main__ import main
from render.film.keeping.checkpoint import Progress
from render.film.keeping.segments import Film
from render.media import clip, colours
from render.media.codecs import CODECS, coding
from render.media.ffmpeg import FilmError
from render.media.video import film, read_film
from render.scene.reader import SceneError, read_scene
from render.views.plan import left_out

SIZE = 64, 36
FPS = Fraction(24)
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087
TO_P3 = np.array([[0.8225, 0.1774, 0], [0.0332, 0.9669, 0], [0.0171, 0.0724, 0.9108]])  # from sRGB, both D65
LUMA = np.array([0.2627, 0.6780, 0.0593])
PATCHES = [(255, 255, 255), (200, 60, 20), (30, 160, 60), (128, 128, 128), (0, 0, 0)]


def ffmpeg(*arguments, data=None):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, input=data, check=True)


def encoders():
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-encoders"]
    return subprocess.run(command, capture_output=True, text=True).stdout


def hlg(light):
    """BT.2100's inverse OOTF and OETF, of light in cd/m² on a display of 1000."""
    display = light / 1000
    scene = display * max(display @ LUMA, 1e-9) ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def pq(light):
    y = (light / 10000) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32)


def camera(light):
    v = light / 203
    return np.where(v < 0.018, 4.5 * v, 1.099 * v**0.45 - 0.099)


def linear(levels):
    v = np.array(levels) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def wide(path, light, curve, tags, luma=LUMA):
    """A film of one frame of this light [3] in cd/m², as 10 bits of YCbCr."""
    rgb = curve(light)
    y = rgb @ luma
    red, blue = (rgb[2] - y) / (2 - 2 * luma[2]), (rgb[0] - y) / (2 - 2 * luma[0])
    planes = [(64 + 876 * y, 64 * 36), (512 + 896 * red, 576), (512 + 896 * blue, 576)]
    frame = b"".join(np.full(count, round(float(value)), "<u2").tobytes() for value, count in planes)
    source = ["-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", "64x36", "-r", "24", "-i", "pipe:0"]
    ffmpeg(*source, "-vf", f"setparams={tags}:range=tv", "-c:v", "ffv1", path, data=frame)
    return path


def middle(path, how="cover", size=SIZE):
    picture = next(read_film(path, size, FPS, how))
    return picture[picture.shape[0] // 2, picture.shape[1] // 2]


@pytest.mark.parametrize("levels", PATCHES)
@pytest.mark.parametrize(
    ("curve", "tags", "matrix"),
    [
        (hlg, "color_trc=arib-std-b67:color_primaries=bt2020:colorspace=bt2020nc", TO_2020),
        (pq, "color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc", TO_2020),
        (pq, "color_trc=smpte2084", TO_2020),  # whose other tags were lost
        (camera, "color_trc=bt709:color_primaries=bt2020:colorspace=bt2020nc", TO_2020),
        (camera, "color_trc=bt2020-10:color_primaries=bt2020", TO_2020),
        (camera, "color_trc=bt709:color_primaries=smpte432:colorspace=bt709", TO_P3),
    ],
)
def test_hdr_and_wide_gamut_are_shown_in_srgb(tmp_path, levels, curve, tags, matrix):
    luma = np.array([0.2126, 0.7152, 0.0722]) if matrix is TO_P3 else LUMA
    path = wide(tmp_path / "film.mkv", 203 * matrix @ linear(levels), curve, tags, luma)
    for how, size in (("cover", SIZE), ("contain", (33, 17))):
        np.testing.assert_allclose(middle(path, how, size), levels, atol=10 if max(levels) == 255 else 8)


def test_highlights_are_rolled_off(tmp_path):
    """Twice and four times white are still told apart from white, and from each other."""
    paths = [
        wide(tmp_path / f"{share}.mkv", np.full(3, 203.0 * share), pq, "color_trc=smpte2084") for share in (1, 2, 4)
    ]
    one, two, four = (middle(path)[0] for path in paths)
    assert 235 < one < two - 2 and two < four - 1 and four <= 255


def test_the_roll_off_bends_and_never_jumps():
    light = np.linspace(0, colours.PEAK / colours.WHITE, 2001)
    rolled = colours._rolled(light)
    np.testing.assert_array_equal(rolled[light <= colours.KNEE], light[light <= colours.KNEE])
    assert rolled[-1] == pytest.approx(1) and (np.diff(rolled) > 0).all()
    assert np.abs(np.diff(rolled, 2)).max() < 1e-4


@pytest.mark.parametrize(("encoder", "more"), [("libvpx-vp9", []), ("libvpx", ["-auto-alt-ref", "0"])])
def test_the_alpha_of_webm(tmp_path, encoder, more):
    if f" {encoder} " not in encoders():
        pytest.skip(f"this ffmpeg cannot encode {encoder}")
    path = tmp_path / "alpha.webm"
    clear = ["-f", "lavfi", "-i", "color=red@0.5:s=64x36:d=0.1,format=yuva420p"]
    ffmpeg(*clear, "-c:v", encoder, *more, path)
    np.testing.assert_allclose(middle(path), [191, 64, 64], atol=4)
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x36:d=0.1", "-c:v", encoder, *more, path)
    np.testing.assert_allclose(middle(path), [254, 0, 0], atol=4)


@pytest.mark.parametrize(("size", "matrix"), [((64, 36), "bt601"), ((1280, 720), "bt709")])
@pytest.mark.parametrize("reach", ["tv", "pc"])
def test_an_untagged_film_is_what_its_size_says(tmp_path, size, matrix, reach):
    """As players take it: SD is BT.601, HD is BT.709; full range where the film says so."""
    path = tmp_path / "film.mkv"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-i", "pipe:0"]
    tags = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown"
    convert = f"scale=out_color_matrix={matrix}:out_range={reach},format=yuv420p,{tags}:range={reach}"
    frame = np.broadcast_to(np.uint8([200, 60, 20]), (size[1], size[0], 3)).tobytes()
    ffmpeg(*source, "-vf", convert, "-c:v", "ffv1", path, data=frame)
    np.testing.assert_allclose(middle(path), [200, 60, 20], atol=3)


def test_interlaced_fields_become_whole_pictures(tmp_path):
    """A bar that has moved between the fields leaves no comb."""
    frames = np.zeros((6, 36, 64), np.uint8)
    for k in range(6):
        frames[k, ::2, 6 * k : 6 * k + 20] = frames[k, 1::2, 6 * k + 12 : 6 * k + 32] = 255
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x36", "-r", "24", "-i", "pipe:0"]
    fields = ["-vf", "format=yuv420p,setfield=tff", "-c:v", "mpeg2video", "-q:v", "1", "-flags", "+ildct+ilme"]
    ffmpeg(*source, *fields, tmp_path / "film.mpg", data=frames.tobytes())
    assert clip.look(tmp_path / "film.mpg").interlaced
    picture = list(read_film(tmp_path / "film.mpg", SIZE, FPS))[2]
    comb, rows = (np.abs(np.diff(a[4:-4].astype(float), axis=0)).mean() for a in (picture[..., 0], frames[2]))
    assert comb < 0.35 * rows


def test_a_phone_that_was_turned_and_pixels_that_are_not_square(tmp_path):
    """The upper half is bright: turned by a quarter it is one side; a wide pixel makes a wide picture."""
    halves = np.repeat(np.uint8([220, 30]), 18)[:, None].repeat(64, 1)[..., None].repeat(3, 2)
    with film(tmp_path / "film.mp4", SIZE, FPS) as write:
        write(np.ascontiguousarray(halves))
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "film.mp4", "-c", "copy", tmp_path / "turned.mp4")
    picture = next(read_film(tmp_path / "turned.mp4", (36, 64), FPS))
    np.testing.assert_allclose(picture[:, 4:14], 220, atol=4)
    np.testing.assert_allclose(picture[:, 22:32], 30, atol=4)
    ffmpeg("-i", tmp_path / "film.mp4", "-vf", "setsar=2", "-c:v", "ffv1", tmp_path / "wide.mkv")
    picture = next(read_film(tmp_path / "wide.mkv", (64, 36), FPS, "contain"))
    np.testing.assert_array_equal(picture[:8], 128)  # 128×36 in 64×36: bars above and below
    np.testing.assert_allclose(picture[10:16], 220, atol=8)


@pytest.mark.parametrize("rate", ["24", "25", "30000/1001", "24000/1001", "60", "25/2", "120000/1001"])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "nut"])
def test_a_film_has_its_own_rate(tmp_path, rate, ending):
    path = tmp_path / f"film.{ending}"
    ffmpeg("-f", "lavfi", "-i", f"testsrc=s=32x32:r={rate}", "-frames:v", "131", "-c:v", "mpeg4", path)
    assert clip.timing(path) == (131, Fraction(rate))
    assert len(list(read_film(path, (32, 32), Fraction(rate)))) == 131


def test_a_variable_frame_rate_lasts_as_long_as_it_is(tmp_path):
    """30 a second, of which every tenth was dropped: the rate of the usual ones, each at its own time."""
    path = tmp_path / "film.mkv"
    source = "color=black:s=32x32:r=30:d=2,geq=lum='4*N':cb=128:cr=128,select='mod(n,10)-4'"
    ffmpeg("-f", "lavfi", "-i", source, "-fps_mode", "vfr", "-c:v", "ffv1", path)
    assert clip.timing(path) == (60, Fraction(30))
    shown = [picture.mean() for picture in read_film(path, (32, 32), Fraction(30))]
    right = [255 / 219 * max(4 * (n - (n % 10 == 4)) - 16, 0) for n in range(60)]
    np.testing.assert_allclose(shown[: len(right)], right[: len(shown)], atol=3)
    assert len(shown) == 60


def test_a_film_that_was_cut_without_encoding_begins_where_it_was_cut(tmp_path):
    """Its first packets are decoded only; a film that is a part of a longer one begins at any time."""
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=32x32:r=25:d=2", "-c:v", "mpeg4", "-g", "12", tmp_path / "film.mp4")
    ffmpeg("-ss", "0.6", "-i", tmp_path / "film.mp4", "-c", "copy", tmp_path / "cut.mp4")
    ffmpeg("-i", tmp_path / "film.mp4", "-c", "copy", "-output_ts_offset", "100", tmp_path / "late.mkv")
    for name, frames in (("cut.mp4", 35), ("late.mkv", 50)):
        assert clip.timing(tmp_path / name) == (frames, Fraction(25))
        assert len(list(read_film(tmp_path / name, (32, 32), Fraction(25)))) == frames


def test_a_song_is_no_film_whatever_its_cover(tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "cover.png")
    song = ["-f", "lavfi", "-i", "sine=d=0.2", "-i", tmp_path / "cover.png", "-map", "0", "-map", "1", "-c:v", "copy"]
    ffmpeg(*song, "-c:a", "aac", "-disposition:v", "attached_pic", tmp_path / "song.m4a")
    with pytest.raises(FilmError, match=r"song\.m4a: not a film that can be read: it has no pictures$"):
        clip.film_length(tmp_path / "song.m4a")
    with pytest.raises(FilmError, match=r"cover\.png: has no frame .* at 10 fps; a picture is a start\.image"):
        next(read_film(tmp_path / "cover.png", SIZE, Fraction(10)))


def test_what_the_environment_tells_ffmpeg_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AV_LOG_FORCE_COLOR", "1")
    monkeypatch.setenv("FFREPORT", "level=32")
    path = wide(tmp_path / "film.mkv", np.full(3, 203.0), pq, "color_trc=smpte2084:color_primaries=bt2020")
    before = {file.name for file in tmp_path.iterdir()}
    assert clip.look(path).mapped and clip.timing(path) == (1, Fraction(24))
    assert {file.name for file in tmp_path.iterdir()} == before


def test_whether_there_is_sound(tmp_path):
    source = ["-f", "lavfi", "-i", "color=s=32x32:d=0.2"]
    ffmpeg(*source, "-f", "lavfi", "-i", "sine=d=0.2", "-c:v", "mpeg4", "-c:a", "aac", tmp_path / "sound.mp4")
    ffmpeg(*source, "-c:v", "mpeg4", tmp_path / "silent.mp4")
    assert clip.has_sound(tmp_path / "sound.mp4") and not clip.has_sound(tmp_path / "silent.mp4")


# Films out


@pytest.mark.parametrize(
    ("fps", "frames", "shown"), [(60, 60, 50), (120, 3, 2), (1000, 2, 1), (50, 50, 50), (40, 8, 8)]
)
def test_no_gif_is_faster_than_browsers_play(tmp_path, fps, frames, shown):
    """No delay under 2 hundredths, of which they would make 10; and it lasts as long as the film."""
    with film(tmp_path / "film.gif", (16, 16), Fraction(fps)) as write:
        for k in range(frames):
            write(np.full((16, 16, 3), 4 * k, np.uint8))
    delays = []
    with Image.open(tmp_path / "film.gif") as image:
        for k in range(image.n_frames):
            image.seek(k)
            delays.append(image.info["duration"])
    assert len(delays) == shown == CODECS["gif"].shown(frames, Fraction(fps)) and min(delays) >= 20
    assert sum(delays) == pytest.approx(1000 * frames / fps, abs=20)


def test_a_gif_of_segments_drops_what_does_not_fit_too(tmp_path):
    kept = Film(tmp_path / "film.gif", tmp_path / "film.gif.parts", (16, 16), Fraction(60), coding(Path("film.gif")))
    kept.folder.mkdir()
    for segment in range(2):
        for k in range(30):
            kept.write(np.full((16, 16, 3), 4 * k + segment, np.uint8))
        kept.close()
    joined = kept.joined(Progress(pictures=60, segments=2, waiting=0), "")
    assert clip.count_frames(joined) == 50 and clip.film_length(joined) == pytest.approx(1, abs=0.011)


# Film in, film out


@pytest.fixture
def holiday(tmp_path, monkeypatch):
    """A clip of 25 frames at 29.97 fps, in the working folder."""
    monkeypatch.chdir(tmp_path)
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=32x32:r=30000/1001", "-frames:v", "25", "-c:v", "mpeg4", "holiday.mp4")


@pytest.mark.parametrize(
    ("more", "frames", "fps"),
    [
        ("", 25, Fraction(30000, 1001)),
        ("fps: 60000/1001", 50, Fraction(60000, 1001)),
        ("frames: 9", 9, Fraction(30000, 1001)),
        ("duration: 0.5", 15, Fraction(30000, 1001)),
        ("{fps: 24, frames: 9}", 9, FPS),
    ],
)
def test_a_film_from_a_film_is_as_long_and_as_fast(holiday, more, frames, fps):
    Path("s.yaml").write_text("start: {video: holiday.mp4}\n" + more.strip("{}").replace(", ", "\n"))
    scene = read_scene("s.yaml")
    assert (scene.length, scene.fps, scene.motion.fps) == (frames, fps, fps)


def test_what_is_no_film_has_no_length(holiday):
    Path("holiday.mp4").write_text("no film")
    Path("s.yaml").write_text("start: {video: holiday.mp4}")
    with pytest.raises(SceneError, match=r"s.yaml:1:16: start.video: .*holiday.mp4: not a film that can be read"):
        read_scene("s.yaml")


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        ("start: {video: holiday.mp4}\nduration: 9", r"holiday.mp4: lasts 0.83 s, and the scene asks for 9.00 s of it"),
        ("start: {image: cut.png}\nframes: 1", "cut.png: damaged"),
    ],
)
def test_a_dry_run_refuses_what_rendering_refuses(holiday, capsys, monkeypatch, scene, message):
    """In the same words, and before the device is even looked for."""
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save("whole.png")
    Path("cut.png").write_bytes(Path("whole.png").read_bytes()[:5000])
    Path("s.yaml").write_text(scene)
    answers = []
    for arguments in (["--dry-run"], ["--quiet", "-o", "film.mp4"]):
        assert main(["s.yaml", *arguments]) == 2
        answers.append(capsys.readouterr().err)
    assert message in answers[0] and answers[0] == answers[1]
    monkeypatch.setattr("render.dream.device.prepare", lambda *arguments: pytest.fail("too late"))
    assert main(["s.yaml", "--dry-run"]) == 2


def test_the_plan_says_what_the_film_will_lack(holiday):
    source = ["-f", "lavfi", "-i", "testsrc=s=32x32:r=60:d=1", "-f", "lavfi", "-i", "sine=d=1"]
    ffmpeg(*source, "-c:v", "mpeg4", "-c:a", "aac", "sound.mp4")
    Path("s.yaml").write_text("start: {video: sound.mp4}\noutput: {path: film.gif}")
    said = "\n".join(left_out(read_scene("s.yaml")))
    assert "10 of 60 frames: a GIF shows 50 a second at most" in said and "the sound of sound.mp4" in said
    Path("s.yaml").write_text("start: {video: holiday.mp4}")
    assert not list(left_out(read_scene("s.yaml")))
