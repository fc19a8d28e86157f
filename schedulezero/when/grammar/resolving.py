"""From a day that was said to the date that is meant."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import cast

from schedulezero.errors import WhenError
from schedulezero.instants import FIRST_YEAR
from schedulezero.model import Trigger
from schedulezero.said_values import said_day, said_weekday
from schedulezero.when.calendar.feasts import feast_day, feast_in
from schedulezero.when.calendar.holidays import UnknownPlace, holidays_of, place_of
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    FRIDAY_13,
    WORKDAY,
    After,
    Beside,
    Clock,
    Day,
    EndOf,
    Offset,
    OffsetOn,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnPosition,
    OnWeekday,
    OnWorkday,
    Slashed,
    Span,
)
from schedulezero.when.grammar.refusing import never_comes
from schedulezero.when.grammar.said import Contradiction, Nonsense

_WORKDAYS = 5
_DECEMBER = 12
_YEARS_AHEAD = 9
_LAST_YEAR = 9998


class NotThatWeekday(WhenError):
    """A date was said with a weekday that isn't its own.

    Attributes:
        date: The date.
        readings: What the date alone and the weekday alone mean, each with its zone.
    """

    code = "weekday_of_another_date"

    def __init__(self, found: date, text: str) -> None:
        super().__init__(
            "{day} in “{text}” is a {weekday}.",
            code="not_that_weekday",
            day=said_day(found),
            text=text,
            weekday=said_weekday(found),
        )
        self.date = found
        self.readings: list[tuple[Trigger, str]] = []


def _not_in_month(text: str, day: int, year: int | None = None) -> WhenError:
    if year is None:
        return WhenError(
            "“{text}” isn't a date: that month has no day {number}.",
            code="day_not_in_month",
            text=text,
            number=day,
        )
    return WhenError(
        "“{text}” isn't a date: in {year}, that month has no day {number}.",
        code="day_not_in_month_of_year",
        text=text,
        number=day,
        year=year,
    )


def clock_of(at: Clock) -> time:
    """Return a time of day as a `time`."""
    return time(at.hour, at.minute, at.second)


def time_of_part(part: str, context: Context) -> time:
    """Return when a part of the day without an hour begins. Raises Contradiction if it always needs one."""
    found = context.part_times.get(part)
    if found is None:
        raise Contradiction("at which hour")  # Spanish *de madrugada*
    return found


def plus_span(moment: datetime, span: Span) -> datetime:
    """Return a wall-clock time so much later; the last day of a month stands for days that it lacks.

    Raises OverflowError beyond the last year.
    """
    index = moment.year * 12 + moment.month - 1 + span.months
    year, month = divmod(index, 12)
    if year > _LAST_YEAR:
        raise OverflowError
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day) + timedelta(
        days=span.days, seconds=span.seconds
    )


def date_of(day: Day, context: Context, at: time | None = None, *, text: str) -> date:
    """Return the date of a day.

    Parameters:
        day: The day.
        context: Where and when it was said.
        at: The time of day it is for: today counts only if that is still ahead. Without one, today counts.
        text: What was typed, for the error.

    Raises WhenError if there is no such day.
    """
    today = context.today
    match day:
        case Offset(days, weekday):
            found = today + timedelta(days=days)
            if weekday not in (None, found.weekday()):
                raise NotThatWeekday(found, text)
            return found
        case OffsetOn(days, day):
            found = today + timedelta(days=days)
            if date_of(day, context, text=text) != found:
                raise Nonsense("days")
            return found
        case OnWeekday():
            return _weekday(day, context, at)
        case Slashed():
            return _dated(ordered(day, context), context, at, text)
        case OnDate():
            return _dated(day, context, at, text)
        case OnDayOfMonth():
            return _day_of_month(day, context, at, text)
        case OnFeast(name, year, shift, ahead):
            name = feast_in(name, place_of(context.zone))
            if ahead is not None:
                year = today.year + ahead
            if year is not None:
                return feast_day(name, year) + timedelta(days=shift)
            found = feast_day(name, today.year) + timedelta(days=shift)
            if _over(found, context, at):
                found = feast_day(name, today.year + 1) + timedelta(days=shift)
            return found
        case After(span, inner):
            first = date_of(inner, context, at, text=text)
            if isinstance(inner, OnWeekday) and inner.said == "this" and first < today:
                first += timedelta(days=7)  # "a week from this Monday" counts from one to come
            begin = datetime.combine(first, time.min)
            return plus_span(begin, span).date()
        case Beside(weekday, inner, after):
            base = date_of(inner, context, text=text)
            if after:
                return base + timedelta(days=(weekday - base.weekday() - 1) % 7 + 1)
            return base - timedelta(days=(base.weekday() - weekday - 1) % 7 + 1)
        case OnWorkday(days):
            found = today
            for _ in range(days):
                found += timedelta(days=1)
                while found.weekday() >= _WORKDAYS or _is_holiday(found, context):
                    found += timedelta(days=1)
            return found
        case EndOf():
            return _end_of(day, context, at)
        case OnPosition():
            return _position(day, context, at, text)


def _is_holiday(day: date, context: Context) -> bool:
    """Whether nobody works on a day where a text was typed; false where that place is not known."""
    place = context.habits.place or place_of(context.zone)
    try:
        return place is not None and day in holidays_of(place, day.year)
    except UnknownPlace:
        return False


def ordered(day: Slashed, context: Context) -> OnDate:
    """Return a day and a month in the order of the locale, or in the only one that is possible."""
    first, second = day.first, day.second
    if (context.month_first and first <= _DECEMBER) or second > _DECEMBER:
        first, second = second, first
    return OnDate(first, second, day.year, day.weekday)


def _over(found: date, context: Context, at: time | None) -> bool:
    """Whether a day is over; today is over if its time is."""
    if at is None:
        return found < context.today
    return datetime.combine(found, at) <= context.local


def _weekday(day: OnWeekday, context: Context, at: time | None) -> date:
    today = context.today
    if day.weeks is not None and day.said != "last":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=day.weeks)
        return monday + timedelta(days=day.weekday)
    if day.said == "last":
        return today - timedelta(days=(today.weekday() - day.weekday - 1) % 7 + 1)
    found = today + timedelta(days=(day.weekday - today.weekday()) % 7)
    if _over(found, context, at) or (found == today and day.said == "next"):
        found += timedelta(days=7)  # nobody calls today "next Tuesday"
    return found


def _dated(day: OnDate, context: Context, at: time | None, text: str) -> date:
    years: Sequence[int] = range(context.today.year, context.today.year + _YEARS_AHEAD)
    if day.year is not None or day.ahead is not None:
        years = [day.year or context.today.year + (day.ahead or 0)]
        if years[0] < FIRST_YEAR:
            raise OverflowError
    for year in years:
        try:
            found = date(year, day.month, day.day)
        except ValueError:
            continue
        if len(years) > 1 and _over(found, context, at):
            continue
        if day.weekday is not None and found.weekday() != day.weekday:
            raise NotThatWeekday(found, text)
        return found
    raise _not_in_month(text, day.day, day.year)


def _day_of_month(day: OnDayOfMonth, context: Context, at: time | None, text: str) -> date:
    today = context.today
    first = today.year * 12 + today.month - 1
    months = range(first, first + 60) if day.months is None else (first + day.months,)
    for index in months:
        year, month = divmod(index, 12)
        try:
            found = date(year, month + 1, day.day)
        except ValueError:
            continue
        if day.months is None and _over(found, context, at):
            continue
        if day.weekday is not None and found.weekday() != day.weekday:
            if (day.weekday, day.day) != FRIDAY_13:
                raise NotThatWeekday(found, text)
            if day.months is None and (index - first) < 12:
                continue  # "Friday the 13th" is the next one that agrees
            break
        return found
    raise _not_in_month(text, day.day)


def _position(day: OnPosition, context: Context, at: time | None, text: str) -> date:
    today = context.today
    index = today.year * 12 + (day.month or today.month) - 1 + day.months
    if day.year is not None:
        index = day.year * 12 + (day.month or 1) - 1
    for _ in range(_YEARS_AHEAD if day.month and day.year is None else 1):
        year, month = divmod(index, 12)
        found = position_in(day.position, day.weekday, date(year, month + 1, 1))
        if found is not None and not _over(found, context, at):
            return found
        index += 12
    raise WhenError(never_comes(text))


def position_in(position: int, weekday: int, first: date) -> date | None:
    """Return the n-th weekday (7: working day) of the month that begins on a day; -1 is the last one."""
    length = calendar.monthrange(first.year, first.month)[1]
    days = [first.replace(day=number) for number in range(1, length + 1)]
    found = [
        day for day in days if day.weekday() == weekday or (weekday == WORKDAY and day.weekday() < _WORKDAYS)
    ]
    index = position - 1 if position > 0 else position
    return found[index] if -len(found) <= index < len(found) else None


def _end_of(day: EndOf, context: Context, at: time | None = None) -> date:
    found = _end_of_one(day, context)
    passed = day.which == "end" and day.month is None and at is not None  # and not meant for the next one
    if _over(found, context, at) and not day.ahead and day.year is None and not passed:
        found = _end_of_one(replace(day, ahead=1), context)
    return found


def _end_of_one(day: EndOf, context: Context) -> date:
    today = context.today
    if day.unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=day.ahead)
        return monday + timedelta(days={"start": 0, "middle": 2, "end": 4}[day.which])
    if day.unit == "year":
        year = today.year + day.ahead
        return {"start": date(year, 1, 1), "middle": date(year, 7, 1), "end": date(year, 12, 31)}[day.which]
    index = today.year * 12 + today.month - 1 + day.ahead
    if day.month is not None:
        index = today.year * 12 + day.month - 1 + 12 * day.ahead
        index += 12 if day.month < today.month else 0
        if day.year is not None:
            index = day.year * 12 + day.month - 1
    year, month = divmod(index, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, {"start": 1, "middle": 15, "end": length}[cast(str, day.which)])


def latest(span: Span, first: datetime) -> datetime:
    """Return the last moment of a span that begins with a first run: whole days, or so many hours."""
    if span.by_calendar:
        return plus_span(datetime.combine(first.date(), time.min), span) - timedelta(seconds=1)
    return plus_span(first, span) - timedelta(seconds=1)
