"""Writes rows of runs within the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from schedulezero.model import Run, RunState, TroubleKind
from schedulezero.server.records import pgqueuer_rows
from schedulezero.server.records.rows import outcome_columns, run_of, run_row
from schedulezero.server.records.tables import runs
from schedulezero.server.store.run_tags import tags_of
from schedulezero.storage.sql import insert_new


def insert_runs(connection: Connection, new: Sequence[Run], *, tagged: bool = False) -> list[Run]:
    """Insert runs and return the new ones by start tag; an instant that has a run gets no second one.

    (It may have one if the system's clock was set back and the job was resumed or edited since.)

    Parameters:
        tagged: whether they have their start tags; 0 is for what a person waits for, before all others.
    """
    if not new:
        return []
    tags = [run.start_tag for run in new] if tagged else tags_of(connection, new)
    statement = insert_new(connection, runs).returning(runs.c.sequence, runs.c.job_id, runs.c.scheduled_at)
    places = {
        (job_id, scheduled_at): sequence
        for sequence, job_id, scheduled_at in connection.execute(
            statement, [run_row(run) | {"start_tag": tag} for run, tag in zip(new, tags, strict=True)]
        )
    }
    written = [
        replace(run, start_tag=tag, sequence=places.pop((run.job_id, run.scheduled_at)))
        for run, tag in zip(new, tags, strict=True)
        if (run.job_id, run.scheduled_at) in places
    ]
    written.sort(key=lambda run: (run.start_tag, run.sequence))
    pgqueuer_rows.enqueue(connection, written)
    return written


# Read as: the final state of a run, and the trouble it is reported as.
TROUBLES = {
    RunState.FAILED: TroubleKind.FAILED,
    RunState.UNCERTAIN: TroubleKind.UNCERTAIN,
    RunState.MISSED: TroubleKind.MISSED,
    RunState.SKIPPED: TroubleKind.SKIPPED,
}


def trouble_when_claimed(run: Run, *, stands_for_others: bool) -> TroubleKind | None:
    """Return the trouble to report as soon as a run is created, or None."""
    if run.state is RunState.QUEUED:
        return TroubleKind.PASSED_OVER if stands_for_others else None
    return TROUBLES.get(run.state)


def queue_again(connection: Connection, sequence: int, run: Run) -> Run | None:
    """Queue again a run that ended without success. Returns None if it didn't, or is queued already."""
    again = sa.case((runs.c.state == RunState.UNCERTAIN.value, runs.c.round + 1), else_=runs.c.round)
    # The run uses the job's current method and parameters, in the name of its current creator.
    job = {"method": run.method, "params": dict(run.params), "creator_id": run.creator_id}
    placed = {"claimed_at": run.claimed_at, "start_tag": run.start_tag}
    fresh = {**outcome_columns(run), **job, **placed, "round": again}
    found = connection.execute(
        sa.update(runs)
        .where(
            runs.c.sequence == sequence,
            runs.c.state.not_in((RunState.QUEUED.value, RunState.SUCCEEDED.value)),
        )
        .values(fresh)
        .returning(runs)
    ).mappings()
    row = found.one_or_none()
    if row is None:
        return None
    queued = run_of(row)
    pgqueuer_rows.enqueue(connection, [queued])
    return queued
