"""How a scene writes a number over time: from a marked value to a Curve, and what is wrong with it, at its place.

What a value must be is known at once; when a keyframe is and what an expression gives are known only with the film's
length, so these checks are kept in `problems.later`.
"""

import re

import numpy as np

from render.language.clock import Time
from render.language.curve_checks import NumberKind, check_frames, check_times, check_values
from render.language.curves import DEFORUM_NAMES, NAMES, Curve, Deforum, Expression, Keyframes
from render.language.document import place
from render.language.easing import EASINGS
from render.language.expression import ExpressionError, compiled, evaluate
from render.language.marks import Node, Problems, listed, near, shown
from render.language.slips import repaired, seconds

TIME = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([sf%b]?)")
DEFORUM = re.compile(r"\s*(\d+|max_f)\s*([-+*/]\s*(\d+|max_f)\s*)*:(?!=)")
MAX_AMOUNT = 1e9
MAX_DEFORUM = 20_000  # characters
MOST_FRAMES, MOST_STEPS = (
    1_000_000,
    10_000_000,
)  # checked of one curve: a longer film is sampled, so that answers are quick
FORMS = "keyframes such as {0s: 1, 4s: 2}, or an expression such as 1 + sin(t)"


def is_keyframes(node: Node) -> bool:
    """Whether a mapping is meant as keyframes rather than as a section: a key that begins like a time, or `ease`."""
    return isinstance(node.value, dict) and any(k == "ease" or re.match(r"[-+]?\.?\d", k) for k in node.value)


def read_curve(node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    """The curve that a scene's value describes; None, with every mistake in problems, where it describes none."""
    if isinstance(node.value, dict):
        return _keyframes(node, key, problems, kind)
    if isinstance(node.value, str):
        read = _deforum if DEFORUM.match(node.value) else _expression
        return read(node, key, problems, kind)
    value = kind.number(node, key, problems)
    return None if value is None else Curve.constant(value)


def _keyframes(node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    entries = [entry for entry in node.value.values() if entry.key.text != "ease"]
    if not entries:
        problems.add(node.mark, key, "holds no keyframe; write a number or keyframes such as {0s: 1.0, 4s: 1.05}")
        return None
    ease = _ease(node.value["ease"].value, f"{key}.ease", problems) if "ease" in node.value else "linear"
    times = [_time(name, key, problems) for name, _ in entries]
    values = [kind.number(value, f"{key}.{name.text}", problems) for name, value in entries]
    if ease is None or None in times or None in values:
        return None
    curve = Keyframes(tuple(t for t in times if t), tuple(float(v) for v in values if v is not None), ease)
    names = [name for name, _ in entries]
    problems.later.append(lambda clock: check_times(curve, names, key, problems, clock))
    return curve


def _ease(node: Node, key: str, problems: Problems) -> str | None:
    if isinstance(node.value, str) and node.value in EASINGS:
        return node.value
    hint = near(node.value, EASINGS) if isinstance(node.value, str) else ""
    problems.add(node.mark, key, f"must be {listed(EASINGS)}, not {shown(node)}{hint}")
    return None


def _time(name: Node, key: str, problems: Problems) -> Time | None:
    text = name.text.strip()
    match = TIME.fullmatch(text)
    if not match:
        forms = "a keyframe's is such as 4s, 96f (frames), 50% (of the film) or 8b (beats)"
        lasts = seconds(text) if not re.fullmatch(r"\d+,\d+", text) else float(text.replace(",", "."))
        hint = forms if lasts is None else f"write {lasts:.10g}s"
        problems.add(name.mark, key, f"'{text[:40]}' is no time; {hint}")
    elif abs(amount := float(match[1])) > MAX_AMOUNT:
        problems.add(name.mark, key, f"a keyframe at {text[:40]} is too far away")
    else:
        return Time(amount, match[2] or "s")
    return None


def _expression(node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    try:
        expression = compiled(node.value, NAMES)
    except ExpressionError as error:
        if slip := repaired(node.value, lambda text: _reads(text, NAMES)):
            problems.add(place(node, slip[1]), key, slip[0])
        elif re.search(r"[^\w\s]", node.value.strip()):
            problems.add(place(node, error.at), key, str(error))
        else:
            problems.add(
                node.mark, key, f"must be {kind.describe()}, {FORMS}, not {shown(node)}{near(node.value, NAMES)}"
            )
        return None
    if not expression.names:
        return _constant(float(evaluate(expression.run, {})), node, key, problems, kind)
    curve = Expression(node.value)
    problems.later.append(lambda clock: check_values(curve, expression.names, node, key, problems, kind, clock))
    return curve


def _reads(text: str, names: tuple[str, ...]) -> bool:
    """Whether a text is an expression."""
    try:
        return bool(compiled(text, names))
    except ExpressionError:
        return False


def _constant(value: float, node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    """The curve of an expression in which nothing moves."""
    value = float(np.rint(value)) if kind.whole else value
    if complaint := kind.complaint(value):
        problems.add(node.mark, key, f"is {value:.6g}; must be {complaint}")
        return None
    return Curve.constant(value)


def _deforum(node: Node, key: str, problems: Problems, kind: NumberKind) -> Curve | None:
    if len(node.value) > MAX_DEFORUM:
        problems.add(node.mark, key, f"has {len(node.value)} characters; at most {MAX_DEFORUM} are read")
        return None
    pairs: list[tuple[str, str]] = []
    used: dict[str, int] = {}
    at = 0
    for part in _split(node.value, ","):
        try:
            if part.strip() or not pairs:  # a comma may stand at the end
                pair, names = _pair(part)
                pairs.append(pair)
                used = {name: at + index for name, index in names.items()} | used
        except ExpressionError as error:
            problems.add(place(node, at + error.at), key, str(error))
            return None
        at += len(part) + 1
    curve = Deforum(tuple(pairs))
    problems.later.append(lambda clock: check_frames(curve, node, key, problems, clock))
    problems.later.append(lambda clock: check_values(curve, used, node, key, problems, kind, clock))
    return curve


def _pair(part: str) -> tuple[tuple[str, str], dict[str, int]]:
    """Frame and value of a keyframe, and the names that the value uses, with where in the part."""
    frame, *values = _split(part, ":")
    if len(values) != 1 or not values[0].strip():
        form = "write FRAME:(VALUE), as in 0:(1.02), 60:(1.05)"
        raise ExpressionError(f"'{part.strip()[:20]}' is no keyframe; {form}", len(part) - len(part.lstrip()))
    compiled(frame, ("max_f",))
    shift = len(frame) + 1
    try:
        names = compiled(values[0], DEFORUM_NAMES).names
    except ExpressionError as error:
        raise ExpressionError(str(error), shift + error.at) from None
    return (frame.strip(), values[0].strip()), {name: shift + at for name, at in names.items()}


def _split(text: str, sign: str) -> list[str]:
    """The text parted at a sign, but not within brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == sign and depth <= 0:
            parts.append("")
        else:
            parts[-1] += c
    return parts
