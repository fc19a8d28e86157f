"""Decides which instants of a due job run and when the job is due next. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schedulezero.instants import LAST_YEAR
from schedulezero.model import GuildRules, Job, MissedPolicy
from schedulezero.model.part import Part, Waiting
from schedulezero.sentences import Sentence, counted
from schedulezero.when.calendar.quiet_hours import forbidden_to
from schedulezero.when.calendar.schedules import Schedule
from schedulezero.when.calendar.triggers import schedule_of

_MOST_AT_ONCE = 100
"""The most past instants of one job to backfill under the policy ``all``."""
_MOST_COUNTED = 1000

_LOOK_BACK = tuple(timedelta(seconds=s) for s in (60, 3600, 86_400, 31 * 86_400, 366 * 86_400))


@dataclass(frozen=True, slots=True)
class DueParts:
    """The decision about parts that are due: those to run, and those to record as missed or skipped.

    Attributes:
        run, missed, skipped: the parts, the latter with the reason.
        ahead: for each lead to run, how many of the job's own runs come until the one that it announces,
            that one included.
    """

    run: Sequence[tuple[Part, Waiting]] = ()
    missed: Sequence[tuple[Part, Waiting, Sentence]] = ()
    skipped: Sequence[tuple[Part, Waiting, Sentence]] = ()
    ahead: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Due:
    """The decision about a job that is due.

    Attributes:
        run: the instants to run, in order.
        missed: the instants to record as missed.
        next_run_at: when the job falls due again; None when it never does.
        note: a message about instants that were passed over.
        skipped: instants that the guild's rules forbid, each with the reason.
        parts: the decision about the job's parts.
    """

    run: Sequence[datetime]
    missed: Sequence[datetime]
    next_run_at: datetime | None
    note: Sentence | None = None
    skipped: Sequence[tuple[datetime, Sentence]] = ()
    parts: DueParts = DueParts()


def next_run_of(job: Job, after: datetime) -> datetime | None:
    """Return a job's first instant after ``after`` and after the end of its hold, or None."""
    assert job.anchor_at is not None
    if job.held_until is not None and job.held_until.year > LAST_YEAR:
        return None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at, zone=job.timezone)
    return schedule.next_after(max(after, job.held_until) if job.held_until else after)


def obey(due: Due, rules: GuildRules | None, job: Job) -> Due:
    """Return the same decision with the instants that a guild's rules forbid moved to ``skipped``."""
    if rules is None or not due.run:
        return due
    reasons = [(at, forbidden_to(job, rules, at)) for at in due.run]
    return replace(
        due,
        run=tuple(at for at, reason in reasons if reason is None),
        skipped=tuple((at, reason) for at, reason in reasons if reason is not None),
    )


def decide_due(job: Job, schedule: Schedule, now: datetime) -> Due:
    """Decide what to do with a job whose ``next_run_at`` has come.

    Normally one instant is due. After a time without a running server there are several, and the job's missed
    policy decides: run the latest one (the default), run all of them (at most `_MOST_AT_ONCE`), or run the
    latest one only within the job's grace.
    """
    assert job.next_run_at is not None
    next_run_at = schedule.next_after(now)
    passed, more = [job.next_run_at], False
    while len(passed) < _MOST_COUNTED:
        following = schedule.next_after(passed[-1])
        if following is None or following > now:
            break
        passed.append(following)
    else:
        latest = _latest_until(schedule, now)
        if latest is not None and latest > passed[-1]:
            passed[-1], more = latest, True

    if job.missed is MissedPolicy.SKIP and now - passed[-1] > job.grace:
        return Due((), passed[-1:], next_run_at, _passed_over(len(passed) - 1, more=more))
    if job.missed is MissedPolicy.ALL:
        kept = passed[-_MOST_AT_ONCE:]
        return Due(kept, (), next_run_at, _passed_over(len(passed) - len(kept), more=more))
    return Due(passed[-1:], (), next_run_at, _passed_over(len(passed) - 1, more=more))


def _latest_until(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the latest instant that is not after ``now``, without walking through a long past."""
    for span in _LOOK_BACK:
        found = schedule.next_after(now - span)
        if found is None or found > now:
            continue
        while (following := schedule.next_after(found)) is not None and following <= now:
            found = following
        return found
    return None


REPLACED = Sentence("A later run of the job replaced it.", "later_run_took_place")
"""Why a run was skipped in favour of the same job's later one."""


def _passed_over(count: int, *, more: bool) -> Sentence | None:
    """Return what to say of runs that were passed over.

    Parameters:
        count: how many were counted.
        more: whether there were more of them than that.
    """
    if more:
        return Sentence(
            "More than {count} earlier runs were skipped while the scheduler was not running.",
            "many_earlier_runs_passed_over",
            count=count,
        )
    if count == 0:
        return None
    return counted(
        "{count} earlier run was skipped while the scheduler was not running.",
        "{count} earlier runs were skipped while the scheduler was not running.",
        "earlier_runs_passed_over",
        count=count,
    )
