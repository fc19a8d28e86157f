"""Bounds: a first and a last day, a number of runs, a week, and days left out."""

from __future__ import annotations

from dataclasses import replace

from schedulezero.when.grammar.chart import Rules
from schedulezero.when.grammar.pieces import (
    Clock,
    Day,
    Except,
    Lasting,
    Moment,
    OnDate,
    OnDayOfMonth,
    OnWeekday,
    Span,
    Starting,
    Until,
    Weekly,
    Within,
    span_of,
)

RULES = Rules()
rule = RULES.rule


@rule("end_bound", "until Moment")
def until(at: Moment) -> Until:
    return Until(at)


@rule("end_bound", "to Day", cost=1.5)
def to_a_day(day: Day) -> Until:
    """Without *from*, a word for *to* may as well be *at*, so that no time may follow: *a las 9 el lunes*."""
    return Until(Moment(day))


@rule("end_bound", "until_the Dom", "until_the Dom at? Clock")
def until_day_of_month(day: int, at: Clock | None = None) -> Until:
    """French *jusqu'au 15*."""
    return Until(Moment(OnDayOfMonth(day), at))


@rule("start_bound", "starting_the Dom", "starting_the Dom at? Clock")
def starting_day_of_month(day: int, at: Clock | None = None) -> Starting:
    return Starting(Moment(OnDayOfMonth(day), at))


@rule("start_bound", "starting Moment")
def starting(at: Moment) -> Starting:
    return Starting(at)


@rule("start_bound", "from Moment", cost=1.5)
def from_a_moment(at: Moment) -> Starting | None:
    """Without an end, a word for *from* may as well be *of*: *de lunes viernes*."""
    return Starting(at) if at.day is not None else None


@rule("both_bounds", "Moment to Moment", cost=1.2)
def from_one_to_another(first: Moment, last: Moment) -> tuple[Starting, Until] | None:
    """Without *from*, a word for *to* may as well be *at*: *miércoles a las once de la mañana*."""
    return until_another(first, last)


@rule(
    "both_bounds", "from|between Moment to|until|and|dash Moment", "from|between Moment to|until|and Moment"
)
def between(first: Moment, last: Moment) -> tuple[Starting, Until] | None:
    if first.day is None or last.day is None:
        return None
    if isinstance(first.day, OnWeekday) and isinstance(last.day, OnWeekday) and not first.clock:
        return None  # "mon-fri" is a set of weekdays
    return Starting(first), Until(last)


@rule("both_bounds", "Moment until|dash Moment")
def until_another(first: Moment, last: Moment) -> tuple[Starting, Until] | None:
    """*Tomorrow until Friday*, but not *Friday until December*, where *every* may have been left out."""
    return between(first, last) if not isinstance(first.day, OnWeekday) else None


@rule("both_bounds", "from|between Dom to|until|dash|and Moment", "Dom to|until|dash Moment", cost=0.1)
def between_days_of_a_month(first: int, last: Moment) -> tuple[Starting, Until] | None:
    """*From 1 to 5 December*: the first day is of the same month."""
    if not isinstance(last.day, OnDate) or first >= last.day.day:
        return None
    return Starting(Moment(replace(last.day, day=first, weekday=None))), Until(last)


@rule("both_bounds", "from_the Dom to_the Dom")
def between_next_days_of_a_month(first: int, last: int) -> tuple[Starting, Until] | None:
    """French *du 1er au 15*."""
    return (
        (Starting(Moment(OnDayOfMonth(first))), Until(Moment(OnDayOfMonth(last)))) if first < last else None
    )


@rule("count", "Int times", "for Int times", "Twice", "for Twice")
def count(number: int) -> int:
    return number


@rule("lasting", "for|during? Int next|the_next =Unit")
def the_next_units(count: int, unit: str) -> Lasting | None:
    """French *les 3 prochains jours*."""
    span = span_of(count, unit)
    return Lasting(span) if span is not None and count > 0 else None


@rule("lasting", "for Span", "for the_next? Span", "the_next Span", "during the_next? Span")
def lasting(span: Span) -> Lasting | None:
    return Lasting(span)


@rule("within", "this_week", "this Unit")
def within_this(unit: str = "week") -> Within | None:
    return Within(unit) if unit in ("week", "month", "year") else None


@rule("within", "next_week", "next Unit", "Unit next")
def within_next(unit: str = "week") -> Within | None:
    return Within(unit, 1) if unit in ("week", "month", "year") else None


@rule("within", "this_month")
def within_this_month() -> Within:
    return Within("month")


@rule("within", "next_month")
def within_next_month() -> Within:
    return Within("month", 1)


@rule("within", "in Month", "during Month")
def within_month(month: int) -> Within:
    return Within("month", 0, month)


# ---------------------------------------------------------------- exceptions


@rule("left_out", "Day", "Day")
def left_out_day(day: Day) -> Except | None:
    return Except(days=(day,)) if not isinstance(day, OnWeekday) or day.said else None


@rule("left_out", "Weekly", "on Weekly")
def left_out_weekdays(days: Weekly) -> Except | None:
    return Except(weekdays=days.days) if days.every in (None, 1) else None


@rule("left_out", "Weekday", "Weekday")
def left_out_weekday(day: int) -> Except:
    """*Except Monday*: every Monday, not the next one."""
    return Except(weekdays=(day,))


@rule("left_out", "weekend")
def left_out_weekend() -> Except:
    return Except(weekdays=(5, 6))


@rule("left_out", "holidays", "holidays")
def left_out_holidays() -> Except:
    return Except(holidays=True)


@rule("left_out", "in? Months")
def left_out_months(months: tuple[int, ...]) -> Except:
    return Except(months=months)


@rule("left_out", "Day to|until|dash Day", "from|between Day to|until|and|dash Day")
def left_out_range(first: Day, last: Day) -> Except:
    return Except(ranges=((first, last),))


@rule("left_outs", "Left_out")
def one_left_out(found: Except) -> Except:
    return found


@rule("left_outs", "Left_out and|comma except? Left_outs", "Left_out comma and Left_outs")
def more_left_out(found: Except, rest: Except) -> Except:
    return found.plus(rest)


@rule("left_outs", "Left_out filler Left_outs", cost=0.6)
def left_out_side_by_side(found: Except, rest: Except) -> Except:
    """Without *and*, two are less likely than one: *except the 1st of December*."""
    return found.plus(rest)


@rule("left_out_all", "except Left_outs", "except filler Left_outs")
def exception(found: Except) -> Except:
    return found
