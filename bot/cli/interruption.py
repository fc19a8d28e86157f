"""Remembers a Ctrl-C while a command starts, because Python may lose the exception that it raises.

Python raises KeyboardInterrupt between any two instructions. In a destructor, in a weak reference's callback,
under somebody's bare ``except`` or in C code that clears errors, it is lost, and a command that then waits
for Ctrl-C would wait for a second one. So the first is recorded as well.
"""

from __future__ import annotations

import signal
import types

_seen = False


def remember() -> None:
    """Record each SIGINT from now on, and raise KeyboardInterrupt as before; skip this if it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)


def raise_if_seen() -> None:
    """Raise the KeyboardInterrupt that was lost since `remember`, if there was one."""
    if _seen:
        raise KeyboardInterrupt


def _interrupted(_number: int, _frame: types.FrameType | None) -> None:
    global _seen
    _seen = True
    raise KeyboardInterrupt
