"""JAX's own settings: a film depends on none of the environment's, and what may still differ is told.

No JAX is imported with this file: `forget` must come first.
"""

import os
import re
import sys
from typing import Any

# Of the environment only what says which devices there are; the rest is for programs that were written for it.
DEVICES = re.compile(
    r"JAX_(PLATFORMS|PLATFORM_NAME|(CUDA|ROCM|ONEAPI)_VISIBLE_DEVICES)|JAX_NUM_CPU_DEVICES=(-1|0*[1-9]\d*)"
)
# What films are dreamed with. Where a program that uses this one has decided otherwise, it is asked to think again.
NEEDED: dict[str, tuple[Any, ...]] = {
    "jax_enable_x64": (False,),
    "jax_disable_jit": (False,),
    "jax_debug_nans": (False,),  # some of our numbers are none on purpose
    "jax_debug_infs": (False,),
    "jax_default_prng_impl": ("threefry2x32",),
    "jax_threefry_partitionable": (True,),
    "jax_random_seed_offset": (0,),
    "jax_no_tracing": (False,),
    "jax_no_execution": (False,),
    "jax_transfer_guard": (None, "allow", "log"),
    "jax_transfer_guard_host_to_device": (None, "allow", "log"),
    "jax_transfer_guard_device_to_host": (None, "allow", "log"),
    "jax_transfer_guard_device_to_device": (None, "allow", "log"),
}
# What may differ, and changes a film's last bits.
DECIDING = (
    "jax_default_matmul_precision",
    "jax_disable_most_optimizations",
    "jax_optimization_level",
    "jax_exec_time_optimization_effort",
    "jax_allow_f16_reductions",
)
FLAGS = ("XLA_FLAGS", "LIBTPU_INIT_ARGS", "NVIDIA_TF32_OVERRIDE")  # of the compilers and kernels below JAX
SILENT = re.compile("jax_(platform|log|debug_log|compil|persistent|explain|dump|traceback|include)")  # no program's


class SettingsError(RuntimeError):
    """JAX is set in a way in which no film can be dreamed; the message says the way out."""


def forget() -> None:
    """Forgets what the environment says to JAX and Flax, but for the devices. Where JAX is loaded it is too late."""
    if "jax" in sys.modules:
        return
    for name, value in list(os.environ.items()):
        if (
            name.startswith(("JAX_", "FLAX_"))
            and not DEVICES.fullmatch(name)
            and not DEVICES.fullmatch(f"{name}={value}")
        ):
            del os.environ[name]


def check() -> None:
    """SettingsError: a setting that a film depends on is another one, or there is no device."""
    import jax

    for name, allowed in NEEDED.items():
        value = getattr(jax.config, name, allowed[0])
        if value not in allowed:
            way = f"jax.config.update({name!r}, {allowed[0]!r})"
            raise SettingsError(f"JAX's setting {name} is {value!r}; no film can be dreamed so: {way}")
    asked = jax.config.values.get("jax_platforms") or jax.config.values.get("jax_platform_name")
    try:
        jax.devices()
    except Exception as error:  # each backend has errors of its own
        said = " ".join(str(error).split()).partition(" (set JAX")[0][:200] or type(error).__name__
        where = f"JAX is told to use {asked!r}, and has no such device" if asked else "JAX has no device"
        way = "; without JAX_PLATFORMS and JAX_PLATFORM_NAME it takes what is there" if asked else ""
        raise SettingsError(f"{where} ({said}){way}") from None


def every() -> list[tuple[str, str]]:
    """All settings of JAX and its compilers that a program may depend on, as they are in this thread."""
    import jax

    names = (name for name in jax.config.values if not SILENT.match(name))
    settings = [(name, repr(getattr(jax.config, name, jax.config.values[name]))) for name in sorted(names)]
    return [*settings, *((name, os.environ.get(name, "")) for name in FLAGS)]


def deciding() -> dict[str, Any]:
    """The settings that a film's record holds, as plain data; XLA's own flags, too."""
    import jax

    told = {name: getattr(jax.config, name, None) for name in DECIDING}
    flags = {name: " ".join(sorted(os.environ.get(name, "").split())) for name in FLAGS}
    return {**{name: value if value is None else str(value) for name, value in told.items()}, **flags}
