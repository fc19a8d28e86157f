"""Dates in figures and ordinals: *24/12*, *24.12.*, *2027-05-03*."""

from __future__ import annotations

from dataclasses import replace

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import (
    Day,
    Offset,
    OffsetOn,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    Slashed,
)

RULES = Rules()
rule = RULES.rule


@rule("date_in_ordinals", "the =Ordinal =Ordinal", "Ordinal =Numeral", cost=NEVER)
def date_in_ordinals(day: int, month: int) -> Day | None:
    """German *am siebten zwölften*, *siebter 4.*"""
    return figured_date(str(day), str(month), None)


@rule("day", "Date_in_ordinals")
def by_date_in_ordinals(day: Day) -> Day:
    return day


@rule("day", "Month =Dom", "Month =the =Dom", "Month =Dom comma? Year", "Month =the =Dom comma? Year")
@rule("day", "Month Dom", "Month Dom comma? Year", "Month Dom comma? Old_year", cost=1.1)
def month_and_day(month: int, day: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("month_or_weekday_day", "month_or_weekday =Dom", "month_or_weekday =Dom at =bare", cost=-0.3)
def of_a_month_or_a_weekday(day: int) -> int:
    """Spanish *mar 8* is a Tuesday or a day of March."""
    return day


@rule("day", "Month ~dash|slash ~Dom", "Month ~dash|slash ~Dom ~dash|slash ~Year")
def month_and_day_joined(month: int, day: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Dom ~slash ~Month", "Dom ~slash ~Month ~slash ~Year")
def day_and_month_joined(day: int, month: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Year ~dash|slash ~Month ~dash|slash ~Dom")
def year_month_and_day(year: int, month: int, day: int) -> Day:
    return OnDate(day, month, year)


@rule("day", "Year =Month =Dom")
def year_month_and_day_apart(year: int, month: int, day: int) -> Day:
    """*2027 March 18*."""
    return OnDate(day, month, year)


@rule("day", "Digits")
def run_together(digits: str) -> Day | None:
    """*20270318*, as files and calendars are named."""
    if len(digits) != 8 or not digits.startswith("20"):
        return None
    return figured_date(digits[6:], digits[4:6], int(digits[:4]))


@rule("day", "Digits ~dot ~Digits ~dot", "Digits ~dot =Digits ~dot", "Digits ~dot ~Digits ~dot ~Year",
      "Digits ~dot ~Digits ~dot ~Short_year", "Digits ~dot =Digits ~dot Year")  # fmt: skip
def dotted(day: str, month: str, year: int | None = None) -> Day | None:
    return figured_date(day, month, year)


@rule("day", "Digits ~dot ~Digits", cost=0.4)
def dotted_without_end(day: str, month: str) -> Day | None:
    return figured_date(day, month, None)


@rule("day", "on Digits ~dot ~Digits", "on Digits ~dash ~Digits")
def dotted_after_on(day: str, month: str) -> Day | None:
    """German *am 10.12* names a day, though 10.12 alone may be a time."""
    return figured_date(day, month, None)


@rule("dashed_date", "Digits ~dash ~Digits", cost=NEVER)
def dashed(day: str, month: str) -> Day | None:
    """Dutch *5-12* is a day; elsewhere two numbers with a dash are as often a range."""
    return figured_date(day, month, None)


@rule("day", "Weekday comma? Dashed_date")
def weekday_and_dashed(weekday: int, day: Day) -> Day | None:
    return agreeing(weekday, day)


@rule("day", "Digits ~slash ~Digits", "Digits ~slash ~Digits ~slash ~Year",
      "Digits ~slash ~Digits ~slash ~Short_year",
      "Digits ~dash ~Digits ~dash ~Year", "Digits ~dash ~Digits ~dash ~Short_year")  # fmt: skip
def slashed(first: str, second: str, year: int | None = None) -> Day | None:
    """5/12: which of them is the month depends on the locale."""
    if len(first) > 2 or len(second) > 2 or not (_is_date(first, second) or _is_date(second, first)):
        return None
    return Slashed(int(first), int(second), year)


def _is_date(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


@rule("day", "Digits =slash =Digits", cost=0.3)
def slashed_with_spaces(first: str, second: str) -> Day | None:
    return slashed(first, second)


@rule("day", "Year ~dash ~Digits ~dash ~Digits", "Year ~slash ~Digits ~slash ~Digits")
def iso(year: int, month: str, day: str) -> Day | None:
    return figured_date(day, month, year)


def figured_date(day: str, month: str, year: int | None) -> Day | None:
    if len(day) > 2 or len(month) > 2 or not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    return OnDate(int(day), int(month), year)


@rule("day", "Weekday comma? Day", "Weekday dot? filler Day", "Day comma? Weekday")
def agreeing(one: int | Day, other: Day | int) -> Day | None:
    named, day = (one, other) if isinstance(one, int) else (other, one)
    if isinstance(other, int) and not isinstance(one, OnDate | Slashed):
        return None  # "6th Monday" is not "Monday the 6th"
    if isinstance(day, OnDate | Slashed | OnDayOfMonth) and isinstance(named, int) and day.weekday is None:
        return replace(day, weekday=named)
    return None


@rule("day", "Day_offset comma? Weekday", "Day_offset bracket Weekday bracket", cost=1.0)
def tomorrow_and_weekday(days: int, weekday: int) -> Day:
    """*Tomorrow, Wednesday*; but German *morgen so um 9* is seldom a Sunday."""
    return Offset(days, weekday)


@rule("day", "Day_offset comma? Day", "Day_offset bracket Day bracket", cost=1.0)
def tomorrow_and_date(days: int, day: Day) -> Day | None:
    """*Tomorrow, 25 November*: German *morgen 3.1.* is no morning of the third."""
    return OffsetOn(days, day) if isinstance(day, OnDate | Slashed | OnDayOfMonth | OnFeast) else None
