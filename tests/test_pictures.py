"""Pictures of every kind that an artist may have, made here; and what must be refused."""

import io
import os
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from render.media.pictures import PictureError, fit, over_grey, read_picture
from render.media.stills import write_picture

RAMP = np.arange(0, 256, 4, dtype=np.uint8)[None].repeat(9, axis=0)  # 9×64, 0..252
COLOUR = np.stack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 60)], axis=-1)
GREYS = np.repeat(RAMP[..., None], 3, axis=2)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def png(width, height, depth, kind, rows, path, extra=b""):
    """A PNG of raw rows, for what Pillow does not write: 16-bit colour, and sizes that are not there."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def check(path, expected, tolerance=0):
    picture = read_picture(path)
    assert picture.dtype == np.float32 and picture.shape == expected.shape
    np.testing.assert_allclose(picture, expected, atol=tolerance)


@pytest.mark.parametrize(
    ("ending", "tolerance", "options"),
    [
        (".png", 0, {}),
        (".bmp", 0, {}),
        (".tif", 0, {}),
        (".ppm", 0, {}),
        (".tga", 0, {}),
        (".webp", 0, {"lossless": True}),
        (".jpg", 6, {"quality": 95, "subsampling": 0}),
        (".jp2", 0, {}),
        (".avif", 12, {"quality": 95}),
    ],
)
def test_formats(tmp_path, ending, tolerance, options):
    check(saved(tmp_path / f"picture{ending}", Image.fromarray(COLOUR), **options), COLOUR, tolerance)


def test_the_ending_does_not_matter(tmp_path):
    check(saved(tmp_path / "picture.jpg", Image.fromarray(COLOUR), format="PNG"), COLOUR)
    check(saved(tmp_path / "picture", Image.fromarray(COLOUR), format="PNG"), COLOUR)


def test_grey_palette_and_one_bit(tmp_path):
    check(saved(tmp_path / "grey.png", Image.fromarray(RAMP)), GREYS)
    check(saved(tmp_path / "palette.png", Image.fromarray(GREYS).quantize(64)), GREYS, 2)
    check(saved(tmp_path / "bits.png", Image.fromarray(RAMP).convert("1", dither=0)), np.where(GREYS > 127, 255.0, 0.0))
    check(saved(tmp_path / "palette.gif", Image.fromarray(GREYS).quantize(64)), GREYS, 2)


def test_cmyk(tmp_path):
    flat = np.full((8, 8, 3), (200, 40, 90), np.uint8)
    for name in ("cmyk.tif", "cmyk.jpg"):
        check(saved(tmp_path / name, Image.fromarray(flat).convert("CMYK")), flat, 4)


def test_transparency_shows_mid_grey(tmp_path):
    alpha = np.zeros_like(RAMP)
    alpha[:, 16:32], alpha[:, 32:] = 128, 255
    over = np.where(alpha[..., None] == 0, 128, COLOUR).astype(np.float64)
    over[:, 16:32] = 128 + (COLOUR[:, 16:32] - 128.0) * 128 / 255
    check(saved(tmp_path / "rgba.png", Image.fromarray(np.dstack([COLOUR, alpha]))), over, 1e-3)
    la = Image.merge("LA", [Image.fromarray(RAMP), Image.fromarray(alpha)])
    check(saved(tmp_path / "la.png", la), np.repeat(over[..., :1], 3, axis=2), 1e-3)
    for name, mode in (("p.gif", "P"), ("p.png", "P"), ("l.png", "L"), ("rgb.png", "RGB")):
        image = Image.new(mode, (4, 4), 0)
        image.putpixel((1, 2), (255, 255, 255) if mode == "RGB" else 1)
        transparent = (0, 0, 0) if mode == "RGB" else 0
        picture = read_picture(saved(tmp_path / name, image, transparency=transparent))
        assert (picture[0, 0] == 128).all() and (picture[2, 1] != 128).all(), name


def test_black_and_white_logos_both_show():
    logo = np.zeros((2, 2, 4), np.uint8)
    logo[0, 0] = 0, 0, 0, 255
    logo[0, 1] = 255, 255, 255, 255
    np.testing.assert_array_equal(over_grey(logo)[..., 0], [[0, 255], [128, 128]])


def test_sixteen_bits(tmp_path):
    levels = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(3, axis=0)
    expected = np.repeat(levels[..., None] / 257.0, 3, axis=2)
    for name in ("grey.png", "grey.tif"):
        check(saved(tmp_path / name, Image.fromarray(levels)), expected, 0.01)
    big_endian = levels.astype(">u2")
    rgb = b"".join(b"\0" + row.repeat(3).tobytes() for row in big_endian)
    check(png(256, 3, 16, 2, rgb, tmp_path / "rgb.png"), expected, 1)
    rgba = b"".join(b"\0" + np.stack([row, row, row, row * 0 + 65535], 1).astype(">u2").tobytes() for row in levels)
    check(png(256, 3, 16, 6, rgba, tmp_path / "rgba.png"), expected, 1)


def test_float_tiff(tmp_path):
    for scale in (1.0, 255.0):
        values = np.linspace(0, scale, 64, dtype=np.float32)[None].repeat(5, axis=0)
        check(
            saved(tmp_path / "f.tif", Image.fromarray(values)), np.repeat(values[..., None], 3, 2) * 255 / scale, 1e-3
        )
    odd = np.float32([[np.nan, np.inf, -np.inf, -3, 300]])
    picture = read_picture(saved(tmp_path / "odd.tif", Image.fromarray(odd)))
    np.testing.assert_array_equal(picture[0, :, 0], [0, 255, 0, 0, 255])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("sixteen", [False, True])
def test_exif_rotation(tmp_path, orientation, sixteen):
    upright = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    turns = {2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose, 6: np.rot90}
    turns |= {7: lambda a: np.rot90(a.T, 2), 8: lambda a: np.rot90(a, -1)}
    stored = np.ascontiguousarray(turns.get(orientation, np.copy)(upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(stored.astype(np.uint16) * 257 if sixteen else stored)
    check(saved(tmp_path / "turned.png", image, exif=exif), np.repeat(upright[..., None], 3, axis=2), 1e-3)


def test_of_several_pictures_the_first(tmp_path):
    images = [Image.fromarray(np.full((5, 7), level, np.uint8)) for level in (50, 200)]
    for name in ("pages.tif", "film.gif", "film.png", "film.webp"):
        path = saved(
            tmp_path / name,
            images[0],
            save_all=True,
            append_images=images[1:],
            **({"lossless": True} if "webp" in name else {}),
        )
        check(path, np.full((5, 7, 3), 50), 1)


def test_odd_and_tiny_sizes(tmp_path):
    for w, h in ((1, 1), (1, 300), (333, 7)):
        check(saved(tmp_path / "odd.png", Image.new("RGB", (w, h), (9, 8, 7))), np.full((h, w, 3), (9, 8, 7)))


# What cannot be read


def refused(path, message=""):
    with pytest.raises(PictureError, match=rf"(?s)^{re.escape(str(path))}: .*{message}"):
        read_picture(path)


def test_what_is_no_picture(tmp_path):
    refused(tmp_path / "no.png", "No such file")
    refused(tmp_path, "Is a directory")
    for name, data in (("empty.png", b""), ("text.png", b"model: squeezenet\n" * 9), ("zeros.png", bytes(4000))):
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name, "not a picture")


def test_postscript_is_not_run(tmp_path):
    (tmp_path / "picture.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    refused(tmp_path / "picture.png", "not a picture")


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("JPEG", {}), ("WEBP", {}), ("TIFF", {}), ("BMP", {}), ("GIF", {}), ("PPM", {})]
)
def test_truncated(tmp_path, kind, options):
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(noise).save(file, kind, **options)
    for part in (0.1, 0.5, 0.9):
        path = tmp_path / f"cut{part}"
        path.write_bytes(file.getvalue()[: int(part * len(file.getvalue()))])
        refused(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "TGA", "JPEG2000", "ICO"])
def test_damaged_files_are_read_or_refused(tmp_path, kind):
    file, random = io.BytesIO(), np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8)).save(file, kind)
    for _ in range(60):
        data = np.frombuffer(file.getvalue(), np.uint8).copy()
        where = random.integers(0, min(len(data), random.choice([60, 4000])), 4)
        data[where] = random.integers(0, 256, 4)
        (tmp_path / "damaged").write_bytes(data.tobytes())
        try:
            picture = read_picture(tmp_path / "damaged")
        except PictureError:
            continue
        assert picture.ndim == 3 and np.isfinite(picture).all()


@pytest.mark.parametrize("size", [(12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_decompression_bombs(tmp_path, size):
    refused(png(*size, 8, 2, b"\0" * 1000, tmp_path / "bomb.png"), r"million pixels|pixels.*bomb")


def test_a_text_chunk_that_explodes(tmp_path):
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000))
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    refused(png(1, 1, 8, 0, b"\0\0", tmp_path / "bomb.png", chunk))


# Fitting


def test_a_picture_of_the_size_is_unchanged():
    picture = np.random.default_rng(0).uniform(0, 255, (9, 64, 3)).astype(np.float32)
    for how in ("cover", "contain", "stretch"):
        np.testing.assert_array_equal(fit(picture, (64, 9), how), picture)


def banded(w, h, bands, axis):
    """A picture whose thirds along an axis are of the three levels."""
    line = np.repeat(np.float32(bands), (w if axis else h) // 3)
    return np.broadcast_to(line[None, :, None] if axis else line[:, None, None], (h, w, 3)).astype(np.float32)


def test_cover_cuts_both_sides_alike():
    wide = banded(180, 60, (0, 100, 200), axis=1)
    np.testing.assert_allclose(fit(wide, (60, 60), "cover"), 100, atol=1e-3)
    tall = banded(30, 90, (0, 100, 200), axis=0)
    np.testing.assert_allclose(fit(tall, (30, 30), "cover"), 100, atol=1e-3)


def test_contain_shows_all_and_fills_with_the_mean():
    wide = np.concatenate([np.full((60, 60, 3), v, np.float32) for v in ((0, 50, 200), (100, 150, 250))], axis=1)
    result = fit(wide, (60, 60), "contain")
    for row in (0, 14, 45, 59):
        np.testing.assert_allclose(result[row], np.broadcast_to((50, 100, 225), (60, 3)), atol=1e-3)
    np.testing.assert_allclose(result[15:45, :25], np.broadcast_to((0, 50, 200), (30, 25, 3)), atol=1e-3)
    np.testing.assert_allclose(result[15:45, 35:], np.broadcast_to((100, 150, 250), (30, 25, 3)), atol=1e-3)


def test_stretch_fills_all():
    result = fit(banded(180, 60, (0, 100, 200), axis=1), (30, 90), "stretch")
    for x, level in ((2, 0), (15, 100), (27, 200)):
        np.testing.assert_allclose(result[:, x], level, atol=1e-3)


@pytest.mark.parametrize("how", ["cover", "contain", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (3, 500), (640, 2), (97, 53)])
def test_any_size_to_any_size(how, size):
    for h, w in ((1, 1), (2, 700), (333, 7), (64, 64)):
        picture = np.random.default_rng(0).uniform(0, 255, (h, w, 3)).astype(np.float32)
        result = fit(picture, size, how)
        assert result.shape == (size[1], size[0], 3) and result.dtype == np.float32
        assert result.min() >= 0 and result.max() <= 255


def test_shrinking_is_antialiased_and_keeps_the_mean():
    stripes = np.zeros((256, 256, 3), np.float32)
    stripes[:, ::2] = 255
    np.testing.assert_allclose(fit(stripes, (64, 64), "stretch")[4:-4, 4:-4], 127.5, atol=3)


def test_soft_gradients_stay_soft():
    """In float: eight bits would leave steps."""
    ramp = np.broadcast_to(np.linspace(100, 101, 64, dtype=np.float32)[None, :, None], (8, 64, 3))
    assert len(np.unique(fit(ramp, (128, 8), "stretch")[0, :, 0])) > 100


def test_symmetric_pictures_stay_symmetric():
    half = np.random.default_rng(0).uniform(0, 255, (40, 50, 3)).astype(np.float32)
    both = np.concatenate([half, half[:, ::-1]], axis=1)
    for how in ("cover", "contain", "stretch"):
        result = fit(both, (64, 64), how)
        np.testing.assert_allclose(result, result[:, ::-1], atol=0.01)


# Writing


def test_write_picture(tmp_path):
    path = tmp_path / "new" / "still.png"
    write_picture(path, COLOUR)
    check(path, COLOUR)
    write_picture(path, COLOUR[:, ::-1])
    check(path, COLOUR[:, ::-1])
    assert os.listdir(path.parent) == ["still.png"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "still.png"
    write_picture(path, COLOUR)
    with pytest.raises(TypeError):
        write_picture(path, COLOUR.astype(np.complex64))
    check(path, COLOUR)
    assert os.listdir(tmp_path) == ["still.png"]
