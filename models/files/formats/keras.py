"""Keras' .h5 files, by h5py, which is an extra: HDF5 is no format to read by hand.

A dataset is called by its path without `:0`: `conv1/conv1_W`. Links to other files are not followed.
"""

import io
import warnings

import numpy as np

from models.files.formats.arrays import Arrays, FormatError


def read(data: memoryview) -> Arrays:
    """{path: array} of every dataset of real numbers; FormatError says what is wrong."""
    try:
        import h5py
    except ImportError as error:
        raise FormatError("is an HDF5 file, and reading those needs h5py: pip install h5py") from error
    arrays: Arrays = {}

    def visit(path: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype.kind != "f":
            return
        # what takes more room in memory than in the file is compressed, virtual, or a lie
        if item.external or item.is_virtual or item.id.get_storage_size() < item.nbytes:
            raise FormatError(f"is refused: {path} does not lie in it as it is")
        arrays[path.split(":")[0]] = np.asarray(item)

    try:
        with warnings.catch_warnings(), h5py.File(io.BytesIO(data), "r") as file:
            warnings.simplefilter("ignore")
            file.visititems(visit)
    except FormatError:
        raise
    except Exception as error:  # the library's own errors are of many types
        raise FormatError("is no whole HDF5 file (.h5)") from error
    if not arrays:
        raise FormatError("holds no weights")
    return arrays
