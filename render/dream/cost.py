"""What a dream costs, counted in its network before anything is compiled: arithmetic, and operations to compile.

Notation: x is a picture [1, h, w, 3]; costs compare layers with layers, and how many seconds they are is measured.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from render.dream.tiles import Network

SIDE = 128  # of the picture whose operations are counted
BESIDES = 1500.0  # what a step does for a pixel besides the network's arithmetic, in FLOPs of equal time (measured)
OTHERS = 1000  # operations of a program besides the network's, as long to compile (measured)


class Cost(NamedTuple):
    """One step of ascent for some targets."""

    pixel: float  # to run, per pixel
    program: float  # to compile


def counter(network: Network) -> Callable[[Sequence[str]], Cost]:
    """What steps cost that want some of the network's activations, by its arithmetic on the way there.

    The way back is about a multiple of it. The network is traced once, here.
    """
    x = jax.ShapeDtypeStruct((1, SIDE, SIDE, 3), jnp.float32)
    names: list[str] = []

    def activations(network: Network, x: Array) -> list[Array]:
        made = network(x)
        names.extend(made)
        return list(made.values())

    traced = jax.make_jaxpr(activations)(network, x).jaxpr
    variables = dict(zip(names, traced.outvars, strict=True))

    def cost(layers: Sequence[str]) -> Cost:
        flops, operations = counted(traced, [variables[layer] for layer in layers])
        return Cost(BESIDES + flops / SIDE**2, OTHERS + operations)

    return cost


def counted(jaxpr: Any, wanted: Sequence[Any]) -> tuple[float, int]:
    """FLOPs and number of the operations that lead to some of a jaxpr's variables."""
    needed, flops, operations = {id(v) for v in wanted}, 0.0, 0
    for eqn in reversed(jaxpr.eqns):
        if needed.isdisjoint(map(id, eqn.outvars)):
            continue
        needed.update(map(id, eqn.invars))
        inner = next((part for value in eqn.params.values() for part in jaxprs(value)), None)
        more = (flops_of(eqn), 1) if inner is None else counted(inner, inner.outvars)
        flops, operations = flops + more[0], operations + more[1]
    return flops, operations


def jaxprs(value: Any) -> list[Any]:
    """A parameter of an operation as the jaxpr that it is, if it is one."""
    value = getattr(value, "jaxpr", value)
    return [value] if hasattr(value, "eqns") else []


def flops_of(eqn: Any) -> float:
    """Multiplications and additions of one matrix product or convolution; 0 for all else."""
    out = prod(eqn.outvars[0].aval.shape)
    if eqn.primitive.name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        return 2.0 * out * prod(eqn.invars[0].aval.shape[axis] for axis in contracted)
    if eqn.primitive.name == "conv_general_dilated":
        kernel, outwards = eqn.invars[1].aval.shape, eqn.params["dimension_numbers"].rhs_spec[0]
        return 2.0 * out * prod(kernel) / kernel[outwards]
    return 0.0
