"""Reminders that their person has cancelled lately: the list of reminders offers to bring them back."""

from __future__ import annotations

from datetime import datetime, timedelta

from cogs.desk.kit.context import Caller
from cogs.desk.reminders.reading import METHOD
from schedulezero import instants
from schedulezero.client.dialect import Feature, JobQuery
from schedulezero.model import Job, JobState
from schedulezero.when.calendar.triggers import schedule_of

_MOST_CANCELLED = 10
_LOOKED_AT = 100
BROUGHT_BACK = timedelta(days=1)
"""For how long the list offers to bring a cancelled reminder back."""


async def cancelled_lately(caller: Caller) -> list[Job]:
    """Return the person's reminders that were cancelled a while ago and could still come, last one first."""
    if Feature.UNDO in await caller.client.lacks():
        return []
    query = JobQuery(state=JobState.CANCELLED, method=METHOD, sort="created")
    page = await caller.client.jobs(caller.actor_id, query, limit=_LOOKED_AT)
    now = instants.now()
    found = [
        job
        for job in page.jobs
        if job.updated_at is not None and now - job.updated_at < BROUGHT_BACK and _may_come(job, now)
    ]
    return sorted(found, key=lambda job: job.updated_at or now, reverse=True)[:_MOST_CANCELLED]


def _may_come(job: Job, now: datetime) -> bool:
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or job.created_at or now, zone=job.timezone)
    return schedule.next_after(now) is not None
