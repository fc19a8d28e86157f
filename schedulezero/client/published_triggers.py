"""Triggers as the published server must get them, and whether it read them as meant. Pure.

Without an explicit ``start_time`` that server fires an interval at once and takes the present UTC time for
local time in a cron. It counts weekdays from Sunday, and reads a ``run_date`` without an offset in its own
zone. So intervals and crons are sent with their start, weekdays as names, and dates with their offset.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from schedulezero.instants import to_iso
from schedulezero.model import Job, JsonObject, Trigger
from schedulezero.when.calendar.schedules import Once, OnFields, Schedule, period_of
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import with_day_names

_SAME = timedelta(seconds=1)
_SOON = timedelta(seconds=10)


def published_trigger(trigger: Trigger, zone: str, now: datetime) -> JsonObject:
    """Return the body of a trigger that starts now.

    Parameters:
        trigger: a trigger of type ``date``, ``interval`` or ``cron``.
        zone: the IANA zone for wall-clock times without one.
        now: the instant from which an interval counts.

    Raises TriggerError if it is invalid.
    """
    schedule = schedule_of(trigger, anchor=now, zone=zone)
    if isinstance(schedule, Once):
        return {"type": "date", "run_date": to_iso(schedule.at)}
    if isinstance(schedule, OnFields):
        args = {**with_day_names(trigger).args, "timezone": trigger.zone_or(zone)}
        return {"type": "cron", **args, "start_time": now.astimezone(schedule.zone).isoformat()}
    start = now + period_of(trigger.args, "trigger.args")
    return {"type": "interval", **trigger.args, "start_time": to_iso(start)}


def unlike_meant(job: Job) -> tuple[datetime, datetime | None] | None:
    """Return a new job's first run as meant and as its server tells it; None if they are the same.

    Parameters:
        job: the job as the server described it after it was saved; its ``anchor_at`` says when that was.
    """
    if job.anchor_at is None:
        return None
    schedule: Schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    meant, told = schedule.next_after(job.anchor_at), job.next_run_at
    if meant is None or (told is not None and abs(told - meant) <= _SAME):
        return None
    if told is None and meant - job.anchor_at <= _SOON:
        return None  # it may have run before the server was asked
    return meant, told
