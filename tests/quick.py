"""What a test computes once is not worth optimising."""

from functools import partial

import jax

QUICK = {"xla_backend_optimization_level": 0}  # as compiler_options: half the time
quickly = partial(jax.jit, compiler_options=QUICK)
