"""Days by name, and days counted from them: *Easter Monday*, *the day before Christmas*, *month's end*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import (
    After,
    Beside,
    Day,
    EndOf,
    Offset,
    OnDate,
    OnFeast,
    Slashed,
    Span,
)

RULES = Rules()
rule = RULES.rule

_NAMED_DAYS = OnDate | Slashed | OnFeast


@rule("day", "at|at_feast? Feast", "at|at_feast? Feast during? Year")
def feast(name: str, year: int | None = None) -> Day:
    return OnFeast(name, year)


@rule("each_feast", "every advent_sunday")
def each_sunday_of_advent() -> tuple[OnFeast, ...]:
    """*Every Advent Sunday* is on each of the four."""
    return tuple(OnFeast(f"advent_{number}") for number in range(1, 5))


@rule("day", "day_word =filler Feast", cost=0.1)
def day_of_a_feast(name: str) -> Day:
    """French *le jour de la Chandeleur*."""
    return OnFeast(name)


@rule("day", "two_days_before Feast")
def two_days_before_feast(name: str) -> Day:
    """French *l'avant-veille de Noël*."""
    return OnFeast(name, None, -2)


@rule("day", "two_days_after Feast")
def two_days_after_feast(name: str) -> Day:
    return OnFeast(name, None, 2)


@rule("day", "this Feast")
def the_next_feast(name: str) -> Day:
    return OnFeast(name)


@rule("day", "Feast next Unit", "Feast Unit =next")
def of_next_year(name: str, unit: str) -> Day | None:
    """*Christmas next year*."""
    return OnFeast(name, ahead=1) if unit == "year" else None


@rule("day", "Feast this Unit")
def of_this_year(name: str, unit: str) -> Day | None:
    return OnFeast(name, ahead=0) if unit == "year" else None


@rule("day", "day_after Feast")
def after_feast(name: str) -> Day:
    return OnFeast(name, None, 1)


@rule("day", "day_before Feast")
def before_feast(name: str) -> Day:
    return OnFeast(name, None, -1)


@rule("day", "Feast eve_word", "eve_word Feast", cost=0.3)
def eve_of_feast(name: str) -> Day:
    """*Thanksgiving eve* is the day before, not the evening of it."""
    return OnFeast(name, None, -1)


@rule("day", "day_after Day")
def day_after(day: Day) -> Day | None:
    return After(Span(days=1), day) if not isinstance(day, After | OnFeast | Offset) else None


@rule("day", "day_before Day")
def day_before(day: Day) -> Day | None:
    return After(Span(days=-1), day) if not isinstance(day, After | OnFeast | Offset) else None


@rule("day", "Span before Day")
def span_before(span: Span, day: Day) -> Day | None:
    """*Two weeks before Christmas*."""
    if not span.by_calendar or isinstance(day, After | Offset):
        return None
    return After(Span(-span.months, -span.days), day)


@rule("day", "Weekday before Day", "last Weekday before Day")
def weekday_before(weekday: int, day: Day) -> Day | None:
    """*The Friday before Christmas*."""
    return Beside(weekday, day, after=False) if isinstance(day, _NAMED_DAYS) else None


@rule("day", "Weekday after Day")
def weekday_after(weekday: int, day: Day) -> Day | None:
    return Beside(weekday, day, after=True) if isinstance(day, _NAMED_DAYS) else None


@rule("day", "end_of this? Unit", "Unit ~end_of")
def end_of(unit: str) -> Day | None:
    return EndOf("end", unit) if unit in ("week", "month", "year") else None


@rule("day", "end_of_week")
def end_of_this_week() -> Day:
    """*EOW*."""
    return EndOf("end", "week")


@rule("day", "end_of_month")
def end_of_this_month() -> Day:
    """A phrase of its own, where *end of* and *week* make the weekend: *fin de mes*, *fin de semana*."""
    return EndOf("end", "month")


@rule("day", "start_of this? Unit")
def start_of(unit: str) -> Day | None:
    """*The beginning of the month*: the next one, since the present one's is over."""
    return EndOf("start", unit) if unit in ("week", "month", "year") else None


@rule("day", "middle_of next_month")
def middle_of_next_month() -> Day:
    return EndOf("middle", "month", 1)


@rule("day", "end_of next Unit")
def end_of_next(unit: str) -> Day | None:
    return EndOf("end", unit, 1) if unit in ("week", "month", "year") else None


@rule("day", "end_of|end_of_named Month")
def end_of_named(month: int) -> Day:
    return EndOf("end", "month", 0, month)


@rule("day", "middle_of this? Unit")
def middle_of(unit: str) -> Day | None:
    return EndOf("middle", unit) if unit in ("week", "month", "year") else None


@rule("day", "middle_of Month")
def middle_of_named(month: int) -> Day:
    return EndOf("middle", "month", 0, month)


@rule("day", "middle_of next Unit")
def middle_of_next(unit: str) -> Day | None:
    return EndOf("middle", unit, 1) if unit in ("week", "month", "year") else None


@rule("day", "start_of next Unit")
def start_of_next(unit: str) -> Day | None:
    return EndOf("start", unit, 1) if unit in ("week", "month", "year") else None


@rule("day", "end_of next_month", "end_of Unit next")
def end_of_next_by_name(unit: str = "month") -> Day | None:
    return end_of_next(unit)


@rule("day", "end_of next_week")
def end_of_next_week() -> Day | None:
    return end_of_next("week")


@rule("day", "start_of next_month", "start_of Unit next")
def start_of_next_by_name(unit: str = "month") -> Day | None:
    return start_of_next(unit)


@rule("day", "start_of next_week")
def start_of_next_week() -> Day | None:
    return start_of_next("week")


@rule("day", "start_of Month")
def start_of_named(month: int) -> Day:
    return EndOf("start", "month", 0, month)


@rule("vague_moment", "not_now")
def vague_moment() -> bool:
    """German *jetzt dann* and Portuguese *já já* are soon, although they contain the word for *now*."""
    return True
