"""Files in the safetensors format (github.com/huggingface/safetensors): a JSON header, then the numbers."""

import numpy as np
from safetensors import SafetensorError, deserialize

from models.files.formats.arrays import Arrays, FormatError, bfloat16

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1"}
DTYPES |= {"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}


def read(data: memoryview) -> Arrays:
    """{name: array}; FormatError says what is wrong."""
    try:
        parts = deserialize(bytes(data))
    except (SafetensorError, ValueError, TypeError) as error:
        raise FormatError(f"is no whole safetensors file ({error})") from error
    unknown = {part["dtype"] for _, part in parts} - DTYPES.keys()
    if unknown:
        raise FormatError(f"holds numbers of a type that is not read: {', '.join(sorted(unknown))}")
    return {name: _array(part) for name, part in parts}


def _array(part: dict) -> np.ndarray:
    values = np.frombuffer(part["data"], DTYPES[part["dtype"]])
    return (bfloat16(values) if part["dtype"] == "BF16" else values).reshape(part["shape"])
