"""Easings: how a value travels from one keyframe to the next.

Notation: u is the time between two keyframes, 0 at the first and 1 at the second, float64; an easing gives the share of
the way, 0..1. `step` holds the earlier value until the next keyframe, whose frame already has the new one. `spline`
looks at all keyframes: it is the cubic of Fritsch and Carlson (1980), which never leaves the values of its neighbours.
"""

from collections.abc import Callable

import numpy as np

Ease = Callable[[np.ndarray], np.ndarray]
BETWEEN: dict[str, Ease] = {
    "linear": lambda u: u,
    "step": lambda u: np.zeros_like(u),
    "smooth": lambda u: u * u * (3 - 2 * u),
    "in": lambda u: u * u,
    "out": lambda u: 1 - (1 - u) ** 2,
    "in_out": lambda u: np.where(u < 0.5, 2 * u * u, 1 - 2 * (1 - u) ** 2),
}
EASINGS = (*BETWEEN, "spline")


def interpolate(x: np.ndarray, times: np.ndarray, values: np.ndarray, ease: str = "linear") -> np.ndarray:
    """The values at x, held outside the times, which rise strictly. All float64, [n] for x and [m] for keyframes."""
    if len(times) == 1:
        return np.full(x.shape, values[0])
    x = np.clip(x, times[0], times[-1])
    if ease == "linear":
        return np.interp(x, times, values)
    if ease == "spline":
        from scipy.interpolate import PchipInterpolator

        return np.clip(PchipInterpolator(times, values)(x), values.min(), values.max())  # a last bit may overshoot
    after = np.searchsorted(times, x, side="right").clip(1, len(times) - 1)
    a, b, first, second = times[after - 1], times[after], values[after - 1], values[after]
    share = np.where(x >= b, 1.0, BETWEEN[ease]((x - a) / (b - a)))
    return np.where(share == 1, second, first + share * (second - first))
