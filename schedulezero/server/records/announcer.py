"""Lets readers wait for new rows in the database without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Announcer:
    """Wakes waiting readers whenever something may have been written."""

    def __init__(self) -> None:
        self._more = asyncio.Event()
        self._closing = False

    def announce(self) -> None:
        """Wake all waiting readers."""
        self._more.set()
        self._more = asyncio.Event()

    def close(self) -> None:
        """Release all waiting readers because the server is about to stop."""
        self._closing = True
        self.announce()

    async def wait_for(self, read: Callable[[], Awaitable[list[T]]], seconds: float) -> list[T]:
        """Wait until ``read`` finds something and return it, or an empty list when the time is up.

        Parameters:
            read: returns the new rows.
            seconds: how many seconds to wait when there is nothing yet; 0 returns at once.
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
