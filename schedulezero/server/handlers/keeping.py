"""Keeps registered instances in the database, so that the next start and the other nodes know them.

With other nodes, an instance counts as registered once the others can know it. Without them, a handler works
without being saved, so a locked file or a full disk doesn't keep it waiting: the write goes on behind it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from schedulezero.background import run_in_background
from schedulezero.errors import DatabaseUnavailable
from schedulezero.server.handlers.entries import Entry
from schedulezero.server.records.instances import Instance, Instances

log = logging.getLogger(__name__)

_PART = "the list of handlers"

RENEW_SECONDS = 3600.0
"""How long after its last sign of life was saved an instance is asked for another one to save."""
_LOOK_SECONDS = 60.0
"""How often to look for instances that are due."""
_SILENT_SECONDS = 600.0
"""How long after it gave no sign of life an instance is asked again."""
_RENEWED_AT_ONCE = 20
_SAVE_SECONDS = 1.0
_SAVE_AGAIN_SECONDS = 60.0


class Keeping:
    """Writes instances to their table.

    Parameters:
        table: the table of instances; None to keep them in memory only.
        shared: whether other nodes read and write that table.
    """

    def __init__(self, table: Instances | None, *, shared: bool) -> None:
        self._table = table
        self.shared = shared and table is not None
        """Whether there may be other nodes."""
        self._writing: set[asyncio.Task[None]] = set()

    async def all(self) -> list[Instance]:
        """Return the instances that the database keeps; raises DatabaseUnavailable."""
        return await self._table.all() if self._table is not None else []

    async def save(self, instance: Instance, known: Entry | None, keep: Callable[[Instance], Entry]) -> Entry:
        """Save a registration unless its row is the same and new enough, and return its entry.

        Parameters:
            instance: the instance.
            known: its entry so far, if there is one.
            keep: adds the instance to the known ones.

        Raises DatabaseUnavailable if there are other nodes, which then can't know it.
        """
        unchanged = known is not None and known.instance == instance and not is_old(known)
        if self._table is None or unchanged:
            return keep(instance)
        if self.shared:
            await self._table.save(instance)
            entry = keep(instance)
            entry.renewed_at = time.monotonic()
        else:
            entry = keep(instance)
            await self._save_behind(self._table, entry)
        return entry

    async def forget(self, entry: Entry) -> None:
        """Delete an instance that was replaced or dropped; raises DatabaseUnavailable as `save` does."""
        if self._table is None:
            return
        deleting = self._table.forget(entry.handler_id, entry.instance.address)
        if self.shared:
            await deleting
        else:
            await self._behind(deleting, f"forgetting handler {entry.handler_id!r}")

    async def renew(self, entry: Entry) -> None:
        """Save a sign of life if the last one was saved a while ago."""
        if self._table is None or not entry.online or not is_old(entry):
            return
        if not self.shared:
            await self._save_behind(self._table, entry)
            return
        entry.renewed_at = time.monotonic()
        try:
            # Only if the row is still there: another node may have replaced the instance.
            await self._table.heard(entry.handler_id, entry.instance.address)
        except DatabaseUnavailable as error:
            if not self._table.outage.under_way:  # else the log has it
                log.warning("the sign of life of handler %r was not saved: %s", entry.handler_id, error)
            _save_again_soon(entry)

    def note_reading(self, error: DatabaseUnavailable | None) -> None:
        """Note that the instances could be read, or why not; they are read again soon."""
        if self._table is None:
            return
        if error is None:
            self._table.outage.over(_PART)
        else:
            self._table.outage.failed(_PART, error)

    async def keep_renewing(
        self, entries: Callable[[], Iterable[Entry]], answers: Callable[[Entry], Awaitable[bool]]
    ) -> None:
        """Save a sign of life of each instance that answers, every hour, until cancelled.

        A handler that only pings, and one whose job runs once a month, gives none by itself.

        Parameters:
            entries: returns the known instances.
            answers: asks an instance whether it is there; False for one that was dropped since.
        """
        places = asyncio.Semaphore(_RENEWED_AT_ONCE)

        async def ask(entry: Entry) -> None:
            async with places:
                if await answers(entry):
                    await self.renew(entry)
                elif not entry.fresh:  # nor heard from while it was asked
                    entry.silent_at = time.monotonic()

        while self._table is not None:
            await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.gather(*(ask(entry) for entry in entries() if is_due(entry)))

    def close(self) -> None:
        """Give up what is still being written."""
        for task in self._writing:
            task.cancel()

    async def _save_behind(self, table: Instances, entry: Entry) -> None:
        entry.renewed_at = time.monotonic()
        await self._behind(
            table.save(entry.instance),
            f"saving handler {entry.handler_id!r}",
            lambda _: _save_again_soon(entry),
        )

    async def _behind(
        self,
        work: Coroutine[Any, Any, None],
        what: str,
        failed: Callable[[BaseException], object] | None = None,
    ) -> None:
        """Do some work in the background, and wait for it a moment, which is nearly always enough."""
        task = run_in_background(work, what, failed=failed)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait((task,), timeout=_SAVE_SECONDS)


def is_old(entry: Entry) -> bool:
    """Return whether an instance's last sign of life was saved a while ago, or never by this process."""
    return entry.renewed_at == 0.0 or time.monotonic() - entry.renewed_at >= RENEW_SECONDS


def is_due(entry: Entry) -> bool:
    """Return whether to ask an instance now for a sign of life to save."""
    silent = entry.silent_at != 0.0 and time.monotonic() - entry.silent_at < _SILENT_SECONDS
    return is_old(entry) and not silent


def _save_again_soon(entry: Entry) -> None:
    entry.renewed_at = time.monotonic() - RENEW_SECONDS + _SAVE_AGAIN_SECONDS
