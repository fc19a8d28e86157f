"""How often: *daily*, *every 2 weeks*, *every 90 minutes*."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import LENGTHS, Clock, Period, Span, Weekly, Window, span_of
from schedulezero.when.grammar.rules.clock.windows import window

RULES = Rules()
rule = RULES.rule

MOST_WEEKS = 52
_MONTHS = 12
LARGEST_PERIOD = 1000
"""Days, weeks, months or years of a period."""
ELAPSED = ("second", "minute", "quarter_hour", "hour")

OFTEN: dict[str, Period | Span] = {
    "daily": Period(1, "day"), "weekly": Period(1, "week"), "fortnightly": Period(2, "week"),
    "monthly": Period(1, "month"), "quarterly": Period(1, "quarterly"), "half_yearly": Period(1, "half"),
    "yearly": Period(1, "year"), "hourly": Span(seconds=3600, smallest=2), "alternate_days": Period(2, "day"),
    "every_7_days": Period(7, "day"), "every_14_days": Period(14, "day"),
    "every_other_month": Period(2, "month"), "half_hourly": Span(seconds=1800, smallest=1),
    "quarter_hourly": Span(seconds=900, smallest=1), "minutely": Span(seconds=60, smallest=1),
}  # fmt: skip


def period(every: int, unit: str) -> Period | None:
    if unit in ("quarter", "quarterly") and every > 1:
        every, unit = every * 3, "month"
    if unit == "fortnight":
        every, unit = every * 2, "week"
    return Period(every, unit) if 1 <= every <= LARGEST_PERIOD and unit not in ELAPSED else None


@rule("period", "every Unit")
def each(unit: str) -> Period | None:
    return period(1, unit)


@rule("of_unit", "Unit")
def of_the(unit: str) -> Period | None:
    """*The first Monday of the month*: a unit alone says a period only beside what says which day of it."""
    return period(1, unit) if unit in ("week", "month", "year", "quarter") else None


@rule("period", "every|apart Int =Unit")
def every_so_many(count: int, unit: str) -> Period | None:
    """*Every 2 weeks*; Dutch *om de* says so only before a number."""
    return period(count, unit)


@rule("period", "every Week_of_days")
def every_so_many_weeks_in_days(days: int) -> Period | None:
    """*Cada quince días* is every two weeks for some."""
    return period(days, "day")


@rule("period", "every other =Unit")
def every_other(unit: str) -> Period | None:
    return period(2, unit)


@rule("period", "Int Unit out_of Int")
def one_out_of(one: int, unit: str, count: int) -> Period | None:
    """French *un jour sur deux*: every second day."""
    return period(count, unit) if one == 1 and count > 1 else None


@rule("interval", "Int Unit out_of Int")
def one_hour_out_of(one: int, unit: str, count: int) -> Span | None:
    """French *une heure sur deux*."""
    return Span(seconds=count * LENGTHS[unit]) if one == 1 < count <= 24 and unit in ELAPSED else None


@rule("weekly", "Int Weekday out_of Int")
def one_weekday_out_of(one: int, day: int, count: int) -> Weekly | None:
    return Weekly((day,), every=count) if one == 1 and 2 <= count <= MOST_WEEKS else None


@rule("weekly", "Int weekend_word|weekends out_of Int")
def one_weekend_out_of(one: int, count: int) -> Weekly | None:
    return one_weekday_out_of(one, 5, count) and Weekly((5, 6), every=count)


@rule(
    "period", "a? Unit alternating and|comma? a? Unit alternated", "a? Unit alternating and|comma? alternated"
)
def every_other_unit_by_turns(unit: str, again: str | None = None) -> Period | None:
    """*Semana sí, semana no*, *dia sim, outro não*: every other one."""
    return period(2, unit) if again in (None, unit) else None


@rule("period", "every Ordinal|Which =Unit")
def every_nth(count: int, unit: str) -> Period | None:
    return period(count, unit) if count > 1 else None


@rule("period", "Often")
def often(name: str) -> Period | None:
    found = OFTEN.get(name)
    return found if isinstance(found, Period) else None


@rule("interval", "Often")
def often_elapsed(name: str) -> Span | None:
    found = OFTEN.get(name)
    return found if isinstance(found, Span) else None


@rule("period", "Int ~Often", "Int ~dash ~Often")
def so_many_often(count: int, name: str) -> Period | None:
    """German *zweiwöchentlich* and *14-tägig*: every two weeks, every fourteen days."""
    found = OFTEN.get(name)
    if not isinstance(found, Period) or found.unit == "half":
        return None
    return period(count * found.every, found.unit)


@rule("interval", "Int ~Often", "Int ~dash ~Often")
def so_many_often_elapsed(count: int, name: str) -> Span | None:
    found = OFTEN.get(name)
    if not isinstance(found, Span) or not count:
        return None
    return Span(seconds=count * found.seconds, smallest=found.smallest)


@rule("interval", "every|apart Span", "every|apart Many_hours_and_minutes",
      "every|apart Hours_and_more")  # fmt: skip
def every_span(span: Span) -> Span | None:
    if span.loose:
        return None  # "every 2 days one hour": every 49 hours, or for an hour?
    return span if span.seconds and not span.months else None


@rule("interval", "each_of Amount by_as_many Amount Unit|Short")
def interval_by_as_many(amount: Fraction, again: Fraction, unit: str) -> Span | None:
    """*De 15 em 15 minutos* is every 15 minutes."""
    span = span_of(amount, unit) if amount == again and unit in ELAPSED else None
    return every_span(span) if span is not None else None


@rule("period", "each_of Int by_as_many Int Unit")
def period_by_as_many(count: int, again: int, unit: str) -> Period | None:
    """*De 2 em 2 semanas* is every two weeks."""
    return period(count, unit) if count == again else None


@rule("interval", "every Unit")
def every_elapsed(unit: str) -> Span | None:
    return Span(seconds=LENGTHS[unit]) if unit in ELAPSED else None


@rule("interval", "every Unit =and =Span")
def every_unit_and_more(unit: str, span: Span) -> Span | None:
    """*Every hour and 30 minutes*; without *and*, 30 minutes may be how long it takes each time."""
    whole = every_elapsed(unit)
    if whole is None or span.months or span.days:
        return None
    return whole.plus(span) if span.seconds < whole.seconds else None


@rule("interval", "every other Unit")
def every_other_elapsed(unit: str) -> Span | None:
    return Span(seconds=2 * LENGTHS[unit]) if unit in ELAPSED else None


@rule("interval", "every Ordinal|Which =Unit")
def every_nth_elapsed(count: int, unit: str) -> Span | None:
    return Span(seconds=LENGTHS[unit] * count) if unit in ELAPSED and count > 1 else None


Between = tuple[Span, Window]


@rule("interval_between", "Interval =Bare dash|to =Bare")
def interval_between_hours(span: Span, first: Clock, last: Clock) -> Between | None:
    """*Every hour 9-17*."""
    return (span, window(first, last)) if last.hour > _MONTHS and not last.next_day else None


@rule("interval_between_small_numbers", "Interval =Bare dash|to =Bare")
def interval_between_small_numbers(span: Span, first: Clock, last: Clock) -> Between | None:
    """*Every hour 9-12*, where that is no date."""
    return (span, window(first, last)) if first.hour != last.hour <= _MONTHS and not last.next_day else None


@rule("interval_between", "Interval_between_small_numbers")
def by_interval_between_small_numbers(found: Between) -> Between:
    return found


@rule("interval", "every half Unit")
def every_half(unit: str) -> Span | None:
    return Span(seconds=1800) if unit == "hour" else None


@rule("period", "every half Unit")
def every_half_year(unit: str) -> Period | None:
    return Period(1, "half") if unit == "year" else None
