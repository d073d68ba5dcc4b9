"""Files in the safetensors format (github.com/huggingface/safetensors): a JSON header, then the numbers."""

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from models.files.formats.arrays import Arrays, FormatError


def read(data: memoryview) -> Arrays:
    """{name: float32 array}; FormatError says what is wrong."""
    try:
        arrays = load(bytes(data))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise FormatError(f"is no whole safetensors file ({error})") from error
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}
