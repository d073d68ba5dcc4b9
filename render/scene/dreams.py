"""What each frame dreams of: the terms whose weights are not 0, and for a while those whose weights just were not.

Each set of terms needs programs of its own, which take longer to compile than a few frames to dream. So the end of a
cross-fade, where one weight is 0 in a single frame, is dreamed by the programs of the fade. All follows from the frames
before, but for frame 0, which follows the one after it: what a film is does not depend on how it ends.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HOLDS = 24  # frames that a set goes on at most where fewer terms would do: at 640×360 they cost less than compiling

Set = tuple[bool, ...]


def dreamed(weights: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.bool_], ...]:
    """Whether each term is dreamed of in each frame: columns [n] of weights → columns [n].

    A set whose programs there were before is dreamed at once; where all weights are 0, nothing is.
    """
    active = [np.broadcast_to(w[:1] != 0, w.shape) if w.strides == (0,) else w != 0 for w in weights]
    moving = [a for a in active if a.strides != (0,)]
    if not moving:
        return tuple(active)
    n = len(moving[0])
    ends = np.flatnonzero(np.any([a[1:] != a[:-1] for a in moving], axis=0)) + 1
    result = [a.copy() for a in active]
    known: set[Set] = set()
    last = set_at(active, 1) if 1 in ends[:1] else None
    for first, end in zip([0, *ends.tolist()], [*ends.tolist(), n], strict=True):
        own = set_at(active, first)
        holds = last is not None and any(own) and own not in known and covers(last, own)
        until = min(end, first + HOLDS) if holds else first
        for column, on in zip(result, last or (), strict=False):
            column[first:until] = on
        if until < end:
            known.add(own)
            last = own
        elif last is not None:
            known.add(last)
    return tuple(result)


def set_at(active: Sequence[NDArray[np.bool_]], k: int) -> Set:
    """The terms of frame k."""
    return tuple(bool(a[k]) for a in active)


def covers(larger: Set, own: Set) -> bool:
    """Whether a set has every term of another one."""
    return all(a or not b for a, b in zip(larger, own, strict=True))
