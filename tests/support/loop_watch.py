"""How long a loop is held: a beat each 5 ms, and how long the loop's thread worked between two of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """Seconds of the thread's own processor time between beats; other processes do not count."""
    busy: list[float] = [0.0]

    async def beat() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            busy.append(time.thread_time() - before)

    task = asyncio.create_task(beat())
    try:
        yield busy
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
