"""Calendar rules that cron fields can't express: every other week, every 3 days, exclusions, counts.

A `Rule` works with wall-clock days and times. Like every wall-clock recurrence, it is computed in local time
and then resolved to an instant once. It finds the next run by jumping whole periods from an anchor date, so
the cost doesn't depend on the rule's age. `Bounded` puts bounds on any schedule.
"""

from __future__ import annotations

import calendar
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from schedulezero.instants import first_instant_at_or_after
from schedulezero.when.calendar.feasts import feast_day
from schedulezero.when.calendar.holidays import MOST_YEARS, holidays_of
from schedulezero.when.calendar.schedules import Schedule, next_in_zone

_HOURS_A_DAY = 24
_DAY = timedelta(days=1)
_LONGEST_WAIT_YEARS = 60
LARGEST_COUNT = 1000
_MOST_SKIPPED = 750
"""Days in a row that are left out each time, until a schedule counts as one that never comes: two years."""
LAST = -1
WORKDAY = 7
"""The weekday of a position that any working day takes, Monday to Friday."""
_WORKDAYS_A_WEEK = 5


class Unit(StrEnum):
    """A rule's period."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Rule:
    """Wall-clock times on certain days, in a zone.

    Attributes:
        unit, every: The period; every other week is ``WEEK`` and 2.
        times: Times of day, ascending.
        zone: The zone of the wall clock.
        weekdays: 0 is Monday; the days of a weekly rule, or a filter for another one: Fridays the 13th.
        days: Days of a month, `LAST` being its last one.
        positions: Such as (1, 0), the first Monday of a month, or (`LAST`, 4), its last Friday.
        months: Only in these months.
        feasts: Feast days of a yearly rule, by their names in `feasts`, each with days to add, such as 1.
        anchor: A day in a period that counts, if ``every`` is more than 1.
    """

    unit: Unit
    every: int
    times: tuple[time, ...]
    zone: ZoneInfo
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    positions: tuple[tuple[int, int], ...] = ()
    months: tuple[int, ...] = ()
    anchor: date | None = None
    feasts: tuple[tuple[str, int], ...] = ()

    def next_after(self, instant: datetime) -> datetime | None:
        return next_in_zone(self.next_local, instant, self.zone, ticks=self.runs_through)

    @property
    def runs_through(self) -> bool:
        """Whether it runs at the same minutes of every hour, like a cron line with ``*`` for its hours."""
        if len(self.times) < _HOURS_A_DAY:
            return False
        within = {(moment.minute, moment.second) for moment in self.times}
        return len(self.times) == _HOURS_A_DAY * len(within)

    def next_local(self, start: datetime) -> datetime | None:
        """Return the first matching wall-clock time at or after ``start`` (naive), or None."""
        for day in self._days_from(start.date()):
            earliest = start.time() if day == start.date() else time.min
            position = bisect_left(self.times, earliest)
            if position < len(self.times):
                return datetime.combine(day, self.times[position])
        return None

    def _days_from(self, start: date) -> Iterator[date]:
        """The matching days from a day on, for as long as anybody would wait."""
        last_year = min(start.year + _LONGEST_WAIT_YEARS, 9998)
        if self.unit in (Unit.DAY, Unit.WEEK):
            yield from self._by_day(start, last_year)
            return
        if self.feasts:
            yield from self._by_feast(start, last_year)
            return
        month = start.replace(day=1)
        while month.year <= last_year:
            if self._month_counts(month):
                yield from (
                    day
                    for day in self._days_of(month)
                    if day >= start and (not self.weekdays or day.weekday() in self.weekdays)
                )
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)

    def _by_day(self, start: date, last_year: int) -> Iterator[date]:
        day = start
        while day.year <= last_year:
            if self.every > 1:
                assert self.anchor is not None
                if self.unit is Unit.DAY:
                    day += timedelta(days=-(day - self.anchor).days % self.every)
                elif (skip := -(_monday(day) - _monday(self.anchor)).days // 7 % self.every) > 0:
                    day = _monday(day) + timedelta(weeks=skip)
            if (not self.weekdays or day.weekday() in self.weekdays) and (
                not self.months or day.month in self.months
            ):
                yield day
            day += _DAY

    def _by_feast(self, start: date, last_year: int) -> Iterator[date]:
        for year in range(start.year, last_year + 1):
            if self.every > 1 and self.anchor is not None and (year - self.anchor.year) % self.every:
                continue
            found = {feast_day(name, year) + timedelta(days=days) for name, days in self.feasts}
            yield from (day for day in sorted(found) if day >= start)

    def _month_counts(self, month: date) -> bool:
        if self.months and month.month not in self.months:
            return False
        if self.every == 1:
            return True
        assert self.anchor is not None
        if self.unit is Unit.YEAR:
            return (month.year - self.anchor.year) % self.every == 0
        index = (month.year - self.anchor.year) * 12 + month.month - self.anchor.month
        return index % self.every == 0

    def _days_of(self, month: date) -> list[date]:
        length = calendar.monthrange(month.year, month.month)[1]
        numbers = {length + 1 + day if day < 0 else day for day in self.days if day <= length}
        for position, weekday in self.positions:
            matching = [
                day for day in range(1, length + 1) if _is_on(weekday, (month.weekday() + day - 1) % 7)
            ]
            index = position - 1 if position > 0 else position
            if -len(matching) <= index < len(matching):
                numbers.add(matching[index])
        return [month.replace(day=number) for number in sorted(numbers)]


@dataclass(frozen=True, slots=True)
class Bounded:
    """A schedule within bounds.

    Attributes:
        base: The schedule without its bounds.
        zone: The zone of the excluded days.
        starting: No run before this instant.
        until: No run after this instant.
        count: At most this many runs, counted from ``starting`` (which is then required).
        excluded: No run on these days.
        holidays: No run on the public holidays of this place, such as ``DE`` or ``DE-BY``.
        excluded_dates: No run on these days of each year, such as (12, 25), 25 December.
        excluded_feasts: No run on these feasts of each year, by name in `feasts`, each with days to add.
        excluded_days: No run on these days of each month, `LAST` being its last one.
    """

    base: Schedule
    zone: ZoneInfo
    starting: datetime | None = None
    until: datetime | None = None
    count: int | None = None
    excluded: tuple[date, ...] = ()
    holidays: str | None = None
    excluded_dates: frozenset[tuple[int, int]] = frozenset()
    excluded_feasts: tuple[tuple[str, int], ...] = ()
    excluded_days: tuple[int, ...] = ()

    def next_after(self, instant: datetime) -> datetime | None:
        if self.starting is not None:
            instant = max(instant, self.starting - timedelta(microseconds=1))
        found = self._allowed_after(instant)
        if found is None or (self.count is not None and (last := _last_counted(self)) and found > last):
            return None
        return found

    @property
    def last(self) -> datetime | None:
        """The instant of the last run, or None if the schedule never ends."""
        bounds = [self.until, _last_counted(self) if self.count is not None else None]
        return min((bound for bound in bounds if bound is not None), default=None)

    @property
    def leaves_out_again(self) -> bool:
        """Whether it leaves out days of each year or month, which can't all be named."""
        return bool(
            self.holidays is not None or self.excluded_dates or self.excluded_feasts or self.excluded_days
        )

    def _allowed_after(self, instant: datetime) -> datetime | None:
        # As many steps as there are excluded days can be in vain, and for what ticks each day many.
        found = self.base.next_after(instant)
        latest: int | None = None
        skipped = 0
        while found is not None and (self.until is None or found <= self.until):
            day = found.astimezone(self.zone).date()
            if not self._is_left_out(day):
                return found
            if day not in self.excluded:
                latest = latest or day.year + MOST_YEARS
                skipped += 1
                if day.year > latest or skipped > _MOST_SKIPPED:
                    return None  # "every 25 December except public holidays"
            midnight = first_instant_at_or_after(datetime.combine(day + _DAY, time.min), self.zone)
            found = self.base.next_after(midnight - timedelta(microseconds=1))
        return None

    def _is_left_out(self, day: date) -> bool:
        return (
            day in self.excluded
            or (self.holidays is not None and day in holidays_of(self.holidays, day.year))
            or (day.month, day.day) in self.excluded_dates
            or day.day in self.excluded_days
            or (LAST in self.excluded_days and (day + _DAY).day == 1)
            or any(_is_feast(day, name, days) for name, days in self.excluded_feasts)
        )

    def _nth(self, count: int) -> datetime | None:
        assert self.starting is not None, "a count needs a start to count from"
        found: datetime | None = self.starting - timedelta(microseconds=1)
        for _ in range(count):
            assert found is not None
            following = self._allowed_after(found)
            if following is None:
                return found
            found = following
        return found


@lru_cache(maxsize=4096)
def _last_counted(bounded: Bounded) -> datetime | None:
    """The last instant that a count admits, worked out once for each schedule."""
    assert bounded.count is not None
    return bounded._nth(bounded.count)  # pyright: ignore[reportPrivateUsage]


def _is_feast(day: date, name: str, days: int) -> bool:
    feast = day - timedelta(days=days)
    return feast == feast_day(name, feast.year)


def _is_on(weekday: int, day: int) -> bool:
    return day == weekday or (weekday == WORKDAY and day < _WORKDAYS_A_WEEK)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
