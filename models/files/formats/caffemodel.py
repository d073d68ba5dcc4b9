"""Caffe's .caffemodel: the message NetParameter of github.com/BVLC/caffe, src/caffe/proto/caffe.proto.

The i-th blob of a layer is called `conv1/7x7_s2[0]`; 0 is its kernel [out, in, h, w], 1 its bias.
"""

from collections.abc import Iterator

import numpy as np

from models.files.formats import wire
from models.files.formats.arrays import Arrays, FormatError
from models.files.formats.wire import only

NET_OLD, NET_NEW = 2, 100  # NetParameter.layers of V1LayerParameter, .layer of LayerParameter
NAME = {NET_OLD: 4, NET_NEW: 1}
BLOBS = {NET_OLD: 6, NET_NEW: 7}
DATA, SHAPE, DOUBLES = 5, 7, 8  # BlobProto
OLD_SHAPE = (1, 2, 3, 4)  # num, channels, height, width


def read(data: memoryview) -> Arrays:
    """{`layer[i]`: float array} of a trained network; FormatError says what is wrong."""
    arrays: Arrays = {}
    for number, value in wire.fields(data):
        if number not in NAME:
            continue
        name = wire.text(only(value, NAME[number]))
        for i, blob in enumerate(only(value, BLOBS[number])):
            arrays[f"{name}[{i}]"] = _blob(blob, f"{name}[{i}]")
    if not arrays:
        raise FormatError("is no trained Caffe network (.caffemodel): it holds no weights")
    return arrays


def _blob(blob: wire.Value, name: str) -> np.ndarray:
    values = wire.numbers(only(blob, DATA), "<f4")
    if not values.size:
        values = wire.numbers(only(blob, DOUBLES), "<f8")
    return wire.shaped(values, _shape(blob), name)


def _shape(blob: wire.Value) -> list[int]:
    """Since 2014 a message of its own, before that four numbers (which are 0 by default)."""
    new = [wire.integers(only(shape, 1)) for shape in only(blob, SHAPE)]
    return new[-1] if new else list(_old_shape(blob))


def _old_shape(blob: wire.Value) -> Iterator[int]:
    for number in OLD_SHAPE:
        yield next(iter(wire.integers(only(blob, number))), 0)
