"""The versions of jobs: written in the transaction of each change, read for undo and the list of changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.model import Job, JobVersion, JsonObject
from schedulezero.server.records.tables import job_versions
from schedulezero.storage.batching import Together
from schedulezero.storage.database import Database
from schedulezero.when.calendar.weekdays import stored_trigger

MOST_KEPT = 100
"""The most versions of one job to keep; older ones are deleted."""

_INSERT = sa.insert(job_versions)


def note_changes(
    connection: Connection, changes: Sequence[tuple[Job, Job, str, str | None]]
) -> list[JsonObject]:
    """Store what changes made of jobs, within the transaction of the changes; return that as JSON.

    A job's version before its change is stored, too, if it is missing, as for jobs older than this table.

    Parameters:
        connection: the transaction's connection.
        changes: each job before and after its change, with the action and its author; see `version_row`.
    """
    befores = [(before.id, before.version) for before, *_ in changes]
    stored = set(connection.scalars(sa.select(job_versions.c.job_id).where(*_are(befores))))
    first: list[dict[str, Any]] = []
    for before, *_ in changes:
        if before.id not in stored:
            action, by = ("created", before.creator_id) if before.version == 1 else ("changed", None)
            first.append(version_row(before, action, by))
    rows = [version_row(after, action, by) for _, after, action, by in changes]
    note_rows(connection, [*first, *rows])
    for _, after, _, _ in changes:
        if after.version > MOST_KEPT:
            old = (job_versions.c.job_id == after.id) & (job_versions.c.version <= after.version - MOST_KEPT)
            connection.execute(sa.delete(job_versions).where(old))
    return [row["job"] for row in rows]


def note_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store versions of jobs; see `version_row`."""
    connection.execute(_INSERT, rows)


def version_row(job: Job, action: str, by: str | None) -> dict[str, Any]:
    """Return the current version of a job as a row.

    Parameters:
        job: the job after the change.
        action: the action in one word, such as ``paused``.
        by: the id of the user who made the change; None if unknown.
    """
    return {
        "job_id": job.id,
        "version": job.version,
        "action": action,
        "actor_id": by,
        "changed_at": job.updated_at or instants.now(),
        "job": job.to_json(),
    }


def forget(connection: Connection, job_id: str) -> None:
    """Delete all versions of a job because another one replaces it."""
    connection.execute(sa.delete(job_versions).where(job_versions.c.job_id == job_id))


def _are(wanted: Sequence[tuple[str, int]]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for rows of these jobs and versions."""
    key = sa.tuple_(job_versions.c.job_id, job_versions.c.version)
    # SQLite uses no index for the pairs alone.
    return job_versions.c.job_id.in_({job_id for job_id, _ in wanted}), key.in_(wanted)


def _job(data: JsonObject) -> Job:
    job = Job.from_json(data)
    return replace(job, trigger=stored_trigger(job.trigger))


class Versions:
    """Reads the versions of jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ones = Together(self._find)

    async def close(self) -> None:
        """Wait until every pending read has its answer."""
        await self._ones.close()

    async def of(self, job_id: str, limit: int) -> list[JobVersion]:
        """Return the newest versions of a job, newest first."""
        query = (
            sa.select(job_versions)
            .where(job_versions.c.job_id == job_id)
            .order_by(job_versions.c.version.desc())
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [
            JobVersion(_job(row["job"]), row["action"], row["actor_id"], row["changed_at"]) for row in rows
        ]

    async def one(self, job_id: str, version: int) -> Job | None:
        """Return a job at a version, or None if that version isn't stored."""
        return await self._ones.ask((job_id, version))

    async def _find(self, wanted: Sequence[tuple[str, int]]) -> list[Job | None]:
        query = sa.select(job_versions.c.job_id, job_versions.c.version, job_versions.c.job)
        query = query.where(*_are(wanted))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found = {(row.job_id, row.version): _job(row.job) for row in rows}
        return [found.get(each) for each in wanted]
