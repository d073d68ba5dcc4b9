"""What numbers mean as light, and as sRGB: for pictures and films alike. Numpy only, pure.

signal: float32 `[..., 3]`, 0..1, as a file holds it; light: the same, linear, 1 is white; levels: sRGB, 0..255.
Primaries and curves are named by the code points of ITU-T H.273, which PNG, AVIF, HEIC and films share.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]  # x, y of red, green, blue and white

D65 = (0.3127, 0.3290)
PRIMARIES: dict[int, Points] = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),  # BT.709, sRGB
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),  # BT.2020
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),  # DCI P3
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),  # Display P3
}
PQ, HLG = 16, 18
WHITE, PEAK = 203.0, 1000.0  # cd/m² of diffuse white (ITU-R BT.2408), and of the display that films are graded for
KNEE = 0.85  # of white: up to here HDR is shown as it is, above it highlights are rolled off
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def gamma(exponent: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """The curve signal ** exponent."""
    return lambda signal: signal**exponent


def _srgb(v: NDArray[Any]) -> NDArray[Any]:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _camera(v: NDArray[Any]) -> NDArray[Any]:
    """The inverse of BT.709's and BT.2020's curve."""
    return np.where(v < 0.081, v / 4.5, ((v + 0.099) / 1.099) ** (1 / 0.45))


def _pq(v: NDArray[Any]) -> NDArray[Any]:
    """SMPTE ST 2084, as a share of diffuse white."""
    root = v ** (1 / 78.84375)
    above = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
    return 10000 / WHITE * above ** (1 / 0.1593017578125)


def _hlg(v: NDArray[Any]) -> NDArray[Any]:
    """BT.2100's hybrid log-gamma on a display of PEAK, whose gamma of 1.2 is of the luminance, not of each colour."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(v <= 0.5, v * v / 3, (np.exp((v - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], v.dtype)
    return PEAK / WHITE * scene * luminance[..., None] ** 0.2


CURVES: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    **dict.fromkeys((1, 6, 14, 15), _camera),
    4: gamma(2.2),
    5: gamma(2.8),
    8: gamma(1),
    13: _srgb,
    PQ: _pq,
    HLG: _hlg,
}


def to_xyz(points: Points) -> NDArray[np.float64]:
    """The matrix `[3, 3]` from light of these primaries to XYZ of the white D65 (Lindbloom; Bradford's adaptation)."""
    xyz = [np.array([x / y, 1, (1 - x - y) / y]) for x, y in (*points, D65)]
    columns, (white, wanted) = np.array(xyz[:3]).T, xyz[3:]
    adapted = np.linalg.solve(BRADFORD, np.diag((BRADFORD @ wanted) / (BRADFORD @ white)) @ BRADFORD)
    return np.asarray(adapted @ columns * np.linalg.solve(columns, white))


def means_srgb(primaries: int, curve: int) -> bool:
    """Whether numbers of these code points are shown as sRGB's are: unknown and unusual ones are, too."""
    return curve not in (PQ, HLG, 4, 5, 8) and (primaries == 1 or primaries not in PRIMARIES)


def coded_levels(signal: NDArray[np.float32], primaries: int, curve: int) -> NDArray[np.float32]:
    """The signal in sRGB's levels 0..255; of HDR, diffuse white is at 246 and highlights are rolled off to 255."""
    if means_srgb(primaries, curve):
        return signal * np.float32(255)
    points = PRIMARIES.get(primaries, PRIMARIES[9 if curve in (PQ, HLG) else 1])
    return levels(signal, points, CURVES.get(curve, _srgb), rolled=curve in (PQ, HLG))


def levels(
    signal: NDArray[np.float32], points: Points, curve: Callable[[NDArray[Any]], NDArray[Any]], rolled: bool = False
) -> NDArray[np.float32]:
    """The signal of these primaries and this curve in sRGB's levels 0..255; what sRGB cannot show is cut off."""
    matrix = np.linalg.solve(to_xyz(PRIMARIES[1]), to_xyz(points)).astype(np.float32)
    light = np.maximum(curve(signal.clip(0, 1)).astype(np.float32) @ matrix.T, 0)
    if rolled:
        brightest = light.max(axis=-1, keepdims=True)
        light = light * (_rolled(brightest) / np.maximum(brightest, 1e-6))
    return np.float32(255) * _encoded(light.clip(0, 1))


def _encoded(light: NDArray[Any]) -> NDArray[np.float32]:
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return shown.astype(np.float32)


def _rolled(light: NDArray[Any]) -> NDArray[Any]:
    """Itself up to KNEE, from there a hyperbola of the same slope, so that PEAK becomes white."""
    room, above = 1 - KNEE, np.maximum(light - KNEE, 0)
    reach = PEAK / WHITE - KNEE
    bend = 1 / room - 1 / reach  # of x / (1 + bend · x): slope 1 at 0, `room` at `reach`
    return np.where(light <= KNEE, light, KNEE + above / (1 + bend * above))
