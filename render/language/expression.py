"""Expressions such as `1.01 + 0.005 * sin(2*pi*t/8)`, compiled to numpy closures. Nothing in one can run code.

Python's own grammar is read by `ast`, which executes nothing; of its tree only what a whitelist names is translated,
and everything else is refused at its place.
"""

import ast
import re
import warnings
from functools import lru_cache
from typing import NamedTuple

from render.language.translate import ExpressionError, Run, Translator, evaluate

__all__ = ["Compiled", "ExpressionError", "compiled", "evaluate"]

MAX_LENGTH, MAX_BRACKETS = 2000, 50
MEANT = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "π": "pi", "τ": "tau", "²": "**2", "≤": "<=", "≥": ">="}
UNFINISHED = re.compile(r"[-+*/%<>=!&|^~]$|\b(and|or|not|if|else)$")
LINE = dict.fromkeys(map(ord, "\t\n\r\v\f"), " ")
ALLOWED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,+-*/%()<>=!&|^~: ") | set(
    map(chr, LINE)
)


class Compiled(NamedTuple):
    """An expression ready to run; `names` are those that it uses and where first, `steps` how much it computes."""

    run: Run
    names: dict[str, int]
    steps: int


@lru_cache(maxsize=1024)
def compiled(text: str, names: tuple[str, ...]) -> Compiled:
    """The expression of a text that may use these names. ExpressionError, at its place, for whatever else is in it."""
    _check_text(text)
    start = len(text) - len(text.lstrip())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about style, such as a digit before a keyword
            tree = ast.parse(text.translate(LINE).strip(), mode="eval")
            translator = Translator(text, names, start)
            return Compiled(translator.visit(tree.body), translator.used, translator.steps)
    except SyntaxError as error:
        if UNFINISHED.search(text.rstrip()):
            raise ExpressionError("ends too soon", len(text.rstrip())) from None
        at = start + max(0, (error.offset or 1) - 1)
        raise ExpressionError(_explained(error.msg, text[at:].strip()), at) from None
    except (MemoryError, RecursionError, ValueError):
        raise ExpressionError("is nested too deep", start) from None


def _explained(message: str, rest: str) -> str:
    """What is wrong where Python's parser gives up, with the `rest` of the text."""
    if re.search("closed|unmatched|does not match", message):
        return f"cannot be read: {message}"
    if rest.startswith("="):
        return "= sets nothing in an expression; == compares"
    return f"cannot be read from '{rest[:20]}' on"


def _check_text(text: str) -> None:
    """Refuses what Python's parser should not even see: length, depth, quotes and brackets that have no meaning."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"has {len(text)} characters; an expression has at most {MAX_LENGTH}", 0)
    depth = 0
    for at, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth > MAX_BRACKETS:
            raise ExpressionError(f"brackets are nested more than {MAX_BRACKETS} deep", at)
        if c not in ALLOWED:
            hint = f"; write {MEANT[c]}" if c in MEANT else ""
            raise ExpressionError(f"the character {c} has no meaning in an expression{hint}", at)
