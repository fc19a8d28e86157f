"""Turns due jobs into runs in one transaction: finds them, decides what each one does, writes the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import faults
from schedulezero.instants import from_microseconds
from schedulezero.model import Job, JobState, Run, RunState
from schedulezero.model.limits import Limits, is_ending
from schedulezero.server.decisions.due import Due
from schedulezero.server.records import troubles
from schedulezero.server.records.rows import job_of, run_at
from schedulezero.server.records.tables import jobs
from schedulezero.server.store.hourly_limit import HourlyAllowance, MinuteAllowance
from schedulezero.server.store.run_rows import insert_runs, trouble_when_claimed


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of claiming due jobs.

    Attributes:
        runs: the runs to write.
        moves: the next state of each job, as parameters of `_MOVE`.
        stand_for_others: the ids of runs that also represent instants that were passed over.
    """

    runs: list[Run] = field(default_factory=list[Run])
    moves: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    stand_for_others: set[str] = field(default_factory=set[str])


def due_jobs(connection: Connection, now: datetime, limit: int) -> list[Job]:
    """Return the due jobs that no other node is claiming, earliest first."""
    rows = connection.execute(
        sa.select(jobs)
        .where(jobs.c.state == JobState.ACTIVE.value, jobs.c.next_run_at <= now)
        .order_by(jobs.c.next_run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).mappings()
    return [job_of(row) for row in rows.all()]


def runs_of(
    connection: Connection,
    due: Sequence[Job],
    now: datetime,
    decide: Callable[[Job], Due],
    limits: Limits,
    most_an_hour: Callable[[str], int | None],
) -> Claimed:
    """Return the runs of each due job, within the limits of its guild; see `Store.claim_due`."""
    hour = HourlyAllowance(connection, now, most_an_hour)
    minute = MinuteAllowance(connection, now, limits, [(job.guild_id, job.creator_id) for job in due])
    claimed = Claimed()
    for job in due:
        decision = decide(job)
        number = job.run_count
        ending = is_ending(job)
        for at in decision.run:
            refusal = hour.take(job.guild_id) if not ending else None
            if refusal is not None:
                claimed.runs.append(run_at(job, at, now, RunState.SKIPPED, refusal))
                continue
            run = run_at(job, at, now, RunState.QUEUED, decision.note, number + 1)
            run = minute.let_through(run, ending=ending)
            number = run.number or number
            if decision.note is not None:
                claimed.stand_for_others.add(run.id)
            claimed.runs.append(run)
        claimed.runs.extend(run_at(job, at, now, RunState.MISSED, decision.note) for at in decision.missed)
        claimed.runs.extend(run_at(job, at, now, RunState.SKIPPED, reason) for at, reason in decision.skipped)
        claimed.moves.append(
            {
                "job": job.id,
                "expected": job.next_run_at,
                "next": decision.next_run_at,
                "new_state": (JobState.ACTIVE if decision.next_run_at else JobState.FINISHED).value,
                "count": number,
            }
        )
    return claimed


_MOVE = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("job"), jobs.c.next_run_at == sa.bindparam("expected"))
    .values(
        next_run_at=sa.bindparam("next"),
        state=sa.bindparam("new_state"),
        run_count=sa.bindparam("count"),
    )
)


def write(connection: Connection, claimed: Claimed) -> list[Run]:
    """Move the jobs on, write their runs and return the runs to carry out."""
    if claimed.moves:
        connection.execute(_MOVE, claimed.moves)
    written = insert_runs(connection, claimed.runs)
    faults.point("clock.claim")
    for run in written:
        if kind := trouble_when_claimed(run, stands_for_others=run.id in claimed.stand_for_others):
            troubles.note(connection, kind, run.sequence)
    return [run for run in written if run.state is RunState.QUEUED]


def count_active(connection: Connection) -> int:
    """Return how many jobs are active."""
    active = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state == JobState.ACTIVE.value)
    return connection.scalar(active) or 0


def next_due_at(connection: Connection) -> datetime | None:
    """Return when the next job falls due, or None."""
    upcoming = connection.scalar(
        sa.select(sa.func.min(sa.type_coerce(jobs.c.next_run_at, sa.BigInteger))).where(
            jobs.c.state == JobState.ACTIVE.value
        )
    )
    return from_microseconds(upcoming) if upcoming is not None else None
