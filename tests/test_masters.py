"""Masters: what a player's codec keeps of the float state, judged against float64; and what a scene may ask of one."""

# ruff: noqa: F401, F811 - a fixture is imported, and named again by the tests that take it

import re
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scenes import TWO_LINES, folder, mistakes, read

from render.film.rounding import bayer, dithered, rounding, to_uint16
from render.media import ffmpeg, stills
from render.media.codecs import CODECS, ENDINGS, NAMES, coding
from render.media.ffmpeg import running
from render.media.pictures import read_picture
from render.media.video import KINDS, film, raw, read_film

SIZE = 256, 120
PLANES = {"yuv420p10le": (2, 2), "yuv422p10le": (1, 2), "yuv444p10le": (1, 1)}


def converted(frame: np.ndarray, arguments: list[str], kind: str) -> np.ndarray:
    """A frame, uint16, as ffmpeg makes it of another kind, without an encoder."""
    h, w, _ = frame.shape
    source = raw((w, h), Fraction(24), 16)
    with running(
        [*source, *arguments, "-pix_fmt", kind, "-f", "rawvideo", "pipe:1"], "a frame", stdin=-1, stdout=-1
    ) as p:
        said, _ = p.popen.communicate(frame.tobytes())
    return np.frombuffer(said, np.uint16)


def reference(frame: np.ndarray) -> np.ndarray:
    """Y', Cb and Cr in 10 bits of a frame, uint16, as BT.709 has it, float64 [3, h, w]."""
    signal = frame / 65535
    y = signal @ [0.2126, 0.7152, 0.0722]
    chroma = (signal[..., 2] - y) / 1.8556, (signal[..., 0] - y) / 1.5748
    return np.stack([64 + 876 * y, *(512 + 896 * part for part in chroma)])


@pytest.mark.parametrize("name", [name for name in NAMES if CODECS[name].pixels in PLANES])
def test_ten_bits_are_those_of_float64(name):
    """Luma of every pixel; chroma in the middle of areas, where it is not yet mixed with the next one's."""
    how, (rows, columns) = coding(Path(f"film{CODECS[name].endings[0]}"), name), PLANES[CODECS[name].pixels]
    colours = np.random.default_rng(0).integers(0, 65536, (4, 8, 3)).astype(np.uint16)
    colours[0, :2] = [[0], [65535]]
    frame = colours.repeat(8, 0).repeat(8, 1)
    h, w, _ = frame.shape
    filters = how.encoded[how.encoded.index("-vf") :][:2]
    planes = converted(frame, filters, how.codec.pixels)
    luma, cb, cr = np.split(planes, [h * w, h * w + h // rows * (w // columns)])
    wanted = reference(frame)
    assert np.abs(luma.reshape(h, w) - wanted[0]).max() < 0.6
    for part, plane in zip((cb, cr), wanted[1:], strict=True):
        middles = part.reshape(h // rows, w // columns)[4 // rows :: 8 // rows, 4 // columns :: 8 // columns]
        assert np.abs(middles - plane[4::8, 4::8]).max() < 0.6


def decoded(path: Path, size: tuple[int, int]) -> np.ndarray:
    """A file's pictures as ffmpeg's own decoders give them, in 16 bits, [n, h, w, 3]."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(path),
        "-pix_fmt",
        "rgb48le",
        "-f",
        "rawvideo",
        "-",
    ]
    return np.frombuffer(subprocess.check_output(command), np.uint16).reshape(-1, size[1], size[0], 3)


def test_a_lossless_film_keeps_sixteen_bits(tmp_path):
    frames = np.random.default_rng(0).integers(0, 65536, (3, 20, 34, 3)).astype(np.uint16)
    with film(tmp_path / "film.mkv", (34, 20), Fraction(24)) as write:
        for frame in frames:
            write(frame)
    np.testing.assert_array_equal(decoded(tmp_path / "film.mkv", (34, 20)), frames)
    read = np.stack([*read_film(tmp_path / "film.mkv", (34, 20), Fraction(24))])
    np.testing.assert_allclose(read, frames / 257, atol=0.01)


def test_a_still_of_sixteen_bits(tmp_path):
    frame = np.random.default_rng(0).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    stills.write_picture(tmp_path / "still.png", frame)
    np.testing.assert_array_equal(decoded(tmp_path / "still.png", (7, 9))[0], frame)
    np.testing.assert_allclose(read_picture(tmp_path / "still.png"), frame / 257, atol=1)


@pytest.mark.parametrize("noise", [0, 255])
def test_an_exr_holds_light(tmp_path, noise):
    """Of a smooth picture and one that cannot be compressed; ffmpeg's decoder reads it, and the light is float64's."""
    rng = np.random.default_rng(0)
    levels = np.linspace(0, 255, 35 * 21 * 3).reshape(35, 21, 3) * (1 - noise / 255) + noise * rng.random((35, 21, 3))
    stills.write_picture(tmp_path / "still.exr", levels.astype(np.float32))
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(tmp_path / "still.exr"),
        "-pix_fmt",
        "gbrpf16le",
    ]
    planes = np.frombuffer(subprocess.check_output([*command, "-f", "rawvideo", "-"]), "<f2").reshape(3, 35, 21)
    signal = levels.astype(np.float32).astype(np.float64) / 255
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(planes[[2, 0, 1]].transpose(1, 2, 0), light, rtol=2**-10, atol=1e-7)


def test_frames_are_rounded_as_their_codec_takes_them():
    x = jnp.asarray(np.random.default_rng(0).uniform(-3, 258, (1, 6, 10, 3)), jnp.float32)
    for codec in CODECS.values():
        assert rounding(codec)(x).dtype == KINDS[codec.depth]
    levels = np.asarray(x, np.float64).clip(0, 255)
    assert np.abs(np.asarray(to_uint16(x)) - 257 * levels).max() <= 0.51
    assert np.abs(np.asarray(dithered(x)) - levels).max() < 1


def test_dither_keeps_the_mean_and_whole_levels():
    assert sorted(np.rint(64 * bayer(8) - 0.5).ravel()) == [*range(64)]
    for level in (0.0, 17.0, 17.25, 100.5, 254.75, 255.0):
        shown = np.asarray(dithered(jnp.full((1, 16, 24, 3), level, jnp.float32)))
        assert shown.mean() == level and {*np.unique(shown)} <= {int(level), min(int(level) + 1, 255)}


@pytest.mark.parametrize("name", ["h264", "hevc", "av1", "vp9"])
def test_keyframes_are_where_they_were_asked_for(tmp_path, name):
    path = tmp_path / f"film{CODECS[name].endings[0]}"
    for asked in (1, 3):
        with film(path, (64, 64), Fraction(24), coding(path, name, keyframes=asked)) as write:
            for k in range(6):
                write(np.full((64, 64, 3), 30 * k, np.uint8))
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-c", "copy", "-f", "framecrc", "-"]
        packets = re.findall(r"^0,.*", subprocess.check_output(command, text=True), re.MULTILINE)
        alone = [number for number, packet in enumerate(packets) if "F=0x0" not in packet]  # no others have flags
        assert len(packets) == 6 and alone[0] == 0 and max(np.diff([*alone, 6])) <= asked


# What a scene may ask for

OUTPUT = TWO_LINES + "output: "
REFUSED = [
    (
        "{path: x.mp4, codec: prores}",
        "3:30: output.codec: prores goes into .mov, not into .mp4; a .mp4 holds h264, hevc or av1",
    ),
    ("{path: '##.png', codec: hap}", "3:33: output.codec: hap goes into .mov, not into .png; a .png has no codec"),
    ("{codec: proress}", "3:17: output.codec: must be h264, hevc, av1, prores, prores4444, dnxhr, hap"),
    ("{path: x.mov, depth: 16}", "3:30: output.depth: belongs to .png only; a .mov here is H.264, 8 bits"),
    ("{path: '##.png', depth: 10}", "3:33: output.depth: must be 8 or 16, not 10"),
    ("{path: x.gif, transfer: bt709}", "3:33: output.transfer: GIF, 256 colours a frame names no curve"),
    ("{path: x.mov, keyframes: 0}", "3:34: output.keyframes: must be from 1 to"),
    ("{codec: hap}\nsize: [642, 360]", "3:17: output.codec: HAP, 8 bits: width and height must be multiples of 4"),
    ("{codec: dnxhr}\nsize: [640, 96]", "3:17: output.codec: DNxHR HQX, 10 bits: width and height must be at least"),
    ("{codec: hevc}\nsize: [64, 62]", "3:17: output.codec: HEVC, 10 bits: width and height must be at least 64 and 64"),
    ("{codec: av1}\nsize: [64, 8706]", "3:17: output.codec: AV1, 10 bits: width and height must be at most 16384 and"),
]  # fmt: skip


@pytest.mark.parametrize(("output", "message"), REFUSED)
def test_what_a_codec_cannot_is_told_at_its_line(folder, output, message):
    (told,) = mistakes(OUTPUT + output)
    assert told.startswith(f"s.yaml:{message}")


def test_an_ffmpeg_without_the_encoder_is_told(folder, monkeypatch):
    monkeypatch.setattr(ffmpeg, "knows", lambda kind: frozenset({"libx264", "scale"}))
    (told,) = mistakes(OUTPUT + "{codec: hap_q}")
    assert (
        told.startswith("s.yaml:3:17: output.codec: HAP Q, 8 bits: ")
        and "has no encoder hap; set IMAGEIO_FFMPEG_EXE" in told
    )
    monkeypatch.setattr(ffmpeg, "knows", lambda kind: frozenset({"prores_ks", "scale"}))
    (told,) = mistakes(OUTPUT + "{codec: prores}")
    assert "has no filter zscale" in told


def test_this_ffmpeg_has_all():
    assert {codec.encoder for codec in CODECS.values() if codec.encoder} <= ffmpeg.knows("encoder")
    assert "zscale" in ffmpeg.knows("filter")


def test_the_ending_follows_the_codec_where_no_path_is_given(folder):
    for name in NAMES:
        assert read(OUTPUT + f"{{codec: {name}}}").output.path == Path(f"out/s{CODECS[name].endings[0]}")
    for ending, means in ENDINGS.items():
        output = read(
            TWO_LINES, output=Path(f"##{ending}") if ending in (".png", ".exr") else Path(f"x{ending}")
        ).output
        assert output.coding.codec is CODECS[means.codec] and means.codec in (
            "h264",
            "vp9",
            "ffv1",
            "gif",
            "png",
            "exr",
        )


def test_a_quality_fits_the_codec(folder):
    scene = read(OUTPUT + "{codec: hap}\nsize: [1200, 800]", quality="draft")
    assert scene.size == (320, 212)
    assert read(TWO_LINES + "size: [1200, 800]", quality="draft").size == (320, 214)
