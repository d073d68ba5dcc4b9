"""How people write numbers elsewhere, and what that is in a scene: 1,01 and 101%, 2pi t, 2min and 0:30, “curly quotes”.

A repair is offered only where it makes sense of the text, so that nothing is guessed at.
"""

import re
from collections.abc import Callable, Iterator
from itertools import combinations

OPENING, CLOSING = "“”„‟«»‘‚‹›", "“”„‟«»‘’‹›"
POINT = "a decimal has a point"
KEY = re.compile(r"\s*(?:- )?([A-Za-z_][\w.]*)(?:\s*=\s*|:)(?![\s=])(.*)")
SIGNS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "π": "pi", "τ": "tau", "²": "**2"}
NUMBER = r"(?<![\w.])\d*\.?\d+"
REPAIRS: list[tuple[str, str, Callable[[re.Match[str]], str]]] = [
    (POINT, r"(?<![\w.,])\d+,\d+(?![\w.,])", lambda m: m[0].replace(",", ".")),
    ("per cent are a fraction", rf"({NUMBER})\s*%(?=\s*(?:[-+*/),]|$))", lambda m: f"{float(m[1]) / 100:.10g}"),
    ("a function takes brackets", r"\b([a-z]+\d*)\s+([a-z]+|\d+\.?\d*)\b", lambda m: f"{m[1]}({m[2]})"),
    (
        "a product is written with *",
        rf"{NUMBER}\s*(?=[a-zA-Z(])|\b(?:t|f|p|n|fps|bpm|beat|pi|tau|max_f)\s+(?=[a-zA-Z0-9(])|\)\s*(?=[\w(])",
        lambda m: f"{m[0].rstrip()}*",
    ),
    ("a number begins with no 0", r"(?<![\w.])0+(?=\d)", lambda m: ""),
]
UNITS = {"ms": 0.001, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60}
UNITS |= {"minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600}
FRAMES = ("f", "frame", "frames")


def repaired(text: str, reads: Callable[[str], bool]) -> tuple[str, int] | None:
    """What is wrong with an expression, and where, if a repair or a few make one of it that can be read."""
    signs = [_plain(text, k) for k in range(len(text))]
    plain, origins = "".join(signs), [k for k, sign in enumerate(signs) for _ in sign] + [len(text)]
    for some in _subsets():
        changed, whys, at = plain, [], len(plain)
        for why, pattern, better in some:
            found = re.search(pattern, changed)
            if found is None:
                break
            whys.append(why)
            at = min(at, found.start() if better(found)[:1] == "" or why != REPAIRS[3][0] else found.end())
            changed = re.sub(pattern, better, re.sub(pattern, better, changed))  # what the first one parted, too
        else:
            if reads(changed):
                return f"{' and '.join(whys)}; write {changed.strip()[:200]}", origins[min(at, len(plain))]
    return None


def _plain(text: str, k: int) -> str:
    """A character as Python writes it; a word that was one letter stands apart from those beside it: 2πt → 2 pi t."""
    sign = SIGNS.get(text[k], text[k])
    if sign == text[k] or not sign.isalpha():
        return sign
    before, behind = (" " if beside[:1].isalnum() else "" for beside in (text[k - 1 : k], text[k + 1 : k + 2]))
    return before + sign + behind


def curly(opening: str, closing: str) -> str:
    """What is wrong with typographers' quotes, as they were written."""
    return f"{opening} and {closing} are no quotes; write \" or '"


def of_key(line: str) -> str:
    """The line `seed:3` or `frames = 3` as a scene writes it, or nothing for another."""
    found = KEY.fullmatch(line)
    return f"{found[1]}: {found[2].strip()}" if found else ""


def of_size(text: str) -> str:
    """'; write [640, 360]' for 640x360, 640, 360 or 640 × 360; nothing for another text."""
    found = re.fullmatch(r"\(?\s*(\d{1,5})(?:\s*[,;x×*X:/]\s*|\s+)(\d{1,5})\s*\)?", text.strip())
    return f"; write [{found[1]}, {found[2]}]" if found else ""


def _subsets() -> Iterator[tuple[tuple[str, str, Callable[[re.Match[str]], str]], ...]]:
    for count in range(1, len(REPAIRS) + 1):
        yield from combinations(REPAIRS, count)


def of_number(text: str, key: str = "") -> str:
    """'; …', what a text is that stands where a number should; nothing where that is not clear."""
    text = text.strip()
    name = key.rpartition(".")[2]
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        return f"; {POINT}: {text.replace(',', '.')}"
    if percent := re.fullmatch(r"([-+]?\d+(?:[.,]\d+)?)\s*%", text):
        return f"; as a number that is {float(percent[1].replace(',', '.')) / 100:.10g}"
    if frames := re.fullmatch(r"(\d+)\s*([a-z]+)", text):
        if frames[2] in FRAMES and name == "duration":
            return f"; write frames: {frames[1]}"
        if frames[2] in FRAMES and name == "frames":
            return f"; write {frames[1]} alone"
    lasts = seconds(text)
    if lasts is not None and name in ("duration", "frames"):
        return f"; write {lasts:.10g}, in seconds" if name == "duration" else f"; write duration: {lasts:.10g}"
    if alone := re.fullmatch(r"([-+]?\d+(?:\.\d+)?)\s*[A-Za-z°]+", text):
        return f"; write {alone[1]} alone"
    return ""


def seconds(text: str) -> float | None:
    """How long 4s, 2min, 1 min 30 s, 0:30 or 1:02:03 is; None for what is no such time."""
    if re.fullmatch(r"\d+(:\d{1,2}){1,2}(\.\d+)?", text):
        *larger, last = text.split(":")
        return float(last) + sum(int(part) * 60**power for power, part in enumerate(reversed(larger), 1))
    parts = re.findall(r"(\d+(?:[.,]\d+)?)\s*([a-z]+)\s*", text)
    if not parts or "".join(f"{a}{b}" for a, b in parts) != re.sub(r"\s", "", text) or {b for _, b in parts} - {*UNITS}:
        return None
    return sum(float(amount.replace(",", ".")) * UNITS[unit] for amount, unit in parts)
