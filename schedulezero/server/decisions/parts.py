"""Decides when the parts of a job run. Pure functions.

A lead runs a span before each of the job's own runs: whole days by the clock in the job's zone, so that a day
before Sunday 09:00 is Saturday 09:00 also when the clocks change, and the rest exactly. It never runs late:
once the job's own run is due, it is missed. A then waits from the moment when what precedes it succeeded.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from schedulezero.model import GuildRules, Job, JobState, Run
from schedulezero.model.part import Part, Waiting, following, leads, part_of
from schedulezero.sentences import Sentence
from schedulezero.server.decisions.due import DueParts, next_run_of
from schedulezero.when.calendar.ahead import ahead_of
from schedulezero.when.calendar.quiet_hours import forbidden_to
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of

_CHANGES = timedelta(hours=3)  # the clocks change by less between a lead and its run
_MOST_TRIED = 1000
_APART = timedelta(microseconds=1)
"""A job has one run at an instant: a lead a day ahead of a daily job comes this much after that day's run."""
OVER = Sentence("The run to be announced had already started.", "lead_over")


def next_lead(job: Job, part: Part, schedule: Schedule, after: datetime) -> Waiting | None:
    """Return the next run of a lead after an instant, or None. What is held has no leads."""
    assert part.before is not None
    zone = job.trigger.zone_or(job.timezone)
    since = max(after, job.held_until) if job.held_until is not None else after
    of = next_run_of(job, max(since, after + part.before - _CHANGES - _APART))
    for _ in range(_MOST_TRIED):
        if of is None:
            return None
        at = ahead_of(of, part.before, zone) + _APART
        if at > after and (job.held_until is None or at > job.held_until):
            return Waiting(part.id, at, of)
        of = schedule.next_after(of)
    return None


def planned(job: Job, now: datetime) -> Job:
    """Return a job with what of its parts is due next: thens that wait stay, leads follow from its schedule.

    A job is active while anything of it will run.
    """
    if not job.parts and not job.waiting:
        return job
    known = {part.id for part in job.parts if part.before is None}
    kept = [item for item in job.waiting if item.part in known]
    if job.held_until is None:
        kept = [replace(item, held_until=None) for item in kept]
    state = job.state
    if state is JobState.FINISHED and kept:
        state = JobState.ACTIVE
    if state is JobState.ACTIVE and job.next_run_at is not None:
        assert job.anchor_at is not None
        schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
        found = (next_lead(job, part, schedule, now) for part in leads(job.parts))
        kept += [item for item in found if item is not None]
    elif state is JobState.ACTIVE and not kept and job.held_until is None:
        state = JobState.FINISHED
    return replace(job, state=state, waiting=tuple(sorted(kept, key=lambda item: item.due_at)))


def held(job: Job, until: datetime) -> Job:
    """Return a held job whose waiting thens wait for the end of the hold, too."""
    return replace(job, waiting=tuple(replace(item, held_until=until) for item in job.waiting))


def due_parts(job: Job, rules: GuildRules | None, now: datetime) -> DueParts:
    """Decide about the parts whose time has come."""
    run: list[tuple[Part, Waiting]] = []
    missed: list[tuple[Part, Waiting, Sentence]] = []
    skipped: list[tuple[Part, Waiting, Sentence]] = []
    for item in job.waiting:
        part = part_of(job.parts, item.part)
        if item.due_at > now or part is None:
            continue
        ahead = part.before is not None
        why = forbidden_to(job, rules, item.due_at)
        if why is None and ahead:
            why = forbidden_to(job, rules, item.of)  # it would announce a run that is skipped
        if why is not None:
            skipped.append((part, item, why))
        elif ahead and item.of <= now:
            missed.append((part, item, OVER))
        else:
            run.append((part, item))
    ahead = {part.id: _runs_until(job, rules, now, item.of) for part, item in run if part.before is not None}
    return DueParts(run, missed, skipped, ahead)


def _runs_until(job: Job, rules: GuildRules | None, now: datetime, last: datetime) -> int:
    """Return how many runs a job will have after ``now``, up to and with that at ``last``."""
    assert job.anchor_at is not None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    at, count = next_run_of(job, now), 1
    for _ in range(_MOST_TRIED):
        if at is None or at >= last:
            break
        count += forbidden_to(job, rules, at) is None
        at = schedule.next_after(at)
    return count


def without_due(job: Job, now: datetime) -> Job:
    """Return a job without the parts whose time has come, and with what is due next."""
    rest = tuple(item for item in job.waiting if item.due_at > now)
    return planned(replace(job, waiting=rest), now)


def followed(job: Job, run: Run) -> Job | None:
    """Return a job with the part that follows a run of it that succeeded; None if nothing follows."""
    part = following(job.parts, run.part or "") if job.state is not JobState.CANCELLED else None
    if part is None or run.finished_at is None:
        return None
    item = Waiting(part.id, run.finished_at + (part.after or timedelta()), run.of or run.scheduled_at)
    state = JobState.ACTIVE if job.state is JobState.FINISHED else job.state
    waiting = sorted([*job.waiting, item], key=lambda item: item.due_at)
    return replace(job, state=state, waiting=tuple(waiting))
