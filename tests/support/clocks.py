"""Shared test helpers: clocks that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from schedulezero import instants


class Clock:
    """The system's clock, moved forward and back."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return instants.now() + self.offset


class LoopClock:
    """The clock of an event loop, which stands still until a test moves it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    async def move_until_done(self, *tasks: asyncio.Task[None], step: float) -> None:
        """Moves it in steps, between which whatever is due happens, until these tasks are done."""
        while not all(task.done() for task in tasks):
            self.seconds += step
            for _ in range(10):
                await asyncio.sleep(0)


@contextmanager
def stopped_clock() -> Iterator[LoopClock]:
    """Stops the clock of the running event loop."""
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop.time())
    loop.time = clock
    try:
        yield clock
    finally:
        del loop.time
