"""On which days of a month: *the 1st and 15th*, *the last Friday*, *even days*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import LAST, WORKDAY, MonthDays, Period, Positions, Span

RULES = Rules()
rule = RULES.rule

_COUNTED = 9
"""Ordinals up to this one may count what recurs, too."""
_WEEKDAY_NUMBERS = (2, 4, 5)
"""Portuguese ordinals that are names of weekdays, too."""


@rule("nth", "Ordinal", "the Ordinal")
def nth(number: int) -> int:
    return number


@rule("nth", "Which")
def which(number: int) -> int:
    """An ordinal that says which weekday it is, but never which day of a month: *segunda sexta*."""
    return number


@rule("which_weekday", "Which =Weekday")
def which_weekday(number: int, day: int) -> int:
    """Portuguese *segunda quarta* may be the second Wednesday, or Monday and Wednesday."""
    return number


@rule("every_which_weekday", "every Which =Weekday", cost=-0.3)
def every_which_weekday(number: int, day: int) -> int | None:
    """Portuguese *toda quarta sexta*: each fourth Friday, or Wednesdays and Fridays?"""
    return number if number in _WEEKDAY_NUMBERS else None


@rule("which", "Digits ~which_mark")
def which_in_figures(digits: str) -> int | None:
    return int(digits) if len(digits) == 1 else None


@rule("nth", "last")
def last() -> int:
    return LAST


@rule("nth", "last_but_one")
def last_but_one() -> int:
    return LAST - 1


@rule("nths", "Nth")
def one_nth(number: int) -> tuple[int, ...]:
    return (number,)


@rule("nths", "Nth and|comma Nths")
def several_nths(number: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return (number, *rest)


@rule("positions", "Nths =Weekday|Weekdays")
def nth_weekday(numbers: tuple[int, ...], day: int) -> Positions | None:
    if any(not (LAST - 1 <= number <= 5) for number in numbers):
        return None
    return Positions(tuple((number, day) for number in numbers))


@rule("positions", "Nths workday")
def nth_workday(numbers: tuple[int, ...]) -> Positions:
    return Positions(tuple((number, WORKDAY) for number in numbers))


@rule("positions", "Positions and|comma Positions")
def more_positions(one: Positions, other: Positions) -> Positions:
    return Positions(tuple(sorted({*one.days, *other.days})))


@rule("monthdays", "Nths day_word")
def nth_day(numbers: tuple[int, ...]) -> MonthDays | None:
    return MonthDays(numbers) if all(LAST - 1 <= number <= 31 for number in numbers) else None


@rule("monthdays", "Int and|comma Doms")
def numbers_of_days(day: int, rest: tuple[int, ...]) -> MonthDays | None:
    return MonthDays(tuple(sorted({day, *rest})), loose=True) if 1 <= day <= 31 else None


@rule("monthdays", "Ordinal and|comma Doms", "the_day|the_days|the Dom and|comma Doms")
def days_of_month(day: int, rest: tuple[int, ...]) -> MonthDays | None:
    return MonthDays(tuple(sorted({day, *rest}))) if 1 <= day <= 31 else None


@rule("monthdays", "the_day Dom", "Ordinal")
def one_day_of_month(day: int) -> MonthDays | None:
    return MonthDays((day,)) if 1 <= day <= 31 else None


@rule("monthdays", "Int")
def one_number_of_a_day(day: int) -> MonthDays | None:
    return MonthDays((day,), loose=True) if 1 <= day <= 31 else None


@rule("monthdays", "day_before last day_word")
def the_day_before_the_last() -> MonthDays:
    return MonthDays((LAST - 1,))


@rule("monthdays", "last", cost=0.6)
def the_last() -> MonthDays:
    """German *am Letzten des Monats*."""
    return MonthDays((LAST,), unnamed=True)


@rule("monthdays", "end_of", cost=0.6)
def the_end() -> MonthDays:
    """German *am Ende jedes Monats*."""
    return MonthDays((LAST,))


@rule("monthdays", "start_of", cost=0.6)
def the_start() -> MonthDays:
    return MonthDays((1,))


@rule("doms", "Dom", "the_day|the Dom")
def one_dom(day: int) -> tuple[int, ...]:
    return (day,)


@rule("doms", "Dom and|comma Doms", "the_day|the Dom and|comma Doms")
def more_doms(day: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return (day, *rest)


@rule("monthdays", "Monthdays and|comma last day_word")
def and_the_last(days: MonthDays) -> MonthDays:
    return MonthDays((*days.days, LAST))


@rule("monthdays", "Monthdays and|comma last_but_one day_word")
def and_the_last_but_one(days: MonthDays) -> MonthDays:
    return MonthDays((*days.days, LAST - 1))


@rule("monthdays", "the Dom and|comma last day_word")
def a_day_and_the_last(day: int) -> MonthDays:
    return MonthDays((day, LAST))


@rule("monthdays", "the Dom and|comma last_but_one day_word")
def a_day_and_the_last_but_one(day: int) -> MonthDays:
    return MonthDays((day, LAST - 1))


@rule("day_of_every_month", "every Ordinal", cost=0.2)
def day_of_every_month(day: int) -> MonthDays | None:
    """*Jeden Fünfzehnten*; but *every third* may count days."""
    return MonthDays((day,)) if day == 1 or _COUNTED < day <= 31 else None


@rule("days_in_a_row", "from|between Marked_dom to|until|through|dash|and Some_dom",
      "from_the Dom to_the Dom", "Marked_dom to|until|through|dash Marked_dom")  # fmt: skip
def days_in_a_row(first: int, last: int) -> MonthDays | None:
    """*From the 28th to the 3rd*, too; but *from the 5th to the 1st* is no month's beginning or end."""
    if first < last:
        return MonthDays(tuple(range(first, last + 1)))
    found = (*range(1, last + 1), *range(first, _LONGEST_MONTH + 1))
    return MonthDays(found if first > last and len(found) <= _TURN_OF_A_MONTH else ())


@rule("days_of_each_month", "Span before end_of|end_of_named Period",
      "Span before last day_word Period|Of_unit",
      "Period Span before end_of this? Unit", "Period Span before end_of_month")  # fmt: skip
def days_before_the_end(*said: Span | Period | str) -> MonthDays | None:
    """*2 days before the end of every month*; *of the month* may be of this one."""
    span = next(item for item in said if isinstance(item, Span))
    unit = next((item for item in said if isinstance(item, str)), "month")
    if Period(1, "month") not in said or unit != "month" or span.months or span.seconds:
        return None
    return MonthDays((LAST - span.days,)) if 1 <= span.days <= _EARLIEST else None


_EARLIEST = 27
"""Days before the last one of a month that each month has."""
_LONGEST_MONTH = 31
_TURN_OF_A_MONTH = 14
"""Days of a range that contains the last day of a month and the first one of the next."""


@rule("numbers_in_a_row", "from|between Dom to|until|through|dash|and Some_dom")
@rule("day_to_number", "Marked_dom to|until|through|dash Dom")
def numbers_in_a_row(first: int, last: int) -> MonthDays | None:
    """*From 1 to 5*, which are hours where no month follows; Spanish *el 10 a las 12* is a day and a time."""
    return days_in_a_row(first, last) if first < last else None


@rule("days_of_each_month", "every? Parity day_word", "every? day_word Parity")
def even_or_odd_days(first: int) -> MonthDays:
    """*On even days*: those with an even number."""
    return MonthDays(tuple(range(first, _LONGEST_MONTH + 1, 2)))


@rule("marked_dom", "Ordinal", "the_day|the Dom")
@rule("some_dom", "Dom", "the_day|the Dom")
def marked_dom(day: int) -> int | None:
    return day if 1 <= day <= 31 else None


@rule("days_of_each_month", "Days_in_a_row|Numbers_in_a_row|Day_to_number Period|Of_unit",
      "Period Days_in_a_row")  # fmt: skip
def days_of_each_month(one: MonthDays | Period, other: Period | MonthDays) -> MonthDays | None:
    """*The 1st to the 5th of every month*, which are days, and no beginning and end of a schedule."""
    days, of = (one, other) if isinstance(one, MonthDays) else (other, one)
    return days if isinstance(days, MonthDays) and of == Period(1, "month") else None


@rule("months", "Month")
def one_month(month: int) -> tuple[int, ...]:
    return (month,)


@rule("months", "Month and|comma Months", "Month comma and Months")
def more_months(month: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({month, *rest}))


@rule("months", "Month to|dash|until|through Month", "from Month to|until Month")
def month_range(first: int, last: int) -> tuple[int, ...] | None:
    return (
        tuple(sorted((first - 1 + step) % 12 + 1 for step in range((last - first) % 12 + 1)))
        if first != last
        else None
    )
