"""Ends what one entry of a file does once it has used its share of the processor's time.

A rule may be one that never matches, which a library only finds out at the end of its calendar. One such
entry must not cost those behind it.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager


class TookTooLong(Exception):
    """An entry used more processor time than it may."""


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Raise TookTooLong within the block after so many seconds of this process's processor time.

    Only a process's main thread can be interrupted, and not on Windows; elsewhere, nothing is limited, and
    whoever started the process ends it.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
