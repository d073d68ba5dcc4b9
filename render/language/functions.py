"""The functions, operators and names that an expression may use. All take and give float64 arrays, elementwise.

Angles are radians. A truth is 1 or 0, and anything but 0 counts as true.
"""

import ast
import math
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import numpy as np

Array = np.ndarray | np.float64
CONSTANTS = {"pi": math.pi, "tau": math.tau}
ZERO, HALF, ONE = np.float64(0), np.float64(0.5), np.float64(1)
MAX_POWER = 100  # nobody means t ** 101; what rises faster is written with exp
BLOCK = 2.0**32  # noise repeats after so many units, beyond all films


class Function(NamedTuple):
    """What a name calls; parameters beyond `required` may be left out, `many` takes any number; `cost` in additions."""

    call: Callable[..., Array]
    parameters: str
    required: int
    many: bool = False
    cost: int = 3


def clamp(x: Array, low: Array, high: Array) -> Array:
    """x, but at least low and at most high."""
    return np.minimum(np.maximum(x, low), high)


def mix(a: Array, b: Array, u: Array) -> Array:
    """From a at u = 0 to b at u = 1, linear, also beyond."""
    return a + (b - a) * u


def smoothstep(low: Array, high: Array, x: Array) -> Array:
    """0 below low, 1 above high, 3u² - 2u³ between; a step where low equals high."""
    u = np.where(low == high, x >= high, clamp((x - low) / (high - low), ZERO, ONE))
    return u * u * (3 - 2 * u)


def where(c: Array, a: Array, b: Array) -> Array:
    """a where c is true, b elsewhere."""
    return np.where(np.not_equal(c, 0), a, b)


def pulse(x: Array, width: Array = HALF) -> Array:
    """A square wave of period 1: 1 for the first `width` of each period, then 0."""
    return np.where(np.isfinite(x), x - np.floor(x) < width, np.nan)


def noise(x: Array, seed: Array = ZERO) -> Array:
    """Smooth value noise, -1..1: a hashed value at each whole x, joined by 3u² - 2u³; the same everywhere, for ever."""
    whole = np.floor(x)
    return mix(_hashed(whole, seed), _hashed(whole + 1, seed), smoothstep(ZERO, ONE, x - whole))


def _hashed(whole: Array, seed: Array) -> Array:
    """-1..1 from whole numbers, by C. Wellons' 32-bit hash `lowbias32` (nullprogram.com, 2018)."""
    h = np.nan_to_num(np.mod(whole + 2654435769 * (np.floor(seed) + 1), BLOCK)).astype(np.uint64)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        h = ((h ^ (h >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return (h ^ (h >> np.uint64(16))) / ((BLOCK - 1) / 2) - 1


FUNCTIONS = {
    "sin": Function(np.sin, "x", 1),
    "cos": Function(np.cos, "x", 1),
    "tan": Function(np.tan, "x", 1),
    "asin": Function(np.arcsin, "x", 1),
    "acos": Function(np.arccos, "x", 1),
    "atan": Function(np.arctan, "x", 1),
    "atan2": Function(np.arctan2, "y x", 2),
    "sinh": Function(np.sinh, "x", 1),
    "cosh": Function(np.cosh, "x", 1),
    "tanh": Function(np.tanh, "x", 1),
    "exp": Function(np.exp, "x", 1),
    "log": Function(np.log, "x", 1),
    "log2": Function(np.log2, "x", 1),
    "log10": Function(np.log10, "x", 1),
    "sqrt": Function(np.sqrt, "x", 1),
    "pow": Function(np.power, "x y", 2),
    "hypot": Function(np.hypot, "x y", 2),
    "abs": Function(np.abs, "x", 1),
    "sign": Function(np.sign, "x", 1),
    "floor": Function(np.floor, "x", 1),
    "ceil": Function(np.ceil, "x", 1),
    "round": Function(np.rint, "x", 1),
    "mod": Function(np.mod, "x y", 2),
    "min": Function(lambda *xs: reduce(np.minimum, xs), "a b …", 2, many=True),
    "max": Function(lambda *xs: reduce(np.maximum, xs), "a b …", 2, many=True),
    "clamp": Function(clamp, "x low high", 3),
    "mix": Function(mix, "a b u", 3),
    "smoothstep": Function(smoothstep, "low high x", 3),
    "pulse": Function(pulse, "x width", 1),
    "noise": Function(noise, "x seed", 1, cost=40),
    "where": Function(where, "c a b", 3),
}
NUMEXPR = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2"}  # Deforum's names for the same
FUNCTIONS |= {theirs: FUNCTIONS[ours] for theirs, ours in NUMEXPR.items()}

BINARY: dict[type, Callable[..., Array]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
LOGIC: dict[type, Callable[..., Array]] = {
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
    ast.BitAnd: np.logical_and,  # numexpr's spelling, as Deforum's users write it
    ast.BitOr: np.logical_or,
}
UNARY: dict[type, Callable[..., Array]] = {ast.UAdd: np.positive, ast.USub: np.negative}
COMPARE: dict[type, Callable[..., Array]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
