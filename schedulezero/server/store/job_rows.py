"""Reads and writes rows of jobs within the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import instants
from schedulezero.instants import to_microseconds
from schedulezero.model import Job, JobState, Run
from schedulezero.model.limits import is_ending
from schedulezero.model.part import next_part_at
from schedulezero.server.decisions.parts import followed, planned
from schedulezero.server.records import audit, versions
from schedulezero.server.records.rows import job_of, job_row
from schedulezero.server.records.tables import jobs
from schedulezero.storage import signals
from schedulezero.storage.signals import Signal
from schedulezero.storage.sql import insert_new


def find_job(connection: Connection, job_id: str, *, to_change: bool = False) -> Job | None:
    """Return the job with that id or None; ``to_change`` locks it until the transaction ends."""
    query = sa.select(jobs).where(jobs.c.id == job_id)
    if to_change:
        query = query.with_for_update()  # PostgreSQL has many writers
    row = connection.execute(query).mappings().one_or_none()
    return job_of(row) if row is not None else None


def known_ids(connection: Connection, job_ids: Collection[str]) -> set[str]:
    """Return those of some ids that belong to a job."""
    return set(connection.scalars(sa.select(jobs.c.id).where(jobs.c.id.in_(job_ids))))


def insert_jobs(connection: Connection, new: Sequence[Job]) -> set[str]:
    """Insert jobs and return the ids of those that didn't exist."""
    insert = insert_new(connection, jobs)
    if not new:
        return set()
    if len(new) == 1:  # the common case; the statement below takes twice as long
        return {new[0].id} if connection.execute(insert, job_row(new[0])).rowcount == 1 else set()
    return set(connection.scalars(insert.returning(jobs.c.id), [job_row(job) for job in new]))


def replace_job(connection: Connection, job: Job, by: str | None) -> bool:
    """Replace the job with the same id, if there is one, and delete its versions."""
    connection.execute(sa.delete(jobs).where(jobs.c.id == job.id))
    versions.forget(connection, job.id)
    connection.execute(sa.insert(jobs), [job_row(job)])
    tell_clocks(connection, job)
    versions.note_rows(connection, [versions.version_row(job, "created", by)])
    audit.note_job(connection, "created", None, job, by)
    return True


def tell_clocks(connection: Connection, *saved: Job) -> None:
    """Signal to all nodes when the first of the jobs falls due."""
    each = (at for job in saved for at in (job.next_run_at, next_part_at(job.waiting)))
    due = [at for at in each if at is not None]
    if due:
        signals.send(connection, Signal.JOBS, str(to_microseconds(min(due))))


def finish_ending(connection: Connection, run: Run) -> None:
    """Finish an ending whose run succeeded before its time: there is nothing left for it to do.

    Leaves a job alone that has been edited since, so that it may do something else.
    """
    job = find_job(connection, run.job_id, to_change=True)
    if job is None or not is_ending(job) or job.state not in (JobState.ACTIVE, JobState.PAUSED):
        return
    if (job.method, job.params) == (run.method, run.params):
        ended = {"state": JobState.FINISHED.value, "next_run_at": None}
        connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(ended))


def follow(connection: Connection, run: Run) -> datetime | None:
    """Let the next part of a job follow a run of it that succeeded; return when that is due, None if none."""
    job = find_job(connection, run.job_id, to_change=True)
    after = followed(job, run) if job is not None else None
    if after is None:
        return None
    connection.execute(sa.update(jobs).where(jobs.c.id == after.id).values(job_row(after)))
    tell_clocks(connection, after)
    return next_part_at(after.waiting)


def pause_job(connection: Connection, job_id: str) -> None:
    """Pause a job until someone looks at it."""
    before = find_job(connection, job_id, to_change=True)
    if before is None or before.state is not JobState.ACTIVE:
        return
    after = replace(before, state=JobState.PAUSED, next_run_at=None, version=before.version + 1)
    after = planned(after, instants.now())
    connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(job_row(after)))
    versions.note_changes(connection, [(before, after, "paused", None)])
    audit.note_job(connection, "paused", before, after, None, via="server")
