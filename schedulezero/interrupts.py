"""Which BaseExceptions other people's code raised itself, and which came from outside.

A task that ends with SystemExit, KeyboardInterrupt or the like ends its event loop, and so the program.
"""

from __future__ import annotations

import asyncio
import dis
from types import TracebackType


def is_its_own(error: BaseException) -> bool:
    """Return whether code raised this itself: it isn't Ctrl-C, or a task's cancellation or closing."""
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
    """Return whether a ``raise`` raised it: signals and the end of a generator don't use one."""
    last: TracebackType | None = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or last.tb_frame.f_globals.get("__name__") == "asyncio.runners":
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
