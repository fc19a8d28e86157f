"""Bounds: a first and a last day, a number of runs, a week, and days left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import (
    WEEKS,
    After,
    Clock,
    Day,
    EndOf,
    Except,
    Lasting,
    Moment,
    MonthDays,
    Offset,
    OnDate,
    OnDayOfMonth,
    OnWeekday,
    Period,
    Slashed,
    Span,
    Starting,
    Until,
    Weekly,
    Within,
    span_of,
)

RULES = Rules()
rule = RULES.rule

_WEEKEND = 2
_MOST_LEFT_OUT = 30
"""Days of one list: every part of a list is a piece, too, and longer ones take too long to read."""


@rule("end_bound", "until Moment")
def until(at: Moment) -> Until:
    return Until(at)


@rule("end_bound", "until Moment")
def until_a_week_is_over(at: Moment) -> Until | None:
    """*Until the end of the week* may be until its Friday, or until its Sunday: as good a reading."""
    if not isinstance(at.day, EndOf) or (at.day.which, at.day.unit) != ("end", "week"):
        return None
    return Until(replace(at, day=After(Span(days=_WEEKEND), at.day)))


@rule("end_bound", "until_the Dom", "until_the Dom at? Clock")
def until_day_of_month(day: int, at: Clock | None = None) -> Until:
    """French *jusqu'au 15*."""
    return Until(Moment(OnDayOfMonth(day), at))


@rule("start_bound", "starting_the Dom", "starting_the Dom at? Clock")
def starting_day_of_month(day: int, at: Clock | None = None) -> Starting:
    return Starting(Moment(OnDayOfMonth(day), at))


@rule("both_bounds", "from_the Dom to_the Dom")
def between_next_days_of_a_month(first: int, last: int) -> tuple[Starting, Until] | None:
    """French *du 1er au 15*."""
    if first >= last:
        return None
    return Starting(Moment(OnDayOfMonth(first))), Until(Moment(OnDayOfMonth(last)))


@rule("start_bound", "starting Moment")
def starting(at: Moment) -> Starting:
    return Starting(at)


@rule("start_bound", "later_than Day")
def later_than(day: Day) -> Starting | None:
    """*Every day after Christmas*; but *every day after 5pm* names no time."""
    return Starting(Moment(After(Span(days=1), day))) if not isinstance(day, After) else None


@rule("start_bound", "starting Month", "starting Month Year")
def starting_in_month(month: int, year: int | None = None) -> Starting:
    return Starting(Moment(OnDate(1, month, year)))


@rule("end_bound", "through Month", "through Month Year")
@rule("end_bound", "until Month", "until Month Year", cost=0.5)
def through_a_month(month: int, year: int | None = None) -> Until:
    return Until(Moment(EndOf("end", "month", 0, month, year)))


@rule("end_bound", "until Month", "until Month Year", cost=0.5)
def until_a_month(month: int, year: int | None = None) -> Until:
    """*Until June* may be until it begins, or until it ends: both are offered."""
    return Until(Moment(After(Span(days=-1), OnDate(1, month, year))))


@rule("start_bound", "starting|from next_week")
def starting_next_week() -> Starting:
    return Starting(Moment(EndOf("start", "week", 1)))


@rule("start_bound", "starting|from next_month")
def starting_next_month() -> Starting:
    return Starting(Moment(EndOf("start", "month", 1)))


@rule("start_bound", "starting|from next Unit")
def starting_next(unit: str) -> Starting | None:
    return Starting(Moment(EndOf("start", unit, 1))) if unit in ("week", "month", "year") else None


@rule("both_bounds", "from|between Moment to|until|and|dash Moment")
def between(first: Moment, last: Moment) -> tuple[Starting, Until] | None:
    if first.day is None or last.day is None:
        return None
    if isinstance(first.day, OnWeekday) and isinstance(last.day, OnWeekday) and not first.clock:
        return None  # "mon-fri" is a set of weekdays
    if isinstance(first.day, OnDayOfMonth) and isinstance(last.day, OnDate) and first.day.day < last.day.day:
        return None  # "from the 1st to 5 December" begins in December
    return Starting(first), Until(last)


@rule("both_bounds", "Moment to|until|dash Moment", cost=0.7)
def between_without_from(first: Moment, last: Moment) -> tuple[Starting, Until] | None:
    """*1 to 5 December*; but *Friday until Christmas* lacks the word that says how often."""
    if isinstance(first.day, OnWeekday | Offset) or first.part:
        return None
    if isinstance(last.day, OnWeekday) and not isinstance(first.day, Offset):
        return None  # "5 December - 8am Saturday" is one moment
    return between(first, last)


@rule("both_bounds", "from|between Dom to|until|dash|and Moment", "Dom =to|until|dash Moment", cost=0.1)
def between_days_of_a_month(first: int, last: Moment) -> tuple[Starting, Until] | None:
    """*From 1 to 5 December*: the first day is of the same month. Not *at 0 h 30, until 31 December*."""
    if not isinstance(last.day, OnDate) or first >= last.day.day:
        return None
    return Starting(Moment(replace(last.day, day=first, weekday=None))), Until(last)


@rule("both_bounds", "from|between Month Dom to|until|dash|and the? =Dom",
      "Month Dom to|until|dash =Dom", "Month Dom to|until|dash =the =Dom")  # fmt: skip
def between_days_behind_a_month(month: int, first: int, last: int) -> tuple[Starting, Until] | None:
    """*December 1-5*."""
    if first >= last:
        return None
    return Starting(Moment(OnDate(first, month))), Until(Moment(OnDate(last, month)))


@rule("count", "Int times", "Twice", "times ~Int")
def count(number: int) -> int:
    return number


@rule(
    "runs",
    "for Int times",
    "for Twice",
    "Int times in_total",
    "Twice in_total",
    "in_total Int times",
    "in_total Twice",
)
def runs(number: int) -> int:
    """A number of runs, which can't be how often something comes in a period: *every 5 days, for 1 times*."""
    return number


@rule("next_units", "Int =next|the_next =Unit", cost=NEVER)
def next_units(count: int, unit: str) -> Span | None:
    """French *les 3 prochains jours*; but *10 next week* is no such span."""
    return span_of(count, unit) if count > 0 else None


@rule("lasting", "for|during? Next_units")
def lasting_next_units(span: Span) -> Lasting:
    return Lasting(span)


@rule("lasting", "for Span", "for the_next? Span", "the_next Span", "during the_next? Span", "for? Span long")
def lasting(span: Span) -> Lasting | None:
    return Lasting(span)


@rule("lasting", "for|during next =Unit", "for|during Unit =next")
def lasting_next_hour(unit: str) -> Lasting | None:
    """*For the next hour*; *for next week* is within that week."""
    return _lasting_one(unit) if unit == "hour" else None


@rule("lasting", "for_the_next =Unit")
def lasting_one(unit: str) -> Lasting | None:
    """*For the next month* is a month from the first run on, unlike *for next month*."""
    return _lasting_one(unit)


def _lasting_one(unit: str) -> Lasting | None:
    span = span_of(1, unit)
    return Lasting(span) if span is not None else None


@rule("within", "this_month")
def within_this_month() -> Within:
    return Within("month")


@rule("within", "next_month")
def within_next_month() -> Within:
    return Within("month", 1)


@rule("within", "this_week", "this Unit")
def within_this(unit: str = "week") -> Within | None:
    return Within(unit) if unit in ("week", "month", "year") else None


@rule("within", "next_week", "next Unit", "Unit next")
def within_next(unit: str = "week") -> Within | None:
    return Within(unit, 1) if unit in ("week", "month", "year") else None


@rule("within", "in Month", "during Month", "in_month Month")
def within_month(month: int) -> Within:
    return Within("month", 0, month)


@rule("within", "in|during|in_month Month of? Year")
def within_month_of_year(month: int, year: int) -> Within:
    return Within("month", 0, month, year)


@rule("within", "in|during Year")
def within_year(year: int) -> Within:
    return Within("year", year=year)


# ---------------------------------------------------------------- exceptions


@rule("left_out", "Day")
def left_out_day(day: Day) -> Except | None:
    return Except(days=(day,)) if not isinstance(day, OnWeekday) or day.said else None


@rule("left_out", "Weekly", "on Weekly")
def left_out_weekdays(days: Weekly) -> Except | None:
    return Except(weekdays=days.days) if days.every is None else None


@rule("left_out", "Weekday")
def left_out_weekday(day: int) -> Except:
    """*Except Monday*: every Monday, not the next one."""
    return Except(weekdays=(day,))


@rule("left_out", "Monthdays Period", "Days_of_each_month")
def left_out_days_of_each_month(days: MonthDays, of: Period | None = None) -> Except | None:
    """*Except on the 1st and 15th of every month*; *the last of every month* may be one of the weekdays."""
    if not days.days or of not in (None, Period(1, "month")):
        return None
    return Except(month_days=days.days, perhaps_weekdays=days.unnamed)


@rule("left_out", "Monthdays Of_unit")
def left_out_days_of_the_month(days: MonthDays, of: Period) -> Except | None:
    """*Except the last of the month*: its last day, or the last of the weekdays that were named?"""
    found = left_out_days_of_each_month(days, of)
    may_be = any(day < 0 or day <= WEEKS for day in days.days)
    return None if found is None else replace(found, perhaps_weekdays=may_be)


@rule("left_out", "weekend_word")
def left_out_weekend() -> Except:
    return Except(weekdays=(5, 6))


@rule("left_out", "holidays", "holidays bracket Place bracket")
def left_out_holidays(place: str | None = None) -> Except:
    return Except(holidays=True, place=place)


@rule("left_out", "in? Months")
def left_out_months(months: tuple[int, ...]) -> Except:
    return Except(months=months)


@rule("left_out", "Day to|until|dash Day", "from|between Day to|until|and|dash Day")
def left_out_range(first: Day, last: Day) -> Except:
    return Except(ranges=((first, last),))


@rule("left_out", "from|between Dom to|until|dash|and Day", "Dom to|until|dash Day")
def left_out_days_of_a_month(first: int, last: Day) -> Except | None:
    """*Except from 24 to 31 December*: the first day is of the same month."""
    if not isinstance(last, OnDate) or first >= last.day:
        return None
    return Except(ranges=((replace(last, day=first, weekday=None), last),))


@rule("left_out", "Some_dom and Day", "Some_dom comma Some_dom comma? and Day")
def left_out_days_of_one_month(*said: int | Day) -> Except | None:
    """*Except the 24th and 31st of December*: both days are of the month that was said with the last."""
    days = [day for day in said if isinstance(day, int)]
    last = said[-1]
    if not isinstance(last, OnDate) or not _ascend(*days, last.day):
        return None
    return Except(days=(*(replace(last, day=day, weekday=None) for day in days), last))


@rule("left_out", "Month Dom and Some_dom", "Month Dom comma Some_dom comma? and Some_dom")
def left_out_days_behind_a_month(month: int, *days: int) -> Except | None:
    """*Except December 24th and 25th*."""
    return Except(days=tuple(OnDate(day, month) for day in days)) if _ascend(*days) else None


def _ascend(*numbers: int) -> bool:
    return all(one < other for one, other in pairwise(numbers))


@rule("left_outs", "Left_out")
def one_left_out(found: Except) -> Except:
    return found


@rule("left_outs", "Left_out filler Left_outs", cost=0.3)
def more_left_out_without_and(found: Except, rest: Except) -> Except | None:
    """*Except Friday the 13th* is one day, and *except Monday the 7th and 14th of December* two."""
    return None if found.weekdays and rest.days else more_left_out(found, rest)


@rule("left_outs", "Left_out and|comma except? Left_outs", "Left_out comma and Left_outs")
def more_left_out(found: Except, rest: Except) -> Except | None:
    if found.days and rest.days and _differ(found.days[-1], rest.days[0]):
        return None  # "the 24th and 31 December" are two days of December
    return found.plus(rest) if len(rest.days) < _MOST_LEFT_OUT else None


def _differ(one: Day, other: Day) -> bool:
    """Whether one of two days has a month and the other none."""
    if isinstance(one, OnDayOfMonth):
        return isinstance(other, OnDate | Slashed)
    return isinstance(other, OnDayOfMonth) and isinstance(one, OnDate | Slashed)


@rule("left_out_all", "comma but? Left_outs =not", "but Left_outs =not")
def exception_behind(found: Except) -> Except | None:
    """German *täglich um 9, nur sonntags nicht*."""
    return found if found.weekdays else None


@rule("left_out_all", "except Left_outs", "except filler Left_outs")
def exception(found: Except) -> Except:
    return found
