"""Long waits of a bot on a simulated Discord, which goes on only once nothing of the bot is about to happen.

simcord takes a timer of the event loop that ends soon for work in progress, and waits for it. So the timers
of these waits run in threads of their own, and the waits are declared to it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

import simcord
from simcord import SetupError

from cogs.background.waiting import Waiting

T = TypeVar("T")


class SimulatedWaiting(Waiting):
    """Tells the simulator which waits are idle, so that it doesn't wait for them."""

    def __init__(self, env: simcord.Env) -> None:
        self._env = env

    async def idle(self, awaitable: Awaitable[T]) -> T:
        once = _Once(awaitable)
        try:
            return await self._env.external_wait(once, reason="an idle wait")
        except SetupError:
            if once.begun:
                raise
            return await awaitable  # of a task that the simulator doesn't know, or knows to wait already

    async def sleep(self, seconds: float) -> None:
        await self.at_most(seconds, asyncio.Event())

    async def at_most(self, seconds: float, event: asyncio.Event) -> bool:
        loop, came = asyncio.get_running_loop(), True

        def end() -> None:
            nonlocal came
            if not event.is_set():
                came = False
                event.set()

        timer = threading.Timer(seconds, lambda: loop.call_soon_threadsafe(end))
        timer.daemon = True
        timer.start()
        try:
            await self.idle(event.wait())
        finally:
            timer.cancel()
        if not came:
            event.clear()
        return came


class _Once(Generic[T]):
    """An awaitable that tells whether it was awaited, and that can't be closed instead."""

    def __init__(self, awaitable: Awaitable[T]) -> None:
        self._awaitable, self.begun = awaitable, False

    def __await__(self) -> Generator[Any, None, T]:
        self.begun = True
        return (yield from self._awaitable.__await__())
