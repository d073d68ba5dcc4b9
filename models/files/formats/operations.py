"""A pickle's operations, looked through before they run: what would take any amount of memory or stack is refused.

A number in them names a place in the machine's memory, which grows to hold it; and a tuple's hash goes down into the
tuples in it, in C and without a bound.
"""

import io
import pickletools

from models.files.formats.arrays import FormatError

MOST_PICKLE = 32 << 20  # bytes; a state dict of 200 layers has 50 kB
MOST_NESTED = 100  # tuples in tuples
PUTS, GETS = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), ("GET", "BINGET", "LONG_BINGET")
TUPLES = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")


def _effect(operation: pickletools.OpcodeInfo) -> tuple[int, bool, int]:
    """What it takes off the machine's stack below a mark, whether all above the mark, too, and how many it puts."""
    before = operation.stack_before
    marked = pickletools.markobject in before
    return before.index(pickletools.markobject) if marked else len(before), marked, len(operation.stack_after)


EFFECTS = {operation.name: _effect(operation) for operation in pickletools.opcodes}


def look_through(stream: io.BytesIO) -> None:
    """FormatError where the operations would take memory or stack: how deep every tuple on the stack is nested."""
    stack: list[int] = []
    marks: list[int] = []
    memo: dict[int, int] = {}
    for operation, argument, _ in pickletools.genops(stream):
        name = operation.name
        if name in PUTS:
            place = len(memo) if argument is None else int(argument)
            if place > stream.tell():
                raise FormatError("is refused: its pickle names a place in memory that it cannot have")
            memo[place] = stack[-1]
        elif name == "MARK":
            marks.append(len(stack))
        elif name in GETS:
            stack.append(memo.get(int(argument or 0), 0))
        else:
            below, marked, gives = EFFECTS[name]
            first = (marks.pop() if marked else len(stack)) - below
            depth = 1 + max(stack[first:], default=0) if name in TUPLES else 0
            if depth > MOST_NESTED:
                raise FormatError("is refused: its pickle nests tuples without end")
            stack[first:] = [stack[-1] if name == "DUP" else depth] * gives
