"""Jobs that another job planned leave the lists with it, and come back with it.

A job whose meta names another one under `FOLLOWS`, such as the post about an event of a calendar that the
other job follows, does nothing while that one is paused, cancelled or waits for approval. So it is cancelled
in the same transaction, and restored when the other one is active again, unless a person had cancelled it or
its time has passed. Endings (`schedulezero.model.authorship.ENDINGS`) are no such jobs: what was begun must
end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from schedulezero.model import Job, JobState
from schedulezero.model.authorship import ENDINGS, FOLLOWS
from schedulezero.server.decisions.due import next_run_of
from schedulezero.server.records.rows import job_of
from schedulezero.server.records.tables import jobs

TOGETHER = "cancelled_with"
"""Key in the meta of a job that was cancelled with the one that it belongs to."""
_AT_WORK = (JobState.ACTIVE, JobState.FINISHED)


def companions(
    connection: Connection, parents: Mapping[str, tuple[Job, Job]], now: datetime
) -> Iterator[tuple[str, RowMapping, Job, Job]]:
    """Yield the jobs that change with others: whose they are, their rows, and they before and after it.

    Parameters:
        connection: where the others were changed.
        parents: the others by id, each before and after its change.
        now: the present instant; nothing whose time has passed is restored.
    """
    stopped = {key for key, (old, new) in parents.items() if _works(old) and not _works(new)}
    begun = {key for key, (old, new) in parents.items() if not _works(old) and _works(new)}
    if not stopped and not begun:
        return
    of = jobs.c.meta[FOLLOWS].as_string()
    live = [JobState.ACTIVE.value, JobState.PAUSED.value, JobState.PENDING.value]
    query = (
        sa.select(jobs)
        .where(
            jobs.c.guild_id.in_({parents[key][1].guild_id for key in stopped | begun}),
            sa.or_(
                sa.and_(jobs.c.state.in_(live), of.in_(stopped)),
                sa.and_(jobs.c.state == JobState.CANCELLED.value, of.in_(begun)),
            ),
            jobs.c.id.not_in(parents),
            sa.not_(jobs.c.id.startswith(ENDINGS, autoescape=True)),
        )
        .order_by(jobs.c.id)
        # Whoever changes one just now has locked it, and may wait for its parent; its run looks for itself.
        .with_for_update(skip_locked=True)
    )
    for row in connection.execute(query).mappings().all():
        before = job_of(row)
        whose = str(before.meta[FOLLOWS])
        after = _cancelled(before, now) if whose in stopped else _restored(before, now)
        if after is not None:
            yield whose, row, before, replace(after, version=before.version + 1)


def _works(job: Job) -> bool:
    return job.state in _AT_WORK


def _cancelled(job: Job, now: datetime) -> Job:
    meta = {**job.meta, TOGETHER: job.meta[FOLLOWS]}
    return replace(job, state=JobState.CANCELLED, next_run_at=None, meta=meta, updated_at=now)


def _restored(job: Job, now: datetime) -> Job | None:
    if TOGETHER not in job.meta or (next_run_at := next_run_of(job, now)) is None:
        return None
    meta = {key: value for key, value in job.meta.items() if key != TOGETHER}
    return replace(job, state=JobState.ACTIVE, next_run_at=next_run_at, meta=meta, updated_at=now)
