"""The audit: records each change in the transaction that makes it. Entries are never changed or deleted.

(Database triggers enforce that; see `schedulezero.server.records.tables`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from schedulezero import instants
from schedulezero.model import Job, JsonObject
from schedulezero.model.audit import AuditEntry, Change, changes_between, changes_json, read_changes
from schedulezero.server.records.announcer import Announcer
from schedulezero.server.records.queries import narrowed
from schedulezero.server.records.tables import audit
from schedulezero.storage import signals
from schedulezero.storage.database import Database
from schedulezero.storage.signals import Signal


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries a page shows; None means any."""

    guild_id: str | None = None
    job_id: str | None = None
    actor_id: str | None = None


_INSERT = sa.insert(audit)


def note(connection: Connection, action: str, **entry: Any) -> None:
    """Write an entry within the transaction of the change; see `entry_row`."""
    note_rows(connection, [entry_row(action, **entry)])


def note_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write entries within the transaction of the changes."""
    signals.in_order(connection, Signal.NEWS, audit.name)
    connection.execute(_INSERT, rows)


def entry_row(
    action: str,
    *,
    guild_id: str | None,
    job_id: str | None = None,
    name: str | None = None,
    actor_id: str | None = None,
    via: str | None = None,
    changes: tuple[Change, ...] = (),
) -> dict[str, Any]:
    """Return an entry as a row; see `AuditEntry`."""
    return {
        "at": instants.now(),
        "action": action,
        "guild_id": guild_id,
        "job_id": job_id,
        "name": name,
        "actor_id": actor_id,
        "via": via or ("discord" if actor_id is not None else "rest"),
        "changes": changes_json(changes),
    }


def note_job(
    connection: Connection,
    action: str,
    before: Job | None,
    after: Job,
    by: str | None,
    via: str | None = None,
) -> None:
    """Write the entry for a created or changed job."""
    note_rows(connection, [job_row(action, before, after, after.to_json(), by, via)])


def job_row(
    action: str, before: Job | None, after: Job, written: JsonObject, by: str | None, via: str | None = None
) -> dict[str, Any]:
    """Return the entry for a created or changed job as a row; ``written`` is that job as JSON."""
    changes = changes_between(before.to_json() if before is not None else {}, written)
    return entry_row(
        action,
        guild_id=after.guild_id,
        job_id=after.id,
        name=after.title,
        actor_id=by,
        via=via,
        changes=tuple(change for change in changes if before is not None or change.new not in (None, {}, [])),
    )


class Audit:
    """Reads the audit, and writes entries that aren't changes of a job.

    Parameters:
        database: the database that holds it.
        announcer: wakes readers that wait for new entries.
    """

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    async def add(self, action: str, **entry: Any) -> None:
        """Write an entry; see `note`."""
        await self._database.write(lambda connection: note(connection, action, **entry))
        self._announcer.announce()

    async def page(
        self, wanted: AuditFilter, *, before: int | None, limit: int
    ) -> tuple[list[AuditEntry], int | None]:
        """Return a page of entries, newest first, and the next page's cursor, None after the last one."""
        query = sa.select(audit).order_by(audit.c.sequence.desc()).limit(limit + 1)
        query = narrowed(query, audit, wanted, "guild_id", "job_id", "actor_id")
        if before is not None:
            query = query.where(audit.c.sequence < before)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [_entry(row) for row in rows[:limit]]
        return page, page[-1].sequence if len(rows) > limit else None

    async def newest(self) -> int:
        """Return the sequence of the newest entry, or 0 if there is none."""
        query = sa.select(sa.func.max(audit.c.sequence))
        return await self._database.read(lambda connection: connection.scalar(query)) or 0

    async def after(self, sequence: int, *, limit: int, wait_seconds: float) -> list[AuditEntry]:
        """Return the entries after a sequence, oldest first; wait up to ``wait_seconds`` for one."""
        query = sa.select(audit).where(audit.c.sequence > sequence).order_by(audit.c.sequence).limit(limit)

        async def read() -> list[AuditEntry]:
            rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
            return [_entry(row) for row in rows]

        return await self._announcer.wait_for(read, wait_seconds)


def _entry(row: RowMapping) -> AuditEntry:
    columns: dict[str, Any] = {**row, "changes": read_changes(row["changes"])}
    return AuditEntry(**columns)
