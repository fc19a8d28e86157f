"""Keeps the history bounded by deleting old ended runs, a few thousand at a time.

The oldest rows come first in the table, so that each step reads only rows it may delete; other readers and
writers get their turn between steps. With several nodes, one of them does this.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from schedulezero import instants
from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.records.leases import Leases
from schedulezero.server.store.runs import RunStore

log = logging.getLogger(__name__)

STEP = 2000
_EVERY_SECONDS = 3600.0
_BETWEEN_SECONDS = 0.1


class Retention:
    """Deletes old runs while it is running.

    Parameters:
        store: the runs.
        leases: tells whether this node is responsible.
        kept_for: how long to keep an ended run, counted from when it was claimed; None keeps it permanently.
        now: returns the current instant.
    """

    def __init__(
        self,
        store: RunStore,
        leases: Leases,
        kept_for: timedelta | None,
        now: Callable[[], datetime] = instants.now,
    ) -> None:
        self._store = store
        self._leases = leases
        self._kept_for = kept_for
        self._now = now

    async def run(self) -> None:
        """Delete old runs every hour until cancelled."""
        while self._kept_for is not None:
            await asyncio.sleep(_BETWEEN_SECONDS)  # a server that starts has more urgent work
            try:
                if await self._leases.owns("retention"):
                    await self.forget(self._now() - self._kept_for)
            except DatabaseUnavailable as error:
                # Parts that wait for the database say that it is away; this one just comes again in an hour.
                log.info("old runs are forgotten later: %s", error)
            await asyncio.sleep(_EVERY_SECONDS)

    async def forget(self, before: datetime) -> int:
        """Delete the ended runs claimed before an instant and return their number."""
        total, after = 0, 0
        while True:
            forgotten, last = await self._store.forget_runs(before, after, STEP)
            total += forgotten
            if last is None:
                break
            after = last
            await asyncio.sleep(_BETWEEN_SECONDS)
        if total:
            log.info("%d runs that were made before %s were forgotten", total, before)
        return total
