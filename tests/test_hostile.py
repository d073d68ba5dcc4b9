"""Weights files that lie: refused in a sentence, in little time and memory."""

import json
import struct
import time
import tracemalloc
from pathlib import Path

import pytest

from models.files.weights import WeightsError, read

FLOATS = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


def safetensors(header: object, data: bytes = bytes(16), length: int | None = None) -> bytes:
    """A file with any header, which may claim another length."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        safetensors({"a": FLOATS}, length=2**63),
        safetensors({"a": FLOATS}, length=10**8),
        safetensors({"a": {**FLOATS, "shape": [2**31, 2**31]}}),
        safetensors({"a": {**FLOATS, "shape": [2**62, 4]}}),
        safetensors({"a": {**FLOATS, "shape": [-2, -2]}}),
        safetensors({"a": {**FLOATS, "data_offsets": [0, 2**40]}}),
        safetensors({"a": {**FLOATS, "data_offsets": [16, 0]}}),
        safetensors({"a": {**FLOATS, "dtype": "F16"}}),
        safetensors({"a": {**FLOATS, "dtype": "pickle"}}),
        safetensors({"a": FLOATS}, data=bytes(15)),
        safetensors({"a": FLOATS, "b": FLOATS}),
        safetensors([1, 2, 3]),
        safetensors({f"a{k}": FLOATS for k in range(20_000)}),
        b"\x10" + b"\x00" * 7 + b"{" * 16,
    ],
    ids=range(16),
)
def test_safetensors_that_lie(tmp_path: Path, content: bytes):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(WeightsError) as error:
        read(path)
    assert time.monotonic() - began < 1
    assert tracemalloc.get_traced_memory()[1] < 20 * len(content) + 2_000_000
    tracemalloc.stop()
    assert str(error.value).startswith(str(path))


def test_one_that_tells_the_truth(tmp_path: Path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(safetensors({"a": FLOATS}))
    assert read(path)["a"].shape == (2, 2)
