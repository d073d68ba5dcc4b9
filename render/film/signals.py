"""What asks a render to end: Ctrl-C, SIGTERM (a reboot), SIGHUP (a terminal that is closed).

Each raises KeyboardInterrupt wherever the program is. Python swallows what is raised in a destructor or callback of its
garbage collector; so it is remembered too, and the loop over frames asks.
"""

import signal
import sys
import threading
from typing import Any

_asked = False


def hear() -> None:
    """Listens from now on; a signal that is ignored (by nohup) stays so. Only the main thread can."""
    global _asked
    _asked = False
    if threading.current_thread() is not threading.main_thread():
        return
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & {known.name for known in signal.Signals}:
        number = signal.Signals[name]
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def check() -> None:
    """KeyboardInterrupt if a signal has come since `hear`."""
    if _asked:
        raise KeyboardInterrupt


def _end(number: int, frame: Any) -> None:
    global _asked
    _asked = True
    raise KeyboardInterrupt


def _unraisable(what: Any) -> None:
    if what.exc_type is None or not issubclass(what.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(what)
