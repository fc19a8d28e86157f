"""What is said to happen again and again: from the pieces to the clauses of a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from schedulezero.errors import WhenError
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.once import in_part
from schedulezero.when.grammar.pieces import (
    LAST,
    Day,
    EndOf,
    Moment,
    Offset,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnSlashed,
    OnWeekday,
    Period,
    Span,
    Window,
    Within,
)
from schedulezero.when.grammar.resolving import clock_of, date_of, plus_span
from schedulezero.when.grammar.rules.clock import FIRST_HOUR, LATE_PARTS
from schedulezero.when.grammar.said import Contradiction, Nonsense, Said
from schedulezero.when.language.grammar import Phrase

MOST_LEFT_OUT = 366
_WITHIN_A_YEAR = {"quarter": (1, 4, 7, 10), "half": (1, 7)}
_UNITS = ("day", "week", "month", "year")
_DAY = timedelta(days=1)
_MINUTES_A_DAY = 1440
_IN_EACH_MONTH = 28
_LATELY = timedelta(days=60)


def phrase_of(said: Said, context: Context, text: str) -> Phrase:
    """Return the clauses of what recurs.

    Raises Contradiction if pieces don't fit together, and WhenError if there is no such day.
    """
    if said.ahead or said.now:
        raise Contradiction("ahead")
    phrase = Phrase()
    _period(said, phrase)
    _months(said, phrase)
    _days(said, phrase, context, text)
    _bounds(said, phrase, context, text)
    _on_the_day_of_the_start(said, phrase)
    _times(said, phrase, context)
    if (
        said.again
        and (said.parts or said.each_part)
        and not (phrase.unit or phrase.weekdays or phrase.days or phrase.positions)
    ):
        phrase.unit = "day"  # "every morning"
    if not phrase.unit and not phrase.span and not (phrase.weekdays or phrase.days or phrase.positions):
        by_days = said.lasting is not None and said.lasting.span.by_calendar and not said.days
        by_days = by_days and bool(said.times or said.parts)
        if (
            phrase.starting and phrase.until
        ) or by_days:  # "from 1 to 5 December", "for 3 days": one run a day
            phrase.unit = "day"
        else:
            raise Contradiction("how often")
    return phrase


# ---------------------------------------------------------------- how often


def _period(said: Said, phrase: Phrase) -> None:
    counted: Period | None = None
    if said.of_units and not (said.positions or said.monthdays or said.days or said.weekly):
        raise Contradiction("of what")
    said.periods += said.of_units
    for index, period in enumerate(said.periods):
        if period.unit in _WITHIN_A_YEAR:
            phrase.months |= set(_WITHIN_A_YEAR[period.unit])
            said.periods[index] = Period(1, "month")
    for period in said.periods:
        if phrase.unit is None or _UNITS.index(period.unit) > _UNITS.index(phrase.unit):
            phrase.unit = period.unit
        if period.every > 1:
            if counted not in (None, period):
                raise Contradiction("two_schedules")
            counted = period
    if len({item.unit for item in said.periods}) < len(said.periods) > 1:
        raise Contradiction("two_schedules")
    if counted is not None:
        if phrase.unit != counted.unit:
            raise Contradiction("two_schedules")
        phrase.every = counted.every
    if len(said.periods) > 1 and not (said.positions or said.monthdays or said.days or said.weekly):
        raise Contradiction("two_schedules")
    if said.interval is not None:
        if said.periods and any(item.unit != "day" or item.every > 1 for item in said.periods):
            raise Contradiction("two_schedules")
        phrase.unit = None
        phrase.span = timedelta(days=said.interval.days, seconds=said.interval.seconds)
        if said.interval.months:
            raise Contradiction("interval")
    if said.by_clock and not phrase.span:
        raise Contradiction("by_clock")
    phrase.clock = said.by_clock


# ---------------------------------------------------------------- on which days


def _months(said: Said, phrase: Phrase) -> None:
    """A month beside days or weekdays is the time within which they are: *every Monday of December*."""
    weekly = said.weekly and all(item.every in (None, 1) for item in said.weekly)
    often = (phrase.unit == "day" or (phrase.unit in (None, "week") and weekly)) and phrase.every == 1
    others = said.positions or said.monthdays or said.days or said.within or said.starting or said.until
    if said.months and said.weekly and not weekly:
        raise Contradiction("months")  # "every third Thursday of November" is a position, not a rhythm
    if often and not others and said.months and len(said.months[0]) == 1:
        said.within.append(Within("month", 0, said.months[0][0]))
        said.months.clear()


def _days(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    if phrase.unit == "day" and phrase.every > 1 and (said.weekly or said.days):
        _weeks_of_days(phrase)
    for weekly in said.weekly:
        if phrase.weekdays & set(weekly.days):
            raise Contradiction("weekdays")
        phrase.weekdays |= set(weekly.days)
        if weekly.every == 1 and phrase.every > 1 and phrase.unit == "week":
            raise Contradiction("two_schedules")  # "every two weeks on Monday and every Tuesday"
        if weekly.every not in (None, 1):
            if (phrase.every, phrase.unit) not in ((1, None), (1, "week"), (weekly.every, "week")):
                raise Contradiction("two_schedules")
            phrase.every, phrase.unit = weekly.every, "week"
    if said.positions and phrase.unit in ("day", "week"):
        raise Contradiction("positions")
    _agree(said, phrase)
    for positions in said.positions:
        phrase.positions |= set(positions.days)
    for monthdays in said.monthdays:
        if len(monthdays.days) == 1 and phrase.unit not in ("month", "year") and not said.months:
            raise Contradiction("monthdays")
        phrase.days |= set(monthdays.days)
    for months in said.months:
        phrase.months |= set(months)
    if len(said.days) > 1 and not all(isinstance(day, OnWeekday | OnDayOfMonth) for day in said.days):
        raise Contradiction("days")
    for day in said.days:
        _day(day, phrase, said)
    if phrase.months and phrase.unit is None and not phrase.span:
        phrase.unit = "year" if phrase.days or phrase.positions else None
    if phrase.positions and phrase.unit is None and not phrase.months:
        phrase.unit = "month"


_WEEKS_OF_DAYS = {7: 1, 8: 1, 14: 2, 15: 2, 21: 3, 28: 4}
"""Days by which some languages count weeks: *los lunes cada quince días*, *tous les quinze jours*."""


def _weeks_of_days(phrase: Phrase) -> None:
    """So many days that fall on a weekday are weeks; other numbers would make a schedule nobody means."""
    if phrase.every not in _WEEKS_OF_DAYS:
        raise Contradiction("two_schedules")
    phrase.every, phrase.unit = _WEEKS_OF_DAYS[phrase.every], "week"


def _agree(said: Said, phrase: Phrase) -> None:
    """Raise Contradiction for days that can't be those of the period: *every day on 5 May*, *on Monday*."""
    numbered = any(isinstance(day, OnDate | OnFeast | OnDayOfMonth) for day in said.days)
    dated = said.monthdays or said.months or numbered
    in_months = any(isinstance(day, OnDate | OnFeast) for day in said.days)
    mixed = said.monthdays and (said.positions or said.days)
    if mixed or (phrase.unit in ("day", "week") and dated) or (phrase.unit == "month" and in_months):
        raise Contradiction("days")
    one_weekday = len(said.weekly) == 1 and len(said.weekly[0].days) == 1 and not said.days
    daily = phrase.unit == "day" or any(period == Period(1, "day") for period in said.periods)
    if daily and said.monthdays:
        raise Contradiction("days")
    if daily and (one_weekday or (len(said.days) == 1 and isinstance(said.days[0], OnWeekday))):
        raise Contradiction("days")


def _day(day: Day, phrase: Phrase, said: Said) -> None:
    match day:
        case OnWeekday(weekday, None, ""):
            phrase.weekdays.add(weekday)
        case OnDate(number, month, None, None):
            phrase.days.add(number)
            phrase.months.add(month)
        case OnDayOfMonth(number, None, None):
            if not (said.again or phrase.unit == "month"):
                raise Contradiction("day of month")
            phrase.days.add(number)
            phrase.unit = phrase.unit or "month"
        case EndOf("end", "month", 0, None) if said.again:
            phrase.days.add(LAST)
            phrase.unit = phrase.unit or "month"
        case OnDayOfMonth(_, None, weekday) if weekday is not None and (said.again or phrase.unit):
            raise Nonsense("which weekday")
        case OnFeast(name, None, shift) if _fixed(name) is not None:
            month, number = _fixed(name) or (0, 0)
            fixed = date(2024, month, number) + timedelta(days=shift)
            phrase.days.add(fixed.day)
            phrase.months.add(fixed.month)
        case Offset(days) if days >= 0 and (phrase.span or phrase.unit == "day") and not said.starting:
            raise Contradiction("on which day")
        case _:
            raise Contradiction("day")


def _fixed(name: str) -> tuple[int, int] | None:
    from schedulezero.when.grammar.feasts import is_fixed

    return is_fixed(name)


# ---------------------------------------------------------------- at which times


def _times(said: Said, phrase: Phrase, context: Context) -> None:
    times = [*said.times, *said.bare]
    if said.times and said.bare:
        raise Contradiction("times")
    part = said.parts[0] if said.parts else None
    found = {clock_of(in_part(at, part)) for at in times}
    if part in LATE_PARTS and phrase.weekdays | phrase.days and any(at.hour < FIRST_HOUR for at in found):
        raise Nonsense("part")  # "on Friday nights at 2" is on Saturdays
    if said.per_unit is not None:
        _so_many(said, phrase, found)
    windows = [_window(item) for item in said.windows]
    if len(windows) > 1:
        if found or said.by_clock:
            raise Contradiction("windows")
        found = _steps(windows, phrase)
    elif windows:
        phrase.window = windows[0]
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
        found = {context.part_times[part]}
    elif part is not None and not times:
        raise Contradiction("part")
    phrase.times |= found


def _window(window: Window) -> tuple[time, time]:
    first, last = clock_of(window.first), clock_of(window.last)
    if first >= last:
        raise WhenError(
            "“{text}” ends before it begins.",
            code="span_ends_before_begin",
            text=f"{first:%H:%M}-{last:%H:%M}",
        )
    return first, last


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


def _so_many(said: Said, phrase: Phrase, times: set[time]) -> None:
    per = said.per_unit
    assert per is not None
    named = (
        len(times) if per.unit == "day" else len(phrase.weekdays) if per.unit == "week" else len(phrase.days)
    )
    if named != per.count:
        raise WhenError(
            "“{count} times a {unit}” needs as many times or days. For example: `twice a day at 9 and 21`.",
            code="at_which_two_times",
            count=per.count,
            unit=per.unit,
        )
    if phrase.unit is None:
        phrase.unit = per.unit


# ---------------------------------------------------------------- within which bounds


def _bounds(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    movable = not (said.times or said.bare or phrase.span)
    if said.starting is not None:
        bound = _bound(said.starting.at, said, context, text, movable=movable)
        phrase.starting = _lately(bound, said.starting.at, context)
    if said.until is not None:
        phrase.until = _bound(said.until.at, said, context, text, movable=movable)
        if said.starting is not None and said.starting.at.day is not None and phrase.starting is not None:
            phrase.until = _not_before(phrase.until, phrase.starting)
    phrase.count = said.count
    for within in said.within:
        _within(within, phrase, context)
    if said.lasting is not None:
        _lasting(said.lasting.span, phrase, context)
    if said.left_out is not None:
        _left_out(said, phrase, context, text)


def _bound(at: Moment, said: Said, context: Context, text: str, *, movable: bool) -> tuple[date, time | None]:
    """A bound's day and time. A time that is said only there is the rule's: *every day until Friday at 9*."""
    clock = at.clock
    if clock is not None and movable and at.day is not None:
        said.times.append(clock)
        clock = None
    if at.day is None:
        if clock is None or movable:
            raise Contradiction("bound")  # "every monday from 10": at 10, or with the next Monday after it?
        moment = clock_of(clock)
        day = context.today
        if datetime.combine(day, moment) <= context.local:
            day += _DAY
        return day, moment
    moment = clock_of(clock) if clock is not None else None
    return date_of(at.day, context, moment, text=text), moment


def _on_the_day_of_the_start(said: Said, phrase: Phrase) -> None:
    """*Every two weeks from Monday* is on Mondays."""
    if said.starting is None or said.starting.at.day is None or phrase.starting is None:
        return
    first = phrase.starting[0]
    if phrase.weekdays or phrase.days or phrase.positions or phrase.months:
        return
    if phrase.unit == "week":
        phrase.weekdays.add(first.weekday())
    elif phrase.unit == "month" and first.day <= _IN_EACH_MONTH:
        phrase.days.add(first.day)


def _lately(bound: tuple[date, time | None], at: Moment, context: Context) -> tuple[date, time | None]:
    """A start without a year that was a short while ago is that one: its rhythm goes on from there."""
    day = at.day.ordered(context.month_first) if isinstance(at.day, OnSlashed) else at.day
    if isinstance(day, OnDate) and day.year is None:
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


def _within(within: Within, phrase: Phrase, context: Context) -> None:
    today = context.today
    if within.unit == "week":
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=within.ahead)
        last = first + timedelta(days=6)
    elif within.unit == "year":
        first, last = date(today.year + within.ahead, 1, 1), date(today.year + within.ahead, 12, 31)
    else:
        index = today.year * 12 + today.month - 1 + within.ahead
        if within.month is not None:
            index = today.year * 12 + within.month - 1 + (12 if within.month < today.month else 0)
        first = date(index // 12, index % 12 + 1, 1)
        last = date((index + 1) // 12, (index + 1) % 12 + 1, 1) - _DAY
    if phrase.starting or phrase.until:
        raise Contradiction("within")
    if first > today:
        phrase.starting = first, None
    phrase.until = last, None


def _lasting(span: Span, phrase: Phrase, context: Context) -> None:
    if phrase.until is not None or phrase.count is not None:
        raise Contradiction("lasting")
    if not span.by_calendar and not phrase.span:
        raise Contradiction("lasting")  # how long each of them is: "every monday at 9 for 2 hours"
    phrase.lasting = span


def _left_out(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    out = said.left_out
    assert out is not None
    if out.weekdays:
        kept = (phrase.weekdays or set(range(7))) - set(out.weekdays)
        if not kept or phrase.every > 1 or phrase.days or phrase.positions:
            raise Contradiction("except")
        phrase.weekdays = kept
        phrase.unit = None if phrase.unit in (None, "day", "week") else phrase.unit
    if out.months:
        phrase.months = (phrase.months or set(range(1, 13))) - set(out.months)
    for day in out.days:
        phrase.excluded.add(date_of(day, context, text=text))
    for first, last in out.ranges:
        begin = date_of(first, context, text=text)
        end = date_of(last, replace(context), text=text)
        if end < begin:
            end = end.replace(year=end.year + 1)
        if (end - begin).days > MOST_LEFT_OUT:
            raise Contradiction("except")
        phrase.excluded |= {begin + timedelta(days=number) for number in range((end - begin).days + 1)}
    phrase.holidays = out.holidays


def latest(span: Span, first: datetime) -> datetime:
    """Return the last moment of a span that begins with a first run."""
    if span.by_calendar:
        return plus_span(datetime.combine(first.date(), time.min), span) - timedelta(seconds=1)
    return plus_span(first, span)
