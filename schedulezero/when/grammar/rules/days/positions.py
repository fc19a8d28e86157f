"""Days by their place in a month or year: *the last Friday of May*, *the first working day of next month*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import LAST, WORKDAY, Day, EndOf, OnDate, OnPosition

RULES = Rules()
rule = RULES.rule


@rule("day", "Nth =Weekday in? Month of|during|comma? Year")
def weekday_position_in_a_year(position: int, weekday: int, month: int, year: int) -> Day | None:
    """*The last Sunday in March 2027*."""
    return OnPosition(position, weekday, month, 0, year) if LAST - 1 <= position <= 5 else None


@rule("day", "Nth workday in? Month of|during|comma? Year")
def workday_position_in_a_year(position: int, month: int, year: int) -> Day:
    return OnPosition(position, WORKDAY, month, 0, year)


@rule("day", "Nth =Weekday in? this_month")
def weekday_position_this_month(position: int, weekday: int) -> Day | None:
    return OnPosition(position, weekday) if LAST - 1 <= position <= 5 else None


@rule("day", "Nth =Weekday in? next_month")
def weekday_position_next_month(position: int, weekday: int) -> Day | None:
    return OnPosition(position, weekday, None, 1) if LAST - 1 <= position <= 5 else None


@rule("day", "Nth workday in? this_month")
def workday_position_this_month(position: int) -> Day:
    return OnPosition(position, WORKDAY)


@rule("day", "Nth workday in? next_month")
def workday_position_next_month(position: int) -> Day:
    return OnPosition(position, WORKDAY, None, 1)


@rule(
    "day",
    "last day_word in? Month",
    "last day_word in? Month of|during|comma? Year",
    "end_of Month of|during|comma? Year",
)
def last_day_of_a_month(month: int, year: int | None = None) -> Day:
    return EndOf("end", "month", 0, month, year)


@rule("day", "last day_word in? this? Unit")
def last_day_of_the_year(unit: str) -> Day | None:
    """*The last day of the year* is nearly always the next one; of a month, it is one of each."""
    return EndOf("end", "year") if unit == "year" else None


@rule("day", "Ordinal day_word in? this? Unit")
def first_day_of_the_year(number: int, unit: str) -> Day | None:
    return EndOf("start", "year") if unit == "year" and number == 1 else None


@rule("day", "last day_word in? this_month")
def last_day_of_this_month() -> Day:
    return EndOf("end", "month")


@rule("day", "last day_word in? next_month")
def last_day_of_next_month() -> Day:
    return EndOf("end", "month", 1)


@rule("day", "middle_of Month of|during|comma? Year")
def middle_of_month_in(month: int, year: int) -> Day:
    return OnDate(15, month, year)


@rule("day", "start_of Month of|during|comma? Year")
def start_of_month_in(month: int, year: int) -> Day:
    return OnDate(1, month, year)


@rule("day", "end_of Year")
def end_of_year(year: int) -> Day:
    return OnDate(31, 12, year)


@rule("day", "start_of Year")
def start_of_year(year: int) -> Day:
    return OnDate(1, 1, year)
