"""Days: *tomorrow*, *next Friday*, *24 Dec*, *the 15th*, *a week from Monday*, *Easter Monday*."""

from __future__ import annotations

from dataclasses import replace

from schedulezero.when.grammar.chart import Rules
from schedulezero.when.grammar.pieces import (
    After,
    Clock,
    Day,
    EndOf,
    Moment,
    Offset,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnSlashed,
    OnWeekday,
    OnWorkday,
    Span,
)
from schedulezero.when.grammar.rules.clock import within

RULES = Rules()
rule = RULES.rule


# ---------------------------------------------------------------- relative


@rule("day", "Day_offset", "filler Day_offset")
def relative(days: int) -> Day:
    return Offset(days)


@rule("day", "Weekday")
def weekday(day: int) -> Day:
    return OnWeekday(day)


@rule("day", "this Weekday", "Weekday this_week", "this_week Weekday")
def this_weekday(day: int) -> Day:
    return OnWeekday(day, 0, "this")


@rule("day", "next Weekday", "Weekday next")
def next_weekday(day: int) -> Day:
    return OnWeekday(day, None, "next")


@rule("day", "Weekday next_week", "next_week Weekday", "next_week filler Weekday", "Weekday filler next_week")
def weekday_of_next_week(day: int) -> Day:
    return OnWeekday(day, 1, "")


@rule("day", "last Weekday", "Weekday last", "gone Weekday", "Weekday gone", cost=0.3)
def last_weekday(day: int) -> Day:
    return OnWeekday(day, -1, "last")


@rule("day", "Span after Day", "Day in Span", "Span from_now Day", "in Span after Day")
def span_after(one: Span | Day, other: Day | Span) -> Day | None:
    span, day = (one, other) if isinstance(one, Span) else (other, one)
    if not isinstance(span, Span) or isinstance(day, Span) or not span.by_calendar or isinstance(day, After):
        return None
    return After(span, day)


@rule("day", "Span before Day")
def span_before(span: Span, day: Day) -> Day | None:
    """*Two days before Christmas*."""
    if not span.by_calendar or isinstance(day, After):
        return None
    return After(Span(-span.months, -span.days), day)


@rule("day", "Day week_later")
def a_week_later(day: Day) -> Day | None:
    return None if isinstance(day, After) else After(Span(days=7), day)


@rule("day", "Day two_weeks_later")
def two_weeks_later(day: Day) -> Day | None:
    """French *lundi en quinze*."""
    return None if isinstance(day, After) else After(Span(days=14), day)


@rule("day", "in Int workday", "Int workday from_now")
def in_workdays(count: int) -> Day | None:
    return OnWorkday(count) if 1 <= count <= 260 else None  # noqa: PLR2004


@rule("day", "next_workday")
def next_workday() -> Day:
    return OnWorkday(1)


# ---------------------------------------------------------------- of a month


@rule("dom", "Int", "Ordinal")
def day_of_month(day: int) -> int | None:
    return day if 1 <= day <= 31 else None  # noqa: PLR2004


@rule("year", "Digits")
def year(digits: str) -> int | None:
    return int(digits) if len(digits) == 4 and digits.startswith(("19", "20", "21")) else None


@rule("short_year", "Digits")
def short_year(digits: str) -> int | None:
    return 2000 + int(digits) if len(digits) == 2 else None  # noqa: PLR2004


@rule("day", "Dom Month", "Dom Month", "Dom Month of|comma? Year", "Dom Month of|comma? Year",
      "Dom dash|slash Month", "Dom dash|slash Month dash|slash Year")  # fmt: skip
def day_and_month(day: int, month: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Month Dom", "Month Dom comma? Year")
def month_and_day(month: int, day: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Digits ~dot ~Digits ~dot", "Digits ~dot Digits ~dot", "Digits ~dot ~Digits ~dot ~Year",
      "Digits ~dot ~Digits ~dot ~Short_year", "Digits ~dot Digits ~dot Year")  # fmt: skip
def dotted(day: str, month: str, year: int | None = None) -> Day | None:
    return _date(day, month, year)


@rule("day", "Digits ~dot ~Digits", cost=0.6)
def dotted_without_end(day: str, month: str) -> Day | None:
    return _date(day, month, None)


@rule("day", "Digits ~slash ~Digits", "Digits ~slash ~Digits ~slash ~Year",
      "Digits ~slash ~Digits ~slash ~Short_year",
      "Digits ~dash ~Digits ~dash ~Year")  # fmt: skip
def slashed(first: str, second: str, year: int | None = None) -> Day | None:
    found = OnSlashed(int(first), int(second), year)
    return found if len(first) <= 2 and len(second) <= 2 and found.ordered(False) else None


@rule("day", "Year ~dash ~Digits ~dash ~Digits", "Year ~slash ~Digits ~slash ~Digits")
def iso(year: int, month: str, day: str) -> Day | None:
    return _date(day, month, year)


def _date(day: str, month: str, year: int | None) -> Day | None:
    if len(day) > 2 or len(month) > 2 or not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:  # noqa: PLR2004
        return None
    return OnDate(int(day), int(month), year)


@rule("day", "Weekday comma? Day", "Weekday dot? filler Day", "Day comma? Weekday")
def agreeing(one: int | Day, other: Day | int) -> Day | None:
    named, day = (one, other) if isinstance(one, int) else (other, one)
    if isinstance(other, int) and not isinstance(one, OnDate | OnSlashed):
        return None  # "6th Monday" is not "Monday the 6th"
    if isinstance(day, OnDate | OnSlashed | OnDayOfMonth) and isinstance(named, int) and day.weekday is None:
        return replace(day, weekday=named)
    return None


@rule("day", "Numeral", "the Ordinal", "the_day Int", "the_day Ordinal", "the Int", "Numeral this_month")
def alone(day: int) -> Day | None:
    """A day of the month alone is the next such day."""
    return OnDayOfMonth(day) if 1 <= day <= 31 else None  # noqa: PLR2004


@rule("day", "Dom this_month")
def of_this_month(day: int) -> Day:
    return OnDayOfMonth(day, 0)


@rule("day", "next Day")
def next_such_day(day: Day) -> Day | None:
    """*El próximo 24 de diciembre*: a date without a year is the next one anyway."""
    return day if isinstance(day, OnDate | OnFeast) and day.year is None else None


@rule("day", "Dom next_month", "next_month Dom", "next_month filler Dom")
def of_next_month(day: int) -> Day:
    return OnDayOfMonth(day, 1)


@rule("day", "Weekday the Int", "Weekday Ordinal", "Weekday Ordinal", "Weekday the_day Int")
def weekday_and_day(weekday: int, day: int) -> Day | None:
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None  # noqa: PLR2004


@rule("weekday_number", "Weekday =Int", cost=2.2)
def weekday_and_number(weekday: int, day: int) -> Day | None:
    """*Viernes 15* is Friday the 15th, or Friday at 15: at the cost of a bare hour both are offered.

    A language says by the cost of this category if it is always a date; then no hour is read, even if the
    date is wrong.
    """
    return OnDayOfMonth(day, None, weekday, near=True) if 1 <= day <= 31 else None  # noqa: PLR2004


@rule("day", "Weekday_number")
def by_weekday_and_number(day: Day) -> Day:
    return day


@rule("day_in_figures", "the =Digits =Digits", "the =Digits =Digits =Year", "the =Digits =Digits =Short_year")
def in_figures(day: str, month: str, year: int | None = None) -> Day | None:
    """French *le 24 12*."""
    return _date(day, month, year)


@rule("day_in_figures", "Weekday =Digits =Digits", "Weekday =Digits =Digits =Year|Short_year")
def weekday_in_figures(weekday: int, day: str, month: str, year: int | None = None) -> Day | None:
    found = _date(day, month, year)
    return replace(found, weekday=weekday) if isinstance(found, OnDate) else None


@rule("day", "Day_in_figures")
def by_day_in_figures(day: Day) -> Day:
    """A language where the second number may as well be an hour has a cost that forbids this."""
    return day


# ---------------------------------------------------------------- by name


@rule("day", "in|at? Feast", "in|at? Feast Year")
def feast(name: str, year: int | None = None) -> Day:
    return OnFeast(name, year)


@rule("day", "day_after Feast")
def after_feast(name: str) -> Day:
    return OnFeast(name, None, 1)


@rule("day", "day_after Day")
def after_day(day: Day) -> Day | None:
    return After(Span(days=1), day) if isinstance(day, OnDate | OnFeast | OnDayOfMonth) else None


@rule("day", "day_before Feast")
def before_feast(name: str) -> Day:
    return OnFeast(name, None, -1)


@rule("day", "end_of this? Unit", "end_of Unit", "end_of Unit")
def end_of(unit: str) -> Day | None:
    return EndOf("end", unit) if unit in ("week", "month", "year") else None


@rule("day", "end_of next Unit", "end_of Unit next")
def end_of_next(unit: str) -> Day | None:
    return EndOf("end", unit, 1) if unit in ("week", "month", "year") else None


@rule("day", "end_of_month")
def end_of_this_month() -> Day:
    """A phrase of its own, where *end of* and *week* make the weekend: *fin de mes*, *fin de semana*."""
    return EndOf("end", "month")


@rule("day", "end_of Month")
def end_of_named(month: int) -> Day:
    return EndOf("end", "month", 0, month)


@rule("day", "middle_of this? Unit")
def middle_of(unit: str) -> Day | None:
    return EndOf("middle", unit) if unit in ("week", "month", "year") else None


@rule("day", "middle_of Month")
def middle_of_named(month: int) -> Day:
    return EndOf("middle", "month", 0, month)


@rule("day", "end_of next_week")
def end_of_next_week() -> Day:
    return EndOf("end", "week", 1)


@rule("day", "end_of next_month")
def end_of_next_month() -> Day:
    return EndOf("end", "month", 1)


@rule("day", "start_of next_week")
def start_of_next_week() -> Day:
    return EndOf("start", "week", 1)


@rule("day", "start_of next_month")
def start_of_next_month() -> Day:
    return EndOf("start", "month", 1)


@rule("day", "start_of this? Unit")
def start_of(unit: str) -> Day | None:
    """*The beginning of the month*: the next one, since the present one's is over."""
    return EndOf("start", unit) if unit in ("week", "month", "year") else None


@rule("day", "start_of next Unit", "start_of Unit next")
def start_of_next(unit: str) -> Day | None:
    return EndOf("start", unit, 1) if unit in ("week", "month", "year") else None


@rule("day", "middle_of next_month")
def middle_of_next_month() -> Day:
    return EndOf("middle", "month", 1)


@rule("day", "start_of Month")
def start_of_named(month: int) -> Day:
    return EndOf("start", "month", 0, month)


# ---------------------------------------------------------------- with a time, for bounds


@rule("moment", "Day", "Day comma? Time", "Day filler Time", "Day Lone_hour")
def day_and_time(day: Day, at: Clock | None = None) -> Moment:
    return Moment(day, at)


@rule("moment", "Time Day")
def time_and_day(at: Clock, day: Day) -> Moment:
    return Moment(day, at)


@rule("moment", "Part at? Clock", "Clock Part", "Part at Bare", "Bare Part")
def later_today(one: Clock | str, other: Clock | str) -> Moment | None:
    part, at = (one, other) if isinstance(one, str) else (other, one)
    assert isinstance(part, str) and isinstance(at, Clock)
    chosen = within(at, part) if part == "tonight" else None
    return Moment(Offset(0), chosen) if chosen is not None else None


@rule("moment", "Time", cost=0.5)
def time_alone(at: Clock) -> Moment:
    return Moment(None, at)
