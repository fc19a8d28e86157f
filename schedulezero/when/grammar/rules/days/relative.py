"""Days counted from today or from another day: *tomorrow*, *next Friday*, *a week from Monday*."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import After, Day, Offset, OnWeekday, OnWorkday, Span, span_of

RULES = Rules()
rule = RULES.rule


@rule("day", "Day_offset", "filler Day_offset")
def relative(days: int) -> Day:
    return Offset(days)


@rule("day", "Weekday")
def weekday(day: int) -> Day:
    return OnWeekday(day)


@rule("day", "this Weekday", "Weekday this_after", "Weekday this_week", "this_week Weekday")
def this_weekday(day: int) -> Day:
    return OnWeekday(day, 0, "this")


@rule("day", "next Weekday", "Weekday =next", "this next Weekday", "this Weekday =next")
def next_weekday(day: int) -> Day:
    return OnWeekday(day, None, "next")


@rule("day", "Weekday after next", "after_next Weekday")
def weekday_after_next(day: int) -> Day:
    return After(Span(days=7), OnWeekday(day, None, "next"))


@rule("day", "Weekday next_week", "next_week Weekday", "next_week filler Weekday", "Weekday filler next_week")
def weekday_of_next_week(day: int) -> Day:
    return OnWeekday(day, 1, "")


@rule("day", "not this =Weekday comma? the_other", "not next =Weekday comma? the_other",
      "not Weekday =next comma? the_other", "Weekday =next not comma? the_other",
      "this =Weekday not comma? the_other")  # fmt: skip
def not_the_first(day: int) -> Day:
    """*Not this Friday, the next one*."""
    return After(Span(days=7), OnWeekday(day, None, "next"))


@rule("day", "Weekday week_after_next", "week_after_next Weekday")
def weekday_of_the_week_after_next(day: int) -> Day:
    return OnWeekday(day, 2, "")


@rule("day", "last Weekday", "Weekday last", "gone Weekday", "Weekday gone", cost=0.3)
def last_weekday(day: int) -> Day:
    return OnWeekday(day, -1, "last")


@rule("number_and_day", "Int =singular_day", cost=0.1)
def number_and_day(count: int) -> int | None:
    """Portuguese *10 dia* may be the 10th as well as ten days."""
    return count if count > 1 else None


@rule("past_unit", "last =Unit", "Unit =last", "Unit =gone", "gone =Unit", cost=0.1)
def past_unit(unit: str) -> str | None:
    """*Last month*: nothing is in it any more."""
    return unit if unit in ("week", "month", "year") else None


@rule("day", "Span from_day Day", "Span after Day", "Day in Span", "in Span from_day|after Day")
def span_after(one: Span | Day, other: Day | Span) -> Day | None:
    span, day = (one, other) if isinstance(one, Span) else (other, one)
    if not isinstance(span, Span) or isinstance(day, Span) or not span.by_calendar or isinstance(day, After):
        return None
    if other is span and not isinstance(day, OnWeekday | Offset):
        return None  # "Easter in a year", "the 5th in 3 days": two days
    if other is span and isinstance(day, OnWeekday) and (span.days % 7 or span.months):
        return None  # "Sunday in 3 days" names no day
    if isinstance(day, Offset) and day.weekday is not None:
        return None
    if day == Offset(0) and one is span:
        return None  # "a week from today" is a week from now
    if isinstance(day, Offset) and day.days and other is span and not _weeks(span):
        return None  # "tomorrow in 3 days" names no day
    return After(span, day)


def _weeks(span: Span) -> bool:
    """Whether a span is of whole weeks, as some languages count them: *demain en quinze jours*."""
    return not span.months and (span.days % 7 == 0 or span.days in (8, 15))


@rule("day", "Day_offset in Week_of_days")
def weeks_after_today(today: int, days: int) -> Day | None:
    """*Heute in acht Tagen* is in a week for some."""
    return Offset(today + days) if today >= 0 else None


@rule("day", "Weekday in Week_of_days")
def weeks_after_a_weekday(day: int, days: int) -> Day:
    return After(Span(days=days), OnWeekday(day))


@rule("day", "Day =week_later")
def a_week_later(day: Day) -> Day | None:
    return After(Span(days=7), day) if isinstance(day, OnWeekday | Offset) else None


@rule("day", "Day =two_weeks_later")
def two_weeks_later(day: Day) -> Day | None:
    """French *lundi en quinze*."""
    return After(Span(days=14), day) if isinstance(day, OnWeekday | Offset) else None


@rule("weeks_before_day", "A|Number =Unit Weekday", cost=NEVER)
def weeks_before_a_weekday(count: int | Fraction, unit: str, day: int) -> Day | None:
    """English *a week on Thursday*; with figures, *2 weeks Monday*, it may be in two weeks, on a Monday."""
    return weeks_before_a_day(count, unit, OnWeekday(day))


@rule("weeks_before_day", "A|Int =Unit Day_offset", cost=NEVER)
def weeks_before_tomorrow(count: int | Fraction, unit: str, days: int) -> Day | None:
    """*A fortnight today*, *3 weeks tomorrow*."""
    return weeks_before_a_day(count, unit, Offset(days)) if days >= 0 else None


def weeks_before_a_day(count: int | Fraction, unit: str, day: Day) -> Day | None:
    span = span_of(count, unit) if unit in ("week", "fortnight") else None
    return After(span, day) if span is not None and not span.seconds else None


@rule("day", "in =Span comma? Weekday")
def in_weeks_after_the_weekday(span: Span, day: int) -> Day | None:
    """*In 2 weeks on Friday*: the first Friday that is at least two weeks away."""
    return After(span, OnWeekday(day)) if _whole_weeks(span) else None


@rule("day", "in =Span comma? Weekday")
def in_weeks_in_that_week(span: Span, day: int) -> Day | None:
    """The Friday of the week that is two weeks from now: as good a reading, where it is another day."""
    return OnWeekday(day, _whole_weeks(span), "") if _whole_weeks(span) else None


def _whole_weeks(span: Span) -> int:
    """How many weeks a span is; 0 if it isn't of whole weeks."""
    return span.days // 7 if not (span.months or span.seconds or span.days % 7) else 0


@rule("day", "Weeks_before_day")
def by_weeks_before_day(day: Day) -> Day:
    return day


@rule("in_which_week", "in Weeks_before_day")
def in_weeks_on_a_day(day: Day) -> Day | None:
    """*In a week tomorrow*: a week after tomorrow, or in a week?"""
    return day if isinstance(day, After) and isinstance(day.day, Offset) else None


@rule("day", "in Int workday", "Int workday from_now")
def in_workdays(count: int) -> Day | None:
    return OnWorkday(count) if 1 <= count <= 260 else None


@rule("day", "next_workday")
def next_workday() -> Day:
    return OnWorkday(1)
