"""How long a loop is held: a beat each 5 ms, and how long the loop's thread worked between two of them."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.run import keep_what_is_loaded


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """Seconds of the thread's own processor time between beats; other processes do not count.

    What is loaded is exempt from garbage collection, as in `run`.
    """
    busy: list[float] = [0.0]

    async def beat() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            busy.append(time.thread_time() - before)

    keep_what_is_loaded()
    task = asyncio.create_task(beat())
    try:
        yield busy
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        gc.unfreeze()


_HELD_AT_MOST = 0.1
_YARDSTICK_SECONDS = 0.008
"""What `_yardstick` takes on the machine on which the limit was chosen."""


def held_at_most() -> float:
    """Return how many seconds a loop may be held: more on a slow machine, or while its cores are shared."""
    return _HELD_AT_MOST * max(1.0, min(_yardstick() for _ in range(5)) / _YARDSTICK_SECONDS)


def _yardstick() -> float:
    """Do a fixed piece of work, and return the thread's processor time that it took in seconds."""
    began, found = time.thread_time(), dict[int, str]()
    for number in range(60_000):
        found[number % 977] = str(number)
    return time.thread_time() - began
