"""The terminal: what is said there ends no render, whether anybody reads it or not, and whatever letters it knows.

Results go to stdout, all else to stderr. Either may be missing (pythonw, 2>&-), closed, full, or a pipe that nobody
empties.
"""

import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

COMMAND = "python -m render"  # as messages name it, which say what was called instead
PATIENCE = 0.5  # seconds that a sentence waits for a reader


def called() -> str:
    """How this program was called: `dreamreel` where that is installed and was used."""
    return "dreamreel" if Path(sys.argv[0]).name.startswith("dreamreel") else COMMAND


def prepare() -> None:
    """Letters that a terminal or file does not know are escaped from now on, as \\u043a: no name ends a render."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):  # it is missing, closed, or no stream of bytes
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def result(text: object) -> bool:
    """Prints what a command has to tell, or where it has put what it made; whether stdout has taken it."""
    with suppress(OSError, ValueError):
        print(text, flush=True)
        return True
    finish()
    return False


def finish() -> None:
    """Hands out what stdout still holds, or forgets it: the interpreter would complain of it on its way out."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it takes whatever else is printed


def say(text: str) -> None:
    """Prints to stderr."""
    errors(PATIENCE).write(text.replace(COMMAND, called()) + "\n")


def errors(patience: float = 0.0) -> "Errors":
    """stderr as it is now; it waits for so many seconds at most until there is room in it."""
    return Errors(sys.stderr, patience)


class Errors:
    """A stream that never fails: what it cannot take, it drops."""

    def __init__(self, stream: Any, patience: float) -> None:
        self.stream, self.patience = stream, patience

    def write(self, text: str) -> int:
        if self.takes():
            with suppress(OSError, ValueError):
                self.stream.write(text)
                self.stream.flush()
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        with suppress(AttributeError, OSError, ValueError):
            return bool(self.stream.isatty())
        return False

    def takes(self) -> bool:
        """Whether there is a stream, and room in it; where that cannot be told (Windows, no file), there is."""
        if self.stream is None:
            return False
        try:
            return os.name == "nt" or bool(select.select([], [self.stream], [], self.patience)[1])
        except (AttributeError, TypeError, ValueError, OSError):
            return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def bar(**options: Any) -> Any:
    """A tqdm bar on stderr."""
    from tqdm import tqdm

    return tqdm(file=errors(), **options)
