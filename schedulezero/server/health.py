"""How a node is: *live* while its parts run (else start it again), *ready* while it can do its work.

A load balancer sends requests to nodes that are ready, a supervisor starts those again that are not live. A
node that has lost its database is live and not ready: its runs wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.database import Database, is_postgres
from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import JsonObject
from schedulezero.server.signals import Signals

_FRESH_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
_MOMENT_SECONDS = 2.0
"""So long outcomes may wait to be written before the node is not ready any more."""


class Health:
    """What is known of this node.

    Parameters:
        database: is asked, at most once a second.
        signals: whether other nodes are heard.
        load: how many runs wait in memory and how many are under way.
        unwritten_seconds: for how long outcomes of runs have been waiting to be written.
        stuck_seconds: for how long due jobs could not be claimed.
    """

    def __init__(
        self,
        database: Database,
        signals: Signals,
        load: Callable[[], tuple[int, int]],
        unwritten_seconds: Callable[[], float],
        stuck_seconds: Callable[[], float],
    ) -> None:
        self.broken: list[str] = []
        """The parts that have failed and will not come back by themselves."""
        self._database = database
        self._signals = signals
        self._load = load
        self._unwritten_seconds = unwritten_seconds
        self._stuck_seconds = stuck_seconds
        self._asked_at = 0.0
        self._trouble: str | None = None
        self._lock = asyncio.Lock()

    async def report(self) -> JsonObject:
        """The state of the node as REST answers it."""
        async with self._lock:
            if time.monotonic() - self._asked_at > _FRESH_SECONDS:
                self._trouble = await self._look()
                self._asked_at = time.monotonic()
        waiting, running = self._load()
        trouble = self._trouble
        if trouble is None and self._unwritten_seconds() > _MOMENT_SECONDS:
            trouble = "The outcomes of runs cannot be written now; they are kept in memory until they can."
        if trouble is None and self._stuck_seconds() > _MOMENT_SECONDS:
            trouble = (
                "Due jobs cannot be claimed now: the database cannot be written to. They wait until it can."
            )
        live = not self.broken
        ready = live and trouble is None and self._signals.listening
        return {
            "status": "ok" if ready else "degraded",
            "live": live,
            "ready": ready,
            "runs_waiting": waiting,
            "runs_under_way": running,
            **({"trouble": trouble} if trouble is not None else {}),
        }

    async def _look(self) -> str | None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                read_only = await self._database.read(_read_only)
        except (DatabaseUnavailable, TimeoutError) as error:
            return DatabaseUnavailable(str(error)).message
        return "The database takes no changes now; runs wait until it does again." if read_only else None


def _read_only(connection: Connection) -> bool:
    if not is_postgres(connection):
        return bool(connection.execute(sa.text("SELECT 1")).scalar() != 1)
    return connection.execute(sa.text("SHOW transaction_read_only")).scalar() == "on"
