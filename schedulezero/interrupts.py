"""Which exceptions beside `Exception` other people's code raised, and which came from outside of it.

SystemExit, KeyboardInterrupt and the like end an event loop when a task ends with them, and so the program.
"""

from __future__ import annotations

import asyncio
import dis
from types import TracebackType


def is_its_own(error: BaseException) -> bool:
    """Whether code raised this itself: it is not Ctrl-C, and not how its task is cancelled or closed."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return _was_raised(error)
    if isinstance(error, asyncio.CancelledError):
        try:
            task = asyncio.current_task()
        except RuntimeError:  # not on an event loop
            return True
        return task is None or task.cancelling() == 0
    return True


def _was_raised(error: BaseException) -> bool:
    """Whether a ``raise`` raised it: a signal, or the end of a generator, comes without one."""
    last: TracebackType | None = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or last.tb_frame.f_globals.get("__name__") == "asyncio.runners":
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
