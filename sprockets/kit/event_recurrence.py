"""Says a schedule as one of Discord's recurrence rules, where that is exactly the same. Pure.

Discord takes few rules from applications
(https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object):
every day or a known set of weekdays, one weekday every week or every second one, one weekday of a certain
week of the month, or one day of the year. A rule can have no end, and it names no time zone: it repeats an
instant in UTC. So each candidate that fits the first event is compared with the schedule's own instants; one
that differs anywhere within some years, as where the clocks change, isn't the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.instants import to_iso
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.schedules import Schedule

_YEARS = 4
"""For how many years both must be the same; a leap day is within them."""
_YEARS_OF_A_DAY = 9
_LAST_WEEK = 4
"""Months without a fifth week are left out by a schedule, and what Discord does there isn't documented."""
_SETS = ((0, 1, 2, 3, 4), (1, 2, 3, 4, 5), (6, 0, 1, 2, 3), (4, 5), (5, 6), (6, 0))
"""The sets of weekdays that a daily rule may have, in the order in which Discord lists them; Monday is 0."""


class Frequency(IntEnum):
    """How often an event recurs, in Discord's numbers."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3


@dataclass(frozen=True, slots=True)
class Recurrence:
    """One of Discord's rules.

    Attributes:
        start: the first event, in UTC.
        frequency, interval: every so many days, weeks, months or years.
        weekdays: the weekdays, of a daily or weekly rule.
        nth: the week of the month, counted from 1, and the weekday.
        day: the month and its day.
    """

    start: datetime
    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    nth: tuple[int, int] | None = None
    day: tuple[int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as Discord takes it."""
        found: dict[str, Any] = {
            "start": to_iso(self.start),
            "frequency": int(self.frequency),
            "interval": self.interval,
        }
        if self.weekdays:
            found["by_weekday"] = list(self.weekdays)
        if self.nth is not None:
            found["by_n_weekday"] = [{"n": self.nth[0], "day": self.nth[1]}]
        if self.day is not None:
            found["by_month"], found["by_month_day"] = [self.day[0]], [self.day[1]]
        return found

    def instants(self, until: datetime, zone: ZoneInfo | None = None) -> Iterator[datetime]:
        """Yield its instants, first to last.

        Parameters:
            until: the end.
            zone: a zone by whose clock it would repeat; UTC if None, as Discord does.
        """
        at = self.start.astimezone(zone) if zone is not None else self.start
        days = 0
        while at <= until:
            if self._falls_on(at, days):
                yield at
            days += 1
            at += timedelta(days=1)  # by the clock of the zone

    def _falls_on(self, at: datetime, days: int) -> bool:
        match self.frequency:
            case Frequency.DAILY:
                return not self.weekdays or at.weekday() in self.weekdays
            case Frequency.WEEKLY:
                return days % (7 * self.interval) == 0
            case Frequency.MONTHLY:
                return ((at.day - 1) // 7 + 1, at.weekday()) == self.nth
            case Frequency.YEARLY:
                return (at.month, at.day) == self.day


def recurrence_of(
    schedule: Schedule, first: datetime, starts_in: timedelta, zone: str
) -> Recurrence | Sentence:
    """Return the rule that repeats an event exactly when a schedule's runs do, or why there is none.

    Parameters:
        schedule: when the job runs.
        first: the run that makes the event, in UTC.
        starts_in: how long after each run its event begins.
        zone: IANA name of the zone of the schedule's times.
    """
    start = first + starts_in
    for rule in _candidates(start):
        if _same(rule, schedule, first, starts_in):
            return rule
    local = start.astimezone(ZoneInfo(zone))
    if any(_same(rule, schedule, first, starts_in, ZoneInfo(zone)) for rule in _candidates(local)):
        return Sentence(
            "Discord repeats events in UTC, so the time would shift when the clocks in {zone} change.",
            "event_series_zone",
            zone=zone,
        )
    return Sentence("Discord can't repeat an event on this schedule.", "event_series_schedule")


def _candidates(start: datetime) -> Iterator[Recurrence]:
    weekday = start.weekday()
    yield Recurrence(start, Frequency.DAILY)
    for days in _SETS:
        if weekday in days:
            yield Recurrence(start, Frequency.DAILY, weekdays=days)
    for interval in (1, 2):
        yield Recurrence(start, Frequency.WEEKLY, interval, weekdays=(weekday,))
    week = (start.day - 1) // 7 + 1
    if week <= _LAST_WEEK:
        yield Recurrence(start, Frequency.MONTHLY, nth=(week, weekday))
    if (start.month, start.day) != (2, 29):
        yield Recurrence(start, Frequency.YEARLY, day=(start.month, start.day))


def _same(
    rule: Recurrence, schedule: Schedule, first: datetime, starts_in: timedelta, zone: ZoneInfo | None = None
) -> bool:
    years = _YEARS_OF_A_DAY if rule.frequency is Frequency.YEARLY else _YEARS
    until = first + starts_in + timedelta(days=366 * years)
    following: Callable[[datetime], datetime | None] = schedule.next_after
    at: datetime | None = first
    for instant in rule.instants(until, zone):
        if at is None or at + starts_in != instant:
            return False
        at = following(at)
    return at is not None and at + starts_in > until
