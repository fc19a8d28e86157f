"""The outbox of troubles: problems with runs to report. Readers continue from where they stopped.

A trouble is written in the transaction that records its run, so that a rolled-back run leaves no trouble and
a crash loses none.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import Trouble, TroubleKind
from schedulezero.server.records.announcer import Announcer
from schedulezero.server.records.rows import run_of
from schedulezero.server.records.tables import runs, troubles
from schedulezero.storage import signals
from schedulezero.storage.database import Database
from schedulezero.storage.signals import Signal

MOST_KEPT = 10_000
"""The most troubles to keep. Older ones are deleted; their runs are still in the history."""


def note(connection: Connection, kind: TroubleKind, run_sequence: int) -> None:
    """Write a trouble within the transaction that records its run."""
    signals.in_order(connection, Signal.NEWS, troubles.name)
    added = connection.execute(
        sa.insert(troubles).returning(troubles.c.sequence), {"kind": kind.value, "run_sequence": run_sequence}
    ).scalar_one()
    if added % 1000 == 0:
        connection.execute(sa.delete(troubles).where(troubles.c.sequence <= added - MOST_KEPT))


class Troubles:
    """Reads the outbox and lets readers wait for more."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    def announce(self) -> None:
        """Wake waiting readers because something may have been written."""
        self._announcer.announce()

    async def newest(self) -> int:
        """Return the sequence of the newest trouble, or 0 if there is none."""
        query = sa.select(sa.func.max(troubles.c.sequence))
        return await self._database.read(lambda connection: connection.scalar(query)) or 0

    async def after(self, sequence: int, *, limit: int, wait_seconds: float) -> list[Trouble]:
        """Return the troubles after a sequence, oldest first; wait up to ``wait_seconds`` for one.

        Parameters:
            sequence: the sequence of the last trouble that was read.
            limit: the most troubles to return.
            wait_seconds: how many seconds to wait when there is none yet; 0 returns at once.
        """
        return await self._announcer.wait_for(lambda: self._read(sequence, limit), wait_seconds)

    async def _read(self, sequence: int, limit: int) -> list[Trouble]:
        query = (
            sa.select(troubles.c.sequence.label("place"), troubles.c.kind, runs)
            .join(runs, runs.c.sequence == troubles.c.run_sequence)
            .where(troubles.c.sequence > sequence)
            .order_by(troubles.c.sequence)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Trouble(row["place"], TroubleKind(row["kind"]), run_of(row)) for row in rows]
