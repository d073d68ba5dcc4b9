"""Natural gradients: a step in the colours and the spectrum of photographs, not in neon and grain.

A raw gradient's colours are uncorrelated and its spectrum is flat; no photograph's are. Lucid optimises in a space
where both are as in photographs (tensorflow/lucid, optvis/param, spatial and color; Olah, Mordvintsev and
Schubert, "Feature Visualization", 2017). The same as a linear map of the gradient leaves the picture itself as the
state: g ← C · F⁻¹(s · F(g)), symmetric and positive, so that a step still climbs.

Notation: g is float32 [h, w, 3], or [h, 3w]; f is a frequency in cycles a pixel; a = colour and p = spectrum, 0..1.

Colour: C = (1 - a) · I + a · K, K the correlation of photographs' channels, of trace 3. K's eigenvectors are an axis of
brightness and two of hue: along them, C only scales. Spectrum: s = (½ / f)^p where f is above 1/LONGEST; longer waves,
of which a network sees nothing, grow no further, and the mean keeps its weight 1: else whole areas turn black.

As in a JPEG, hues are at half the resolution: of their finest waves only the share s = 1 is kept. That takes a third of
the time of three whole transforms.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

ROOT = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])  # lucid's root of K, up to a factor
LONGEST = 96  # pixels: waves up to this long are amplified as the spectrum says


def axes() -> tuple[np.ndarray, np.ndarray]:
    """K's eigenvalues [3], of sum 3, the largest first, and its eigenvectors, columns [3, 3]: brightness, two hues."""
    covariance = ROOT @ ROOT.T
    values, vectors = np.linalg.eigh(3 * covariance / np.trace(covariance))
    return values[::-1], vectors[:, ::-1]


class Nature(NamedTuple):
    """The linear map for pictures of one shape: what `natural` multiplies by."""

    scale: Array  # [3], of each axis of colour
    bright: Array  # [h, w // 2 + 1], of each frequency of brightness
    hues: Array  # [⌈h/2⌉, ⌈w/2⌉], of each frequency of the hues


def nature(shape: tuple[int, int], colour: ArrayLike, spectrum: ArrayLike) -> Nature:
    """The map for pictures of a shape (h, w); colour and spectrum 0..1, and for (0, 0) it is the identity."""
    h, w = shape
    values, _ = axes()
    small = gains((-(-h // 2), -(-w // 2)), spectrum, pixel=2)
    return Nature((1 - colour) + colour * jnp.float32(values), gains(shape, spectrum)[:, : w // 2 + 1], small)


def gains(shape: tuple[int, int], power: ArrayLike, pixel: int = 1) -> Array:
    """s for each frequency [h, w] of a picture, in the order of fft2, whose pixels are `pixel` of the original's."""
    across, down = (jnp.minimum(i, n - i) / (n * pixel) for n in shape for i in [jnp.arange(n, dtype=jnp.float32)])
    f = jnp.hypot(across[:, None], down[None])
    return jnp.where(f == 0, 1.0, (0.5 / jnp.maximum(f, 1 / LONGEST)) ** power)


def natural(g: Array, by: Nature) -> Array:
    """The gradient g [h, w, 3] or [h, 3w], as a photograph's would be, in the same form."""
    h = g.shape[0]
    w = g.size // (3 * h)
    vectors = jnp.float32(axes()[1])
    planes = jnp.einsum("hwc,cd->dhw", g.reshape(h, w, 3), vectors) * by.scale[:, None, None]
    bright = jnp.fft.irfft2(_scaled(jnp.fft.rfft2(planes[0]), by.bright), (h, w))
    planes = jnp.concatenate([bright[None], _hues(planes[1:], by.hues)])
    return jnp.einsum("dhw,cd->hwc", planes, vectors).reshape(g.shape)


def _hues(planes: Array, by: Array) -> Array:
    """Two planes [2, h, w] through the spectrum at half the resolution, and what is finer as it is."""
    coarse = _halved(planes)
    both = jnp.fft.fft2(jax.lax.complex(coarse[0], coarse[1]))  # two real planes, one transform
    both = jnp.fft.ifft2(_scaled(both, by))
    return planes + _doubled(jnp.stack([both.real, both.imag]) - coarse, planes.shape)


def _scaled(z: Array, by: Array) -> Array:
    """Complex z times real numbers."""
    return jax.lax.complex(z.real * by, z.imag * by)


def _halved(planes: Array) -> Array:
    """Means of 2 × 2 pixels: [2, h, w] → [2, ⌈h/2⌉, ⌈w/2⌉]."""
    _, h, w = planes.shape
    even = jnp.pad(planes, ((0, 0), (0, h % 2), (0, w % 2)), mode="edge")
    return even.reshape(2, even.shape[1] // 2, 2, even.shape[2] // 2, 2).mean((2, 4))


def _doubled(planes: Array, shape: tuple[int, ...]) -> Array:
    """Each pixel as 2 × 2, cut to a shape."""
    _, h, w = planes.shape
    large = jnp.broadcast_to(planes[:, :, None, :, None], (2, h, 2, w, 2)).reshape(2, 2 * h, 2 * w)
    return large[:, : shape[1], : shape[2]]
