"""What is said to happen again and again: from the pieces to the clauses of a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from schedulezero.errors import WhenError
from schedulezero.instants import first_instant_at_or_after
from schedulezero.when.calendar.feasts import feast_in, is_fixed
from schedulezero.when.calendar.holidays import place_of
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    FRIDAY_13,
    LAST,
    NEW_YEARS_EVE,
    SMALL_HOURS,
    WEEKS,
    WORKDAY,
    After,
    Clock,
    Day,
    EndOf,
    Moment,
    Offset,
    OffsetOn,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnPosition,
    OnWeekday,
    OnWorkday,
    Period,
    Slashed,
    Span,
    Window,
    Within,
)
from schedulezero.when.grammar.once import in_part
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.refusing import (
    ends_before_it_begins,
    on_which_side_of_midnight,
    on_which_weekday,
)
from schedulezero.when.grammar.resolving import clock_of, date_of, ordered, time_of_part
from schedulezero.when.grammar.rules.clock import after_midnight
from schedulezero.when.grammar.rules.recurring import ELAPSED
from schedulezero.when.grammar.said import TWO_SCHEDULES, Contradiction, Nonsense, Said

MOST_LEFT_OUT = 366
_WITHIN_A_YEAR = {"quarter": (1, 4, 7, 10), "quarterly": (1, 4, 7, 10), "half": (1, 7)}
_UNITS = ("day", "week", "month", "year")
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_LONGEST_STEP = timedelta(hours=6)
"""Longer steps within a day divide it evenly."""
_MINUTES_A_DAY = 1440
_LONGEST_NIGHT = 720
"""Minutes of a window over midnight; *from 17 to 9* is rather a day that was said backwards."""
_MONTHS = 12
_SHORTEST_MONTH = 28
_WEEKS_OF_DAYS = {7: 1, 8: 1, 14: 2, 15: 2, 21: 3, 28: 4}
"""Days by which some languages count weeks: *los lunes cada quince días*, *tous les quinze jours*."""
_NO_LEAP_YEAR = 2027
_LATELY = timedelta(days=60)
_SOON = timedelta(days=31)
_NUMBERED = OnDate | OnDayOfMonth | OnFeast | Slashed | Offset
"""Days of a start on which months and years may go on: *monthly from the 5th*, *yearly from Christmas*."""


def phrase_of(said: Said, context: Context, text: str) -> Phrase:
    """Return the clauses of what recurs.

    Raises Contradiction if the pieces don't fit together, and WhenError if there is no such day.
    """
    if said.ahead or said.now or said.start_time is not None:
        raise Contradiction("ahead")
    often = said.periods or said.of_units or said.interval or said.per_unit or said.minutes or said.again
    if not often and any(not item.again for item in said.weekly):
        raise Contradiction("how often")  # "at the weekend for 3 days"
    phrase = Phrase()
    _period(said, phrase)
    _months(said, phrase)
    _days(said, phrase, context, text)
    _bounds(said, phrase, context, text)
    if said.count == 1 and not said.runs and (said.periods or len(phrase.weekdays) != 1):
        raise Contradiction("once")  # "Monday to Friday, once"
    if said.these_dates:
        dates = [OnDate(day, month) for month in phrase.months for day in phrase.days]
        nexts = [date_of(day, context, text=text) for day in dates]
        phrase.until = max(nexts), None
    _first_day(said, phrase)
    _times(said, phrase, context, text)
    if said.parts == ["tonight"]:
        raise Contradiction("tonight")
    on_some_days = phrase.weekdays or phrase.days or phrase.positions
    if on_some_days and not said.windows and phrase.span > _LONGEST_STEP and _DAY % phrase.span:
        raise Nonsense("every 18h on Friday")  # rather the time of day
    on_days = phrase.weekdays or phrase.days or phrase.positions or phrase.feasts
    if said.again and (said.parts or said.habit) and not (phrase.unit or on_days):
        phrase.unit = "day"  # "every morning", "evenings"
    if not (phrase.unit or phrase.span or on_days):
        at_times = bool(said.times or said.bare or said.parts)
        for_days = said.lasting is not None and at_times and not said.days  # "for 3 days at 9"
        between = said.starting is not None and said.until is not None
        if (for_days or between) and said.count is None:  # "from 1 to 5 December": one run a day
            phrase.unit = "day"
        else:
            if any(_in_bare_hours(window) for window in said.windows):
                raise Nonsense("how often")  # "10 to 12" are hours: it isn't ten minutes to twelve
            raise Contradiction("how often")
    return phrase


# ---------------------------------------------------------------- how often


def _period(said: Said, phrase: Phrase) -> None:
    counted: Period | None = None
    numbered = any(not isinstance(day, OnWeekday) for day in said.days)
    if said.of_units and not (said.positions or said.monthdays or numbered or said.weekly):
        raise Contradiction("of what")
    weekdays = sum(len(item.days) for item in said.weekly)
    weekdays += sum(isinstance(day, OnWeekday) for day in said.days)
    several = weekdays > 1  # Portuguese *segunda quarta do mês*
    of_no_month = any(period.unit != "month" or not said.again for period in said.of_units)
    if of_no_month and any(item.loose and len(item.days) == 1 for item in said.monthdays):
        raise Contradiction("of what")  # "one in year" is rather "in one year"
    if said.weekly and any(period.unit == "week" or several for period in said.of_units):
        raise Contradiction("of what")
    dated = any(isinstance(day, OnDate | Slashed | OnFeast) for day in said.days)
    if dated and any(period.unit in ("week", "month", "quarter") for period in said.of_units):
        raise Contradiction("of what")  # "24 December at 18 month"
    said.periods += said.of_units
    if said.per_unit is not None and said.per_unit.unit in ("month", "quarter", "year"):
        said.periods.append(Period(1, said.per_unit.unit))
    for index, period in enumerate(said.periods):
        if period.unit in _WITHIN_A_YEAR:
            phrase.months |= _months_of(period.unit, said)
            said.periods[index] = Period(1, "month")
    for period in said.periods:
        if phrase.unit is None or _UNITS.index(period.unit) > _UNITS.index(phrase.unit):
            phrase.unit = period.unit
        if period.every > 1:
            if counted not in (None, period):
                raise Contradiction(TWO_SCHEDULES)
            counted = period
    if len({item.unit for item in said.periods}) < len(said.periods) > 1:
        raise Contradiction(TWO_SCHEDULES)
    if counted is not None:
        if phrase.unit != counted.unit:
            raise Contradiction(TWO_SCHEDULES)
        phrase.every = counted.every
    if len(said.periods) > 1 and not (said.positions or said.monthdays or said.days or said.weekly):
        raise Contradiction(TWO_SCHEDULES)
    if said.interval is not None:
        on_days = bool(said.positions or said.monthdays or said.days)
        if any(item.every > 1 or (item.unit != "day" and not on_days) for item in said.periods):
            raise Contradiction(TWO_SCHEDULES)
        phrase.unit = None
        phrase.span = timedelta(days=said.interval.days, seconds=said.interval.seconds)
        if said.interval.months:
            raise Contradiction("interval")
    if said.by_clock and not phrase.span:
        raise Contradiction("by_clock")
    phrase.clock = said.by_clock


def _months_of(unit: str, said: Said) -> set[int]:
    """The months of a quarter or half-year that a day counted from its beginning or from its end is in."""
    first = set(_WITHIN_A_YEAR[unit])
    counted = [number for item in said.monthdays for number in item.days]
    counted += [number for item in said.positions for number, _ in item.days]
    if not any(number < 0 for number in counted):
        return first
    if any(number > 0 for number in counted):
        raise Contradiction("both ends")
    length = _MONTHS // len(first)
    return {month + length - 1 for month in first}


# ---------------------------------------------------------------- on which days


def _months(said: Said, phrase: Phrase) -> None:
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


def _days(said: Said, phrase: Phrase, context: Context, text: str) -> None:
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
                month, number = _beside(fixed, shift)
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


def _first_day(said: Said, phrase: Phrase) -> None:
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


# ---------------------------------------------------------------- at which times


def _times(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    times = [*said.times, *said.bare]
    if said.times and said.bare:
        raise Contradiction("times")
    if times and said.starting is not None and said.starting.at.clock not in (None, *times):
        first = said.starting.at.day
        if not isinstance(first, OnDate) or first.year is None:  # a whole date and time is one moment
            raise Nonsense("times")  # "every day at 3 from tomorrow at 9"
    part = said.parts[0] if said.parts else None
    if said.same_time:
        if times or part is not None or phrase.span or said.windows or said.minutes:
            raise Contradiction("same time")
        now = context.local.time()
        times = [Clock(now.hour, now.minute)]
    on_days = phrase.weekdays or phrase.days or phrase.positions or phrase.feasts
    late = part is not None and any(after_midnight(in_part(at, part), part) for at in times)
    if on_days and late:
        raise Nonsense("night")  # of which of two days?
    if on_days and any(at.next_day or at.by_night for at in times):
        _in_the_night(times, phrase)
    found = {clock_of(in_part(at, part)) for at in times}
    small = any(at.hour < SMALL_HOURS for at in found)
    if small and any(_is_new_years_eve(day) for day in said.days):
        raise Nonsense("night")  # before that day, or after it?
    if said.per_unit is not None:
        _so_many(said, phrase, found, text)
    windows = [_window(item) for item in said.windows]
    if any(first > last for first, last in windows):
        _over_midnight(windows, said, phrase, text)
    elif len(windows) > 1:
        if found or said.by_clock or _overlap(windows):
            raise Contradiction("windows")
        found = _steps(windows, phrase)
    elif windows:
        phrase.window = windows[0]
        if timedelta(minutes=_minutes(windows[0][1]) - _minutes(windows[0][0])) < phrase.span:
            raise Contradiction("windows")  # "every 3 hours from 9 to 10"
    if said.minutes:
        if found or (phrase.span and phrase.span != timedelta(hours=1)):
            raise Contradiction("minutes")
        first, last = phrase.window or (time.min, time(23, 59))
        phrase.window, phrase.span = None, timedelta()
        phrase.unit = phrase.unit or (None if phrase.weekdays or phrase.days or phrase.positions else "day")
        found = {
            time(hour, minute)
            for hour in range(24)
            for minute in said.minutes
            if first <= time(hour, minute) <= last
        }
    if not found and part is not None and not phrase.span:
        found = {time_of_part(part, context)}
    elif part is not None and not times:
        raise Contradiction("part")
    phrase.times |= found


def _in_the_night(times: Sequence[Clock], phrase: Phrase) -> None:
    """*Every Friday at midnight*: each Friday at 0:00, or each Saturday, which is asked; 24:00 is Saturday.

    Raises Nonsense where only one of the two could be told: *the first Monday of the month at midnight*.
    """
    counted = phrase.unit == "day" and phrase.every > 1
    movable = not (phrase.positions or phrase.feasts or phrase.excluded or phrase.holidays or counted)
    if not movable or len(times) > 1 or not all(1 <= day <= _SHORTEST_MONTH - 1 for day in phrase.days):
        raise Nonsense("night")
    if not times[0].next_day:
        return
    phrase.weekdays = {(day + 1) % 7 for day in phrase.weekdays}
    phrase.days = {day + 1 for day in phrase.days}
    if phrase.starting is not None and phrase.starting[1] is None:
        phrase.starting = phrase.starting[0] + _DAY, None
    if phrase.until is not None and phrase.until[1] is None:
        phrase.until = phrase.until[0] + _DAY, None


def _is_new_years_eve(day: Day) -> bool:
    return isinstance(day, OnFeast) and (day.name, day.shift) == (NEW_YEARS_EVE, 0)


def _in_bare_hours(window: Window) -> bool:
    """Whether a range is of two numbers alone, without a half of the day or minutes."""
    return not (window.first.sure or window.last.halved or window.last.minute)


def _window(window: Window) -> tuple[time, time]:
    first, last = clock_of(window.first), clock_of(window.last)
    if first == last:
        raise WhenError(ends_before_it_begins(first, last))
    return first, last


def _over_midnight(windows: Sequence[tuple[time, time]], said: Said, phrase: Phrase, text: str) -> None:
    """*Every hour from 22 to 2*: of every night. Of one night, half would be on another day than was said."""
    ((first, last),) = windows[:1]
    named = phrase.weekdays or phrase.days or phrase.positions or phrase.feasts or phrase.months
    bounded = phrase.starting or phrase.until or phrase.lasting or said.left_out
    if (_minutes(last) - _minutes(first)) % _MINUTES_A_DAY > _LONGEST_NIGHT:
        raise WhenError(ends_before_it_begins(first, last))
    if named or bounded or len(windows) > 1 or phrase.every > 1 or phrase.unit not in (None, "day"):
        raise WhenError(on_which_side_of_midnight(text))
    step = int(phrase.span.total_seconds()) // 60
    if said.minutes or said.by_clock or phrase.span % _MINUTE or not 1 <= step < _MINUTES_A_DAY:
        raise Contradiction("windows")
    begin, end = _minutes(first), _minutes(last) + _MINUTES_A_DAY
    every = [minute % _MINUTES_A_DAY for minute in range(begin, end + 1, step)]
    phrase.times |= {time(minute // 60, minute % 60) for minute in every}
    phrase.span, phrase.unit = timedelta(), "day"


def _overlap(windows: Sequence[tuple[time, time]]) -> bool:
    """Whether one window begins before another one ends: *from 9 to 14 and from 12 to 18*."""
    by_time = sorted(windows)
    return any(after[0] < before[1] for before, after in pairwise(by_time))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _steps(windows: Sequence[tuple[time, time]], phrase: Phrase) -> set[time]:
    """The times of a step within several windows, each counted from its own beginning."""
    step = int(phrase.span.total_seconds()) // 60
    if not 1 <= step < _MINUTES_A_DAY or phrase.span.total_seconds() % 60:
        raise Contradiction("windows")
    found: set[time] = set()
    for first, last in windows:
        minutes = range(first.hour * 60 + first.minute, last.hour * 60 + last.minute + 1, step)
        found |= {time(minute // 60, minute % 60) for minute in minutes}
    phrase.span = timedelta()
    phrase.unit = phrase.unit or (None if phrase.weekdays or phrase.days or phrase.positions else "day")
    return found


def _so_many(said: Said, phrase: Phrase, times: set[time], text: str) -> None:
    per = said.per_unit
    assert per is not None
    if per.unit in ELAPSED:
        raise Contradiction("per")  # "twice a minute on the 10th"
    if per.unit == "day":
        named = len(times) or 1
    elif per.unit == "week":
        named = len(phrase.weekdays)
    else:
        named = len(phrase.days) + len(phrase.positions) + len(phrase.feasts)
    if named != per.count:
        raise WhenError(
            "“{text}”: at which times, or on which days? For example: `twice a day at 9 and 21`.",
            code="at_which_times",
            text=text,
        )
    if phrase.unit is None:
        phrase.unit = per.unit


# ---------------------------------------------------------------- within which bounds


def _bounds(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    movable = not (said.times or said.bare or phrase.span)
    if (
        said.starting is not None
        and movable
        and said.starting.at.day is None
        and said.starting.at.clock is not None
    ):
        said.times.append(
            said.starting.at.clock
        )  # "every day starting at 8": no first day, but the rule's time
        said.starting, movable = None, False
    if said.until is not None and said.until.at.day is None and _on_named_days(said):
        raise Nonsense("until")  # "from tomorrow every 3 hours until 6 pm": of tomorrow, or of each day?
    if said.interval is not None:
        _expect_one_stretch(said)
    if said.starting is not None:
        first = said.starting.at
        phrase.starting = _lately(_bound(first, said, context, text, movable=movable), first, context)
    if said.until is not None:
        if isinstance(said.until.at.day, OnDayOfMonth) and phrase.unit == "month":
            raise Contradiction("until")  # "every month on the 28th until the 3rd" runs once
        seen = _from_start(said.until.at, phrase, context)
        phrase.until = _bound(said.until.at, said, seen, text, movable=movable)
        by_number = said.starting is not None and isinstance(said.starting.at.day, OnDayOfMonth)
        if seen is not context and by_number and phrase.starting is not None:
            _in_one_stretch(phrase.starting[0], phrase.until[0])
        dated = not isinstance(said.until.at.day, Offset | OnWeekday)
        if dated and said.starting is not None and said.starting.at.day and phrase.starting is not None:
            phrase.until = _not_before(phrase.until, phrase.starting)
    phrase.count = said.count
    for within in said.within:
        if phrase.unit == "week" and within.unit != "day" and not phrase.weekdays:
            raise WhenError(on_which_weekday(text))  # "every week in June"
        _within(within, phrase, context, periods=bool(said.periods))
    if said.lasting is not None:
        _lasting(said.lasting.span, phrase, context)
    if said.left_out is not None:
        _left_out(said, phrase, context, text)


def _expect_one_stretch(said: Said) -> None:
    """Refuse an interval whose times may begin it on each of several days or only on the first one."""
    begin = said.starting.at if said.starting is not None else Moment(None)
    days = said.weekly or said.periods or said.positions or said.monthdays or said.left_out
    if begin.clock is not None and (days or (begin.time_first and isinstance(begin.day, OnWeekday))):
        raise Nonsense("starting")  # "every hour from 5pm on Fridays"
    if begin.clock is not None and begin.day is None and said.until is not None and said.until.at.day:
        raise Nonsense("until")  # "every 5 minutes from 17:00 until 17:30 tomorrow"
    if isinstance(begin.day, OnWeekday) and said.windows:
        raise Nonsense("windows")  # "from Friday 17 to 18 o'clock"
    if said.lasting is not None and said.lasting.span.seconds and days:
        raise Nonsense("lasting")  # "every 10 minutes for an hour every Friday"


def _on_named_days(said: Said) -> bool:
    """Whether days other than the present one were named, so that a time alone may be of any of them."""
    started = said.starting is not None and said.starting.at.day not in (None, Offset(0))
    return bool(started or said.weekly or said.days or said.positions or said.monthdays or said.periods)


def _bound(at: Moment, said: Said, context: Context, text: str, *, movable: bool) -> tuple[date, time | None]:
    """A bound's day and time. A time that is said only there is the rule's: *every day until Friday at 9*."""
    clock = at.clock
    if at.part is not None:
        begin = time_of_part(at.part, context)
        clock = Clock(begin.hour, begin.minute)
        movable = False
    if clock is not None and movable and at.day is not None:
        if said.times and clock not in said.times:
            raise Nonsense("bound")  # "from the 20th at 8 to the 25th at 9"
        said.times.append(clock)
        clock = None
    if at.day is None:
        if clock is None or movable or (said.times and said.interval is None):
            raise Contradiction("bound")  # "every day at 8 until 9 o'clock": no day on which it ends
        moment = clock_of(clock)
        day = context.today
        if datetime.combine(day, moment) <= context.local:
            day += _DAY
        return day, moment
    moment = clock_of(clock) if clock is not None else None
    day = date_of(at.day, context, moment, text=text)
    return (day + _DAY if clock is not None and clock.next_day else day), moment


def _from_start(last: Moment, phrase: Phrase, context: Context) -> Context:
    """The context in which a last day is looked for: *from the 20th to the 25th* ends after it began."""
    if phrase.starting is None or not isinstance(last.day, OnDayOfMonth):
        return context
    begin = datetime.combine(phrase.starting[0], time.min)
    return replace(context, now=first_instant_at_or_after(begin, context.zone))


def _in_one_stretch(first: date, last: date) -> None:
    """*From the 24th to the 31st* of a month that has no 31st is no time until the end of the next one."""
    months = (last.year - first.year) * _MONTHS + last.month - first.month
    if months != (last.day < first.day):
        raise Contradiction("until")


def _lately(bound: tuple[date, time | None], at: Moment, context: Context) -> tuple[date, time | None]:
    """A start without a year that was a short while ago is that one: its rhythm goes on from there."""
    if isinstance(at.day, OnDate | Slashed) and at.day.year is None:
        try:
            before = bound[0].replace(year=bound[0].year - 1)
        except ValueError:
            return bound
        if context.today - before <= _LATELY and before < context.today:
            return before, bound[1]
    return bound


def _not_before(
    until: tuple[date, time | None], starting: tuple[date, time | None]
) -> tuple[date, time | None]:
    """An end without a year that would lie before its start is a year later."""
    day = until[0]
    if day < starting[0] and day.month < starting[0].month:
        try:
            return day.replace(year=day.year + 1), until[1]
        except ValueError:
            raise Contradiction("until") from None
    return until


def _within(within: Within, phrase: Phrase, context: Context, *, periods: bool) -> None:
    today = context.today
    if within.unit == "week":
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=within.ahead)
        last = first + timedelta(days=6)
    elif within.unit == "year":
        year = within.year or today.year + within.ahead
        first, last = date(year, 1, 1), date(year, 12, 31)
    else:
        index = today.year * 12 + today.month - 1 + within.ahead
        if within.month is not None:
            year = within.year or today.year + (within.month < today.month)
            index = year * 12 + within.month - 1
        first = date(index // 12, index % 12 + 1, 1)
        last = date((index + 1) // 12, (index + 1) % 12 + 1, 1) - _DAY
    if phrase.starting or phrase.until:
        raise Contradiction("within")
    if within.month is not None and phrase.positions and not (periods and phrase.unit == "month"):
        raise Contradiction("within")  # "every first Monday in December" is one a year
    if first > today:
        phrase.starting = first, None
    phrase.until = last, None


def _lasting(span: Span, phrase: Phrase, context: Context) -> None:
    if phrase.until is not None or phrase.count is not None:
        raise Contradiction("lasting")
    if span.seconds and not phrase.span:
        raise Contradiction("lasting")  # "every day for 9 hours": Dutch *voor 9 uur* is before nine
    phrase.lasting = span


def _left_out(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    out = said.left_out
    assert out is not None
    if out.perhaps_weekdays and phrase.weekdays:
        raise Contradiction("except")
    if out.weekdays:
        if phrase.unit == "week" and not phrase.weekdays:
            raise Contradiction("except")  # "weekly, not on Sunday" names no day
        kept = (phrase.weekdays or set(range(7))) - set(out.weekdays)
        none_of_them = phrase.weekdays and not phrase.weekdays & set(out.weekdays)
        if not kept or none_of_them or phrase.every > 1 or phrase.days or phrase.positions:
            raise Contradiction("except")
        phrase.weekdays = kept
        phrase.unit = None if phrase.unit in (None, "day", "week") else phrase.unit
    if out.months:
        phrase.months = (phrase.months or set(range(1, 13))) - set(out.months)
    for day in out.days:
        _leave_out(ordered(day, context) if isinstance(day, Slashed) else day, phrase, context, text)
    phrase.excluded_days |= set(out.month_days)
    for first, last in out.ranges:
        if isinstance(first, OnDayOfMonth) and isinstance(last, OnDayOfMonth):
            phrase.excluded_days |= _days_of_each_month(first, last, phrase)
            continue
        begin = date_of(first, context, text=text)
        end = date_of(last, context, text=text)
        if end < begin and isinstance(last, Offset | OnWeekday):
            raise Contradiction("except")
        if end < begin:
            end = end.replace(year=end.year + 1)
        if (end - begin).days > MOST_LEFT_OUT:
            raise Contradiction("except")
        between = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
        if _comes_each_year(first, context) and _comes_each_year(last, context):
            phrase.excluded_dates |= {(day.month, day.day) for day in between}
        else:
            phrase.excluded |= set(between)
    if out.holidays:
        phrase.holidays = out.place or context.habits.place or place_of(context.zone)
        if phrase.holidays is None:
            raise WhenError(
                "Whose public holidays? The zone {zone} belongs to no country.",
                code="whose_holidays",
                zone=context.zone.key,
            )


def _days_of_each_month(first: OnDayOfMonth, last: OnDayOfMonth, phrase: Phrase) -> set[int]:
    """*Except from the 20th to the 25th*, which each month has, as it has the 20th."""
    plain = all(day == OnDayOfMonth(day.day) for day in (first, last))
    if not plain or first.day >= last.day or (phrase.weekdays and first.day <= WEEKS):
        raise Contradiction("except")
    return set(range(first.day, last.day + 1))


def _leave_out(day: Day, phrase: Phrase, context: Context, text: str) -> None:
    """Leave out a day, each year's or month's where neither was said: *except Christmas*."""
    match day:
        case OnDate(number, month, None, None, None):
            phrase.excluded_dates.add((month, number))
        case OnFeast(name, None, shift, None) | After(
            Span(months=0, days=shift, seconds=0), OnFeast(name, None, 0, None)
        ):
            fixed = is_fixed(name)
            if fixed is not None:
                phrase.excluded_dates.add(_beside(fixed, shift))
            else:
                phrase.excluded_feasts.add((name, shift))
        case OnDayOfMonth(number, None, None) if number > WEEKS or not (phrase.weekdays or phrase.feasts):
            phrase.excluded_days.add(number)
        case EndOf("end", "month", 0, None, None) if not phrase.weekdays:
            phrase.excluded_days.add(LAST)
        case OnDayOfMonth(_, None, None):
            raise Contradiction("except")  # "every Friday except the 1st": the first Friday?
        case OnDayOfMonth(_, None, int()):
            _leave_out_named(day, phrase, date_of(day, context, text=text), context)
        case OnFeast() | OnDate() | OnDayOfMonth() | Offset() | OffsetOn() | OnWeekday() | OnWorkday():
            phrase.excluded.add(date_of(day, context, text=text))
        case EndOf(_, "month", _, _, int()) | OnPosition(_, _, _, _, int()):
            phrase.excluded.add(date_of(day, context, text=text))
        case _:
            raise Contradiction("except")  # "the last day of February": this year's, or each one?


def _leave_out_named(day: OnDayOfMonth, phrase: Phrase, found: date, context: Context) -> None:
    """*Every Friday except Friday the 13th* leaves out each of them; *except Friday 27*, one."""
    soon = found - context.today <= _SOON
    if day.day != FRIDAY_13[1] and soon:
        phrase.excluded.add(found)
    elif day.day == FRIDAY_13[1] and not soon and phrase.weekdays == {day.weekday}:
        phrase.excluded_days.add(day.day)
    else:
        raise Contradiction("except")


def _comes_each_year(day: Day, context: Context) -> bool:
    day = ordered(day, context) if isinstance(day, Slashed) else day
    if isinstance(day, OnFeast):
        return day.year is None and day.ahead is None and not day.shift and is_fixed(day.name) is not None
    return isinstance(day, OnDate) and day.year is None and day.ahead is None


def _beside(fixed: tuple[int, int], shift: int) -> tuple[int, int]:
    """The month and day so many days after a feast that is always on one date."""
    days = [date(year, *fixed) + timedelta(days=shift) for year in (_NO_LEAP_YEAR, _NO_LEAP_YEAR + 1)]
    found = {(day.month, day.day) for day in days}
    if len(found) > 1:
        raise Contradiction("beside a feast")  # 29 February lies between
    return found.pop()
