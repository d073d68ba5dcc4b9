"""Blocks that every family is built of.

Parts: a tuple of arrays that stands for their concatenation along the channels. Concatenating what branches produced
costs a copy, and again in the gradient; a 1x1 convolution that reads parts splits its kernel instead. On a CPU the
blocks use the gradients of convolution.py and pool.py, elsewhere XLA's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
from itertools import accumulate
from math import inf
from operator import add
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from models.blocks import convolution, depthwise, pool
from models.blocks.normalise import local_response, mean3
from models.blocks.windows import Padding, ceil_mode
from models.blocks.xla import compiler_options, own_gradients

__all__ = [
    "Conv",
    "Depthwise",
    "Derived",
    "Parts",
    "Stages",
    "bias_relu",
    "capped",
    "ceil_mode",
    "compiler_options",
    "join",
    "local_response",
    "max_pool",
    "mean3",
    "shapes_only",
    "subtract_mean",
]

Parts = tuple[jax.Array, ...]


def subtract_mean(images: jax.Array, mean: tuple[float, ...]) -> jax.Array:
    """images `[n, h, w, c]` minus a number per channel."""
    return images - jnp.asarray(mean, images.dtype).reshape(1, 1, 1, -1)


def join(parts: Parts) -> jax.Array:
    """The concatenation that the parts stand for."""
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, -1)


@jax.custom_vjp
def bias_relu(x: jax.Array, bias: jax.Array) -> jax.Array:
    """max(x + bias, 0), a bias per channel. The gradient of x needs the result only, so that x need not stay."""
    return jnp.maximum(x + bias.reshape(1, 1, 1, -1), jnp.zeros((), x.dtype))


def _bias_relu_forward(x: jax.Array, bias: jax.Array) -> tuple[jax.Array, jax.Array]:
    y = bias_relu(x, bias)
    return y, y


bias_relu.defvjp(_bias_relu_forward, lambda y, g: (jnp.where(y > 0, g, jnp.zeros((), g.dtype)), None))


@jax.custom_vjp
def capped(x: jax.Array, bias: jax.Array, ceiling: jax.Array) -> jax.Array:
    """min(max(x + bias, 0), ceiling): ReLU6 where the ceiling is 6. The gradient needs a byte of each: is it open."""
    return jnp.minimum(bias_relu(x, bias), ceiling)


def _capped_forward(x: jax.Array, bias: jax.Array, ceiling: jax.Array) -> tuple[jax.Array, jax.Array]:
    y = capped(x, bias, ceiling)
    return y, (y > 0) & (y < ceiling)


capped.defvjp(_capped_forward, lambda open_, g: (jnp.where(open_, g, jnp.zeros((), g.dtype)), None, None))


def activated(x: jax.Array, bias: jax.Array, ceiling: float) -> jax.Array:
    """Bias and ReLU, up to its ceiling."""
    return bias_relu(x, bias) if ceiling == inf else capped(x, bias, jnp.full((1, 1, 1, 1), ceiling, x.dtype))


def max_pool(x: jax.Array, k: int = 3, stride: int = 2, padding: Padding = "SAME") -> jax.Array:
    """The maximum of every k x k window of x `[n, h, w, c]`."""
    return (pool.max_pool if own_gradients() else pool.plain)(x, k, stride, padding)


_values: ContextVar[bool] = ContextVar("values", default=True)


@contextmanager
def shapes_only() -> Iterator[None]:
    """Kernels made within are zeros: tracing a random draw for each took most of the time of loading a network."""
    before = _values.set(False)
    try:
        yield
    finally:
        _values.reset(before)


def _drawn(rngs: nnx.Rngs, fan_in: int, outputs: int) -> jax.Array:
    """A kernel's numbers after He et al. 2015, flat: XLA unrolls small four-dimensional draws for 20 s."""
    if not _values.get():
        return jnp.zeros(fan_in * outputs, jnp.float32)
    return jax.random.normal(rngs.params(), (fan_in * outputs,), jnp.float32) * (2 / fan_in) ** 0.5


class Derived(nnx.Variable):
    """What is computed from weights when they are loaded, and is in no file."""


class Stages(NamedTuple):
    """What a convolution yields, all `[n, m, l, cout]`: before ReLU, after it, and the sum that has no bias yet."""

    before: jax.Array
    after: jax.Array
    linear: jax.Array


class Conv(nnx.Module):
    """Convolution, bias and ReLU of parts `[n, h, w, cin]`: `[n, m, l, cout]`. Its weights get no gradient."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int | tuple[int, int],
        stride: int = 1,
        padding: Padding = "SAME",
        ceiling: float = inf,
        *,
        rngs: nnx.Rngs,
    ):
        """Random weights after He et al. 2015, with no bias. size: of both sides, or (down, across). ReLU's ceiling."""
        self.stride, self.padding, self.ceiling = stride, padding, ceiling
        down, over = (size, size) if isinstance(size, int) else size
        fan_in = down * over * inputs
        self.kernel = nnx.Param(_drawn(rngs, fan_in, outputs).reshape(down, over, inputs, outputs))
        self.bias = nnx.Param(jnp.zeros(outputs, jnp.float32))
        self.thin = inputs <= 4
        self.back = None if down == over == 1 or self.thin else Derived(convolution.turned(self.kernel[...], stride))

    def derive(self) -> None:
        """To be called when the kernel was changed."""
        if self.back is not None:
            self.back = Derived(jax.device_put(convolution.turned(np.asarray(self.kernel[...]), self.stride)))

    def linear(self, x: Parts) -> jax.Array:
        """Without bias and ReLU."""
        kernel = self.kernel[...]
        if not own_gradients():
            return convolution.plain(join(x), kernel, self.stride, self.padding)
        if self.thin:
            return convolution.thin(join(x), kernel, self.stride, self.padding)
        if self.back is not None:
            return convolution.conv(join(x), kernel, self.back[...], self.stride, self.padding)
        ends = list(accumulate(part.shape[-1] for part in x))
        rows = (kernel[0, 0, start:end] for start, end in zip([0, *ends], ends, strict=False))
        every = slice(None, None, self.stride)
        return reduce(add, (convolution.dot(part[:, every, every], m) for part, m in zip(x, rows, strict=True)))

    def __call__(self, x: Parts) -> jax.Array:
        """The activation."""
        return self.activated(self.linear(x))

    def activated(self, y: jax.Array) -> jax.Array:
        """Bias and ReLU of what `linear` gave, or of its maxima: a max-pool commutes with both."""
        return activated(y, self.bias[...], self.ceiling)

    def biased(self, x: Parts) -> jax.Array:
        """Without ReLU."""
        return self.linear(x) + self.bias[...].reshape(1, 1, 1, -1)

    def stages(self, x: Parts) -> Stages:
        """Before and after ReLU, for networks that name both."""
        y = self.linear(x)
        return Stages(y + self.bias[...].reshape(1, 1, 1, -1), self.activated(y), y)

    def pooled(self, x: Parts, k: int = 3, stride: int = 2, padding: Padding = "SAME") -> tuple[jax.Array, jax.Array]:
        """(the activation, its maxima). A max-pool commutes with bias and ReLU: both come after it, on fewer pixels."""
        y = self.linear(x)
        return self.activated(y), self.activated(max_pool(y, k, stride, padding))


class Depthwise(nnx.Module):
    """A kernel for each channel of `[n, h, w, c]`, bias and ReLU: `[n, m, l, c]`. Its weights get no gradient."""

    def __init__(self, channels: int, size: int, stride: int = 1, ceiling: float = inf, *, rngs: nnx.Rngs):
        """Random weights after He et al. 2015, with no bias. Padding as TensorFlow's SAME."""
        self.stride, self.ceiling = stride, ceiling
        self.kernel = nnx.Param(_drawn(rngs, size * size, channels).reshape(size, size, 1, channels))
        self.bias = nnx.Param(jnp.zeros(channels, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The activation."""
        conv = depthwise.conv if own_gradients() else depthwise.plain
        return activated(conv(x, self.kernel[...], self.stride, "SAME"), self.bias[...], self.ceiling)
