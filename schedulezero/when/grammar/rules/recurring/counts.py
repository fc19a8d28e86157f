"""How many times in a period, and at which minutes: *twice a day*, *on the hour*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import LENGTHS, Period, PerUnit, Span, Weekly
from schedulezero.when.grammar.rules.recurring.periods import OFTEN, every_elapsed, period

RULES = Rules()
rule = RULES.rule


@rule("per_unit", "Int times Period", "Int times in? Unit", "Int times a Unit", "Int times per Unit")
def times_a(count: int, unit: str | Period) -> PerUnit | None:
    if isinstance(unit, Period):
        name = "quarter" if unit.unit == "quarterly" else unit.unit
        return PerUnit(count, name) if unit.every == 1 and count <= 1000 else None
    return PerUnit(count, unit) if count <= 1000 and unit != "fortnight" else None


@rule("per_unit", "Twice Period", "Twice a Unit", "Twice per? Unit")
def twice_a(count: int, unit: str | Period) -> PerUnit | None:
    return times_a(count, unit)


@rule("period", "Twice a|per Int Unit", "Int times a|per Int Unit", "Twice a|per Unit", cost=0.1)
def once_in_so_many(times: int, count: int | str, unit: str | None = None) -> Period | None:
    """Dutch *eens in de twee weken*, *once a fortnight*; but *once in two weeks* may be in two weeks."""
    if isinstance(count, str):
        return period(1, count) if times == 1 and count == "fortnight" else None
    return period(count, unit) if times == 1 and unit is not None and count > 1 else None


@rule("interval", "Int times a|per Unit", "Twice a|per Unit")
def once_a(count: int, unit: str) -> Span | None:
    """*Once an hour*."""
    return every_elapsed(unit) if count == 1 else None


@rule("minutes_of_hour", "at? full_hour")
def on_the_hour() -> tuple[int, ...]:
    return (0,)


@rule("minutes_of_hour", "Interval on_the_dot", cost=-0.2)
def each_hour_on_the_dot(span: Span) -> tuple[int, ...] | None:
    return (0,) if span == every_elapsed("hour") or span == OFTEN["hourly"] else None


@rule("minutes_of_hour", "Interval on_the_half", cost=-0.2)
def each_hour_at_half_past(span: Span) -> tuple[int, ...] | None:
    """*Every hour on the half hour*, French *toutes les heures à la demie*."""
    return (30,) if each_hour_on_the_dot(span) else None


@rule("which_hours", "Interval on_the_dot", cost=-0.2)
def several_hours_on_the_dot(span: Span) -> Span | None:
    """*Every 2 hours sharp*: at the even hours, or the odd ones?"""
    return span if span.seconds != LENGTHS["hour"] else None


@rule("minute_mark", "free_colon ~Digits")
def mark(digits: str) -> int | None:
    return int(digits) if len(digits) == 2 and int(digits) < 60 else None


@rule("minutes_of_hour", "at? Minute_mark")
def one_mark(minute: int) -> tuple[int, ...]:
    return (minute,)


@rule("minutes_of_hour", "at? Minute_mark and|comma Minutes_of_hour")
def more_marks(minute: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({minute, *rest}))


@rule(
    "hourly_at",
    "Minutes past every hour_word",
    "Minutes past hour_word",
    "Minutes past each hour_word",
    "every hour_word at? Minutes past",
    "at Minutes past every hour_word",
)
def past_each_hour(minutes: int) -> tuple[int, ...]:
    return (minutes,)


@rule("hourly_at", "every hour_word minute_word Int", "minute_word Int every? hour_word")
def at_a_minute(minute: int) -> tuple[int, ...] | None:
    """*Cada hora en el minuto 15*."""
    return (minute,) if minute < 60 else None


@rule("hourly_at", "Minutes to_hour every hour_word", "Minutes to_hour hour_word")
def before_each_hour(minutes: int) -> tuple[int, ...]:
    return (60 - minutes,)


@rule("leading_count", "Int times comma", "Twice comma")
def leading_count(number: int) -> int:
    """*5 times, every Friday*: what is set off from the rule at its head counts all runs."""
    return number


@rule("always", "all_the_time")
def always() -> bool:
    """*24/7* alone is seldom the 24th of July."""
    return True


@rule("habitual", "always_word")
def habitual() -> bool:
    """*Always* says that it recurs, but not how often: *Mondays, always at 9*."""
    return True


@rule("by_clock", "clock_word")
def by_the_clock() -> bool:
    return True


@rule("daily_part", "every|at? Parts")
def each_such_part(part: str) -> str:
    """*Evenings at 8*, *monday nights*: the plural says that it recurs."""
    return part


@rule("weekday_in_parts", "Weekday ~Weekday_parts", cost=-0.3)
def weekday_in_parts(day: int, part: str) -> tuple[Weekly, str]:
    """German *samstagabends*, in one word: each Saturday."""
    return Weekly((day,)), part


@rule("again", "every")
def again() -> bool:
    """*Every* alone says that what stands beside it recurs: *every 24 December*, *every Easter*."""
    return True
