"""What a curve must be once the film's length is known: keyframes that do not collide, values within their bounds."""

from typing import Protocol

import numpy as np

from render.language.clock import Clock, Time
from render.language.curves import Curve, Deforum, Keyframes, inputs
from render.language.document import place
from render.language.marks import Node, Problems, listed

MOST_FRAMES, MOST_STEPS = 1_000_000, 10_000_000  # looked at of one curve; of a longer film a part, to answer quickly


class NumberKind(Protocol):
    """What a curve's values may be."""

    @property
    def whole(self) -> bool: ...

    def number(self, node: Node, key: str, problems: Problems) -> float | None: ...
    def describe(self) -> str: ...
    def complaint(self, value: float) -> str: ...
    def allowed(self, values: np.ndarray) -> np.ndarray: ...


def check_times(curve: Keyframes, names: list[Node], key: str, problems: Problems, clock: Clock) -> None:
    """Notes keyframes at the same time, and beats without bpm."""
    seen: dict[float, str] = {}
    for name, time in zip(names, curve.times, strict=True):
        if time.unit == "b" and clock.bpm is None:
            problems.add(name.mark, key, f"{name.text} is in beats, which need a top-level bpm, such as bpm: 120")
        elif (seconds := clock.when(time)) in seen:
            problems.add(name.mark, key, f"two keyframes at {seconds:g} s, {seen[seconds]} and {name.text}")
        else:
            seen[seconds] = name.text
    end = clock.when(Time(100, "%"))
    if late := [name for seconds, name in seen.items() if seconds > end * (1 + 1e-9)]:
        mark = next(name.mark for name in names if name.text == late[0])
        come = "come" if late[1:] else "comes"
        after = f"{listed(late, 'and')} {come} after the end of the film, which lasts {end:.6g} s"
        problems.note(mark, key, after)


def check_frames(curve: Deforum, node: Node, key: str, problems: Problems, clock: Clock) -> None:
    """Notes keyframes at the same frame."""
    frames = curve.frames(clock)
    nowhere = [text for (text, _), frame in zip(curve.pairs, frames, strict=True) if not np.isfinite(frame)]
    twice = [frame for frame in frames if np.count_nonzero(frames == frame) > 1]
    if nowhere:
        problems.add(node.mark, key, f"{nowhere[0]} is no frame")
    elif (late := [frame for frame in frames if frame > clock.n]) and not twice:
        after = f"frame {max(late):g} comes after the end of the film, which has {clock.n}"
        problems.note(node.mark, key, after)
    elif twice:
        problems.add(node.mark, key, f"two keyframes at frame {twice[0]:g}")


def check_values(
    curve: Curve, used: dict[str, int], node: Node, key: str, problems: Problems, kind: NumberKind, clock: Clock
) -> None:
    """Notes the first frame at which a curve has no value, or one out of bounds."""
    for name in sorted({"bpm", "beat"} & set(used)) if clock.bpm is None else ():
        problems.add(place(node, used[name]), key, f"{name} needs a top-level bpm, such as bpm: 120")
        return
    clock = clock.sampled(MOST_STEPS // curve.steps)
    values = curve.sample(clock)
    bad = ~kind.allowed(np.rint(values) if kind.whole else values)
    if bad.any():
        problems.add(node.mark, key, _bad_value(curve, values[bad][0].item(), clock.at(clock.k[bad][:1]), kind))


def _bad_value(curve: Curve, value: float, clock: Clock, kind: NumberKind) -> str:
    when = f"at frame {clock.k[0]:.0f} ({clock.t[0]:.2f} s)"
    if np.isfinite(value):
        return f"is {value:.6g} {when}; must be {kind.complaint(float(np.rint(value)) if kind.whole else value)}"
    given = inputs(clock, curve.names()) | ({"t": clock.f} if isinstance(curve, Deforum) else {})
    where = ", ".join(f"{name} = {np.ravel(value)[0]:.6g}" for name, value in sorted(given.items()))
    return f"is {'infinite' if np.isinf(value) else 'not a number'} {when}" + (f", where {where}" if where else "")
