"""Converts a trigger to calendar recurrences (RFC 5545, 3.3.10), the inverse of `rrule_text`.

There is one recurrence for each time of day. Each starts at its next instant, so that an interval of several
weeks stays in step. A trigger that no RRULE describes (a crontab line with a day *or* a weekday, cron fields
that run through the day) becomes a list of its next instants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.model import Trigger
from schedulezero.when.calendar.rule import WORKDAY, Bounded, Rule, Unit
from schedulezero.when.calendar.schedules import Every, Once, OnFields, Schedule, upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.describe import as_rule

_FREQUENCIES = {Unit.DAY: "DAILY", Unit.WEEK: "WEEKLY", Unit.MONTH: "MONTHLY", Unit.YEAR: "YEARLY"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LISTED = 60
_MOST_TIMES = 24


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One entry of a calendar file.

    Attributes:
        start: Its first instant, in the zone whose clock it follows.
        rule: The parts of its RRULE; empty if it doesn't recur.
        dates: Further instants, if no rule describes them.
        excluded: Days on which it doesn't take place.
    """

    start: datetime
    rule: dict[str, Any]
    dates: tuple[datetime, ...] = ()
    excluded: tuple[date, ...] = ()


def recurrences(
    trigger: Trigger, *, anchor: datetime, zone: str, now: datetime, listed: int = LISTED
) -> list[Recurrence]:
    """Return a trigger's future runs as calendar entries; empty if there are none.

    Parameters:
        trigger: Any valid trigger.
        anchor: The instant from which an interval counts.
        zone: The zone for wall-clock times without one.
        now: The present instant.
        listed: How many instants to list if no rule describes them.
    """
    schedule = schedule_of(trigger, anchor=anchor, zone=zone)
    where = ZoneInfo(trigger.zone_or(zone))
    first = schedule.next_after(now)
    if first is None:
        return []
    if isinstance(schedule, Once):
        return [Recurrence(first.astimezone(where), {})]
    base: Schedule = schedule.base if isinstance(schedule, Bounded) else schedule
    bounds = schedule if isinstance(schedule, Bounded) else None
    until = _until(bounds)
    excluded = bounds.excluded if bounds is not None else ()
    if isinstance(base, Every) and not excluded and not (bounds and bounds.leaves_out_again):
        return [Recurrence(first.astimezone(UTC), {**_elapsed(base.period), **until})]
    rule = as_rule(base.fields, base.zone) if isinstance(base, OnFields) else base
    if isinstance(rule, Rule) and _is_plain(rule) and (bounds is None or not bounds.leaves_out_again):
        return _by_rule(rule, schedule, now, until, excluded)
    return [_listed(list(upcoming(schedule, now, listed)), where)]


def _is_plain(rule: Rule) -> bool:
    """Whether a few lines of RFC 5545 say what a rule says."""
    few = len(rule.times) <= _MOST_TIMES and not (rule.days and rule.positions)
    return few and not rule.feasts and all(weekday != WORKDAY for _, weekday in rule.positions)


def _by_rule(
    rule: Rule, schedule: Schedule, now: datetime, until: dict[str, Any], excluded: Sequence[date]
) -> list[Recurrence]:
    found: list[Recurrence] = []
    instants = list(upcoming(schedule, now, 8 * len(rule.times)))
    for moment in rule.times:
        # A clock change may have moved one instant; the next one is at its proper time again.
        start = next(
            (at for at in instants if at.astimezone(rule.zone).time().replace(microsecond=0) == moment), None
        )
        if start is not None:
            found.append(
                Recurrence(start.astimezone(rule.zone), {**_rule(rule), **until}, excluded=tuple(excluded))
            )
    return found


def _rule(rule: Rule) -> dict[str, Any]:
    parts: dict[str, Any] = {"FREQ": _FREQUENCIES[rule.unit]}
    if rule.every > 1:
        parts["INTERVAL"] = rule.every
        parts["WKST"] = "MO"
    days = [_DAYS[day] for day in rule.weekdays]
    days += [f"{position}{_DAYS[day]}" for position, day in rule.positions]
    if days:
        parts["BYDAY"] = days
    if rule.days:
        parts["BYMONTHDAY"] = list(rule.days)
    if rule.months:
        parts["BYMONTH"] = list(rule.months)
    return parts


def _elapsed(period: timedelta) -> dict[str, Any]:
    seconds = int(period.total_seconds())
    for name, length in (("HOURLY", 3600), ("MINUTELY", 60)):
        if seconds % length == 0:
            return {"FREQ": name, "INTERVAL": seconds // length}
    return {"FREQ": "SECONDLY", "INTERVAL": seconds}


def _until(bounds: Bounded | None) -> dict[str, Any]:
    if bounds is None:
        return {}
    last = bounds.last
    return {"UNTIL": last.astimezone(UTC)} if last is not None else {}


def _listed(instants: list[datetime], zone: ZoneInfo) -> Recurrence:
    first, *rest = (at.astimezone(zone) for at in instants)
    return Recurrence(first, {}, dates=tuple(rest))
