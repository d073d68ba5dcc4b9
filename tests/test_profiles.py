"""Photographs as cameras, phones and editors leave them: whatever their numbers mean, the colours are the same."""

import io
import struct
import sys
import types
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from render.media import heic
from render.media.ffmpeg import FilmError
from render.media.pictures import PictureError, check_picture, read_picture

PATCHES = np.array([[200, 60, 20], [30, 160, 60], [128, 128, 128], [90, 180, 200]], np.uint8)
PICTURE = PATCHES[None].repeat(8, 0).repeat(8, 1)  # 8×32
SRGB = ImageCms.createProfile("sRGB")
XYZ = {  # of red, green and blue on D50, as ICC's profiles hold them
    "p3": [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)],
    "adobe": [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)],
    "linear": [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)],
}
HEIC = bytes.fromhex("0000001866747970686569630000000068656963") + b"mif1" + bytes(90)


def icc(space, tags, kind=b"mntr", pcs=b"XYZ "):
    """An ICC profile, version 2, of these tags."""
    at, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    head = struct.pack(">I4xI4s4s4s", at + len(body), 0x02400000, kind, space, pcs) + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def curve(exponent):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def point(*xyz):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65536) for part in xyz))


COMMON = {
    b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78),
    b"wtpt": point(0.9642, 1, 0.8249),
    b"cprt": b"text\0\0\0\0none\0",
}


def matrix(name):
    columns = {f"{colour}XYZ".encode(): point(*xyz) for colour, xyz in zip("rgb", XYZ[name], strict=True)}
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(1 if name == "linear" else 2.2))
    return icc(b"RGB ", {**COMMON, **columns, **curves})


def cmyk():
    """A profile of four inks: a table of Lab at their 16 corners."""
    inks = np.array([[int(digit) for digit in f"{k:04b}"] for k in range(16)])
    lab = np.stack([255 * np.prod(1 - inks * [0.4, 0.5, 0.1, 0.9], axis=1), *(128 + inks[:, 1:3].T * 60)], axis=1)
    identity = np.arange(256, dtype=np.uint8).tobytes()
    unity = struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65536))
    lut = b"mft1\0\0\0\0\4\3\2\0" + unity + identity * 4 + lab.astype(np.uint8).tobytes() + identity * 3
    return icc(b"CMYK", {**COMMON, b"A2B0": lut}, b"prtr", b"Lab ")


def reads(path, expected, tolerance=3.0):
    picture = read_picture(path)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture, np.broadcast_to(expected, picture.shape), atol=tolerance)


@pytest.mark.parametrize("name", XYZ)
@pytest.mark.parametrize(("ending", "tolerance"), [("png", 3), ("tif", 3), ("webp", 3), ("jpg", 8)])
def test_a_profile_decides_what_colours_are(tmp_path, name, ending, tolerance):
    """The patches, told in a profile's own numbers, are the patches again."""
    profile = matrix(name)
    own = ImageCms.profileToProfile(Image.fromarray(PICTURE), SRGB, io.BytesIO(profile))
    assert np.abs(np.asarray(own).astype(int) - PICTURE).max() > 20
    more = {"quality": 98, "subsampling": 0} if ending == "jpg" else {"lossless": True} if ending == "webp" else {}
    own.save(tmp_path / f"picture.{ending}", icc_profile=profile, **more)
    reads(tmp_path / f"picture.{ending}", PICTURE, tolerance)


def test_palettes_and_alpha_keep_their_profile(tmp_path):
    own = ImageCms.profileToProfile(Image.fromarray(PICTURE), SRGB, io.BytesIO(matrix("p3")))
    own.quantize(8).save(tmp_path / "palette.png", icc_profile=matrix("p3"))
    reads(tmp_path / "palette.png", PICTURE)
    own.putalpha(51)
    own.save(tmp_path / "alpha.png", icc_profile=matrix("p3"))
    reads(tmp_path / "alpha.png", 128 + (PICTURE - 128.0) / 5)


def test_a_profile_of_inks(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8, 4), np.uint8), "CMYK")
    right = ImageCms.profileToProfile(image, io.BytesIO(cmyk()), SRGB, outputMode="RGB")
    assert np.abs(np.asarray(right).astype(int) - np.asarray(image.convert("RGB"))).max() > 40
    image.save(tmp_path / "inks.tif", icc_profile=cmyk())
    reads(tmp_path / "inks.tif", np.asarray(right))


def test_lab(tmp_path):
    lab = ImageCms.profileToProfile(Image.fromarray(PICTURE), SRGB, ImageCms.createProfile("LAB"), outputMode="LAB")
    lab.save(tmp_path / "lab.tif")
    reads(tmp_path / "lab.tif", PICTURE, 4)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_profile_of_greys(tmp_path, kind):
    """Linear light of a fifth is 124 in sRGB; 16 bits keep steps that 8 have not."""
    light = np.linspace(0.2, 0.21, 64)
    stored = (light * np.iinfo(kind).max).round().astype(kind)[None].repeat(4, 0)
    profile = icc(b"GRAY", {**COMMON, b"kTRC": curve(1)})
    Image.fromarray(stored).save(tmp_path / "grey.png", icc_profile=profile)
    right = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    reads(tmp_path / "grey.png", right[None, :, None], 1.5)
    assert (len(np.unique(read_picture(tmp_path / "grey.png"))) > 20) == (kind is np.uint16)


@pytest.mark.parametrize(
    "profile", [b"nothing", matrix("p3")[:200], icc(b"GRAY", {**COMMON, b"kTRC": curve(1)}), cmyk(), icc(b"RGB ", {})]
)
def test_a_broken_profile_or_one_of_other_colours_counts_as_none(tmp_path, profile):
    Image.fromarray(PICTURE).save(tmp_path / "picture.png", icc_profile=profile)
    reads(tmp_path / "picture.png", PICTURE, 0)


def chunked(path, chunks):
    """The PICTURE as a PNG with these chunks before its pixels."""
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, "PNG")
    added = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )
    path.write_bytes(file.getvalue()[:33] + added + file.getvalue()[33:])
    return path


USUAL = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def test_the_gamma_of_a_png(tmp_path):
    """gAMA of 1 is linear light; 1/2.2 is how sRGB is written; sRGB beside it wins; cHRM names the primaries."""
    light = PICTURE / 255
    linear = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    one, usual = struct.pack(">I", 100_000), struct.pack(">I", 45455)
    for chunks, right in (
        ({b"gAMA": one}, linear),
        ({b"gAMA": one, b"cHRM": USUAL}, linear),
        ({b"gAMA": usual}, PICTURE),
        ({b"gAMA": usual, b"cHRM": USUAL}, PICTURE),
        ({b"sRGB": b"\0", b"gAMA": one}, PICTURE),
        ({b"gAMA": bytes(4), b"cHRM": bytes(32)}, PICTURE),
        ({b"gAMA": one, b"cHRM": bytes(32)}, linear),
    ):
        reads(chunked(tmp_path / "picture.png", chunks), right, 0.6)


def test_the_code_points_of_a_png(tmp_path):
    """12 and 13 are Display P3: as its profile has it, whose curve differs a little from 2.2."""
    right = ImageCms.profileToProfile(Image.fromarray(PICTURE), io.BytesIO(matrix("p3")), SRGB)
    reads(chunked(tmp_path / "p3.png", {b"cICP": bytes([12, 13, 0, 1])}), np.asarray(right), 7)
    reads(chunked(tmp_path / "srgb.png", {b"cICP": bytes([1, 13, 0, 1])}), PICTURE, 0)


def directory(*entries):
    """EXIF of tags (number, type, count, four bytes)."""
    rows = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4)


LYING = (0x112, 3, 1, struct.pack("<HH", 6, 0))


@pytest.mark.parametrize("ending", ["png", "webp", "jpg", "tif"])
@pytest.mark.parametrize(
    ("exif", "turned"),
    [
        (b"Exif\0\0" + bytes(32), False),
        (b"Exif\0\0II*\0" + b"\xff" * 20, False),
        (directory(LYING, (0x11A, 2, 4, b"300\0")), True),
        (directory((0x100, 2, 4, b"abc\0"), LYING), True),
        (directory(LYING, (0x11A, 5, 1, b"\xff\xff\xff\x7f")), True),
        (directory((0x112, 2, 4, b"abc\0")), False),
    ],
)
def test_damaged_exif_is_no_reason_to_refuse_a_photo(tmp_path, ending, exif, turned):
    path, image = tmp_path / f"picture.{ending}", Image.new("RGB", (40, 20), (200, 60, 20))
    if ending == "tif":  # whose tags are its EXIF: the other kinds hold it as it is
        image.save(path, tiffinfo={0x112: 6} if turned else {})
    else:
        image.save(path, exif=exif)
    assert read_picture(path).shape == ((40, 20, 3) if turned else (20, 40, 3))


def test_an_avif_is_read_whatever_its_exif(tmp_path):
    """libavif refuses the picture as a whole; ffmpeg reads it."""
    if not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    Image.new("RGB", (40, 20), (200, 60, 20)).save(tmp_path / "a.avif", exif=directory((0x10F, 3, 1, bytes(4))))
    data = (tmp_path / "a.avif").read_bytes()
    (tmp_path / "a.avif").write_bytes(data.replace(b"II*\0", bytes(4)))
    reads(tmp_path / "a.avif", (200, 60, 20), 5)


def test_the_code_points_of_an_avif(tmp_path):
    """The same numbers, said to be Display P3's, are a stronger red and green."""
    if not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    Image.fromarray(PICTURE).save(tmp_path / "a.avif", quality=100, subsampling="4:4:4")
    data = bytearray((tmp_path / "a.avif").read_bytes())
    at = data.index(b"colrnclx") + 8
    data[at : at + 2] = b"\0\x0c"
    (tmp_path / "b.avif").write_bytes(data)
    right = ImageCms.profileToProfile(Image.fromarray(PICTURE), io.BytesIO(matrix("p3")), SRGB)
    reads(tmp_path / "a.avif", PICTURE, 4)
    reads(tmp_path / "b.avif", np.asarray(right), 9)


def heic_is_png(monkeypatch, data):
    monkeypatch.setattr(heic, "by_ffmpeg", lambda path: data)


def test_heic_is_read_by_what_can(tmp_path, monkeypatch):
    """Known by how it begins, also as .jpg; its profile counts as any."""
    file = io.BytesIO()
    own = ImageCms.profileToProfile(Image.fromarray(PICTURE), SRGB, io.BytesIO(matrix("p3")))
    own.save(file, "PNG", icc_profile=matrix("p3"))
    (tmp_path / "photo.jpg").write_bytes(HEIC)
    heic_is_png(monkeypatch, file.getvalue())
    check_picture(tmp_path / "photo.jpg")
    reads(tmp_path / "photo.jpg", PICTURE)


def test_a_heic_of_a_phone(tmp_path):
    """A flat grey of 64×36, cut from 64×64 as HEIC holds it: by whatever ffmpeg is here."""
    photo = (Path(__file__).parent / "data" / "photo.heic").read_bytes()
    for name in ("photo.heic", "photo.jpg"):
        (tmp_path / name).write_bytes(photo)
        check_picture(tmp_path / name)
        assert read_picture(tmp_path / name).shape == (36, 64, 3)
        reads(tmp_path / name, 90, 2)


def test_heic_that_nothing_can_read_says_what_to_do(tmp_path):
    (tmp_path / "photo.heic").write_bytes(HEIC)
    for read in (read_picture, check_picture):
        with pytest.raises(PictureError, match=r"photo.heic: .*a HEIC photo.*export it as JPEG"):
            read(tmp_path / "photo.heic")


def test_heic_by_pillow_heif_where_it_is_installed(tmp_path, monkeypatch):
    opened = types.SimpleNamespace(to_pillow=lambda: Image.fromarray(PICTURE))
    monkeypatch.setitem(sys.modules, "pillow_heif", types.SimpleNamespace(open_heif=lambda path: opened))
    (tmp_path / "photo.heic").write_bytes(HEIC)
    reads(tmp_path / "photo.heic", PICTURE, 0)


def test_a_tile_of_a_photo_is_not_the_photo(tmp_path, monkeypatch):
    """An ffmpeg that knows no grids hands out the first tile."""
    (tmp_path / "photo.heic").write_bytes(HEIC + b"ispe" + struct.pack(">III", 0, 4032, 3024))

    class Running:
        def __init__(self, *arguments, **pipes):
            file = io.BytesIO()
            Image.fromarray(PICTURE).save(file, "PNG")
            self.popen = types.SimpleNamespace(stdout=io.BytesIO(file.getvalue()))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(heic, "running", Running)
    with pytest.raises(FilmError, match="tiles"):
        heic.by_ffmpeg(tmp_path / "photo.heic")
