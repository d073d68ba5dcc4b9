"""From the device to the host, one frame behind: pictures rounded, signals heard, numbers that went wrong noticed.

Notation as in frames.py: a picture or state is [n, h, w, 3], float32 on the device; on the host as `rounding` has it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from render.dream.compiled import kept
from render.dream.image import to_uint8
from render.film import signals
from render.film.frames import Made, steps
from render.film.loop import Kept
from render.film.rounding import Rounding
from render.media.ffmpeg import FilmError
from render.scene.scene import Scene


class NumbersError(FilmError):
    """A frame holds numbers that are none."""


class Seen(NamedTuple):
    """`Made` with its picture rounded, on the host; the state stays on the device until somebody needs it."""

    frame: int
    picture: np.ndarray | None
    state: Array | None


@kept()
def is_finite(x: Array) -> Array:
    """Whether all of x are numbers."""
    return jnp.all(jnp.isfinite(x))


def seen(made: Iterator[Made], rounding: Rounding = to_uint8) -> Iterator[Seen]:
    """Hands everything over while the next is already being dreamed. NumbersError, with its frame: nan or infinity."""
    behind: tuple[Made, Array | None, Array] | None = None
    for now in made:
        shown = now.picture if now.picture is not None else now.state
        rounded, fine = None if now.picture is None else rounding(now.picture), is_finite(shown)
        for array in (rounded, fine):
            if array is not None:
                array.copy_to_host_async()
        if behind is not None:
            yield on_host(*behind)
        behind = now, rounded, fine
    if behind is not None:
        yield on_host(*behind)


def on_host(made: Made, rounded: Array | None, fine: Array) -> Seen:
    """Waits for one of them. NumbersError: it is not fine."""
    wait(fine)
    if not fine:
        raise NumbersError(str(made.frame))
    return Seen(made.frame, None if rounded is None else np.asarray(rounded), made.state)


def wait(array: Any) -> None:
    """Waits as numpy would, but a signal is heard within 20 ms: XLA hears none, and a frame may take a minute."""
    pause = 1e-4
    signals.check()
    while not array.is_ready():
        time.sleep(pause)
        signals.check()
        pause = min(2 * pause, 0.02)


def cause(scenes: Sequence[Scene], network: Any, frame: int, state: Any, kept: Kept | None = None) -> str:
    """Where and why numbers go wrong in a frame that `state` leads to: it is dreamed once more, octave by octave."""
    if not all(bool(is_finite(leaf)) for leaf in jax.tree.leaves(network) if jnp.issubdtype(leaf.dtype, jnp.floating)):
        return "the network's weights hold some: its file is damaged"
    slow = [replace(scene, output=replace(scene.output, record="octaves")) for scene in scenes]
    octaves = (made for made in steps(slow, network, frame, state, kept=kept) if made.frame == frame)
    for octave, made in enumerate(octaves):
        if made.picture is not None and not is_finite(made.picture):
            return f"from octave {octave + 1} on; numbers overflow: is model.weights right, dream.step_size sane?"
        if made.picture is None:
            return "they come after the last octave: from motion or dream.keep" if not is_finite(made.state) else AGAIN
    return AGAIN


AGAIN = "it does not happen again when dreamed once more, so the device or its memory is at fault"
