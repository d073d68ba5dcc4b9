"""What a test computes once is not worth optimising."""

from functools import partial

import jax

quickly = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})  # half the time of jax.jit
