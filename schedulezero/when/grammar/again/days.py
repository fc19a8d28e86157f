"""On which days a phrase recurs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from schedulezero.when.calendar.feasts import feast_in, is_fixed
from schedulezero.when.calendar.holidays import place_of
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    LAST,
    WORKDAY,
    After,
    Day,
    EndOf,
    Offset,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnWeekday,
    Period,
    Slashed,
    Span,
    Within,
)
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.resolving import ordered
from schedulezero.when.grammar.said import TWO_SCHEDULES, Contradiction, Said

_MONTHS = 12
_WEEKS_OF_DAYS = {7: 1, 8: 1, 14: 2, 15: 2, 21: 3, 28: 4}
"""Days by which some languages count weeks: *los lunes cada quince días*, *tous les quinze jours*."""
_NO_LEAP_YEAR = 2027
_NUMBERED = OnDate | OnDayOfMonth | OnFeast | Slashed | Offset
"""Days of a start on which months and years may go on: *monthly from the 5th*, *yearly from Christmas*."""


def fill_months(said: Said, phrase: Phrase) -> None:
    """A month beside days or weekdays is the time within which they are: *every Monday of December*."""
    weekly = said.weekly and all(item.every is None for item in said.weekly)
    often = (phrase.unit == "day" or (phrase.unit in (None, "week") and weekly)) and phrase.every == 1
    others = said.positions or said.monthdays or said.days or said.within or said.starting or said.until
    if said.months and said.weekly and not weekly:
        raise Contradiction("months")  # "every third Thursday of November" is a position, not a rhythm
    if often and not others and said.months and len(said.months[0]) == 1:
        said.within.append(Within("month", 0, said.months[0][0]))
        said.months.clear()


def _weeks_of_days(phrase: Phrase) -> None:
    """So many days that fall on a weekday are weeks; other numbers would make a schedule nobody means."""
    if phrase.every not in _WEEKS_OF_DAYS:
        raise Contradiction(TWO_SCHEDULES)
    phrase.every, phrase.unit = _WEEKS_OF_DAYS[phrase.every], "week"


def fill_days(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    """Put into the phrase on which days it recurs."""
    if phrase.unit == "day" and phrase.every > 1 and (said.weekly or said.days):
        _weeks_of_days(phrase)
    daily = any(period == Period(1, "day") for period in said.periods)
    weekdays = [*said.weekly, *(day for day in said.days if isinstance(day, OnWeekday))]
    if daily and len(weekdays) == 1 and len(getattr(weekdays[0], "days", "1")) == 1:
        raise Contradiction("days")  # "every day on Monday"
    if said.positions and (said.monthdays or any(isinstance(day, OnDayOfMonth) for day in said.days)):
        raise Contradiction("days")  # "last Friday of the 7 month"
    for weekly in said.weekly:
        if phrase.weekdays & set(weekly.days):
            raise Contradiction("weekdays")
        phrase.weekdays |= set(weekly.days)
        if weekly.every is not None:
            if said.of_units:
                raise Contradiction("of what")  # "every second Monday of the month" is a position
            if (phrase.every, phrase.unit) not in ((1, None), (1, "week"), (weekly.every, "week")):
                raise Contradiction(TWO_SCHEDULES)
            phrase.every, phrase.unit = weekly.every, "week"
    nth_workdays = any(number > 1 and day == WORKDAY for item in said.positions for number, day in item.days)
    if said.again and nth_workdays and not (said.periods or said.months):
        raise Contradiction("positions")  # "every second working day": of a month, or of all of them?
    for positions in said.positions:
        if phrase.unit in ("day", "week") or (
            phrase.span and not (said.of_units or said.months or _by_period(said, "month"))
        ):
            raise Contradiction("positions")
        phrase.positions |= set(positions.days)
    for monthdays in said.monthdays:
        named = bool(said.months) or phrase.unit in ("month", "year") or _by_period(said, "month")
        if not named and (len(monthdays.days) == 1 or (monthdays.loose and not said.again)):
            raise Contradiction("monthdays")
        if phrase.unit in ("day", "week") or (
            monthdays.loose and len(said.monthdays) + len(said.days) + len(said.positions) > 1
        ):
            raise Contradiction("monthdays")
        phrase.days |= set(monthdays.days)
    if phrase.unit == "year" and not said.months and not said.days:
        phrase.months |= _ends_of_the_year(phrase)
    for months in said.months:
        if len(months) == 1 and Period(1, "month") in said.periods and not phrase.months:
            raise Contradiction("months")  # "every month on 25 December"
        phrase.months |= set(months)
    if phrase.span and phrase.months and phrase.days and not _by_period(said, "year"):
        raise Contradiction("on which day")
    alike = {type(day) for day in said.days} in ({OnDayOfMonth}, {OnFeast})
    if len(said.days) > 1 and not alike:
        raise Contradiction("days")
    if said.weekly and any(isinstance(day, Offset) for day in said.days):
        raise Contradiction("days")  # German *jeden Montag morgen* is a part of the day
    named = [day for day in said.days if isinstance(day, OnWeekday)]
    if len(said.weekly) + bool(named) > 1 or (said.weekly and len(said.days) > len(named)):
        raise Contradiction("two_schedules")
    if (said.positions or said.monthdays) and any(isinstance(day, OnDate | OnFeast) for day in said.days):
        raise Contradiction("two_schedules")
    numbered = said.positions or said.monthdays or any(isinstance(day, OnDayOfMonth) for day in said.days)
    if numbered and any(period.unit in ("day", "week") for period in said.periods):
        raise Contradiction("two_schedules")
    for day in said.days:
        if isinstance(day, OnFeast):
            day = replace(day, name=feast_in(day.name, place_of(context.zone)))
        _day(ordered(day, context) if isinstance(day, Slashed) else day, phrase, said)
    if phrase.weekdays and phrase.unit == "day" and phrase.every > 1:
        raise Contradiction(TWO_SCHEDULES)
    for only in said.only:
        if phrase.days and phrase.unit == "month" and phrase.every == 1 and not phrase.weekdays:
            phrase.both = True  # "on the 13th of every month, only on Friday"
        elif phrase.weekdays or phrase.unit != "day":
            raise Contradiction("only")
        phrase.weekdays = set(only)  # "every 3 days, only on Friday": of those days, the Fridays
    if phrase.months and phrase.unit is None and said.count and not said.again:
        raise Contradiction("count")  # "1 February, 5 times" isn't once a year
    if phrase.months and phrase.unit is None and not phrase.span:
        phrase.unit = "year" if phrase.days or phrase.positions else None
    if phrase.positions and phrase.unit is None and not phrase.months:
        phrase.unit = "month"


def _by_period(said: Said, unit: str) -> bool:
    """Whether a span goes on on days of each month or year: *every hour, every month on the 1st*."""
    return said.interval is not None and any(period.unit == unit for period in said.periods)


def _ends_of_the_year(phrase: Phrase) -> set[int]:
    """The month of *the first Monday of the year* or *the last day of the year*; none for other days."""
    counted = {number for number, _ in phrase.positions} | phrase.days
    if counted and all(number < 0 for number in counted):
        return {_MONTHS}
    return {1} if counted and phrase.days <= {1} and all(number > 0 for number in counted) else set()


def _day(day: Day, phrase: Phrase, said: Said) -> None:
    match day:
        case OnDate() | OnFeast() if phrase.unit in ("day", "week"):
            raise Contradiction("two_schedules")
        case OnWeekday(weekday, None, ""):
            if said.weekly:
                raise Contradiction("weekdays")
            phrase.weekdays.add(weekday)
        case OnDate() | OnFeast() if (phrase.span and not _by_period(said, "year")) or phrase.unit == "month":
            raise Contradiction("on which day")
        case OnDate(number, month, None, None, None):
            phrase.days.add(number)
            phrase.months.add(month)
        case OnDayOfMonth(number, None, None):
            in_months = phrase.months and (phrase.unit == "year" or _by_period(said, "year"))
            if not (said.again or in_months or phrase.unit == "month" or _by_period(said, "month")):
                raise Contradiction("day of month")
            phrase.days.add(number)
            if not phrase.span:
                phrase.unit = phrase.unit or "month"
        case OnDayOfMonth(number, None, int(weekday)) if said.again and phrase.unit in (None, "month"):
            phrase.days.add(number)
            phrase.weekdays.add(weekday)
            phrase.both, phrase.unit = True, "month"
        case OnFeast(name, None, shift, None) | After(
            Span(months=0, days=shift, seconds=0), OnFeast(name, None, 0, None)
        ):
            if shift and phrase.unit != "year":
                raise Contradiction("beside a feast")  # "every day before Christmas" may be each of many days
            fixed = is_fixed(name)
            if fixed is None:
                phrase.feasts.add((name, shift))
            else:
                month, number = shifted_by_days(fixed, shift)
                phrase.months.add(month)
                phrase.days.add(number)
        case EndOf("end", "month", 0, int(month), None) if (
            said.again or phrase.unit == "year" or _by_period(said, "year")
        ):
            phrase.days.add(LAST)
            phrase.months.add(month)
            phrase.unit = phrase.unit or (None if phrase.span else "year")
        case EndOf("end", "month", 0, None, None) if said.again or phrase.unit == "month":
            phrase.days.add(LAST)
            phrase.unit = phrase.unit or "month"
        case EndOf("end", "year", 0, None, None) if said.again or phrase.unit == "year":
            phrase.days.add(LAST)
            phrase.months.add(_MONTHS)
        case EndOf("start", "year", 0, None, None) if said.again or phrase.unit == "year":
            phrase.days.add(1)
            phrase.months.add(1)
        case Offset(days) if days >= 0 and (phrase.span or phrase.unit == "day") and not said.starting:
            raise Contradiction("on which day")
        case _:
            raise Contradiction("day")


def fill_first_day(said: Said, phrase: Phrase) -> None:
    """Weeks, months and years without a day come on that of their start: *every 2 weeks from 1 December*."""
    if said.starting is None or said.starting.at.day is None or phrase.starting is None or phrase.span:
        return
    if (
        phrase.weekdays
        or phrase.days
        or phrase.positions
        or phrase.months
        or isinstance(said.starting.at.day, EndOf)
    ):
        return
    first = phrase.starting[0]
    if phrase.unit == "week":
        phrase.weekdays.add(first.weekday())
    elif phrase.unit in ("month", "year"):
        day = said.starting.at.day
        movable = isinstance(day, OnFeast) and is_fixed(day.name) is None
        if not isinstance(day, _NUMBERED) or movable or said.until is not None:
            raise Contradiction("first day")  # "every month from Monday", "every month from 1 to 5 December"
        phrase.days.add(first.day)
        if phrase.unit == "year":
            phrase.months.add(first.month)


def shifted_by_days(fixed: tuple[int, int], shift: int) -> tuple[int, int]:
    """The month and day so many days after a feast that is always on one date."""
    days = [date(year, *fixed) + timedelta(days=shift) for year in (_NO_LEAP_YEAR, _NO_LEAP_YEAR + 1)]
    found = {(day.month, day.day) for day in days}
    if len(found) > 1:
        raise Contradiction("beside a feast")  # 29 February lies between
    return found.pop()
