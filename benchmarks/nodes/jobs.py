"""Saves many jobs at once, as REST does but with fewer transactions, and wakes the nodes' clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.model import Job, JobState, Trigger
from schedulezero.server.records.rows import job_row
from schedulezero.server.records.tables import jobs, metadata
from schedulezero.storage.postgres import PostgresDatabase

_AT_ONCE = 1000


async def add_jobs(database: str, wanted: Sequence[tuple[str, str, datetime]], guilds: int) -> None:
    """Add jobs with one instant each to a PostgreSQL database.

    Parameters:
        database: its URL.
        wanted: the id, the handler and the instant of each job.
        guilds: over how many guilds they are spread.
    """
    now = instants.now()
    made = [
        Job(
            id=job_id, handler_id=handler_id, method="work", params={"number": number},
            trigger=Trigger("date", {"run_date": at.isoformat()}), state=JobState.ACTIVE, next_run_at=at,
            anchor_at=now, guild_id=str(number % guilds), created_at=now, updated_at=now,
        )
        for number, (job_id, handler_id, at) in enumerate(wanted)
    ]  # fmt: skip

    def insert(connection: Connection, part: list[Job]) -> None:
        connection.execute(sa.insert(jobs), [job_row(job) for job in part])
        connection.execute(sa.text("SELECT pg_notify('schedulezero', 'jobs 0')"))

    tables = PostgresDatabase(database, metadata)
    await tables.open()
    try:
        for start in range(0, len(made), _AT_ONCE):
            part = made[start : start + _AT_ONCE]
            await tables.write(lambda connection, part=part: insert(connection, part))
    finally:
        await tables.close()
