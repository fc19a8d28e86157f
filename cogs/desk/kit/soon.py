"""Asks the server for what only makes a panel better: it must come soon, or the panel is shown without it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from schedulezero.errors import ClientError

T = TypeVar("T")

SECONDS = 0.8
"""Discord gives three seconds for the first answer, and what is asked here isn't all that a panel needs."""


async def soon(asked: Awaitable[T], seconds: float | None = None) -> T | None:
    """Return the server's answer; None if it is late or fails, since the server enforces its rules itself.

    Parameters:
        asked: what was asked.
        seconds: how long to wait, by default `SECONDS`.
    """
    try:
        async with asyncio.timeout(SECONDS if seconds is None else seconds):
            return await asked
    except (ClientError, TimeoutError):
        return None
