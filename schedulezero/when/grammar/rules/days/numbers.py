"""Days by a number alone: *the 15th*, *Monday the 15th*, *the 1st of next month*."""

from __future__ import annotations

from dataclasses import replace

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import (
    FRIDAY_13,
    WEEKS,
    Day,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    Slashed,
)
from schedulezero.when.grammar.rules.days.figures import figured_date, slashed

RULES = Rules()
rule = RULES.rule


@rule("day", "Numeral", "the Ordinal", "the_day Int", "the_day Ordinal", "the Int")
def alone(day: int) -> Day | None:
    """A day of the month alone is the next such day."""
    return OnDayOfMonth(day) if 1 <= day <= 31 else None


@rule("of_day", "of_day_word Int", "of_day_word Ordinal")
def of_a_day(day: int) -> Day | None:
    """Spanish *a las 8 de la noche del 24*: behind a time only."""
    return OnDayOfMonth(day) if 1 <= day <= 31 else None


@rule("day", "Digits =of_month_number =Digits", "Digits =of_month_number =Digits of|of_month_number? Year")
def of_a_numbered_month(day: str, month: str, year: int | None = None) -> Day | None:
    """Spanish *el 17 del 11*."""
    return figured_date(day, month, year)


@rule("day", "Digits =Digits =Year", cost=0.3)
def spaced(first: str, second: str, year: int) -> Day | None:
    return slashed(first, second, year)


@rule("day", "Dom this_month", "this_month Dom")
def of_this_month(day: int) -> Day:
    return OnDayOfMonth(day, 0)


@rule("day", "Nth day_word next_month")
def nth_day_of_next_month(day: int) -> Day | None:
    return OnDayOfMonth(day, 1) if 1 <= day <= 31 else None


@rule("day", "the|the_day? Dom next_month", "next_month comma? the_day? Dom")
def of_next_month(day: int) -> Day:
    return OnDayOfMonth(day, 1)


@rule("day", "Weekday the Int", "Weekday Ordinal", "Weekday the_day Int")
def weekday_and_day(weekday: int, day: int) -> Day | None:
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("day", "the_day Dom comma? Weekday")
def day_and_weekday(day: int, weekday: int) -> Day | None:
    return weekday_and_day(weekday, day)


@rule("weekday_of_month_day", "every Weekday|Weekdays the|the_day Int|Ordinal")
def each_weekday_of_month_day(weekday: int, day: int) -> Day | None:
    """*Every Friday the 13th*."""
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("weekday_of_month_day", "every Weekday|Weekdays comma? Ordinal")
def each_weekday_of_late_month_day(weekday: int, day: int) -> Day | None:
    """*Every Friday 13th*; but *every Friday first* may be the first one of a month."""
    return OnDayOfMonth(day, None, weekday) if WEEKS < day <= 31 else None


@rule("weekday_of_month_day", "every Weekday|Weekdays =Int", cost=2.2)
def each_unlucky_weekday(weekday: int, day: int) -> Day | None:
    """*Every Friday 13* is as likely at one o'clock; other numbers are hours."""
    return OnDayOfMonth(day, None, weekday) if day == FRIDAY_13[1] else None


@rule("weekday_number", "Weekday =Int", "Weekday =next =Int", cost=2.2)
def weekday_and_number(weekday: int, day: int) -> Day | None:
    """*Friday 4* is the 4th or four o'clock: as good a reading, if the next 4th is a Friday.

    A language says by the cost of this category if it is always a date; then no hour is read, even if the
    date is wrong.
    """
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("weekday_number", "next Weekday =Int", cost=2.2)
def next_weekday_and_number(weekday: int, day: int) -> Day | None:
    """*Next Friday 13* may be months ahead, or at one o'clock: as good a reading."""
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("day", "Weekday_number")
def by_weekday_and_number(day: Day) -> Day:
    return day


@rule("weekday_number_in_part", "Weekday =Int at? Part", "Weekday =next =Int at? Part", cost=NEVER)
def weekday_number_and_part(weekday: int, day: int, part: str) -> tuple[Day, str] | None:
    """Spanish *el viernes 4 por la tarde* is the 4th as well as four o'clock."""
    if part == "tonight" or not 1 <= day <= 31:
        return None
    return OnDayOfMonth(day, None, weekday), part


@rule("day_in_figures", "the =Digits =Digits", "the =Digits =Digits =Year|Short_year", cost=NEVER)
def in_figures(day: str, month: str, year: int | None = None) -> Day | None:
    """French *le 24 12*. Elsewhere the second number may as well be an hour."""
    return figured_date(day, month, year)


@rule("day_in_figures", "Weekday =Digits =Digits", "Weekday =Digits =Digits =Year|Short_year", cost=NEVER)
def weekday_in_figures(weekday: int, day: str, month: str, year: int | None = None) -> Day | None:
    found = figured_date(day, month, year)
    return replace(found, weekday=weekday) if isinstance(found, OnDate) else None


@rule("day", "Day_in_figures")
def by_day_in_figures(day: Day) -> Day:
    return day


@rule("day", "next the_day =Dom")
def next_such_day_of_a_month(day: int) -> Day:
    """*El próximo día 5* is no hour of the next day."""
    return OnDayOfMonth(day)


@rule("day", "next Day", "this Day")
def next_such_day(day: Day) -> Day | None:
    """*El próximo 24 de diciembre*, *this Friday, 27 May*: without a year it is the next one anyway."""
    return day if isinstance(day, OnDate | Slashed | OnFeast) and day.year is None else None
