"""Inverted residuals (Sandler et al. 2018, arXiv:1801.04381): 1x1 to many channels, a kernel for each, 1x1 to few.

x `[n, h, w, cin]`; wide and deep are the activations behind expansion and depthwise convolution, six times as many
channels, of which none meets another. So on a CPU a group of them goes all the way from x to its share of the result
before the next one begins, and stays in the cache meanwhile; x is padded and cut into phases (see depthwise.py) while
it is narrow, and what is kept of the wide ones for the gradient is where they are open, a byte each.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from models.blocks import depthwise, layers
from models.blocks.convolution import dot
from models.blocks.layers import Conv, Depthwise, Parts, capped, join
from models.blocks.windows import axes

SIX = 6.0  # where ReLU6 ends
GROUP = 240  # channels, about: smaller groups are 5 % faster still, and take twice as long to compile


class InvertedResidual(nnx.Module):
    """A block without squeeze-excite; its input is added where the result has the same shape."""

    def __init__(self, inputs: int, expanded: int, outputs: int, kernel: int, stride: int, *, rngs: nnx.Rngs):
        self.expand = Conv(inputs, expanded, 1, ceiling=SIX, rngs=rngs) if expanded != inputs else None
        self.depthwise = Depthwise(expanded, kernel, stride, ceiling=SIX, rngs=rngs)
        self.project = Conv(expanded, outputs, 1, rngs=rngs)
        self.adds = stride == 1 and inputs == outputs

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """(wide, deep, the sum); wide is x where nothing expands it."""
        if layers.own_gradients():
            return self.grouped(x)
        wide = x if self.expand is None else self.expand((x,))
        deep = self.depthwise(wide)
        y = self.project.biased((deep,))
        return wide, deep, x + y if self.adds else y

    def grouped(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The same, a group of channels after the other."""
        kernel, bias, project = (w[...] for w in (self.depthwise.kernel, self.depthwise.bias, self.project.kernel))
        both = axes(x.shape, kernel.shape[:2], self.depthwise.stride, "SAME")
        phases = depthwise.spread(x, both)
        y = self.project.bias[...].reshape(1, 1, 1, -1) + (x if self.adds else jnp.zeros((), x.dtype))
        wides: Parts = ()
        deeps: Parts = ()
        for group in groups(kernel.shape[-1]):
            wide = self.expanded(phases, group, both)
            deep = capped(
                depthwise.correlated(wide, kernel[..., 0, group], both), bias[group], jnp.asarray(SIX, x.dtype)
            )
            y = y + dot(deep, project[0, 0, group])
            wides, deeps = (*wides, depthwise.gathered(wide, both)), (*deeps, deep)
        return join(wides), join(deeps), y

    def expanded(self, phases: depthwise.Phases, group: slice, both: depthwise.Axes) -> depthwise.Phases:
        """A group of wide, in phases. Outside the picture the bias must not show: there the ceiling is zero."""
        if self.expand is None:
            return tuple(phase[..., group] for phase in phases)
        matrix, bias = self.expand.kernel[0, 0, :, group], self.expand.bias[group]
        ceilings = (jnp.asarray(SIX * inside, phases[0].dtype) for inside in depthwise.inside(both))
        return tuple(capped(dot(phase, matrix), bias, top) for phase, top in zip(phases, ceilings, strict=True))


def groups(channels: int) -> list[slice]:
    """Slices of about GROUP channels, each a multiple of 16 where that is possible."""
    unit = 16 if channels % 16 == 0 else 8
    units, count = channels // unit, max(1, round(channels / GROUP))
    edges = [unit * (i * units // count) for i in range(count)]
    return [slice(a, b) for a, b in zip(edges, [*edges[1:], channels], strict=True)]
