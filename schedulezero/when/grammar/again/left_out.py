"""Which days a recurring phrase leaves out."""

from __future__ import annotations

from datetime import date, timedelta

from schedulezero.errors import WhenError
from schedulezero.when.calendar.feasts import is_fixed
from schedulezero.when.calendar.holidays import place_of
from schedulezero.when.grammar.again.days import shifted_by_days
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    FRIDAY_13,
    LAST,
    WEEKS,
    After,
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
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.resolving import date_of, ordered
from schedulezero.when.grammar.said import Contradiction, Said

MOST_LEFT_OUT = 366
_SOON = timedelta(days=31)


def lasting(span: Span, phrase: Phrase, context: Context) -> None:
    """End the phrase after a span, counted from its start."""
    if phrase.until is not None or phrase.count is not None:
        raise Contradiction("lasting")
    if span.seconds and not phrase.span:
        raise Contradiction("lasting")  # "every day for 9 hours": Dutch *voor 9 uur* is before nine
    phrase.lasting = span


def fill_left_out(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    """Put into the phrase which days it leaves out."""
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
                "Which country's public holidays? The time zone {zone} doesn't belong to a country.",
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
                phrase.excluded_dates.add(shifted_by_days(fixed, shift))
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
