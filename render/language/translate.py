"""From Python's syntax tree to numpy closures: only what the tables of functions.py name is translated.

`at` is the index of a character in the expression's text. A truth is 1 or 0.
"""

import ast
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NoReturn

import numpy as np

from render.language.functions import BINARY, COMPARE, CONSTANTS, FUNCTIONS, LOGIC, MAX_POWER, UNARY, Array
from render.language.marks import listed, near

Run = Callable[[Mapping[str, Array]], Array]
MAX_DEPTH = 100
NO_OPERATOR = {
    ast.BitXor: ("^", "a power is written **"),
    ast.BitAnd: ("&", "write and"),
    ast.BitOr: ("|", "write or"),
    ast.LShift: ("<<", "one < compares"),
    ast.RShift: (">>", "one > compares"),
}
REFUSED = {
    ast.Attribute: "a number has no attributes",
    ast.Lambda: "an expression cannot define a function",
    ast.NamedExpr: "an expression cannot set a name",
    ast.Tuple: "one number is wanted, not several",
    ast.Starred: "* stands between two numbers",
}


class ExpressionError(Exception):
    """A text that is no expression; `at` is where."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def evaluate(run: Run, inputs: Mapping[str, Array]) -> Array:
    """The value of an expression; NaN and infinity where it has none."""
    with np.errstate(all="ignore"):
        return run(inputs)


class Translator:
    """Translates the tree of a text that may use `names`; `start` is how many spaces stood before what was parsed."""

    def __init__(self, text: str, names: tuple[str, ...], start: int) -> None:
        self.text, self.names, self.start = text, names, start
        self.used: dict[str, int] = {}
        self.steps = self.depth = 0
        self.kinds: dict[type, Callable[[Any], Run]] = {
            ast.Constant: self.number,
            ast.Name: self.name,
            ast.BinOp: self.binary,
            ast.UnaryOp: self.unary,
            ast.BoolOp: self.logic,
            ast.Compare: self.comparison,
            ast.IfExp: self.choice,
            ast.Call: self.call,
        }

    def visit(self, node: ast.expr) -> Run:
        """The closure of a part."""
        self.depth += 1
        self.steps += not isinstance(node, ast.Constant | ast.Name)
        if self.depth > MAX_DEPTH:
            self.fail(node, "is nested too deep")
        run = self.kinds.get(type(node), self.refused)(node)
        self.depth -= 1
        return run

    def fail(self, node: ast.expr, message: str) -> NoReturn:
        raise ExpressionError(message, self.start + node.col_offset)  # bytes, but only ASCII came this far

    def refused(self, node: ast.expr) -> NoReturn:
        why = REFUSED.get(type(node), "it takes numbers, names, functions, + - * / // % **, comparisons and if … else")
        if isinstance(node, ast.Attribute):
            raise ExpressionError(f".{node.attr} is no part of an expression: {why}", self.after(node.value, "."))
        self.fail(node, f"this is no part of an expression: {why}")

    def after(self, node: ast.expr, sign: str) -> int:
        """Where a sign stands after a part."""
        return self.text.find(sign, self.start + (node.end_col_offset or 0))

    def number(self, node: ast.Constant) -> Run:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self.fail(node, f"{node.value!r} is no number")
        value = np.float64(node.value if abs(node.value) < 1e300 else np.inf)
        if np.isinf(value):
            self.fail(node, "holds too large a number")
        return lambda inputs: value

    def name(self, node: ast.Name) -> Run:
        name = node.id
        if name in CONSTANTS:
            value = np.float64(CONSTANTS[name])
            return lambda inputs: value
        if name in FUNCTIONS and name not in self.names:
            self.fail(node, f"{name} is a function: write {name}({FUNCTIONS[name].parameters.replace(' ', ', ')})")
        if name not in self.names:
            known = (*self.names, *CONSTANTS)
            hint = near(name, known) or f"; known are {listed(known, 'and')}"
            self.fail(node, f"there is no name '{name[:40]}' in an expression{hint}")
        self.used.setdefault(name, self.start + node.col_offset)
        return lambda inputs: inputs[name]

    def binary(self, node: ast.BinOp) -> Run:
        if type(node.op) in LOGIC and all(map(_is_truth, (node.left, node.right))):
            return self.logical(LOGIC[type(node.op)], [node.left, node.right])
        if type(node.op) not in BINARY:
            sign, hint = NO_OPERATOR.get(type(node.op), ("", "known are + - * / // % and **"))
            raise ExpressionError(f"{sign} is no operator between numbers; {hint}", self.after(node.left, sign))
        call, left, right = BINARY[type(node.op)], self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            self.check_power(node.right, right)
        return lambda inputs: call(left(inputs), right(inputs))

    def check_power(self, node: ast.expr, power: Run) -> None:
        """Refuses 9**9**9; a power that moves is only as large as float64 goes."""
        if any(isinstance(part, ast.Name) and part.id not in CONSTANTS for part in ast.walk(node)):
            return
        if not abs(value := float(evaluate(power, {}))) <= MAX_POWER:
            self.fail(node, f"a power of {value:.4g} is too large; powers go to {MAX_POWER}")

    def unary(self, node: ast.UnaryOp) -> Run:
        inner = self.visit(node.operand)
        if isinstance(node.op, ast.Not) or (isinstance(node.op, ast.Invert) and _is_truth(node.operand)):
            return lambda inputs: np.equal(inner(inputs), 0) * 1.0
        if type(node.op) not in UNARY:
            self.fail(node, "~ stands before comparisons only; write not")
        call = UNARY[type(node.op)]
        return lambda inputs: call(inner(inputs))

    def logic(self, node: ast.BoolOp) -> Run:
        return self.logical(LOGIC[type(node.op)], node.values)

    def logical(self, call: Callable[..., Array], nodes: list[ast.expr]) -> Run:
        parts = [self.visit(node) for node in nodes]
        return lambda inputs: reduce(call, [part(inputs) for part in parts]) * 1.0

    def comparison(self, node: ast.Compare) -> Run:
        calls = [COMPARE.get(type(op)) for op in node.ops]
        if None in calls:
            self.fail(node, "numbers are compared with <, <=, >, >=, == and !=")
        parts = [self.visit(part) for part in (node.left, *node.comparators)]

        def run(inputs: Mapping[str, Array]) -> Array:
            values = [part(inputs) for part in parts]
            truths = [call(a, b) for call, a, b in zip(calls, values, values[1:], strict=False) if call]
            return reduce(np.logical_and, truths) * 1.0

        return run

    def choice(self, node: ast.IfExp) -> Run:
        test, yes, no = self.visit(node.test), self.visit(node.body), self.visit(node.orelse)
        return lambda inputs: np.where(test(inputs) != 0, yes(inputs), no(inputs))

    def call(self, node: ast.Call) -> Run:
        if not isinstance(node.func, ast.Name):
            self.visit(node.func)
            self.fail(node, "only functions such as sin can be called; write * between numbers")
        name = node.func.id
        if name in self.names or name in CONSTANTS:
            self.fail(node, f"{name} is no function; write {name} * (…)")
        if name not in FUNCTIONS:
            known = near(name, FUNCTIONS) or f"; known are {listed(FUNCTIONS, 'and')}"
            self.fail(node, f"there is no function '{name[:40]}'{known}")
        arguments = self.arguments(name, node)
        parts, call = [self.visit(argument) for argument in arguments], FUNCTIONS[name].call
        self.steps += FUNCTIONS[name].cost
        if name == "pow":
            self.check_power(arguments[1], parts[1])
        return lambda inputs: call(*(part(inputs) for part in parts))

    def arguments(self, name: str, node: ast.Call) -> list[ast.expr]:
        """A call's arguments in order, those given by name in their places."""
        function = FUNCTIONS[name]
        parameters = function.parameters.split()
        given: dict[Any, ast.expr] = dict(enumerate(node.args))
        for keyword in node.keywords:
            at = parameters.index(keyword.arg) if keyword.arg in parameters else -1
            if at < 0 or at in given or function.many:
                self.fail(keyword.value, f"there is no such argument; write {name}({', '.join(parameters)})")
            given[at] = keyword.value
        most = len(given) if function.many else len(parameters)
        if not function.required <= len(given) <= most or set(given) != set(range(len(given))):
            self.fail(node, f"write {name}({', '.join(parameters)}), not {len(given)} numbers")
        return [given[at] for at in range(len(given))]


def _is_truth(node: ast.expr) -> bool:
    """Whether a part is a comparison, so that & and | between such parts mean and and or."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        return _is_truth(node.left) and _is_truth(node.right)
    return isinstance(node, ast.Compare | ast.BoolOp) or (isinstance(node, ast.UnaryOp) and _is_truth(node.operand))
