"""Protocol buffers as they lie in a file: numbered fields, no schema (protobuf.dev/programming-guides/encoding).

A varint holds seven bits a byte, the lowest first. A field begins with the varint number << 3 | type; type 0 is a
varint, 1 and 5 are 8 and 4 bytes, 2 is a length and so many bytes: text, a message, or packed numbers.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from models.files.formats.arrays import FormatError

VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
LONGEST = 10  # bytes of a varint
CUT = "is cut short or damaged"

Value = int | memoryview


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    value = 0
    for i, byte in enumerate(data[at : at + LONGEST]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, at + i + 1
    raise FormatError(CUT)


def fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """(number, value) of a message's fields, in order: a varint's number, anything else as the bytes it has."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = varint(data, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            length, at = varint(data, at)
        elif kind in (EIGHT, FOUR):
            length = 8 if kind == EIGHT else 4
        else:
            raise FormatError(CUT)
        if length > len(data) - at:
            raise FormatError(CUT)
        yield tag >> 3, data[at : at + length]
        at += length


def only(data: Value, *numbers: int) -> Iterator[Value]:
    """The values of the fields with these numbers."""
    return (value for number, value in fields(message(data)) if number in numbers)


def message(value: Value) -> memoryview:
    """A value that must be bytes."""
    if isinstance(value, int):
        raise FormatError(CUT)
    return value


def text(values: Iterable[Value]) -> str:
    """The last of some values as text, as protocol buffers have it; '' without any."""
    last = b""
    for value in values:
        last = bytes(message(value))
    return last.decode("utf-8", "replace")


def integers(values: Iterable[Value]) -> list[int]:
    """Repeated varints, packed or not."""
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            found.append(number)
    return found


def numbers(values: Iterable[Value], dtype: str) -> np.ndarray:
    """Repeated numbers of a fixed size, packed or not; packed ones are not copied."""
    parts = []
    for value in values:
        data = message(value)
        if len(data) % np.dtype(dtype).itemsize:
            raise FormatError(CUT)
        parts.append(data)
    return np.frombuffer(parts[0] if len(parts) == 1 else b"".join(parts), dtype)


def shaped(values: np.ndarray, shape: list[int], name: str) -> np.ndarray:
    """The numbers in that shape; FormatError where it is another number of them."""
    size = 1
    for side in shape:
        size *= side
    if size != values.size or any(side < 0 for side in shape):
        raise FormatError(f"is damaged: {name} has {values.size} numbers for the shape {shape}")
    return values.reshape(shape)
