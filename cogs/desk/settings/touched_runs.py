"""Which jobs and runs a change of a guild's rules touches. Pure."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schedulezero.model import GuildRules, Job, JobState
from schedulezero.model.limits import is_ending
from schedulezero.when.calendar.quiet_hours import forbidden_to
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

AHEAD = timedelta(days=366)
"""How far ahead runs are compared: each public holiday comes once."""
MOST_OF_A_JOB = 2000
_LONGEST = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class TouchedJob:
    """What happens to the runs of one job.

    Attributes:
        job: the job.
        skipped: how many of its runs would be skipped that aren't now, and the first of them.
        freed: how many would no longer be skipped, and the first of them.
    """

    job: Job
    skipped: int = 0
    first_skipped: datetime | None = None
    freed: int = 0
    first_freed: datetime | None = None

    @property
    def runs(self) -> int:
        """How many runs are touched."""
        return self.skipped + self.freed


@dataclass(frozen=True, slots=True)
class Touched:
    """The jobs that a change touches, those with the earliest touched runs first.

    Attributes:
        jobs: the jobs.
        whole: false if a bound cut off some runs.
    """

    jobs: tuple[TouchedJob, ...]
    whole: bool

    @property
    def runs(self) -> int:
        """How many runs are touched, of all jobs."""
        return sum(item.runs for item in self.jobs)


def touched(jobs: Iterable[Job], before: GuildRules, after: GuildRules, now: datetime) -> Touched:
    """Compare two versions of a guild's rules for all upcoming runs within `AHEAD`.

    Parameters:
        jobs: the guild's jobs; only active ones have upcoming runs. What ends a change runs at any hour.
        before, after: the rules.
        now: the present instant.
    """
    found: list[TouchedJob] = []
    whole, stop, last = True, clock.monotonic() + _LONGEST, now + AHEAD
    for job in jobs:
        if job.state is not JobState.ACTIVE or job.next_run_at is None or is_ending(job):
            continue
        if clock.monotonic() >= stop:
            whole = False
            break
        item, looked_at = TouchedJob(job), 0
        anchor = job.anchor_at or job.created_at or now
        schedule = schedule_of(job.trigger, anchor=anchor, zone=job.timezone)
        for at in upcoming(schedule, job.next_run_at - timedelta(microseconds=1), MOST_OF_A_JOB):
            if at > last:
                break
            looked_at += 1
            was, will = (forbidden_to(job, rules, at) is not None for rules in (before, after))
            if will and not was:
                item = replace(item, skipped=item.skipped + 1, first_skipped=item.first_skipped or at)
            elif was and not will:
                item = replace(item, freed=item.freed + 1, first_freed=item.first_freed or at)
        whole = whole and looked_at < MOST_OF_A_JOB
        if item.runs:
            found.append(item)
    return Touched(tuple(sorted(found, key=_first)), whole)


def _first(item: TouchedJob) -> datetime:
    return min(at for at in (item.first_skipped, item.first_freed) if at is not None)
