"""Queries of jobs and runs; beside it stand `versions`, `troubles` and `rules` with a table each.

Each change names the state that it expects; how many rows it changed is the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import faults, instants
from schedulezero.database import Database, insert_new
from schedulezero.instants import from_microseconds, to_microseconds
from schedulezero.model import Job, JobState, Run, RunState
from schedulezero.server import audit, queued_runs, signals, troubles, versions
from schedulezero.server.allowance import HourlyAllowance
from schedulezero.server.due import Due
from schedulezero.server.pages import JobFilter, JobOrder, Position, RunFilter, job_page_query
from schedulezero.server.rows import (
    OUTCOME_COLUMNS,
    job_of,
    job_row,
    messages_of,
    outcome,
    run_at,
    run_of,
)
from schedulezero.server.run_rows import TROUBLES, insert_runs, queue_again, trouble_when_claimed
from schedulezero.server.signals import Signal
from schedulezero.server.tables import jobs, posts, runs
from schedulezero.together import Together

_LIVE = (JobState.ACTIVE.value, JobState.PAUSED.value, JobState.PENDING.value)


class Store:
    """Jobs and runs in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._adds = Together(self._add_jobs, most=200)
        self.cancelled_at: datetime | None = None
        """When a job was cancelled last, as far as this node knows; runs made before may be void since."""

    # ---------------------------------------------------------------- jobs

    async def add_job(self, job: Job, *, replace: bool = False, by: str | None = None) -> bool:
        """Adds a job. False when its id is taken, unless it may replace what is there."""

        if replace:
            return await self._database.write(lambda connection: _replace_job(connection, job, by))
        return await self._adds.ask((job, by))

    async def _add_jobs(self, new: Sequence[tuple[Job, str | None]]) -> list[bool]:
        """Adds jobs that were asked for at the same time; False for each whose id is taken."""

        def add(connection: Connection) -> list[bool]:
            first: dict[str, Job] = {}
            for job, _ in new:
                first.setdefault(job.id, job)
            ids = _insert_jobs(connection, list(first.values()))
            added = [job.id in ids and first[job.id] is job for job, _ in new]
            made = [pair for pair, is_new in zip(new, added, strict=True) if is_new]
            if made:
                _tell_clocks(connection, *(job for job, _ in made))
                versions.note_rows(connection, [versions.version_row(job, "created", by) for job, by in made])
                audit.note_rows(connection, [audit.job_row("created", None, job, by) for job, by in made])
            return added

        return await self._database.write(add)

    async def job(self, job_id: str) -> Job | None:
        """The job of that id, cancelled ones included."""
        return await self._database.read(lambda connection: _find_job(connection, job_id))

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
            before = _find_job(connection, job_id, to_change=True)
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
            _tell_clocks(connection, after)
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

    # ---------------------------------------------------------------- runs

    async def add_run(self, run: Run) -> Run:
        """Adds a run on demand and returns it with its sequence."""

        def add(connection: Connection) -> Run:
            at = run.scheduled_at
            while not (added := insert_runs(connection, [replace(run, scheduled_at=at)])):
                at += timedelta(microseconds=1)  # another one was asked for in the same instant
            return added[0]

        return await self._database.write(add)

    async def add_runs(self, new: Sequence[Run]) -> list[Run]:
        """Adds runs of instants that have none yet, and queues those again that did not succeed.

        An instant whose run succeeded or is queued is left alone. Returns the runs that are to be
        carried out now.
        """

        def add(connection: Connection) -> list[Run]:
            queued: list[Run] = []
            for run in new:
                known = connection.execute(
                    sa.select(runs.c.sequence).where(
                        runs.c.job_id == run.job_id, runs.c.scheduled_at == run.scheduled_at
                    )
                ).scalar()
                if known is None:
                    queued += insert_runs(connection, [run])
                elif again := queue_again(connection, known, run):
                    queued.append(again)
            return queued

        return await self._database.write(add)

    async def instants_done(self, job_id: str, since: datetime, until: datetime) -> set[datetime]:
        """The instants of a job within a span whose run succeeded, or is still to be carried out."""
        query = sa.select(runs.c.scheduled_at).where(
            runs.c.job_id == job_id,
            runs.c.scheduled_at.between(since, until),
            runs.c.state.in_((RunState.SUCCEEDED.value, RunState.QUEUED.value)),
        )
        return set(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def run(self, sequence: int) -> Run | None:
        """The run of that place, None when it was forgotten."""
        query = sa.select(runs).where(runs.c.sequence == sequence)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return run_of(row) if row is not None else None

    async def open_among(self, sequences: Collection[int]) -> list[Run]:
        """Those of the runs that wait to be carried out, in the order in which they were written."""
        query = (
            sa.select(runs)
            .where(runs.c.sequence.in_(sequences), runs.c.state == RunState.QUEUED.value)
            .order_by(runs.c.sequence)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [run_of(row) for row in rows]

    async def enqueue_open_runs(self) -> None:
        """Puts every run that waits into the queue that nodes share, where it is not there already."""
        query = sa.select(runs).where(runs.c.state == RunState.QUEUED.value).order_by(runs.c.sequence)

        def enqueue(connection: Connection) -> None:
            for rows in connection.execute(query).mappings().partitions(1000):
                queued_runs.enqueue(connection, [run_of(row) for row in rows])

        await self._database.write(enqueue)

    async def forget_queued(self, sequences: Sequence[int]) -> None:
        """Takes runs off the queue that nodes share."""
        await self._database.write(lambda connection: queued_runs.remove(connection, sequences))

    async def has_earlier_open(self, run: Run) -> bool:
        """Whether another run of the job waits or is under way that was made, or asked for again, earlier."""
        earlier = sa.or_(
            runs.c.claimed_at < run.claimed_at,
            sa.and_(runs.c.claimed_at == run.claimed_at, runs.c.sequence < run.sequence),
        )
        query = sa.select(
            sa.exists().where(runs.c.job_id == run.job_id, runs.c.state == RunState.QUEUED.value, earlier)
        )
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    async def is_open(self, run: Run) -> bool:
        """Whether a run still waits to be carried out."""
        query = sa.select(runs.c.state).where(runs.c.sequence == run.sequence)
        state = await self._database.read(lambda connection: connection.scalar(query))
        return state == RunState.QUEUED.value

    async def has_later(self, run: Run) -> bool:
        """Whether a later run of the same job was made since, which may take this one's place."""
        query = sa.select(
            sa.exists().where(
                runs.c.job_id == run.job_id,
                runs.c.scheduled_at > run.scheduled_at,
                runs.c.claimed_at > run.claimed_at,
                runs.c.state.in_((RunState.QUEUED.value, RunState.SUCCEEDED.value)),
            )
        )
        return bool(await self._database.read(lambda connection: connection.scalar(query)))

    async def open_runs(self, handler_id: str, after_sequence: int, limit: int) -> list[Run]:
        """The queued runs of a handler, in the order in which they were written."""
        query = (
            sa.select(runs)
            .where(
                runs.c.state == RunState.QUEUED.value,
                runs.c.handler_id == handler_id,
                runs.c.sequence > after_sequence,
            )
            .order_by(runs.c.sequence)
            .limit(limit)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [run_of(row) for row in rows]

    async def handlers_with_open_runs(self) -> list[str]:
        """The handlers that have queued runs, as after a restart."""
        query = sa.select(runs.c.handler_id).where(runs.c.state == RunState.QUEUED.value).distinct()
        return list(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def record(self, changed: Sequence[Run], pausing: Collection[str] = ()) -> None:
        """Writes what became of runs. A run that was cancelled meanwhile stays cancelled.

        Parameters:
            changed: the runs as they are now.
            pausing: the ids of jobs that are to be held until somebody looks at them.
        """

        def write(connection: Connection) -> None:
            statement = (
                sa.update(runs)
                .where(runs.c.sequence == sa.bindparam("run"), runs.c.state == RunState.QUEUED.value)
                .values({name: sa.bindparam(f"new_{name}") for name in OUTCOME_COLUMNS})
            )
            values = [
                {"run": run.sequence, **{f"new_{name}": outcome(run)[name] for name in OUTCOME_COLUMNS}}
                for run in changed
            ]
            posted = [
                {"message_id": message_id, "run_sequence": run.sequence}
                for run in changed
                for message_id in messages_of(run)
            ]
            if posted:
                connection.execute(insert_new(connection, posts), posted)
            plain = [row for run, row in zip(changed, values, strict=True) if run.state not in TROUBLES]
            if plain:
                connection.execute(statement, plain)
            for run, row in zip(changed, values, strict=True):
                kind = TROUBLES.get(run.state)
                if kind is not None and connection.execute(statement, row).rowcount == 1:
                    troubles.note(connection, kind, run.sequence)
            queued_runs.remove(
                connection, [run.sequence for run in changed if run.state is not RunState.QUEUED]
            )
            for job_id in pausing:
                _pause(connection, job_id)
            faults.point("store.record")

        await self._database.write(write)

    async def runs(
        self, wanted: RunFilter, *, before_sequence: int | None, limit: int
    ) -> tuple[list[Run], int | None]:
        """A page of runs, newest first, and the cursor of the page after it."""
        query = sa.select(runs).order_by(runs.c.sequence.desc()).limit(limit + 1)
        for column, value in (
            (runs.c.handler_id, wanted.handler_id),
            (runs.c.job_id, wanted.job_id),
            (runs.c.guild_id, wanted.guild_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.state is not None:
            query = query.where(runs.c.state == wanted.state.value)
        if wanted.message_id is not None:
            posted = sa.select(posts.c.run_sequence).where(posts.c.message_id == wanted.message_id)
            query = query.where(runs.c.sequence.in_(posted))
        if before_sequence is not None:
            query = query.where(runs.c.sequence < before_sequence)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [run_of(row) for row in rows[:limit]]
        return page, page[-1].sequence if len(rows) > limit else None

    async def run_counts(self) -> dict[str, int]:
        """How many runs stand in each state."""
        query = sa.select(runs.c.state, sa.func.count()).group_by(runs.c.state)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {str(state): int(count) for state, count in rows}

    async def forget_runs(self, before: datetime, after_sequence: int, limit: int) -> tuple[int, int | None]:
        """Forgets ended runs among the oldest ones.

        Parameters:
            before: those are forgotten that were made before this.
            after_sequence: where the last step stopped.
            limit: how many runs to look at.

        Returns how many were forgotten, and where the next step begins; None when it would find younger ones.
        """

        def forget(connection: Connection) -> tuple[int, int | None]:
            oldest = connection.execute(
                sa.select(runs.c.sequence, runs.c.claimed_at, runs.c.state)
                .where(runs.c.sequence > after_sequence)
                .order_by(runs.c.sequence)
                .limit(limit)
            ).all()
            found = [
                row.sequence
                for row in oldest
                if row.claimed_at < before and row.state != RunState.QUEUED.value
            ]
            if found:
                connection.execute(sa.delete(posts).where(posts.c.run_sequence.in_(found)))
                connection.execute(
                    sa.delete(runs).where(runs.c.sequence.in_(found), runs.c.state != RunState.QUEUED.value)
                )
            more = len(oldest) == limit and oldest[-1].claimed_at < before
            return len(found), oldest[-1].sequence if more else None

        return await self._database.write(forget)

    async def clear_runs(self) -> int:
        """Forgets ended runs; returns how many they were."""

        def clear(connection: Connection) -> int:
            connection.execute(sa.delete(posts))
            query = sa.delete(runs).where(runs.c.state != RunState.QUEUED.value)
            return connection.execute(query).rowcount

        return await self._database.write(clear)


def _find_job(connection: Connection, job_id: str, *, to_change: bool = False) -> Job | None:
    query = sa.select(jobs).where(jobs.c.id == job_id)
    if to_change:
        query = query.with_for_update()  # PostgreSQL has many writers
    row = connection.execute(query).mappings().one_or_none()
    return job_of(row) if row is not None else None


def _insert_jobs(connection: Connection, new: Sequence[Job]) -> set[str]:
    """Writes jobs and returns the ids of those that were not there."""
    insert = insert_new(connection, jobs)
    if len(new) == 1:  # as when one person saves one; what follows takes twice as long
        return {new[0].id} if connection.execute(insert, job_row(new[0])).rowcount == 1 else set()
    return set(connection.scalars(insert.returning(jobs.c.id), [job_row(job) for job in new]))


def _replace_job(connection: Connection, job: Job, by: str | None) -> bool:
    connection.execute(sa.delete(jobs).where(jobs.c.id == job.id))
    versions.forget(connection, job.id)
    connection.execute(sa.insert(jobs), [job_row(job)])
    _tell_clocks(connection, job)
    versions.note(connection, job, "created", by)
    audit.note_job(connection, "created", None, job, by)
    return True


def _tell_clocks(connection: Connection, *saved: Job) -> None:
    """Tells all nodes when the first of the jobs falls due."""
    due = [job.next_run_at for job in saved if job.next_run_at is not None]
    if due:
        signals.send(connection, Signal.JOBS, str(to_microseconds(min(due))))


def _pause(connection: Connection, job_id: str) -> None:
    before = _find_job(connection, job_id, to_change=True)
    if before is None or before.state is not JobState.ACTIVE:
        return
    after = replace(before, state=JobState.PAUSED, next_run_at=None, version=before.version + 1)
    connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(job_row(after)))
    versions.note_first(connection, before)
    versions.note(connection, after, "paused", None)
    audit.note_job(connection, "paused", before, after, None, via="server")
