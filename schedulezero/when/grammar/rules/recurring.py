"""What recurs: periods, weekdays, days of the month, and how often."""

from __future__ import annotations

from schedulezero.when.grammar.chart import Rules
from schedulezero.when.grammar.pieces import (
    LAST,
    WORKDAY,
    MonthDays,
    Period,
    PerUnit,
    Positions,
    Span,
    Weekly,
)

RULES = Rules()
rule = RULES.rule

_ELAPSED = ("second", "minute", "hour")
_OFTEN: dict[str, Period | Span] = {
    "daily": Period(1, "day"), "weekly": Period(1, "week"), "fortnightly": Period(2, "week"),
    "monthly": Period(1, "month"), "quarterly": Period(1, "quarter"), "half_yearly": Period(1, "half"),
    "yearly": Period(1, "year"), "hourly": Span(seconds=3600, smallest=2), "alternate_days": Period(2, "day"),
    "every_other_month": Period(2, "month"), "every_14_days": Period(14, "day"),
    "every_7_days": Period(7, "day"),
}  # fmt: skip


def period(every: int, unit: str) -> Period | None:
    if unit == "quarter" and every > 1:
        every, unit = every * 3, "month"
    return Period(every, unit) if 1 <= every <= 1000 and unit not in _ELAPSED else None  # noqa: PLR2004


@rule("period", "every Unit", "per Unit")
def each(unit: str) -> Period | None:
    return period(1, unit)


@rule("of_unit", "Unit")
def of_the(unit: str) -> Period | None:
    """*The first Monday of the month*: a unit alone says a period only beside what says which day of it."""
    return period(1, unit) if unit in ("week", "month", "year", "quarter") else None


@rule("period", "every Int =Unit")
def every_so_many(count: int, unit: str) -> Period | None:
    return period(count, unit)


@rule("period", "every other Unit")
def every_other(unit: str) -> Period | None:
    return period(2, unit)


@rule("period", "Int Unit out_of Int")
def one_out_of(one: int, unit: str, count: int) -> Period | None:
    """French *un jour sur deux*: every second day."""
    return period(count, unit) if one == 1 and count > 1 else None


@rule("weekly", "Int Weekday out_of Int")
def one_weekday_out_of(one: int, day: int, count: int) -> Weekly | None:
    return Weekly((day,), every=count) if one == 1 and 2 <= count <= 52 else None  # noqa: PLR2004


@rule("weekly", "every Int Weekdays")
def every_so_many_weekdays(count: int, day: int) -> Weekly | None:
    return Weekly((day,), every=count) if 2 <= count <= 52 else None  # noqa: PLR2004


@rule("period", "every Ordinal =Unit")
def every_nth(count: int, unit: str) -> Period | None:
    return period(count, unit) if count > 1 else None


@rule("period", "Often")
def often(name: str) -> Period | None:
    found = _OFTEN.get(name)
    return found if isinstance(found, Period) else None


@rule("interval", "Often")
def often_elapsed(name: str) -> Span | None:
    found = _OFTEN.get(name)
    return found if isinstance(found, Span) else None


@rule("interval", "every Span")
def every_span(span: Span) -> Span | None:
    return span if span.seconds and not span.months else None


@rule("interval", "every Unit")
def every_elapsed(unit: str) -> Span | None:
    return Span(seconds={"second": 1, "minute": 60, "hour": 3600}[unit]) if unit in _ELAPSED else None


@rule("interval", "every other Unit")
def every_other_elapsed(unit: str) -> Span | None:
    return Span(seconds={"second": 2, "minute": 120, "hour": 7200}[unit]) if unit in _ELAPSED else None


@rule("interval", "every Ordinal =Unit")
def every_nth_elapsed(count: int, unit: str) -> Span | None:
    return (
        Span(seconds={"second": 1, "minute": 60, "hour": 3600}[unit] * count)
        if unit in _ELAPSED and count > 1
        else None
    )


@rule("interval", "every half Unit", "every half Unit")
def every_half(unit: str) -> Span | None:
    return Span(seconds=1800) if unit == "hour" else None


@rule("period", "every half Unit")
def every_half_year(unit: str) -> Period | None:
    return Period(1, "half") if unit == "year" else None


# ---------------------------------------------------------------- weekdays


@rule("weekly", "Weekdays")
def plural(day: int) -> Weekly:
    return Weekly((day,))


@rule("weekly", "habitual =Weekday")
def habitual_weekday(day: int) -> Weekly:
    """French *le lundi*, Italian *il lunedì*: on Mondays, or on the one to come."""
    return Weekly((day,))


@rule("each_part", "every? Parts")
def plural_part(part: str) -> str:
    """French *les matins*."""
    return part


@rule("each_part", "habitual =Part")
def habitual_part(part: str) -> str:
    """French *le soir à 20h*: each evening, or this one."""
    return part


@rule("weekly", "workdays")
def workdays() -> Weekly:
    return Weekly((0, 1, 2, 3, 4))


@rule("weekly", "weekends")
def weekends() -> Weekly:
    return Weekly((5, 6))


@rule("weekly", "every weekend")
def every_weekend() -> Weekly:
    """One weekend may be the coming one, so that only *every* makes it recur."""
    return Weekly((5, 6))


@rule("weekly", "Weekday_set")
def initials(days: str) -> Weekly:
    return Weekly(tuple(int(day) for day in days))


@rule("some_days", "Weekday", "Weekdays", "Weekday", "Weekdays")
def one_weekday(day: int) -> tuple[int, ...]:
    return (day,)


@rule("some_days", "Weekly")
def from_weekly(found: Weekly) -> tuple[int, ...]:
    return found.days if found.every is None else None


@rule(
    "some_days",
    "Some_days and|comma|slash|dash_and Some_days",
    "Some_days comma and Some_days",
    "Some_days Some_days",
)
def more_weekdays(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    return tuple(sorted({*one, *other})) if not set(one) & set(other) else None


@rule("weekly", "Weekday to|dash|until|through Weekday", "from Weekday to|dash|until|through Weekday",
      "Weekday to|until Weekday", "from Weekday to|until Weekday",
      "Weekdays to|dash|until Weekdays")  # fmt: skip
def weekday_range(first: int, last: int) -> Weekly | None:
    if first == last:
        return None
    return Weekly(tuple(sorted((first + step) % 7 for step in range((last - first) % 7 + 1))))


@rule("weekly", "Some_days")
def several(days: tuple[int, ...]) -> Weekly | None:
    return Weekly(days) if len(days) > 1 else None


@rule("weekly", "every Some_days")
def every_weekday(days: tuple[int, ...]) -> Weekly:
    return Weekly(days, every=1)


@rule("weekly", "Weekly and|comma Weekly")
def every_one_and_every_other(one: Weekly, other: Weekly) -> Weekly | None:
    """*Every Monday and every Friday*."""
    if one.every != 1 or other.every != 1 or set(one.days) & set(other.days):
        return None
    return Weekly(tuple(sorted({*one.days, *other.days})), every=1)


@rule("weekly", "every_day_called =Weekday")
def every_day_of_a_name(day: int) -> Weekly:
    """*Todos los días lunes* are the Mondays."""
    return Weekly((day,))


@rule("weekly", "every other Some_days", "a? Some_days alternating")
def every_other_weekday(days: tuple[int, ...]) -> Weekly:
    return Weekly(days, every=2)


@rule("weekly", "every Ordinal Some_days", "every Int Some_days")
def every_nth_weekday(count: int, days: tuple[int, ...]) -> Weekly | None:
    return Weekly(days, every=count) if 2 <= count <= 52 else None  # noqa: PLR2004


@rule("dated_weekdays", "Weekdays =Int", cost=2.5)
def dated_weekdays(_: int, day: int) -> str | None:
    """French *tous les vendredis 13*: no rule can say so, and 13 isn't an hour there."""
    return str(day) if 1 <= day <= 31 else None  # noqa: PLR2004


# ---------------------------------------------------------------- days of a month


@rule("nth", "Ordinal")
def nth(number: int) -> int:
    return number


@rule("nth", "last")
def last() -> int:
    return LAST


@rule("nth", "last_but_one")
def last_but_one() -> int:
    return LAST - 1


@rule("nths", "Nth", "Nth")
def one_nth(number: int) -> tuple[int, ...]:
    return (number,)


@rule("nths", "Nth and|comma Nths")
def several_nths(number: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return (number, *rest)


@rule("positions", "Nths Weekday", "Nths Weekdays")
def nth_weekday(numbers: tuple[int, ...], day: int) -> Positions | None:
    if any(not (LAST - 1 <= number <= 5) for number in numbers):  # noqa: PLR2004
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
    return MonthDays(numbers) if all(LAST <= number <= 31 for number in numbers) else None  # noqa: PLR2004


@rule("monthdays", "the Dom and|comma Doms", "the_day Dom and|comma Doms", "Ordinal and|comma Doms")
def days_of_month(day: int, rest: tuple[int, ...]) -> MonthDays | None:
    return MonthDays(tuple(sorted({day, *rest}))) if day <= 31 else None  # noqa: PLR2004


@rule("monthdays", "Dom and|comma Doms")
def numbers_of_days(day: int, rest: tuple[int, ...]) -> MonthDays:
    """*5 and 10* are days only beside a month or a period."""
    return MonthDays(tuple(sorted({day, *rest})), marked=False)


@rule("monthdays", "the_day Dom", "Dom")
def one_day_of_month(day: int) -> MonthDays:
    return MonthDays((day,))


@rule("doms", "Dom", "the_day Dom")
def one_dom(day: int) -> tuple[int, ...]:
    return (day,)


@rule("doms", "Dom and|comma Doms")
def more_doms(day: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return (day, *rest)


@rule("monthdays", "Monthdays and|comma last day_word")
def and_the_last(days: MonthDays) -> MonthDays:
    return MonthDays((*days.days, LAST))


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


# ---------------------------------------------------------------- so many times


@rule("per_unit", "Int times Period", "Int times in? Unit", "Int times a Unit", "Int times per Unit")
def times_a(count: int, unit: str | Period) -> PerUnit | None:
    if isinstance(unit, Period):
        return PerUnit(count, unit.unit) if unit.every == 1 and count <= 1000 else None  # noqa: PLR2004
    return PerUnit(count, unit) if count <= 1000 else None  # noqa: PLR2004


@rule("per_unit", "Twice Period", "Twice a Unit", "Twice per? Unit")
def twice_a(count: int, unit: str | Period) -> PerUnit | None:
    return times_a(count, unit)


@rule("minutes_of_hour", "at? full_hour")
def on_the_hour() -> tuple[int, ...]:
    return (0,)


@rule("minute_mark", "mark ~Digits")
def mark(digits: str) -> int | None:
    return int(digits) if len(digits) == 2 and int(digits) < 60 else None  # noqa: PLR2004


@rule("minutes_of_hour", "at? Minute_mark")
def one_mark(minute: int) -> tuple[int, ...]:
    return (minute,)


@rule("minutes_of_hour", "at? Minute_mark and|comma Minutes_of_hour")
def more_marks(minute: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({minute, *rest}))


@rule("hourly_at", "Minutes past every hour_word", "Minutes past hour_word", "Minutes past each hour_word")
def past_each_hour(minutes: int) -> tuple[int, ...]:
    return (minutes,)


@rule("hourly_at", "every hour_word minute_word Int", "minute_word Int every? hour_word")
def at_a_minute(minute: int) -> tuple[int, ...] | None:
    """*Cada hora en el minuto 15*."""
    return (minute,) if minute < 60 else None  # noqa: PLR2004


@rule("hourly_at", "Minutes to_hour every hour_word", "Minutes to_hour hour_word")
def before_each_hour(minutes: int) -> tuple[int, ...]:
    return (60 - minutes,)


@rule("by_clock", "clock_word")
def by_the_clock() -> bool:
    return True


@rule("again", "every")
def again() -> bool:
    """*Every* alone says that what stands beside it recurs: *every 24 December*, *every Easter*."""
    return True
