"""How the bot awaits what is not work in progress: pauses, long polls, events that may come much later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from schedulezero.handler.endable import at_most

T = TypeVar("T")


class Waiting:
    """Await things that may take long but are not work in progress.

    A simulated Discord, which continues once all work has settled, replaces this with its own; to it a pause
    of a background part would look like work that is about to go on.
    """

    async def idle(self, awaitable: Awaitable[T]) -> T:
        """Return the awaitable's result."""
        return await awaitable

    async def sleep(self, seconds: float) -> None:
        """Pause for so many seconds."""
        await asyncio.sleep(seconds)

    async def at_most(self, seconds: float, event: asyncio.Event) -> bool:
        """Wait for an event for so many seconds; return whether it came."""
        return await at_most(seconds, event)
