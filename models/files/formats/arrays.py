"""What every reader of weights gives and raises.

It lies apart from the choice among the readers, so that neither needs the other.
"""

import numpy as np

Arrays = dict[str, np.ndarray]  # name in the file → its values
Shapes = dict[str, tuple[int, ...]]

ZIP = b"PK\x03\x04"  # how a zip begins


class WeightsError(ValueError):
    """A weights file that is missing, damaged, or another network's."""


class FormatError(ValueError):
    """What is wrong with a file, in words that follow its name: 'is cut short'."""


def bfloat16(values: np.ndarray) -> np.ndarray:
    """Numbers of a type that NumPy does not have, the upper halves of float32, given as uint16: as float32."""
    return (values.astype("<u4") << 16).view("<f4")
