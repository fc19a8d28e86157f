"""What falling due means for a job: which instants run, and when it falls due next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schedulezero.instants import LAST_YEAR
from schedulezero.model import GuildRules, Job, MissedPolicy
from schedulezero.model.quiet_hours import forbidden
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of

_MOST_AT_ONCE = 100
"""How many passed instants of one job are made up for at most, under the policy ``all``."""
_MOST_COUNTED = 1000

_LOOK_BACK = tuple(timedelta(seconds=s) for s in (60, 3600, 86_400, 31 * 86_400, 366 * 86_400))


@dataclass(frozen=True, slots=True)
class Due:
    """The decision about a job that is due.

    Attributes:
        run: the instants to run, in order.
        missed: the instants to record as missed.
        next_run_at: when the job falls due again; None when it never does.
        note: what to tell about instants that were passed over.
        skipped: instants that the guild's rules forbid, each with the reason.
    """

    run: Sequence[datetime]
    missed: Sequence[datetime]
    next_run_at: datetime | None
    note: Sentence | None = None
    skipped: Sequence[tuple[datetime, Sentence]] = ()


def next_run_of(job: Job, after: datetime) -> datetime | None:
    """The first instant of a job later than ``after`` that is not held back; None when there is none."""
    assert job.anchor_at is not None
    if job.held_until is not None and job.held_until.year > LAST_YEAR:
        return None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    return schedule.next_after(max(after, job.held_until) if job.held_until else after)


def obey(due: Due, rules: GuildRules | None) -> Due:
    """The same decision without the instants that a guild's rules forbid."""
    if rules is None or not due.run:
        return due
    reasons = [(at, forbidden(rules, at)) for at in due.run]
    return replace(
        due,
        run=tuple(at for at, reason in reasons if reason is None),
        skipped=tuple((at, reason) for at, reason in reasons if reason is not None),
    )


def decide_due(job: Job, schedule: Schedule, now: datetime) -> Due:
    """Decides what to do with a job whose ``next_run_at`` has come.

    One instant is due in the normal course of things. Several are when no server was running:
    the job's missed policy says whether the latest runs (the default), all of them, or none that
    is later than the job's grace.
    """
    assert job.next_run_at is not None
    next_run_at = schedule.next_after(now)
    passed = [job.next_run_at]
    while len(passed) < _MOST_COUNTED:
        following = schedule.next_after(passed[-1])
        if following is None or following > now:
            break
        passed.append(following)
    else:
        passed[-1] = _latest_until(schedule, now) or passed[-1]

    if job.missed is MissedPolicy.SKIP and now - passed[-1] > job.grace:
        return Due((), passed[-1:], next_run_at, _passed_over(len(passed) - 1))
    if job.missed is MissedPolicy.ALL:
        kept = passed[-_MOST_AT_ONCE:]
        return Due(kept, (), next_run_at, _passed_over(len(passed) - len(kept)))
    return Due(passed[-1:], (), next_run_at, _passed_over(len(passed) - 1))


def _latest_until(schedule: Schedule, now: datetime) -> datetime | None:
    """The latest instant that is not after ``now``, found without walking a long past."""
    for span in _LOOK_BACK:
        found = schedule.next_after(now - span)
        if found is None or found > now:
            continue
        while (following := schedule.next_after(found)) is not None and following <= now:
            found = following
        return found
    return None


def _passed_over(count: int) -> Sentence | None:
    if count == 0:
        return None
    if count >= _MOST_COUNTED - 1:
        return Sentence(
            "More than {count} earlier runs were passed over while no server was running.",
            "many_earlier_runs_passed_over",
            count=count,
        )
    if count == 1:
        return Sentence(
            "{count} earlier run was passed over while no server was running.",
            "earlier_run_passed_over",
            count=count,
        )
    return Sentence(
        "{count} earlier runs were passed over while no server was running.",
        "earlier_runs_passed_over",
        count=count,
    )
