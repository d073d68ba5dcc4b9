"""What depends on compiler and processor: which kernels the blocks take, and what our jits are compiled with."""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import jax
from jax.experimental.xla_metadata import set_xla_metadata

P = ParamSpec("P")
R = TypeVar("R")


def own_gradients() -> bool:
    """Whether the blocks take their own kernels and gradients (CPU), or XLA's, elsewhere the vendor's library."""
    return jax.default_backend() == "cpu"


@cache
def compiler_options() -> dict[str, str]:
    """For jax.jit: on a CPU, float32 convolutions go through Eigen, here 1.2 to 1.9 times faster than YNNPACK.

    {} on other backends, and where this jaxlib does not know the option.
    """
    options = {"xla_cpu_experimental_ynn_fusion_type": ""}
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except Exception:  # the error for an unknown option has had several types
        return {}
    return options


def apart(f: Callable[P, R]) -> Callable[P, R]:
    """f compiled as a function of its own, with arguments and result in memory: XLA fuses nothing across its border.

    Left alone, XLA's CPU backend fuses what computes a gather's operand into the gather, and computes it anew for every
    element picked (a pool's gradient then takes 40 ms in place of 0.7). optimization_barrier does not help: it is gone
    before fusion begins. What f calls must not be jitted itself (as jnp.where and jnp.pad are): it would not be inlined
    either. A compiler that ignores the attribute computes the same, slower.
    """
    jitted = jax.jit(f)

    @wraps(f)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with set_xla_metadata(inlineable="false"):
            return jitted(*args, **kwargs)

    return call
