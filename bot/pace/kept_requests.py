"""Keeps the count of invalid requests over a restart: a bot in a crash loop doesn't begin at zero."""

from __future__ import annotations

import time

from cogs.background.invalid_requests import InvalidRequests
from cogs.background.waiting import Waiting
from schedulezero.methods.host import Notes

_KIND = "invalid-requests"
_EVERY_SECONDS = 30.0


class KeptRequests:
    """Saves a count while it is running.

    Parameters:
        counted: the count.
        notes: where it is kept.
        process: tells the processes of one bot apart.
    """

    def __init__(self, counted: InvalidRequests, notes: Notes, process: str) -> None:
        self._counted, self._notes, self._key = counted, notes, process or "all"
        self._saved: list[list[float]] = []

    async def restore(self) -> None:
        """Take over what was counted before the restart."""
        kept = await self._notes.kept(_KIND, self._key)
        if kept is not None:
            self._counted.restore(kept["slices"], time.time())

    async def save(self) -> None:
        """Save the count, if it changed."""
        slices = self._counted.to_json()
        if slices != self._saved:
            await self._notes.put(_KIND, self._key, {"slices": slices})
            self._saved = slices

    async def keep_saving(self, waiting: Waiting) -> None:
        """Save every 30 seconds."""
        while True:
            await self.save()
            await waiting.sleep(_EVERY_SECONDS)
