"""What recurs: periods, weekdays, days of the month, and how often."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import (
    LAST,
    LENGTHS,
    WORKDAY,
    Clock,
    MonthDays,
    Period,
    PerUnit,
    Positions,
    Span,
    Weekly,
    Window,
    span_of,
)
from schedulezero.when.grammar.rules.clock import window

RULES = Rules()
rule = RULES.rule

_COUNTED = 9
"""Ordinals up to this one may count what recurs, too."""
_WORKDAYS = (0, 1, 2, 3, 4)
_MOST_WEEKS = 52
_MONTHS = 12
_EVERY_OTHER = 2
_WEEKDAY_NUMBERS = (2, 4, 5)
"""Portuguese ordinals that are names of weekdays, too."""
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
    return Weekly((day,), every=count) if one == 1 and 2 <= count <= _MOST_WEEKS else None


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


# ---------------------------------------------------------------- weekdays


@rule("weekly", "Weekdays")
def plural(day: int) -> Weekly:
    return Weekly((day,))


@rule("weekly", "workdays")
def workdays() -> Weekly:
    return Weekly(_WORKDAYS)


@rule("weekly", "weekends")
def weekends() -> Weekly:
    return Weekly((5, 6))


@rule("weekly", "every weekend_word")
def each_weekend() -> Weekly:
    """One weekend is no day: only *every* makes a schedule of the word in the singular."""
    return Weekly((5, 6))


@rule("weekly", "weekend_word")
def some_weekend() -> Weekly:
    """*Every hour at the weekend*; alone it may be the one to come."""
    return Weekly((5, 6), again=False)


@rule("weekly", "Weekday_set")
def initials(days: str) -> Weekly:
    return Weekly(tuple(int(day) for day in days))


@rule("some_days", "Weekday", "Weekdays")
def one_weekday(day: int) -> tuple[int, ...]:
    return (day,)


@rule("some_days", "Weekly")
def from_weekly(found: Weekly) -> tuple[int, ...] | None:
    plain = found.every is None and found.again and not (found.each or found.ends)
    return found.days if plain else None


@rule("some_days", "Some_days and|comma|slash|dash_and Some_days", "Some_days comma and Some_days")
def more_weekdays(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    return tuple(sorted({*one, *other})) if not set(one) & set(other) else None


@rule("days_side_by_side", "Some_days =Some_days", cost=0.2)
def weekdays_side_by_side(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """*Mon Wed Fri*; German *Freitag so um 9* may be Friday at about nine, and so this has a cost there."""
    return more_weekdays(one, other)


@rule("some_days", "Days_side_by_side")
def by_days_side_by_side(days: tuple[int, ...]) -> tuple[int, ...]:
    return days


@rule("weekdays_list", "Weekdays")
def one_plural(day: int) -> tuple[int, ...]:
    return (day,)


@rule("weekdays_list", "Weekdays and|comma Weekdays_list")
def more_plurals(day: int, rest: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({day, *rest}))


@rule("weekday", "Digits ~weekday_mark")
@rule("weekdays", "Digits ~weekdays_mark")
def numbered_weekday(digits: str) -> int | None:
    """Portuguese numbers the weekdays: *2ª* is Monday and *6a feira* Friday."""
    return int(digits) - 2 if digits in ("2", "3", "4", "5", "6") else None


@rule("weekly", "to|a? Some_days in_turns")
def by_turns(days: tuple[int, ...]) -> Weekly | None:
    """*A venerdì alterni*, *un lunes sí y otro no* are every other such day."""
    return every_other_weekday(days)


@rule(
    "weekly",
    "a? Weekday alternating and|comma? a? Weekday alternated",
    "a? Weekday alternating and|comma? alternated",
)
def every_other_by_turns(day: int, again: int | None = None) -> Weekly | None:
    """*Sexta sim, sexta não* is every other Friday."""
    return Weekly((day,), every=2) if again in (None, day) else None


@rule("weekly", "Weekday to|dash|through Weekday", "from Weekday to|dash|through|until Weekday",
      "Weekdays to|dash|until Weekdays")  # fmt: skip
def weekday_range(first: int, last: int) -> Weekly | None:
    if first == last:
        return None
    return Weekly(tuple(sorted((first + step) % 7 for step in range((last - first) % 7 + 1))))


@rule("weekly", "Weekday until Weekday", cost=0.01)
def weekday_range_until(first: int, last: int) -> Weekly | None:
    """*Monday until Friday*; but *every Monday until Friday* says when the Mondays end."""
    found = weekday_range(first, last)
    return replace(found, ends=True) if found is not None else None


@rule("weekly", "Some_days")
def several(days: tuple[int, ...]) -> Weekly | None:
    return Weekly(days) if len(days) > 1 else None


@rule("weekly", "all_of Weekly")
def all_such_days(days: Weekly) -> Weekly | None:
    """*All Mondays*; but *all week* is no rhythm."""
    return days if days.every is None and not days.each else None


@rule("only_days", "only Some_days")
def only_on(days: tuple[int, ...]) -> tuple[int, ...]:
    return days


@rule("weekly", "every Some_days")
def every_weekday(days: tuple[int, ...]) -> Weekly:
    return Weekly(days, each=True)


@rule("weekly", "Weekly and|comma Weekly")
def every_one_and_every_other(one: Weekly, other: Weekly) -> Weekly | None:
    """*Every Monday and every Friday*; but *every 2 weeks on Monday and every Friday* are two schedules."""
    if not (one.each and other.each) or set(one.days) & set(other.days):
        return None
    return Weekly(tuple(sorted({*one.days, *other.days})), each=True)


@rule("weekly", "every other Some_days", "alternate Some_days")
def every_other_weekday(days: tuple[int, ...]) -> Weekly | None:
    """*Every other weekday* may be every other day too."""
    return Weekly(days, every=2) if days != _WORKDAYS else None


@rule("weekly", "every other weekend_word")
def every_other_weekend() -> Weekly:
    return Weekly((5, 6), every=2)


@rule("weekly", "every Int weekend_word|weekends")
def every_so_many_weekends(count: int) -> Weekly | None:
    """*Every 2 weekends*; a number of other weekdays may count days too."""
    return Weekly((5, 6), every=count) if 2 <= count <= _MOST_WEEKS else None


@rule("weekly", "every Ordinal|Which =Some_days", "every Int Weekdays_list", cost=0.1)
def every_second_weekday(count: int, days: tuple[int, ...]) -> Weekly | None:
    return every_other_weekday(days) if count == _EVERY_OTHER else None


@rule("second_of_each_month", "every Ordinal =Weekday|Weekdays", cost=NEVER)
def every_second_weekday_of_a_month(count: int, day: int) -> Positions | None:
    """French *tous les deuxièmes mardis*: the second one of each month, or every other one, are as likely."""
    return Positions(((count, day),)) if count == _EVERY_OTHER else None


@rule("apart_what", "apart Int")
def apart_something(count: int) -> int:
    """Dutch *om de 3* lacks its unit, and is no time."""
    return count


@rule("weekly", "apart =Weekday", cost=0.1)
def apart_a_weekday(day: int) -> Weekly:
    """Dutch *om de zondag* is every other Sunday."""
    return Weekly((day,), every=2)


@rule("weekly", "on_a =Weekday")
def on_some_weekday(day: int) -> Weekly:
    """*Fortnightly on a Sunday*: which one is only clear beside what says how often."""
    return Weekly((day,), again=False)


@rule("weekly", "every_day_called =Weekday")
def every_day_of_a_name(day: int) -> Weekly:
    """*Todos los días lunes* are the Mondays."""
    return Weekly((day,))


@rule("weekly", "every Int =Weekday", cost=0.1)
def every_so_many_of_a_weekday(count: int, day: int) -> Weekly | None:
    """*Cada tres lunes*: the plural is the same word."""
    return Weekly((day,), every=count) if 2 <= count <= 8 else None


@rule("weekly", "every Int Weekdays_list", cost=0.1)
def every_so_many_weekdays(count: int, days: tuple[int, ...]) -> Weekly | None:
    return Weekly(days, every=count) if 3 <= count <= 52 else None


@rule("weekly", "every Ordinal|Which =Some_days", cost=1.3)
def every_nth_weekday(count: int, days: tuple[int, ...]) -> Weekly | None:
    """*Every third Thursday* may also be the third one of a month: as good a reading.

    *Every fifth working day* counts days, and not weeks.
    """
    return Weekly(days, every=count) if 3 <= count <= 52 and days != _WORKDAYS else None


# ---------------------------------------------------------------- days of a month


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


# ---------------------------------------------------------------- so many times


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
