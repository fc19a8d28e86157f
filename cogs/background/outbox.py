"""Read one of the server's outboxes for as long as a cog is loaded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from cogs.background.supervisor import Kept, Supervisor
from schedulezero.errors import ClientError, NotSupported

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 30.0
_NEVER_SECONDS = 600.0
_FINISH_SECONDS = 5.0

T = TypeVar("T")


class OutboxReader(Generic[T]):
    """Read until closed; wait while the server is unreachable, and longer if it has no such outbox.

    Parameters:
        supervisor: keeps the reading alive.
        what: the name of the outbox, for the log.
        read: waits for news and returns it in pieces.
        tell: posts one piece and saves the cursor; closing does not interrupt it.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        what: str,
        read: Callable[[], Awaitable[Sequence[T]]],
        tell: Callable[[T], Awaitable[None]],
    ) -> None:
        self._supervisor, self._what, self._read, self._tell = supervisor, what, read, tell
        self._telling = asyncio.Lock()
        self._kept: Kept | None = None

    @property
    def _part(self) -> str:
        return f"reading {self._what}"

    def start(self) -> None:
        """Start reading, unless already started."""
        if self._kept is None:
            self._kept = self._supervisor.keep(self._part, self._keep_reading)

    async def close(self) -> None:
        """Stop reading; first finish the current piece, if that does not take too long."""
        if self._kept is None:
            return
        try:
            async with asyncio.timeout(_FINISH_SECONDS), self._telling:
                self._kept.task.cancel()
        except TimeoutError:
            log.warning("%s: what is being told takes too long; it may be told again", self._what)
        await self._kept.close()

    async def _keep_reading(self) -> None:
        while True:
            try:
                for piece in await self._read():
                    async with self._telling:
                        await self._tell(piece)
            except NotSupported:
                await self._supervisor.waiting.sleep(_NEVER_SECONDS)  # a newer server may replace this one
            except ClientError as error:
                log.info("%s cannot be read: %s", self._what, error)
                await self._supervisor.waiting.sleep(_AGAIN_SECONDS)
            except Exception as error:  # noqa: BLE001 - noted, with its trace if it is a bug
                self._supervisor.note(self._part, error)
                await self._supervisor.waiting.sleep(_AGAIN_SECONDS)
