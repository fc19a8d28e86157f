"""Queries of jobs and of their falling due; those of runs are in `run_store`.

Each change names the state that it expects; how many rows it changed is the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import faults, instants
from schedulezero.database import Database
from schedulezero.instants import from_microseconds
from schedulezero.model import Job, JobState, Run, RunState
from schedulezero.server import audit, signals, troubles, versions
from schedulezero.server.allowance import HourlyAllowance
from schedulezero.server.due import Due
from schedulezero.server.job_rows import find_job, insert_jobs, replace_job, tell_clocks
from schedulezero.server.pages import JobFilter, JobOrder, Position, job_page_query
from schedulezero.server.rows import job_of, job_row, run_at
from schedulezero.server.run_rows import insert_runs, trouble_when_claimed
from schedulezero.server.run_store import RunStore
from schedulezero.server.signals import Signal
from schedulezero.server.tables import jobs, runs
from schedulezero.together import Together

_LIVE = (JobState.ACTIVE.value, JobState.PAUSED.value, JobState.PENDING.value)


class Store(RunStore):
    """Jobs and runs in a database."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._adds = Together(self._add_jobs, most=200)
        self.cancelled_at: datetime | None = None
        """When a job was cancelled last, as far as this node knows; runs made before may be void since."""

    # ---------------------------------------------------------------- jobs

    async def add_job(self, job: Job, *, replace: bool = False, by: str | None = None) -> bool:
        """Adds a job. False when its id is taken, unless it may replace what is there."""

        if replace:
            return await self._database.write(lambda connection: replace_job(connection, job, by))
        return await self._adds.ask((job, by))

    async def _add_jobs(self, new: Sequence[tuple[Job, str | None]]) -> list[bool]:
        """Adds jobs that were asked for at the same time; False for each whose id is taken."""

        def add(connection: Connection) -> list[bool]:
            first: dict[str, Job] = {}
            for job, _ in new:
                first.setdefault(job.id, job)
            ids = insert_jobs(connection, list(first.values()))
            added = [job.id in ids and first[job.id] is job for job, _ in new]
            made = [pair for pair, is_new in zip(new, added, strict=True) if is_new]
            if made:
                tell_clocks(connection, *(job for job, _ in made))
                versions.note_rows(connection, [versions.version_row(job, "created", by) for job, by in made])
                audit.note_rows(connection, [audit.job_row("created", None, job, by) for job, by in made])
            return added

        return await self._database.write(add)

    async def job(self, job_id: str) -> Job | None:
        """The job of that id, cancelled ones included."""
        return await self._database.read(lambda connection: find_job(connection, job_id))

    async def jobs(
        self,
        wanted: JobFilter,
        *,
        order: JobOrder = JobOrder.NEXT,
        after: Position | None = None,
        limit: int,
    ) -> tuple[list[Job], Position | None]:
        """A page of jobs and the position of the page after it."""
        query = job_page_query(wanted, order, after, limit + 1)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [job_of(row) for row in rows[:limit]]
        more = len(rows) > limit
        return page, (rows[limit - 1]["sorted_by"], page[-1].id) if more else None

    async def live_jobs(self, guild_id: str) -> int:
        """How many jobs of a guild may still run."""
        query = sa.select(sa.func.count()).where(jobs.c.guild_id == guild_id, jobs.c.state.in_(_LIVE))
        return await self._database.read(lambda connection: connection.scalar(query)) or 0

    async def handlers_needed(self) -> frozenset[str]:
        """The handlers of all jobs that may still run."""
        over = (JobState.FINISHED.value, JobState.CANCELLED.value)
        query = sa.select(jobs.c.handler_id).where(jobs.c.state.not_in(over)).distinct()
        return frozenset(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def change_job(
        self, job_id: str, change: Callable[[Job], Job | None], *, action: str, by: str | None = None
    ) -> Job | None:
        """Reads a job, changes it and writes it back with its version, in one transaction.

        Parameters:
            job_id: which one.
            change: the changed job, or None to leave it; it may raise to refuse.
            action: what is done, in one word.
            by: who does it (a user's id).

        Returns the job as it is now, or None when there is no such job.
        """

        def apply(connection: Connection) -> Job | None:
            before = find_job(connection, job_id, to_change=True)
            if before is None:
                return None
            after = change(before)
            if after is None:
                return before
            after = replace(after, version=before.version + 1)
            row = job_row(after)
            changed = connection.execute(
                sa.update(jobs).where(jobs.c.id == job_id, jobs.c.version == before.version).values(row)
            ).rowcount
            assert changed == 1, "nobody changes a job between our read, which locks it, and our write"
            tell_clocks(connection, after)
            if after.state is JobState.CANCELLED:
                connection.execute(
                    sa.update(runs)
                    .where(runs.c.job_id == job_id, runs.c.state == RunState.QUEUED.value)
                    .values(state=RunState.CANCELLED.value, note="The job was cancelled.")
                )
                signals.send(connection, Signal.CANCELLED, job_id)
            versions.note_first(connection, before)
            versions.note(connection, after, action, by)
            audit.note_job(connection, action, before, after, by)
            return after

        changed = await self._database.write(apply)
        if changed is not None and changed.state is JobState.CANCELLED:
            self.note_cancelled()
        return changed

    def note_cancelled(self) -> None:
        """Notes that a job was cancelled, here or on another node."""
        self.cancelled_at = instants.now()

    # ---------------------------------------------------------------- falling due

    async def claim_due(
        self,
        now: datetime,
        limit: int,
        decide: Callable[[Job], Due],
        most_an_hour: Callable[[str], int | None] = lambda guild_id: None,
    ) -> tuple[list[Run], datetime | None]:
        """Turns due jobs into runs and moves the jobs on, in one transaction.

        Parameters:
            now: the present instant.
            limit: how many jobs at most.
            decide: what falling due means for a job.
            most_an_hour: how many runs a guild may have within an hour, None for any number.

        Returns the runs to dispatch and the instant at which the next job falls due. (On PostgreSQL that may
        have passed: another node is claiming that job, which this one leaves alone.)
        """

        def claim(connection: Connection) -> tuple[list[Run], datetime | None]:
            due_rows = connection.execute(
                sa.select(jobs)
                .where(jobs.c.state == JobState.ACTIVE.value, jobs.c.next_run_at <= now)
                .order_by(jobs.c.next_run_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).mappings()
            new: list[Run] = []
            moves: list[dict[str, Any]] = []
            left = HourlyAllowance(connection, now, most_an_hour)
            for row in due_rows.all():
                job = job_of(row)
                due = decide(job)
                number = job.run_count
                for at in due.run:
                    refusal = left.take(job.guild_id)
                    if refusal is None:
                        number += 1
                        new.append(run_at(job, at, now, RunState.QUEUED, due.note, number))
                    else:
                        new.append(run_at(job, at, now, RunState.SKIPPED, refusal))
                new += [run_at(job, at, now, RunState.MISSED, due.note) for at in due.missed]
                new += [run_at(job, at, now, RunState.SKIPPED, reason) for at, reason in due.skipped]
                moves.append(
                    {
                        "job": job.id,
                        "expected": job.next_run_at,
                        "next": due.next_run_at,
                        "new_state": (JobState.ACTIVE if due.next_run_at else JobState.FINISHED).value,
                        "count": number,
                    }
                )
            if moves:
                connection.execute(
                    sa.update(jobs)
                    .where(jobs.c.id == sa.bindparam("job"), jobs.c.next_run_at == sa.bindparam("expected"))
                    .values(
                        next_run_at=sa.bindparam("next"),
                        state=sa.bindparam("new_state"),
                        run_count=sa.bindparam("count"),
                    ),
                    moves,
                )
            written = insert_runs(connection, new)
            faults.point("clock.claim")
            for run in written:
                if kind := trouble_when_claimed(run):
                    troubles.note(connection, kind, run.sequence)
            queued = [run for run in written if run.state is RunState.QUEUED]
            upcoming = connection.scalar(
                sa.select(sa.func.min(sa.type_coerce(jobs.c.next_run_at, sa.BigInteger))).where(
                    jobs.c.state == JobState.ACTIVE.value
                )
            )
            return queued, from_microseconds(upcoming) if upcoming is not None else None

        return await self._database.write(claim)
