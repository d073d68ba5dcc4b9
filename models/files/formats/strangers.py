"""What files are that hold no weights, in words: people give the page about a file, its archive, or a picture of it."""

import re

SIGNS = (  # first bytes, from which one on, what that is
    (b"version https://git-lfs", 0, "a pointer of Git LFS, and not the file itself (git lfs pull brings it)"),
    (b"\x1f\x8b", 0, "packed by gzip; unpack it"),
    (b"BZh", 0, "packed by bzip2; unpack it"),
    (b"\xfd7zXZ\0", 0, "packed by xz; unpack it"),
    (b"(\xb5/\xfd", 0, "packed by zstd; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", 0, "a 7z archive; unpack it"),
    (b"Rar!", 0, "a RAR archive; unpack it"),
    (b"ustar", 257, "a tar archive; unpack it"),
    (b"PK\x05\x06", 0, "an empty zip file"),
    (b"\x93NUMPY", 0, "a NumPy array (.npy)"),
    (b"MATLAB 5.0", 0, "a MATLAB file (.mat)"),
    (b"TFL3", 4, "a TensorFlow Lite model (.tflite)"),
    (b"GGUF", 0, "a GGUF file"),
    (b"\xa6params", 1, "a Flax checkpoint (.msgpack)"),
    (b"\x89PNG", 0, "a picture (PNG)"),
    (b"\xff\xd8\xff", 0, "a picture (JPEG)"),
    (b"GIF8", 0, "a picture (GIF)"),
    (b"%PDF", 0, "a PDF"),
)
ONNX = re.compile(rb"\x08[\x03-\x1f][\x12:B]")  # its version, then who wrote it, the network, or operators
MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")
LOOKED_AT = 512  # bytes


def stranger(data: memoryview) -> str:
    """What a file is that holds no weights, or nothing where it may hold some."""
    for sign, at, what in SIGNS:
        if data[at : at + len(sign)] == sign:
            return what
    if ONNX.match(data):
        return "an ONNX model; save the network's weights where it was made"
    head = bytes(data[:LOOKED_AT]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:9].lower().startswith(MARKUP):
        return "a web page (HTML), perhaps the one about the file"
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not only a character that is cut in two
            return ""
        text = head[: error.start].decode("utf-8")
    if not text or not all(c.isprintable() or c.isspace() for c in text):
        return ""
    line = text.splitlines()[0]
    return f"text: '{line[:60]}{'…' if len(line) > 60 else ''}'"
