"""Blocks that every family is built of. Parts: a tuple of arrays that stands for their concatenation along the channels.

Concatenating what branches produced costs a copy, and again in the gradient; a 1x1 convolution that reads parts splits its kernel
instead. On a CPU the blocks use the gradients of convolution.py and pool.py, elsewhere XLA's own, which end in the vendor's library.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from models import convolution, pool
from models.windows import Padding
from models.xla import compiler_options, own_gradients

__all__ = ["compiler_options"]

Parts = tuple[jax.Array, ...]


def subtract_mean(images: jax.Array, mean: tuple[float, ...]) -> jax.Array:
    """images `[n, h, w, c]` minus a number per channel."""
    return images - jnp.asarray(mean, images.dtype).reshape(1, 1, 1, -1)


def join(parts: Parts) -> jax.Array:
    """The concatenation the parts stand for."""
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, -1)


@jax.custom_vjp
def bias_relu(x: jax.Array, bias: jax.Array) -> jax.Array:
    """max(x + bias, 0), bias per channel. Its gradient needs the result only, so that x need not be kept."""
    return jnp.maximum(x + bias.reshape(1, 1, 1, -1), 0.0)


def _bias_relu_forward(x, bias):
    y = bias_relu(x, bias)
    return y, y


bias_relu.defvjp(_bias_relu_forward, lambda y, g: (jnp.where(y > 0, g, 0.0), None))


def max_pool(x: jax.Array, k: int = 3, stride: int = 2, padding: Padding = "SAME") -> jax.Array:
    """The maximum of every k x k window."""
    return (pool.max_pool if own_gradients() else pool.plain)(x, k, stride, padding)


class Derived(nnx.Variable):
    """What is computed from weights once they are loaded; in no file."""


class Conv(nnx.Module):
    """Convolution, bias and ReLU: parts or one array `[n, h, w, cin]` -> `[n, m, l, cout]`."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int = 1, padding: Padding = "SAME", *, rngs: nnx.Rngs
    ):
        self.stride, self.padding = stride, padding
        # drawn flat: XLA unrolls a small four-dimensional draw and compiles it for 20 s
        fan_in = size * size * inputs
        kernel = jax.random.normal(rngs.params(), (fan_in * outputs,), jnp.float32) * (2 / fan_in) ** 0.5
        self.kernel = nnx.Param(kernel.reshape(size, size, inputs, outputs))
        self.bias = nnx.Param(jnp.zeros(outputs, jnp.float32))
        self.thin = inputs <= 4
        if size > 1 and not self.thin:
            self.back = Derived(convolution.turned(self.kernel[...], stride))

    def derive(self) -> None:
        """Brings what was computed from the kernel up to date."""
        if hasattr(self, "back"):
            self.back = Derived(convolution.turned(self.kernel[...], self.stride))

    def linear(self, x: Parts) -> jax.Array:
        """Without bias and ReLU."""
        kernel = self.kernel[...]
        if not own_gradients():
            return convolution.plain(join(x), kernel, self.stride, self.padding)
        if kernel.shape[0] == 1:
            return self._split(x, kernel[0, 0])
        if self.thin:
            return convolution.thin(join(x), kernel, self.stride, self.padding)
        return convolution.conv(join(x), kernel, self.back[...], self.stride, self.padding)

    def _split(self, x: Parts, matrix: jax.Array) -> jax.Array:
        total, start = None, 0
        for part in x:
            stop = start + part.shape[-1]
            y = convolution.dot(part, matrix[start:stop])
            total, start = (y if total is None else total + y), stop
        return total

    def __call__(self, x: Parts) -> jax.Array:
        return bias_relu(self.linear(x), self.bias[...])

    def both(self, x: Parts, pooled: bool) -> tuple[jax.Array, jax.Array]:
        """(activation, what the next layer takes: itself, or its maxima).

        A max-pool commutes with adding a bias and with ReLU: both are done after it, on a quarter of the pixels.
        """
        y = self.linear(x)
        activation = bias_relu(y, self.bias[...])
        return activation, bias_relu(max_pool(y), self.bias[...]) if pooled else activation
