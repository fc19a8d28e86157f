"""Remembers a Ctrl-C while a command starts, because Python may lose the exception that it raises.

Python raises KeyboardInterrupt between any two instructions. In a destructor, in a weak reference's callback,
under somebody's bare ``except`` or in C code that clears errors, it is lost, and a command that then waits
for Ctrl-C would wait for a second one. Or it comes as another exception: pydantic's core makes an error of
its own of whatever stops it while it builds a model. So the first is recorded as well.
"""

from __future__ import annotations

import signal
import types

_seen = False
_started = False


def remember() -> None:
    """Record each SIGINT from now on, and raise KeyboardInterrupt as before; skip this if it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)


def raise_if_seen() -> None:
    """Raise the KeyboardInterrupt that was lost since `remember`, if there was one.

    The start ends here: a later exception is never taken for Ctrl-C's doing (see `stopped_the_start`).
    """
    global _started
    _started = True
    if _seen:
        raise KeyboardInterrupt


def stopped_the_start() -> bool:
    """Return whether Ctrl-C came before the command had started, so that any exception may be its doing."""
    return _seen and not _started


def _interrupted(_number: int, _frame: types.FrameType | None) -> None:
    global _seen
    _seen = True
    raise KeyboardInterrupt
