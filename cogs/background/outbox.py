"""Reading on in what the server tells, for as long as a cog is loaded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from schedulezero.background import run_in_background
from schedulezero.errors import ClientError, NotSupported

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 30.0
_NEVER_SECONDS = 600.0
_FINISH_SECONDS = 5.0

T = TypeVar("T")


class OutboxReader(Generic[T]):
    """Reads on until it is closed; waits while the server is gone, and longer where it tells nothing.

    Parameters:
        what: is read, for the log.
        read: waits for something, and gives it in pieces.
        tell: tells one piece and notes how far it came; closing does not come between the two.
    """

    def __init__(
        self,
        what: str,
        read: Callable[[], Awaitable[Sequence[T]]],
        tell: Callable[[T], Awaitable[None]],
    ) -> None:
        self._what, self._read, self._tell = what, read, tell
        self._telling = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to read, unless it reads already."""
        if self._task is None:
            self._task = run_in_background(self._keep_reading(), f"reading {self._what}")

    async def close(self) -> None:
        """Stops reading; what is being told is told to its end first, if that does not take too long."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(_FINISH_SECONDS), self._telling:
                self._task.cancel()
        except TimeoutError:
            log.warning("%s: what is being told takes too long; it may be told again", self._what)
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_reading(self) -> None:
        while True:
            try:
                for piece in await self._read():
                    async with self._telling:
                        await self._tell(piece)
            except NotSupported:
                await asyncio.sleep(_NEVER_SECONDS)  # another server may take its place
            except ClientError as error:
                log.info("%s cannot be read: %s", self._what, error)
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception:
                log.exception("%s cannot be told", self._what)
                await asyncio.sleep(_AGAIN_SECONDS)
