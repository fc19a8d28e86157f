"""Keeps the history bounded: runs that ended long ago are forgotten, a few thousand at a time.

The oldest rows come first in the table, so that each step reads just what it may forget; writers and readers
come in between. Of several nodes one does it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from schedulezero import instants
from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.store.runs import RunStore
from schedulezero.storage.signals import Signals

log = logging.getLogger(__name__)

STEP = 2000
_EVERY_SECONDS = 3600.0
_BETWEEN_SECONDS = 0.1


class Retention:
    """Forgets old runs for as long as it runs.

    Parameters:
        store: where runs are.
        signals: tells whether this node is the one to do it.
        kept_for: how long an ended run is kept; None for ever.
        now: tells the present instant.
    """

    def __init__(
        self,
        store: RunStore,
        signals: Signals,
        kept_for: timedelta | None,
        now: Callable[[], datetime] = instants.now,
    ) -> None:
        self._store = store
        self._signals = signals
        self._kept_for = kept_for
        self._now = now

    async def run(self) -> None:
        """Forgets every hour until cancelled."""
        while self._kept_for is not None:
            await asyncio.sleep(_BETWEEN_SECONDS)  # whoever starts has more urgent things to do
            try:
                if await self._signals.owns("retention"):
                    await self.forget(self._now() - self._kept_for)
            except DatabaseUnavailable as error:
                log.warning("old runs are forgotten later: %s", error)
            await asyncio.sleep(_EVERY_SECONDS)

    async def forget(self, before: datetime) -> int:
        """Forgets the ended runs that were made before an instant; returns how many they were."""
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
