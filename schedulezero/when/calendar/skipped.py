"""Tells a skip of a job's next runs from a hold until some instant, and what a new schedule keeps of both."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

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
    found = [at for at in _upcoming(job, now)[:_MOST] if at <= until]
    return found if found and found[-1] == until else []


def held_after(before: Job, after: Job, now: datetime) -> datetime | None:
    """Return until when a job is held whose schedule or zone changes; None if it isn't, or no longer is.

    A hold ends when it would have ended. A skipped run stays skipped if the new schedule begins with it: at
    the same instant, at the same time by the clock, or as the only run of that day.
    """
    until = before.held_until
    if until is None or until <= now:
        return None
    skipped = runs_skipped(before, now)
    if not skipped:
        return until
    runs, walls = _upcoming(after, now), {_wall(before, at) for at in skipped}
    days = {wall.date() for wall in walls}
    days_before = Counter(_wall(before, at).date() for at in _upcoming(before, now))
    days_after = Counter(_wall(after, at).date() for at in runs)
    kept: datetime | None = None
    for at in runs[: len(skipped)]:
        wall = _wall(after, at)
        only_one = days_before[wall.date()] == days_after[wall.date()] == 1
        if not (at in skipped or wall in walls or (only_one and wall.date() in days)):
            break
        kept = at
    return kept


def _upcoming(job: Job, now: datetime) -> list[datetime]:
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or job.created_at or now, zone=job.timezone)
    return list(upcoming(schedule, now, _MOST + 1))


def _wall(job: Job, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(job.trigger.zone_or(job.timezone))).replace(tzinfo=None)
