"""Lets readers wait for something new in the database, without asking for it again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Announcer:
    """Wakes whoever waits whenever something may have been written."""

    def __init__(self) -> None:
        self._more = asyncio.Event()
        self._closing = False

    def announce(self) -> None:
        """Wakes whoever waits."""
        self._more.set()
        self._more = asyncio.Event()

    def close(self) -> None:
        """Lets whoever waits go: the server is about to end."""
        self._closing = True
        self.announce()

    async def wait_for(self, read: Callable[[], Awaitable[list[T]]], seconds: float) -> list[T]:
        """What ``read`` finds, as soon as it finds anything; nothing when the time is up.

        Parameters:
            read: looks for what is new.
            seconds: how long to wait when there is nothing yet; 0 answers at once.
        """
        try:
            async with asyncio.timeout(seconds or None):
                while True:
                    more = self._more
                    found = await read()
                    if found or seconds <= 0 or self._closing:
                        return found
                    await more.wait()
        except TimeoutError:
            return []
