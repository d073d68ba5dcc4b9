"""TensorFlow's frozen graphs (.pb): the message GraphDef of github.com/tensorflow/tensorflow, core/framework.

Weights are nodes whose operation is Const. Kernels are [h, w, in, out] there as here.
"""

import numpy as np

from models.files.formats import wire
from models.files.formats.arrays import Arrays, FormatError
from models.files.formats.wire import only

NODE = 1  # GraphDef
NAME, OPERATION, ATTRIBUTE = 1, 2, 5  # NodeDef
KEY, VALUE = 1, 2  # an entry of the map of attributes
TENSOR = 8  # AttrValue
DTYPE, SHAPE, CONTENT = 1, 2, 4  # TensorProto
DIM, SIZE = 2, 1  # TensorShapeProto
# by number of the type: how it lies in the content, and the field of its numbers where there is no content
FLOATS = {1: ("<f4", 5), 2: ("<f8", 6), 19: ("<f2", 13)}


def read(data: memoryview) -> Arrays:
    """{node: float array} of every constant of real numbers; FormatError says what is wrong."""
    arrays: Arrays = {}
    for node in only(data, NODE):
        if wire.text(only(node, OPERATION)) != "Const":
            continue
        name = wire.text(only(node, NAME))
        for tensor in _tensors(node):
            array = _array(tensor, name)
            if array is not None:
                arrays[name] = array
    if not arrays:
        raise FormatError("is no frozen TensorFlow graph (.pb): it holds no constants")
    return arrays


def _tensors(node: wire.Value):
    for entry in only(node, ATTRIBUTE):
        if wire.text(only(entry, KEY)) == "value":
            for value in only(entry, VALUE):
                yield from only(value, TENSOR)


def _array(tensor: wire.Value, name: str) -> np.ndarray | None:
    """None for what is no real number."""
    kind = next(iter(wire.integers(only(tensor, DTYPE))), 0)
    if kind not in FLOATS:
        return None
    dtype, field = FLOATS[kind]
    shape = [next(iter(wire.integers(only(dim, SIZE))), 0) for s in only(tensor, SHAPE) for dim in only(s, DIM)]
    content = wire.numbers(only(tensor, CONTENT), dtype)
    if content.size:
        return wire.shaped(content, shape, name)
    if kind == 19:  # halves are written as integers
        values = np.array(wire.integers(only(tensor, field)), np.uint64).astype("<u2").view("<f2")
    else:
        values = wire.numbers(only(tensor, field), dtype)
    # one number stands for all: a view, so that a huge shape costs nothing
    small = len(shape) <= 8 and all(0 <= side < 2**31 for side in shape)
    return np.broadcast_to(values[0], shape) if values.size == 1 and small else wire.shaped(values, shape, name)
