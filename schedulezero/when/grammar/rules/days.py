"""Days: *tomorrow*, *next Friday*, *24 Dec*, *the 15th*, *a week from Monday*, *Easter Monday*."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import cast

from schedulezero.when.grammar.core.chart import NEVER, Rules
from schedulezero.when.grammar.core.pieces import (
    FRIDAY_13,
    LAST,
    WEEKS,
    WORKDAY,
    After,
    Beside,
    Clock,
    Day,
    EndOf,
    Moment,
    Offset,
    OffsetOn,
    OnDate,
    OnDayOfMonth,
    OnFeast,
    OnPosition,
    OnWeekday,
    OnWorkday,
    Slashed,
    Span,
    span_of,
)
from schedulezero.when.grammar.rules.clock import within

RULES = Rules()
rule = RULES.rule

_BOTH = 2
_NAMED_DAYS = OnDate | Slashed | OnFeast
_NOON = 12


# ---------------------------------------------------------------- relative


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


# ---------------------------------------------------------------- of a month


@rule("dom", "Int", "Ordinal")
def day_of_month(day: int) -> int | None:
    return day if 1 <= day <= 31 else None


@rule("year", "Digits")
def year(digits: str) -> int | None:
    return int(digits) if len(digits) == 4 and digits.startswith(("19", "20", "21")) else None


@rule("old_year", "Digits", cost=0.1)
def old_year(digits: str) -> int | None:
    """*7 September 1822* is long ago, though 1822 may be a time of day; 1830 and 1815 are rather times."""
    return int(digits) if _is_old(digits) and int(digits) % 5 else None


@rule("named_old_year", "Digits")
def named_old_year(digits: str) -> int | None:
    return int(digits) if _is_old(digits) else None


def _is_old(digits: str) -> bool:
    return len(digits) == 4 and digits.startswith(("15", "16", "17", "18"))


@rule("short_year", "Digits")
def short_year(digits: str) -> int | None:
    return 2000 + int(digits) if len(digits) == 2 else None


@rule("day", "the_day? Dom Month", "the_day? Dom Month of|during|comma? Year",
      "the_day? Dom Month comma? Old_year", "the_day? Dom Month during Named_old_year",
      "Dom dash|slash Month", "Dom dash|slash Month dash|slash Year")  # fmt: skip
def day_and_month(day: int, month: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Dom Month this Unit", "this Unit comma? Dom Month")
def date_this_year(one: int | str, other: int, last: str | int) -> Day | None:
    return _in_a_year(one, other, last, 0)


@rule("day", "Dom Month next Unit", "next Unit comma? Dom Month",
      "Dom Month Unit =next", "Unit =next comma? Dom Month")  # fmt: skip
def date_next_year(one: int | str, other: int, last: str | int) -> Day | None:
    return _in_a_year(one, other, last, 1)


def _in_a_year(one: int | str, other: int, last: str | int, ahead: int) -> Day | None:
    """*5 May next year*, in whichever order it was said."""
    unit, day, month = (one, other, last) if isinstance(one, str) else (last, one, other)
    if unit != "year" or not isinstance(month, int):
        return None
    return OnDate(int(day), month, ahead=ahead)


@rule("day", "the Day")
def with_article(day: Day) -> Day | None:
    """*Il 24 dicembre*; but *il lunedì* says more than *lunedì*."""
    return day if isinstance(day, OnDate | Slashed | OnFeast) else None


@rule("day", "on_date Dom Month", "on_date Dom Month of|during|comma? Year")
def on_a_date(day: int, month: int, year: int | None = None) -> Day:
    """Portuguese *a 3 de maio*."""
    return OnDate(day, month, year)


@rule("day", "Nth =Weekday in? Month of|during|comma? Year")
def weekday_position_in_a_year(position: int, weekday: int, month: int, year: int) -> Day | None:
    """*The last Sunday in March 2027*."""
    return OnPosition(position, weekday, month, 0, year) if LAST - 1 <= position <= 5 else None


@rule("day", "Nth workday in? Month of|during|comma? Year")
def workday_position_in_a_year(position: int, month: int, year: int) -> Day:
    return OnPosition(position, WORKDAY, month, 0, year)


@rule("day", "Nth =Weekday in? this_month")
def weekday_position_this_month(position: int, weekday: int) -> Day | None:
    return OnPosition(position, weekday) if LAST - 1 <= position <= 5 else None


@rule("day", "Nth =Weekday in? next_month")
def weekday_position_next_month(position: int, weekday: int) -> Day | None:
    return OnPosition(position, weekday, None, 1) if LAST - 1 <= position <= 5 else None


@rule("day", "Nth workday in? this_month")
def workday_position_this_month(position: int) -> Day:
    return OnPosition(position, WORKDAY)


@rule("day", "Nth workday in? next_month")
def workday_position_next_month(position: int) -> Day:
    return OnPosition(position, WORKDAY, None, 1)


@rule(
    "day",
    "last day_word in? Month",
    "last day_word in? Month of|during|comma? Year",
    "end_of Month of|during|comma? Year",
)
def last_day_of_a_month(month: int, year: int | None = None) -> Day:
    return EndOf("end", "month", 0, month, year)


@rule("day", "last day_word in? this? Unit")
def last_day_of_the_year(unit: str) -> Day | None:
    """*The last day of the year* is nearly always the next one; of a month, it is one of each."""
    return EndOf("end", "year") if unit == "year" else None


@rule("day", "Ordinal day_word in? this? Unit")
def first_day_of_the_year(number: int, unit: str) -> Day | None:
    return EndOf("start", "year") if unit == "year" and number == 1 else None


@rule("day", "last day_word in? this_month")
def last_day_of_this_month() -> Day:
    return EndOf("end", "month")


@rule("day", "last day_word in? next_month")
def last_day_of_next_month() -> Day:
    return EndOf("end", "month", 1)


@rule("day", "middle_of Month of|during|comma? Year")
def middle_of_month_in(month: int, year: int) -> Day:
    return OnDate(15, month, year)


@rule("day", "start_of Month of|during|comma? Year")
def start_of_month_in(month: int, year: int) -> Day:
    return OnDate(1, month, year)


@rule("day", "end_of Year")
def end_of_year(year: int) -> Day:
    return OnDate(31, 12, year)


@rule("day", "start_of Year")
def start_of_year(year: int) -> Day:
    return OnDate(1, 1, year)


@rule("date_in_ordinals", "the =Ordinal =Ordinal", "Ordinal =Numeral", cost=NEVER)
def date_in_ordinals(day: int, month: int) -> Day | None:
    """German *am siebten zwölften*, *siebter 4.*"""
    return _date(str(day), str(month), None)


@rule("day", "Date_in_ordinals")
def by_date_in_ordinals(day: Day) -> Day:
    return day


@rule("day", "Month =Dom", "Month =the =Dom", "Month =Dom comma? Year", "Month =the =Dom comma? Year")
@rule("day", "Month Dom", "Month Dom comma? Year", "Month Dom comma? Old_year", cost=1.1)
def month_and_day(month: int, day: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("month_or_weekday_day", "month_or_weekday =Dom", "month_or_weekday =Dom at =bare", cost=-0.3)
def of_a_month_or_a_weekday(day: int) -> int:
    """Spanish *mar 8* is a Tuesday or a day of March."""
    return day


@rule("day", "Month ~dash|slash ~Dom", "Month ~dash|slash ~Dom ~dash|slash ~Year")
def month_and_day_joined(month: int, day: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Dom ~slash ~Month", "Dom ~slash ~Month ~slash ~Year")
def day_and_month_joined(day: int, month: int, year: int | None = None) -> Day:
    return OnDate(day, month, year)


@rule("day", "Year ~dash|slash ~Month ~dash|slash ~Dom")
def year_month_and_day(year: int, month: int, day: int) -> Day:
    return OnDate(day, month, year)


@rule("day", "Year =Month =Dom")
def year_month_and_day_apart(year: int, month: int, day: int) -> Day:
    """*2027 March 18*."""
    return OnDate(day, month, year)


@rule("day", "Digits")
def run_together(digits: str) -> Day | None:
    """*20270318*, as files and calendars are named."""
    if len(digits) != 8 or not digits.startswith("20"):
        return None
    return _date(digits[6:], digits[4:6], int(digits[:4]))


@rule("day", "Digits ~dot ~Digits ~dot", "Digits ~dot =Digits ~dot", "Digits ~dot ~Digits ~dot ~Year",
      "Digits ~dot ~Digits ~dot ~Short_year", "Digits ~dot =Digits ~dot Year")  # fmt: skip
def dotted(day: str, month: str, year: int | None = None) -> Day | None:
    return _date(day, month, year)


@rule("day", "Digits ~dot ~Digits", cost=0.4)
def dotted_without_end(day: str, month: str) -> Day | None:
    return _date(day, month, None)


@rule("day", "on Digits ~dot ~Digits", "on Digits ~dash ~Digits")
def dotted_after_on(day: str, month: str) -> Day | None:
    """German *am 10.12* names a day, though 10.12 alone may be a time."""
    return _date(day, month, None)


@rule("dashed_date", "Digits ~dash ~Digits", cost=NEVER)
def dashed(day: str, month: str) -> Day | None:
    """Dutch *5-12* is a day; elsewhere two numbers with a dash are as often a range."""
    return _date(day, month, None)


@rule("day", "Weekday comma? Dashed_date")
def weekday_and_dashed(weekday: int, day: Day) -> Day | None:
    return agreeing(weekday, day)


@rule("day", "Digits ~slash ~Digits", "Digits ~slash ~Digits ~slash ~Year",
      "Digits ~slash ~Digits ~slash ~Short_year",
      "Digits ~dash ~Digits ~dash ~Year", "Digits ~dash ~Digits ~dash ~Short_year")  # fmt: skip
def slashed(first: str, second: str, year: int | None = None) -> Day | None:
    """5/12: which of them is the month depends on the locale."""
    if len(first) > 2 or len(second) > 2 or not (_is_date(first, second) or _is_date(second, first)):
        return None
    return Slashed(int(first), int(second), year)


def _is_date(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


@rule("day", "Digits =slash =Digits", cost=0.3)
def slashed_with_spaces(first: str, second: str) -> Day | None:
    return slashed(first, second)


@rule("day", "Year ~dash ~Digits ~dash ~Digits", "Year ~slash ~Digits ~slash ~Digits")
def iso(year: int, month: str, day: str) -> Day | None:
    return _date(day, month, year)


def _date(day: str, month: str, year: int | None) -> Day | None:
    if len(day) > 2 or len(month) > 2 or not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    return OnDate(int(day), int(month), year)


@rule("day", "Weekday comma? Day", "Weekday dot? filler Day", "Day comma? Weekday")
def agreeing(one: int | Day, other: Day | int) -> Day | None:
    named, day = (one, other) if isinstance(one, int) else (other, one)
    if isinstance(other, int) and not isinstance(one, OnDate | Slashed):
        return None  # "6th Monday" is not "Monday the 6th"
    if isinstance(day, OnDate | Slashed | OnDayOfMonth) and isinstance(named, int) and day.weekday is None:
        return replace(day, weekday=named)
    return None


@rule("day", "Day_offset comma? Weekday", "Day_offset bracket Weekday bracket", cost=1.0)
def tomorrow_and_weekday(days: int, weekday: int) -> Day:
    """*Tomorrow, Wednesday*; but German *morgen so um 9* is seldom a Sunday."""
    return Offset(days, weekday)


@rule("day", "Day_offset comma? Day", "Day_offset bracket Day bracket", cost=1.0)
def tomorrow_and_date(days: int, day: Day) -> Day | None:
    """*Tomorrow, 25 November*: German *morgen 3.1.* is no morning of the third."""
    return OffsetOn(days, day) if isinstance(day, OnDate | Slashed | OnDayOfMonth | OnFeast) else None


@rule("day", "Numeral", "the Ordinal", "the_day Int", "the_day Ordinal", "the Int")
def alone(day: int) -> Day | None:
    """A day of the month alone is the next such day."""
    return OnDayOfMonth(day) if 1 <= day <= 31 else None


@rule("of_day", "of_day_word Int", "of_day_word Ordinal")
def of_a_day(day: int) -> Day | None:
    """Spanish *a las 8 de la noche del 24*: behind a time only."""
    return OnDayOfMonth(day) if 1 <= day <= 31 else None


@rule("day", "Digits =of_month_number =Digits", "Digits =of_month_number =Digits of|of_month_number? Year")
def of_a_numbered_month(day: str, month: str, year: int | None = None) -> Day | None:
    """Spanish *el 17 del 11*."""
    return _date(day, month, year)


@rule("day", "Digits =Digits =Year", cost=0.3)
def spaced(first: str, second: str, year: int) -> Day | None:
    return slashed(first, second, year)


@rule("day", "Dom this_month", "this_month Dom")
def of_this_month(day: int) -> Day:
    return OnDayOfMonth(day, 0)


@rule("day", "Nth day_word next_month")
def nth_day_of_next_month(day: int) -> Day | None:
    return OnDayOfMonth(day, 1) if 1 <= day <= 31 else None


@rule("day", "the|the_day? Dom next_month", "next_month comma? the_day? Dom")
def of_next_month(day: int) -> Day:
    return OnDayOfMonth(day, 1)


@rule("day", "Weekday the Int", "Weekday Ordinal", "Weekday the_day Int")
def weekday_and_day(weekday: int, day: int) -> Day | None:
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("day", "the_day Dom comma? Weekday")
def day_and_weekday(day: int, weekday: int) -> Day | None:
    return weekday_and_day(weekday, day)


@rule("weekday_of_month_day", "every Weekday|Weekdays the|the_day Int|Ordinal")
def each_weekday_of_month_day(weekday: int, day: int) -> Day | None:
    """*Every Friday the 13th*."""
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("weekday_of_month_day", "every Weekday|Weekdays comma? Ordinal")
def each_weekday_of_late_month_day(weekday: int, day: int) -> Day | None:
    """*Every Friday 13th*; but *every Friday first* may be the first one of a month."""
    return OnDayOfMonth(day, None, weekday) if WEEKS < day <= 31 else None


@rule("weekday_of_month_day", "every Weekday|Weekdays =Int", cost=2.2)
def each_unlucky_weekday(weekday: int, day: int) -> Day | None:
    """*Every Friday 13* is as likely at one o'clock; other numbers are hours."""
    return OnDayOfMonth(day, None, weekday) if day == FRIDAY_13[1] else None


@rule("weekday_number", "Weekday =Int", "Weekday =next =Int", cost=2.2)
def weekday_and_number(weekday: int, day: int) -> Day | None:
    """*Friday 4* is the 4th or four o'clock: as good a reading, if the next 4th is a Friday.

    A language says by the cost of this category if it is always a date; then no hour is read, even if the
    date is wrong.
    """
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("weekday_number", "next Weekday =Int", cost=2.2)
def next_weekday_and_number(weekday: int, day: int) -> Day | None:
    """*Next Friday 13* may be months ahead, or at one o'clock: as good a reading."""
    return OnDayOfMonth(day, None, weekday) if 1 <= day <= 31 else None


@rule("day", "Weekday_number")
def by_weekday_and_number(day: Day) -> Day:
    return day


@rule("weekday_number_in_part", "Weekday =Int at? Part", "Weekday =next =Int at? Part", cost=NEVER)
def weekday_number_and_part(weekday: int, day: int, part: str) -> tuple[Day, str] | None:
    """Spanish *el viernes 4 por la tarde* is the 4th as well as four o'clock."""
    if part == "tonight" or not 1 <= day <= 31:
        return None
    return OnDayOfMonth(day, None, weekday), part


@rule("day_in_figures", "the =Digits =Digits", "the =Digits =Digits =Year|Short_year", cost=NEVER)
def in_figures(day: str, month: str, year: int | None = None) -> Day | None:
    """French *le 24 12*. Elsewhere the second number may as well be an hour."""
    return _date(day, month, year)


@rule("day_in_figures", "Weekday =Digits =Digits", "Weekday =Digits =Digits =Year|Short_year", cost=NEVER)
def weekday_in_figures(weekday: int, day: str, month: str, year: int | None = None) -> Day | None:
    found = _date(day, month, year)
    return replace(found, weekday=weekday) if isinstance(found, OnDate) else None


@rule("day", "Day_in_figures")
def by_day_in_figures(day: Day) -> Day:
    return day


@rule("day", "next the_day =Dom")
def next_such_day_of_a_month(day: int) -> Day:
    """*El próximo día 5* is no hour of the next day."""
    return OnDayOfMonth(day)


@rule("day", "next Day", "this Day")
def next_such_day(day: Day) -> Day | None:
    """*El próximo 24 de diciembre*, *this Friday, 27 May*: without a year it is the next one anyway."""
    return day if isinstance(day, OnDate | Slashed | OnFeast) and day.year is None else None


# ---------------------------------------------------------------- by name


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


# ---------------------------------------------------------------- with a time


@rule("which_night", "night_to Day")
def night_without_a_time(day: Day) -> Day:
    """*Nacht op zaterdag* begins on Friday: without a time, the day it is on is not known."""
    return day


@rule("part_of_a_day", "end_of Day_offset")
def end_of_tomorrow(days: int) -> tuple[Day, str] | None:
    return (Offset(days), "end") if days >= 0 else None


@rule("part_of_a_day", "end_of this? Weekday")
def end_of_a_weekday(day: int) -> tuple[Day, str]:
    return OnWeekday(day), "end"


@rule("part_of_a_day", "first_thing Day Part")
def first_thing_in_the_morning_of(day: Day, part: str) -> tuple[Day, str] | None:
    """*First thing tomorrow morning*."""
    return (day, part) if part in ("early", "morning") else None


@rule("at_part", "first_thing")
def first_thing() -> str:
    return "morning"


@rule("of_night", "night_to Day comma? Time", "night_from Weekday night_onto Weekday comma? Time",
      "Time night_to Day", "Time night_from Weekday night_onto Weekday")  # fmt: skip
def of_a_night(*said: Day | Clock | int) -> tuple[Day, Clock] | None:
    """*In der Nacht auf Samstag um zwei*: a night that ends on a day, by its two days or by the second."""
    times = [item for item in said if isinstance(item, Clock)]
    days = [
        OnWeekday(item) if isinstance(item, int) else item for item in said if not isinstance(item, Clock)
    ]
    (at,) = times
    day = days[-1]
    if isinstance(day, After) or (isinstance(day, OnWeekday) and day.weeks is not None):
        return None
    if len(days) == _BOTH and (cast(OnWeekday, days[0]).weekday + 1) % 7 != cast(OnWeekday, day).weekday:
        return None
    found = within(at, "night")
    if found is None:
        return None
    return (day, found) if found.hour < _NOON else (After(Span(days=-1), day), found)


@rule("part_of_a_day", "night_from =Weekday =night_onto =Weekday")
def night_between_days(first: int, last: int) -> tuple[Day, str] | None:
    """*The night from Friday to Saturday* begins on Friday."""
    return (OnWeekday(first), "night") if (first + 1) % 7 == last else None


@rule("hour_of_date", "Month =Dom at =Bare")
def hour_of_a_date(month: int, day: int, at: Clock) -> tuple[Day, Clock]:
    """Portuguese *dezembro 5 à 9*, where the word for *at* makes ranges too: as good as from 5th to 9th."""
    return OnDate(day, month), at


@rule("hour_of_date", "at? turn_of_year")
def turn_of_the_year() -> tuple[Day, Clock]:
    """Portuguese *virada do ano*, the first moment of the year."""
    return OnFeast("new_year"), Clock(0)


# ---------------------------------------------------------------- with a time, for bounds


@rule("moment", "Day", "Day comma? Time", "Day filler Time")
def day_and_time(day: Day, at: Clock | None = None) -> Moment:
    return Moment(day, at)


@rule("moment", "Day Lone_hour")
def day_and_lone_hour(day: Day, at: Clock) -> Moment | None:
    """*Friday 18*; but in *1 December 2* the number is no hour."""
    return Moment(day, at) if not isinstance(day, OnDate | Slashed | OnFeast) else None


@rule("moment", "Day Part")
def day_and_part(day: Day, part: str) -> Moment | None:
    return Moment(day, None, part) if part != "tonight" else None


@rule("moment", "Part_today")
def today_and_part(part: str) -> Moment:
    return Moment(Offset(0), None, part)


@rule("moment", "Part")
def tonight(part: str) -> Moment | None:
    return Moment(Offset(0), None, part) if part == "tonight" else None


@rule("moment", "Time Day")
def time_and_day(at: Clock, day: Day) -> Moment:
    return Moment(day, at, time_first=True)


@rule("moment", "Time", cost=0.5)
def time_alone(at: Clock) -> Moment:
    return Moment(None, at)
