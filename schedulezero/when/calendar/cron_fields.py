"""Parses the wire's cron *fields*, ``{"hour": 9, "day_of_week": "mon-fri"}``, and finds the times they match.

They keep the meaning of APScheduler 4's CronTrigger, because existing code relies on it: all fields must
match, ``day_of_week`` 0 and 7 are Sunday (`weekdays`), a field finer than the finest one given defaults to
its minimum and a coarser one to ``*``. (A crontab *line* follows other rules, see `crontab`.)

This module works in naive calendar time only; `schedules` turns it into instants.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from schedulezero.errors import TriggerError
from schedulezero.when.calendar.weekdays import WEEKDAYS, Count

FIELDS = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
"""From coarse to fine, which is the order in which defaults are decided."""

_LIMITS = {
    "year": (1970, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "week": (1, 53),
    "day_of_week": (0, 7),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
# Every year is said by None, so that eight thousand numbers need not be.
_EVERYTHING = {
    name: frozenset(range(low, high + 1)) if name != "year" else frozenset[int]()
    for name, (low, high) in _LIMITS.items()
} | {"day_of_week": frozenset(range(7))}
_DEFAULTS = {"month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
POSITIONS = ("1st", "2nd", "3rd", "4th", "5th", "last")
_LONGEST_FIELD = 500
_LONGEST_WAIT_YEARS = 60
"""A calendar that matches nothing for so long matches nothing: 29 February on a given weekday
recurs within 40 years, also across a century that is no leap year."""

_DAY = timedelta(days=1)
_NUMBER = "[0-9]{1,9}"  # Python refuses to read a number of thousands of digits
_ALL = re.compile(rf"\*(?:/(?P<step>{_NUMBER}))?")
_RANGE = re.compile(rf"(?P<first>{_NUMBER})(?:-(?P<last>{_NUMBER}))?(?:/(?P<step>{_NUMBER}))?")
_NAMES = re.compile(r"(?P<first>[a-z]+)(?:-(?P<last>[a-z]+))?")
_POSITION = re.compile(rf"(?P<position>{'|'.join(POSITIONS)})\s+(?P<weekday>{'|'.join(WEEKDAYS)})")


@dataclass(frozen=True, slots=True)
class CronFields:
    """Parsed cron fields: the numbers that each one allows, sorted, and rules for days.

    ``runs_through`` is true for a recurrence that runs in every hour of the day, and false for one at given
    times of day (its minutes may still repeat); clock changes treat the two differently.
    """

    years: tuple[int, ...] | None
    months: tuple[int, ...]
    days: frozenset[int]
    day_positions: tuple[tuple[str, int], ...]
    last_day: bool
    weeks: frozenset[int] | None
    weekdays: frozenset[int] | None
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    runs_through: bool

    @property
    def at_one_second(self) -> bool:
        """Whether all times have the same second, so that no two are less than a minute apart."""
        return len(self.seconds) == 1

    def next_local(self, start: datetime) -> datetime | None:
        """Return the first matching wall-clock time at or after ``start`` (naive, whole seconds), or None."""
        day = start.date()
        at: time | None = start.time()
        last_year = start.year + _LONGEST_WAIT_YEARS
        only_days = (
            self.weekdays is None and self.weeks is None and not self.day_positions and not self.last_day
        )
        while day.year <= min(last_year, 9998):
            if not self._month_matches(day):
                day, at = self._next_month(day), None
                continue
            if self._day_matches(day):
                found = self._time_at_or_after(at)
                if found is not None:
                    return datetime.combine(day, found)
            day, at = self._next_named_day(day) if only_days else day + _DAY, None
        return None

    def _next_named_day(self, day: date) -> date:
        """The next day that ``days`` names, or the first of the next month that counts."""
        later = min((number for number in self.days if number > day.day), default=None)
        if later is None or later > calendar.monthrange(day.year, day.month)[1]:
            return self._next_month(day)
        return day.replace(day=later)

    def _next_month(self, day: date) -> date:
        """The first day of the next month that counts, so that rare days are not walked up to."""
        position = bisect_right(self.months, day.month)
        if position < len(self.months):
            return date(day.year, self.months[position], 1)
        return date(day.year + 1, self.months[0], 1)

    def _month_matches(self, day: date) -> bool:
        return day.month in self.months and (self.years is None or day.year in self.years)

    def _day_matches(self, day: date) -> bool:
        if self.weekdays is not None and day.weekday() not in self.weekdays:
            return False
        if self.weeks is not None and day.isocalendar().week not in self.weeks:
            return False
        if day.day in self.days:
            return True
        length = calendar.monthrange(day.year, day.month)[1]
        if self.last_day and day.day == length:
            return True
        for position, weekday in self.day_positions:
            if day.weekday() == weekday and (
                day.day + 7 > length
                if position == "last"
                else (day.day - 1) // 7 == POSITIONS.index(position)
            ):
                return True
        return False

    def _time_at_or_after(self, at: time | None) -> time | None:
        if at is None:
            return time(self.hours[0], self.minutes[0], self.seconds[0])
        for hour in self.hours[bisect_left(self.hours, at.hour) :]:
            if hour > at.hour:
                return time(hour, self.minutes[0], self.seconds[0])
            for minute in self.minutes[bisect_left(self.minutes, at.minute) :]:
                if minute > at.minute:
                    return time(hour, minute, self.seconds[0])
                position = bisect_left(self.seconds, at.second)
                if position < len(self.seconds):
                    return time(hour, minute, self.seconds[position])
        return None


def parse_fields(args: Mapping[str, Any], path: str = "trigger.args") -> CronFields:
    """Parse the fields in a cron trigger's arguments.

    Parameters:
        args: Field name to number or expression; other keys are ignored.
        path: Where the arguments are in the request, for the error.

    Raises TriggerError naming the invalid field and what is valid.
    """
    given = tuple((name, str(args[name]).strip().lower()) for name in FIELDS if args.get(name) is not None)
    long = next((name for name, text in given if len(text) > _LONGEST_FIELD), None)
    if long is not None:
        raise TriggerError(
            f"{path}.{long}", f"A field has at most {_LONGEST_FIELD} characters; use {_examples(long)}."
        )
    if not given:
        raise TriggerError(path, f"A cron trigger needs at least one of: {', '.join(FIELDS)}.")
    return _parsed(given, path)


@lru_cache(maxsize=4096)
def _parsed(pairs: tuple[tuple[str, str], ...], path: str) -> CronFields:
    """The fields of these texts; remembered, because a job's are read again each time it falls due."""
    given = dict(pairs)
    texts: dict[str, str] = {}
    finest = max(FIELDS.index(name) for name in given)
    for position, name in enumerate(FIELDS):
        fallback = _DEFAULTS.get(name, "*") if position > finest else "*"
        texts[name] = given.get(name, fallback)

    numbers: dict[str, frozenset[int]] = {}
    positions: list[tuple[str, int]] = []
    last_day = False
    for name, text in texts.items():
        if text == "*":
            numbers[name] = _EVERYTHING[name]
            continue
        values: set[int] = set()
        for part in text.split(","):
            expression = part.strip()
            if name == "day" and expression == "last":
                last_day = True
            elif name == "day" and (match := _POSITION.fullmatch(expression)):
                positions.append((match["position"], WEEKDAYS.index(match["weekday"])))
            else:
                values.update(_values(name, expression, f"{path}.{name}"))
        numbers[name] = frozenset(values)

    return CronFields(
        years=None if texts["year"] == "*" else tuple(sorted(numbers["year"])),
        months=tuple(sorted(numbers["month"])),
        days=numbers["day"],
        day_positions=tuple(positions),
        last_day=last_day,
        weeks=None if texts["week"] == "*" else numbers["week"],
        weekdays=None if texts["day_of_week"] == "*" else numbers["day_of_week"],
        hours=tuple(sorted(numbers["hour"])),
        minutes=tuple(sorted(numbers["minute"])),
        seconds=tuple(sorted(numbers["second"])),
        runs_through=numbers["hour"] == _EVERYTHING["hour"],
    )


def _values(name: str, text: str, path: str) -> Iterable[int]:
    low, high = _LIMITS[name]
    if name == "day_of_week" and (days := Count.FROM_SUNDAY.days(text)) is not None:
        return days
    if match := _ALL.fullmatch(text):
        step = int(match["step"] or 1)
        return range(low, high + 1, _checked_step(step, text, path))
    if match := _RANGE.fullmatch(text):
        first = int(match["first"])
        step = _checked_step(int(match["step"] or 1), text, path)
        # A start with a step and no end runs to the field's maximum; a bare number is itself.
        last = int(match["last"]) if match["last"] else (high if match["step"] else first)
    elif (match := _NAMES.fullmatch(text)) and (names := _names(name)):
        unknown = next((word for word in match.groups() if word and word not in names), None)
        if unknown is not None:
            raise TriggerError(path, f"{unknown!r} is none of: {', '.join(names)}.")
        first = names.index(match["first"]) + low
        last = names.index(match["last"]) + low if match["last"] else first
        step = 1
        high = low + len(names) - 1
    else:
        raise TriggerError(path, f"{text!r} isn't a valid {name.replace('_', ' ')}; use {_examples(name)}.")
    if not low <= first <= high or not low <= last <= high:
        raise TriggerError(path, f"{text!r} is outside {low} to {high}.")
    if first > last and name == "day_of_week":
        return (*range(first, high + 1), *range(low, last + 1))
    if first > last:
        raise TriggerError(path, f"{text!r} runs backwards; write the smaller one first.")
    return range(first, last + 1, step)


def _names(field: str) -> tuple[str, ...]:
    return {"month": _MONTHS, "day_of_week": WEEKDAYS}.get(field, ())


def _checked_step(step: int, text: str, path: str) -> int:
    if step < 1:
        raise TriggerError(path, f"The step of {text!r} must be at least 1.")
    return step


def _examples(field: str) -> str:
    low, high = _LIMITS[field]
    examples = [f"{low} to {high}", "*", "*/2", f"{low}-{low + 2}", f"{low},{low + 2}"]
    if field == "day":
        examples += ["last", "2nd tue", "last fri"]
    elif names := _names(field):
        examples += [names[0], f"{names[0]}-{names[4]}"]
    return ", ".join(examples)
