"""Turns due jobs into runs in one transaction: finds them, decides what each one does, writes the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero import faults
from schedulezero.instants import from_microseconds
from schedulezero.model import Job, JobState, Run, RunState
from schedulezero.model.limits import Limits, is_ending
from schedulezero.server.decisions.due import Due
from schedulezero.server.decisions.parts import without_due
from schedulezero.server.records import troubles
from schedulezero.server.records.rows import job_of, job_row, run_at, run_of_part
from schedulezero.server.records.tables import jobs, runs
from schedulezero.server.store.hourly_limit import HourlyAllowance, MinuteAllowance, limited_a_minute
from schedulezero.server.store.room import lock_guilds
from schedulezero.server.store.run_rows import insert_runs, trouble_when_claimed


@dataclass(frozen=True, slots=True)
class Claimed:
    """The result of claiming due jobs.

    Attributes:
        runs: the runs to write.
        moves: the next state of each job, as parameters of `_MOVE`.
        planned: the jobs with parts in their next state; their rows are locked.
        stand_for_others: the ids of runs that also represent instants that were passed over.
    """

    runs: list[Run] = field(default_factory=list[Run])
    moves: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    stand_for_others: set[str] = field(default_factory=set[str])
    planned: list[Job] = field(default_factory=list[Job])


def due_jobs(connection: Connection, now: datetime, limit: int) -> list[Job]:
    """Return the due jobs that no other node is claiming, earliest first."""
    rows = connection.execute(
        sa.select(jobs)
        .where(jobs.c.state == JobState.ACTIVE.value, jobs.c.next_run_at <= now)
        .order_by(jobs.c.next_run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).mappings()
    found = [job_of(row) for row in rows.all()]
    with_parts = connection.execute(
        sa.select(jobs)
        .where(
            jobs.c.state == JobState.ACTIVE.value,
            jobs.c.part_at <= now,
            sa.or_(jobs.c.next_run_at.is_(None), jobs.c.next_run_at > now),
        )
        .order_by(jobs.c.part_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).mappings()
    return found + [job_of(row) for row in with_parts.all()]


def runs_of(
    connection: Connection,
    due: Sequence[Job],
    now: datetime,
    decide: Callable[[Job], Due],
    limits: Limits,
    most_an_hour: Callable[[str], int | None],
) -> Claimed:
    """Return the runs of each due job, within the limits of its guild; see `Store.claim_due`."""
    wanted = [(job.guild_id, job.creator_id) for job in due]
    hourly = {
        guild_id for guild_id, _ in wanted if guild_id is not None and most_an_hour(guild_id) is not None
    }
    # All of them at once, or two nodes might wait for each other.
    lock_guilds(connection, hourly | limited_a_minute(limits, wanted))
    hour = HourlyAllowance(connection, now, most_an_hour)
    minute = MinuteAllowance(connection, now, limits, wanted)
    claimed = Claimed()
    for job in due:
        decision = decide(job)
        parts = decision.parts
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
        for part, item in parts.run:
            at = _free_instant(connection, job.id, item.due_at, claimed.runs)
            if part.id in parts.ahead:
                its = number + parts.ahead[part.id]
            else:
                its = _number_at(connection, job.id, item.of) or max(number, 1)
            run = run_of_part(job, part, item, now, RunState.QUEUED, None, its, at)
            refusal = hour.take(job.guild_id)
            if refusal is not None:
                claimed.runs.append(replace(run, state=RunState.SKIPPED, note=refusal))
            else:
                claimed.runs.append(minute.let_through(run, ending=False))
        for state, passed in ((RunState.MISSED, parts.missed), (RunState.SKIPPED, parts.skipped)):
            claimed.runs.extend(run_of_part(job, part, item, now, state, why) for part, item, why in passed)
        if job.parts or job.waiting:
            claimed.planned.append(_moved_on(job, decision, number, now))
            continue
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


def _number_at(connection: Connection, job_id: str, at: datetime) -> int | None:
    """Return the number of a job's run at an instant, which a part follows; None if it is gone."""
    return connection.scalar(
        sa.select(runs.c.number).where(runs.c.job_id == job_id, runs.c.scheduled_at == at)
    )


def _free_instant(connection: Connection, job_id: str, at: datetime, claimed: Sequence[Run]) -> datetime:
    """Return the first instant from ``at`` on at which a job has no run: it has at most one at each."""
    taken = {run.scheduled_at for run in claimed if run.job_id == job_id}
    while at in taken or connection.scalar(
        sa.select(runs.c.sequence).where(runs.c.job_id == job_id, runs.c.scheduled_at == at)
    ):
        at += timedelta(microseconds=1)
    return at


def _moved_on(job: Job, decision: Due, number: int, now: datetime) -> Job:
    """Return a job with parts after a claim."""
    state = JobState.ACTIVE if decision.next_run_at else JobState.FINISHED
    moved = replace(job, next_run_at=decision.next_run_at, state=state, run_count=number)
    return without_due(moved, now)


def write(connection: Connection, claimed: Claimed) -> list[Run]:
    """Move the jobs on, write their runs and return the runs to carry out."""
    for job in claimed.planned:
        connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(job_row(job)))
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


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return how many jobs are in each state that any is in."""
    query = sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state)
    return {state: count for state, count in connection.execute(query).tuples()}


def next_due_at(connection: Connection) -> datetime | None:
    """Return when the next job falls due, or None."""
    found = [
        connection.scalar(
            sa.select(sa.func.min(sa.type_coerce(column, sa.BigInteger))).where(
                jobs.c.state == JobState.ACTIVE.value, column.is_not(None)
            )
        )
        for column in (jobs.c.next_run_at, jobs.c.part_at)
    ]
    upcoming = min((at for at in found if at is not None), default=None)
    return from_microseconds(upcoming) if upcoming is not None else None
