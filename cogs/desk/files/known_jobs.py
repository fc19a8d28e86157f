"""Jobs of a file that exist here already, recognised by the id that the file has for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schedulezero.model import Job, JobState
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

LIVE = (JobState.ACTIVE, JobState.PAUSED, JobState.PENDING)
"""The states of jobs that are exported, and that a file's entry can update."""
_COMPARED = 24


@dataclass(frozen=True, slots=True)
class Update:
    """A job as a file has it, for a job that exists: its id and the version that was compared."""

    job: Job
    job_id: str
    version: int

    def to_json(self) -> dict[str, Any]:
        return {"job": self.job.to_json(), "job_id": self.job_id, "version": self.version}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Update:
        return cls(Job.from_json(data["job"]), data["job_id"], data["version"])


def updated(before: Job, wanted: Job) -> Job:
    """Return a job with everything that a file says of it."""
    return replace(
        before,
        method=wanted.method,
        params=wanted.params,
        trigger=wanted.trigger,
        timezone=wanted.timezone,
        name=wanted.name,
        grace=wanted.grace,
        missed=wanted.missed,
        overlap=wanted.overlap,
        in_quiet_hours=wanted.in_quiet_hours,
        on_free_days=wanted.on_free_days,
        parts=wanted.parts,
    )


def is_same(before: Job, wanted: Job, now: datetime) -> bool:
    """Return whether a job is as a file has it: what it does, and its next runs, however it says them.

    A job that the file has as paused isn't the same if it is active; but one that is paused stays so.
    """
    if wanted.state is JobState.PAUSED and before.state is JobState.ACTIVE:
        return False
    like = replace(
        updated(before, wanted), trigger=before.trigger, timezone=before.timezone, params=dict(before.params)
    )
    return like == replace(before, params=dict(before.params)) and (
        dict(before.params) == dict(wanted.params) and _runs(before, now) == _runs(wanted, now)
    )


def _runs(job: Job, now: datetime) -> list[datetime]:
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or now, zone=job.timezone)
    return list(upcoming(schedule, max(now, job.held_until or now), _COMPARED))
