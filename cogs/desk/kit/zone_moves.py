"""Move jobs and reminders from one zone to another.

A moved job keeps its wall-clock times: *every Monday at 09:00* is 09:00 in the new zone, and *until 31
December* ends with that day there. Jobs that run once, or at an interval, are instants and no wall-clock
times; they stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from schedulezero import instants
from schedulezero.instants import first_instant_at_or_after, to_iso
from schedulezero.model import Job, JobState
from schedulezero.model.authorship import belongs_to_another

_LIVING = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)


def movable(jobs: Iterable[Job], zone: str) -> list[Job]:
    """Return the jobs whose wall-clock times are those of a zone, in their order."""
    return [
        job
        for job in jobs
        if job.state in _LIVING
        and job.trigger.type not in ("date", "interval")
        and job.trigger.zone_or(job.timezone) == zone
        and not belongs_to_another(job)
    ]


def moved_to(job: Job, zone: str) -> Job:
    """Return a job with the same wall-clock times in another zone, its first and last ones included.

    The steps of an interval that has begun are instants, so its ``starting`` stays.
    """
    trigger = job.trigger
    before = ZoneInfo(trigger.zone_or(job.timezone))
    args = dict(trigger.args)
    for bound in ("starting", "until"):
        if args.get(bound) is None:
            continue
        at = datetime.fromisoformat(str(args[bound]))
        if at.tzinfo is None or (bound == "starting" and "interval" in args and at <= instants.now()):
            continue
        wall = at.astimezone(before).replace(tzinfo=None)
        args[bound] = to_iso(first_instant_at_or_after(wall, ZoneInfo(zone)))
    if "timezone" in args:
        args["timezone"] = zone
    return replace(job, trigger=replace(trigger, args=args), timezone=zone)
