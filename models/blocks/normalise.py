"""Sums over a neighbourhood: local response normalisation across channels, and the 3x3 mean.

x `[n, h, w, c]`, g the cotangent of the result. Both have gradients of their own: those that JAX derives keep every
shifted copy of x.
"""

from functools import partial

import jax
import jax.numpy as jnp


def across_channels(x: jax.Array, radius: int) -> jax.Array:
    """At each channel the sum over those at most `radius` away; what lies outside counts as zero."""
    return jax.lax.reduce_window(
        x,
        jnp.zeros((), x.dtype),
        jax.lax.add,
        window_dimensions=(1, 1, 1, 2 * radius + 1),
        window_strides=(1, 1, 1, 1),
        padding=((0, 0), (0, 0), (0, 0), (radius, radius)),
    )


def power(s: jax.Array, beta: float) -> jax.Array:
    """s ** -beta; for the two exponents in use by roots, which vectorise where a power does not."""
    if beta == 0.75:
        return jax.lax.rsqrt(s * jnp.sqrt(s))
    return jax.lax.rsqrt(s) if beta == 0.5 else s**-beta


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def local_response(x: jax.Array, radius: int, alpha: float, beta: float, bias: float) -> jax.Array:
    """x / (bias + alpha Σ x²)^beta, the sum over the 2 radius + 1 channels around (Krizhevsky et al. 2012).

    So TensorFlow has it. Caffe divides its alpha by the number of channels in the sum: pass alpha / (2 radius + 1).
    """
    return x * power(bias + alpha * across_channels(jnp.square(x), radius), beta)


def _forward(x: jax.Array, radius: int, alpha: float, beta: float, bias: float) -> tuple[jax.Array, jax.Array]:
    return local_response(x, radius, alpha, beta, bias), x


def _backward(radius: int, alpha: float, beta: float, bias: float, x: jax.Array, g: jax.Array) -> tuple[jax.Array]:
    """With s = bias + alpha Σ x²: g s^-β - 2 α β x Σ (g x s^(-β-1)), the same sum, since it is symmetric."""
    s = bias + alpha * across_channels(jnp.square(x), radius)
    scaled = g * power(s, beta)
    return (scaled - (2 * alpha * beta) * x * across_channels(scaled * x / s, radius),)


local_response.defvjp(_forward, _backward)


@jax.custom_vjp
def mean3(x: jax.Array) -> jax.Array:
    """The mean of every 3x3 window at stride 1; pixels outside count as zeros. It is its own transpose."""
    for dim in (1, 2):
        window, pads = [1] * 4, [(0, 0)] * 4
        window[dim], pads[dim] = 3, (1, 1)
        x = jax.lax.reduce_window(x, jnp.zeros((), x.dtype), jax.lax.add, window, (1, 1, 1, 1), pads)
    return x / 9


mean3.defvjp(lambda x: (mean3(x), None), lambda _, g: (mean3(g),))
