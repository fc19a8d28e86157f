"""Queries of jobs and runs: the only SQL of the server.

Each change names the state that it expects; how many rows it changed is the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.database import Database
from schedulezero.instants import from_microseconds, to_microseconds
from schedulezero.model import Job, JobState, MissedPolicy, Run, RunState, Trigger
from schedulezero.server.due import Due
from schedulezero.server.tables import jobs, runs

_FAR = 2**62
"""Stands for "never" where jobs are sorted by their next run."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a listing shows; None means any. Cancelled ones show only when asked for."""

    handler_id: str | None = None
    method: str | None = None
    state: JobState | None = None
    guild_id: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a history shows; None means any."""

    handler_id: str | None = None
    job_id: str | None = None
    guild_id: str | None = None
    state: RunState | None = None


class Store:
    """Jobs and runs in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---------------------------------------------------------------- jobs

    async def add_job(self, job: Job, *, replace: bool = False) -> bool:
        """Adds a job. False when its id is taken, unless it may replace what is there."""

        def add(connection: Connection) -> bool:
            if replace:
                connection.execute(sa.delete(jobs).where(jobs.c.id == job.id))
            elif connection.scalar(sa.select(jobs.c.id).where(jobs.c.id == job.id)) is not None:
                return False
            connection.execute(sa.insert(jobs), [_job_row(job)])
            return True

        return await self._database.write(add)

    async def job(self, job_id: str) -> Job | None:
        """The job of that id, cancelled ones included."""
        return await self._database.read(lambda connection: _find_job(connection, job_id))

    async def jobs(
        self, wanted: JobFilter, *, after: tuple[int, str] | None, limit: int
    ) -> tuple[list[Job], tuple[int, str] | None]:
        """A page of jobs, next run first, and the cursor of the page after it."""
        order = sa.func.coalesce(sa.type_coerce(jobs.c.next_run_at, sa.BigInteger), _FAR)
        query = sa.select(jobs).order_by(order, jobs.c.id).limit(limit + 1)
        for column, value in (
            (jobs.c.handler_id, wanted.handler_id),
            (jobs.c.method, wanted.method),
            (jobs.c.guild_id, wanted.guild_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.state is not None:
            query = query.where(jobs.c.state == wanted.state.value)
        else:
            query = query.where(jobs.c.state != JobState.CANCELLED.value)
        if wanted.text:
            query = query.where(jobs.c.search_text.contains(wanted.text.casefold(), autoescape=True))
        if after is not None:
            query = query.where(sa.tuple_(order, jobs.c.id) > sa.tuple_(*after))
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [_job(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return page, None
        last = page[-1]
        return page, (to_microseconds(last.next_run_at) if last.next_run_at else _FAR, last.id)

    async def change_job(self, job_id: str, change: Callable[[Job], Job | None]) -> Job | None:
        """Reads a job, changes it and writes it back in one transaction.

        Parameters:
            job_id: which one.
            change: the changed job, or None to leave it; it may raise to refuse.

        Returns the job as it is now, or None when there is no such job.
        """

        def apply(connection: Connection) -> Job | None:
            before = _find_job(connection, job_id)
            if before is None:
                return None
            after = change(before)
            if after is None:
                return before
            row = _job_row(after)
            changed = connection.execute(
                sa.update(jobs).where(jobs.c.id == job_id, jobs.c.version == before.version).values(row)
            ).rowcount
            assert changed == 1, "one writer: nobody changes a job between our read and our write"
            if after.state is JobState.CANCELLED:
                connection.execute(
                    sa.update(runs)
                    .where(runs.c.job_id == job_id, runs.c.state == RunState.QUEUED.value)
                    .values(state=RunState.CANCELLED.value, note="The job was cancelled.")
                )
            return after

        return await self._database.write(apply)

    # ---------------------------------------------------------------- falling due

    async def claim_due(
        self, now: datetime, limit: int, decide: Callable[[Job], Due]
    ) -> tuple[list[Run], datetime | None]:
        """Turns due jobs into runs and moves the jobs on, in one transaction.

        Returns the runs to dispatch and the instant at which the next job falls due.
        """

        def claim(connection: Connection) -> tuple[list[Run], datetime | None]:
            due_rows = connection.execute(
                sa.select(jobs)
                .where(jobs.c.state == JobState.ACTIVE.value, jobs.c.next_run_at <= now)
                .order_by(jobs.c.next_run_at)
                .limit(limit)
            ).mappings()
            new: list[Run] = []
            moves: list[dict[str, Any]] = []
            for row in due_rows.all():
                job = _job(row)
                due = decide(job)
                new += [_run_of(job, at, now, RunState.QUEUED, due.note) for at in due.run]
                new += [_run_of(job, at, now, RunState.MISSED, due.note) for at in due.missed]
                moves.append(
                    {
                        "job": job.id,
                        "expected": job.next_run_at,
                        "next": due.next_run_at,
                        "new_state": (JobState.ACTIVE if due.next_run_at else JobState.FINISHED).value,
                    }
                )
            if moves:
                connection.execute(
                    sa.update(jobs)
                    .where(jobs.c.id == sa.bindparam("job"), jobs.c.next_run_at == sa.bindparam("expected"))
                    .values(next_run_at=sa.bindparam("next"), state=sa.bindparam("new_state")),
                    moves,
                )
            queued = [run for run in _insert_runs(connection, new) if run.state is RunState.QUEUED]
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
        added = await self._database.write(lambda connection: _insert_runs(connection, [run]))
        return added[0]

    async def is_open(self, run: Run) -> bool:
        """Whether a run still waits to be carried out."""
        query = sa.select(runs.c.state).where(runs.c.sequence == run.sequence)
        state = await self._database.read(lambda connection: connection.scalar(query))
        return state == RunState.QUEUED.value

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
        return [_run(row) for row in rows]

    async def handlers_with_open_runs(self) -> list[str]:
        """The handlers that have queued runs, as after a restart."""
        query = sa.select(runs.c.handler_id).where(runs.c.state == RunState.QUEUED.value).distinct()
        return list(await self._database.read(lambda connection: connection.scalars(query).all()))

    async def record(self, changed: Sequence[Run]) -> None:
        """Writes what became of runs. A run that was cancelled meanwhile stays cancelled."""

        def write(connection: Connection) -> None:
            connection.execute(
                sa.update(runs)
                .where(runs.c.sequence == sa.bindparam("run"), runs.c.state == RunState.QUEUED.value)
                .values({name: sa.bindparam(f"new_{name}") for name in _OUTCOME_COLUMNS}),
                [
                    {"run": run.sequence, **{f"new_{name}": _outcome(run)[name] for name in _OUTCOME_COLUMNS}}
                    for run in changed
                ],
            )

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
        if before_sequence is not None:
            query = query.where(runs.c.sequence < before_sequence)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        page = [_run(row) for row in rows[:limit]]
        return page, page[-1].sequence if len(rows) > limit else None

    async def run_counts(self) -> dict[str, int]:
        """How many runs stand in each state."""
        query = sa.select(runs.c.state, sa.func.count()).group_by(runs.c.state)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {str(state): int(count) for state, count in rows}

    async def clear_runs(self) -> int:
        """Forgets ended runs; returns how many they were."""
        query = sa.delete(runs).where(runs.c.state != RunState.QUEUED.value)
        return await self._database.write(lambda connection: connection.execute(query).rowcount)


_OUTCOME_COLUMNS = (
    "state",
    "attempts",
    "not_before",
    "started_at",
    "finished_at",
    "result",
    "error",
    "note",
)


def _outcome(run: Run) -> dict[str, Any]:
    return {
        "state": run.state.value,
        "attempts": run.attempts,
        "not_before": run.not_before,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "result": dict(run.result) if run.result is not None else None,
        "error": run.error,
        "note": run.note,
    }


def _find_job(connection: Connection, job_id: str) -> Job | None:
    row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).mappings().one_or_none()
    return _job(row) if row is not None else None


def _insert_runs(connection: Connection, new: Sequence[Run]) -> list[Run]:
    if not new:
        return []
    rows = connection.execute(sa.insert(runs).returning(runs), [_run_row(run) for run in new]).mappings()
    return sorted((_run(row) for row in rows), key=lambda run: run.sequence)


def _run_of(job: Job, at: datetime, now: datetime, state: RunState, note: str | None) -> Run:
    return Run(
        job_id=job.id,
        handler_id=job.handler_id,
        method=job.method,
        params=job.params,
        scheduled_at=at,
        state=state,
        name=job.name,
        guild_id=job.guild_id,
        grace=job.grace,
        claimed_at=now,
        note=note,
    )


def _search_text(job: Job) -> str:
    words = [job.name or "", job.method, *(str(value) for value in job.params.values())]
    return " ".join(words)[:2000].casefold()


def _job_row(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "handler_id": job.handler_id,
        "method": job.method,
        "params": dict(job.params),
        "trigger_type": job.trigger.type,
        "trigger_args": dict(job.trigger.args),
        "anchor_at": job.anchor_at,
        "state": job.state.value,
        "next_run_at": job.next_run_at,
        "name": job.name,
        "guild_id": job.guild_id,
        "creator_id": job.creator_id,
        "timezone": job.timezone,
        "grace_seconds": job.grace.total_seconds(),
        "missed": job.missed.value,
        "version": job.version,
        "search_text": _search_text(job),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }


def _job(row: Mapping[Any, Any]) -> Job:
    return Job(
        id=row["id"],
        handler_id=row["handler_id"],
        method=row["method"],
        params=cast("dict[str, Any]", row["params"]),
        trigger=Trigger(row["trigger_type"], cast("dict[str, Any]", row["trigger_args"])),
        state=JobState(row["state"]),
        next_run_at=row["next_run_at"],
        anchor_at=row["anchor_at"],
        name=row["name"],
        guild_id=row["guild_id"],
        creator_id=row["creator_id"],
        timezone=row["timezone"],
        grace=timedelta(seconds=row["grace_seconds"]),
        missed=MissedPolicy(row["missed"]),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _run_row(run: Run) -> dict[str, Any]:
    return {
        "job_id": run.job_id,
        "scheduled_at": run.scheduled_at,
        "handler_id": run.handler_id,
        "method": run.method,
        "params": dict(run.params),
        "name": run.name,
        "guild_id": run.guild_id,
        "grace_seconds": run.grace.total_seconds(),
        "claimed_at": run.claimed_at,
        **_outcome(run),
    }


def _run(row: Mapping[Any, Any]) -> Run:
    return Run(
        sequence=row["sequence"],
        job_id=row["job_id"],
        scheduled_at=row["scheduled_at"],
        handler_id=row["handler_id"],
        method=row["method"],
        params=cast("dict[str, Any]", row["params"]),
        name=row["name"],
        guild_id=row["guild_id"],
        grace=timedelta(seconds=row["grace_seconds"]),
        state=RunState(row["state"]),
        claimed_at=row["claimed_at"],
        attempts=row["attempts"],
        not_before=row["not_before"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=cast("dict[str, Any] | None", row["result"]),
        error=row["error"],
        note=row["note"],
    )
