"""Tells a skip of a job's next runs from a hold until some instant."""

from __future__ import annotations

from datetime import datetime

from schedulezero.model import Job
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

_MOST = 5  # more than are skipped one by one


def runs_skipped(job: Job, now: datetime) -> list[datetime]:
    """Return the runs that a job skips because somebody skipped the next one; nothing if it is held.

    A hold that ends with a run of the job is such a skip.
    """
    until = job.held_until
    if until is None or until <= now:
        return []
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or job.created_at or until, zone=job.timezone)
    found = [at for at in upcoming(schedule, now, _MOST) if at <= until]
    return found if found and found[-1] == until else []
