"""What a guild's rules forbid. Pure; the server enforces it, and a preview shows it beforehand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedulezero.model import GuildRules, Job
from schedulezero.model.limits import is_ending
from schedulezero.said_values import said_clock, said_day
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.holidays import UnknownPlace, holidays_of
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

_MOST_RUNS = 500


def forbidden(
    rules: GuildRules, instant: datetime, *, in_quiet_hours: bool = False, on_free_days: bool = False
) -> Sentence | None:
    """Return the reason why nothing may run at an instant; None if runs are allowed.

    Quiet hours include ``quiet_from`` and exclude ``quiet_to``; 22:00 to 07:00 crosses midnight. Both are
    wall-clock times in the guild's zone.

    Parameters:
        rules: The guild's rules.
        instant: When something would run.
        in_quiet_hours, on_free_days: Whether it is exempt from the quiet hours, and from free days and
            holidays, as a job may be.
    """
    local = instant.astimezone(ZoneInfo(rules.timezone))
    if not on_free_days and local.date() in rules.dark_days:
        return Sentence("{local} is a day off in this server.", "free_day", local=said_day(local))
    if not on_free_days and is_holiday(rules, local.date()):
        return Sentence(
            "{local} is a public holiday, so nothing runs here.", "free_holiday", local=said_day(local)
        )
    begins, ends = rules.quiet_from, rules.quiet_to
    if in_quiet_hours or begins is None or ends is None or begins == ends:
        return None
    now = local.time()
    quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    return (
        Sentence(
            "The server's quiet hours are from {begins} to {ends}.",
            "quiet_hours",
            begins=said_clock(begins),
            ends=said_clock(ends),
        )
        if quiet
        else None
    )


def forbidden_to(job: Job, rules: GuildRules | None, instant: datetime) -> Sentence | None:
    """Return the reason why a job may not run at an instant; None if it may, as without rules."""
    if rules is None:
        return None
    return forbidden(rules, instant, in_quiet_hours=job.in_quiet_hours, on_free_days=job.on_free_days)


def days_off(rules: GuildRules | None, first: date, last: date) -> list[date]:
    """Return the days of a span, with its last one, on which nothing runs."""
    if rules is None:
        return []
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day in rules.dark_days or is_holiday(rules, day)]


def is_holiday(rules: GuildRules, day: date) -> bool:
    """Return whether a day is a public holiday on which a guild's rules let nothing run.

    A place that the installed package doesn't know, as after a downgrade, has no holidays.
    """
    if rules.holidays is None:
        return False
    try:
        return day in holidays_of(rules.holidays, day.year)
    except UnknownPlace:
        return False


def next_allowed(job: Job, rules: GuildRules | None) -> tuple[datetime | None, Sentence | None]:
    """Return a job's next run that a guild's rules leave, and why the one before it, if any, is left out.

    None if none of its next `_MOST_RUNS` runs is left, or if it has none.
    """
    first = job.next_run_at
    if first is None or rules is None or is_ending(job):
        return first, None
    why = forbidden_to(job, rules, first)
    if why is None:
        return first, None
    schedule = schedule_of(job.trigger, anchor=job.anchor_at or job.created_at or first, zone=job.timezone)
    runs = upcoming(schedule, first, _MOST_RUNS)
    left = (at for at in runs if forbidden_to(job, rules, at) is None)
    return next(left, None), why
