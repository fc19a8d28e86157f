"""Spans of time: *2h*, *1h30*, *half an hour*, *1 day and 2 hours*; and what they are counted from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import RANKS, Span, span_of

RULES = Rules()
rule = RULES.rule

_NOON = 12
_DAY, _DAY_AND_MORE = 24, 30
"""Hours between which a number may be a mistyped hour of the day."""
_FEW = 4
"""Hours of which as many and a half are a span, where more of them are a time of day in some languages."""


@rule("span", "Amount =Unit")
def amount_of_unit(amount: Fraction, unit: str) -> Span | None:
    if unit == "quarter" or (amount == Fraction(1, 4) and unit not in ("hour", "year")):
        return None  # "in a quarter" may be of an hour, and Spanish *cuarto día* is the fourth day
    return span_of(amount, unit)


@rule("span", "three quarters a? Unit", "three ~dash ~quarters a? Unit")
def three_quarters_of(unit: str) -> Span | None:
    return span_of(Fraction(3, 4), unit)


@rule("span", "a? quarter a? Unit")
def quarter_of(unit: str) -> Span | None:
    return amount_of_unit(Fraction(1, 4), unit)


@rule("span", "Amount =Short")
def short_unit(amount: Fraction, unit: str) -> Span | None:
    return span_of(amount, unit) if unit != "hour" or not _DAY < amount < _DAY_AND_MORE else None


@rule("many_hours_and_minutes", "Amount =Short")
def hours_of_more_than_a_day(amount: Fraction, unit: str) -> Span | None:
    """*25h* alone is a mistyped time of day rather; *in 25h* isn't."""
    return span_of(amount, unit) if unit == "hour" and _DAY < amount < _DAY_AND_MORE else None


@rule("span", "Few_hours_and_minutes")
def by_few_hours_and_minutes(span: Span) -> Span:
    """*1h30* alone is as likely a span as a time of day in some languages."""
    return span


@rule("few_hours_and_minutes", "Digits ~Short ~Digits", cost=0.4)
def few_hours_and_minutes(hours: str, unit: str, minutes: str) -> Span | None:
    return hours_and_minutes(hours, unit, minutes) if int(hours) <= _FEW else None


@rule("span", "Digits =Unit =Int", "Number =Unit =Int")
def hours_and_number(hours: str | int | Fraction, unit: str, minutes: int) -> Span | None:
    """*1 hour 30*, *deux heures trente*."""
    whole = Fraction(hours)
    if unit != "hour" or not 1 <= whole <= _FEW or whole != int(whole):
        return None
    if minutes % 5 or not 5 <= minutes <= 55:
        return None
    return hours_and_minutes(str(hours), unit, f"{minutes:02}")


@rule("span", "Digits ~Short ~Digits", cost=0.4)
def hours_and_minutes(hours: str, unit: str, minutes: str) -> Span | None:
    if unit != "hour" or len(hours) > 3 or len(minutes) != 2 or int(minutes) > 59:
        return None
    return (
        Span(seconds=int(hours) * 3600 + int(minutes) * 60, smallest=RANKS["minute"])
        if int(hours) <= 12
        else None
    )


@rule("many_hours_and_minutes", "Digits ~Short ~Digits", cost=1.0)
def many_hours_and_minutes(hours: str, unit: str, minutes: str) -> Span | None:
    """*17h30* is a time of day rather, and *25h30* a mistyped one; but *in 17h30* isn't."""
    if unit != "hour" or not 12 < int(hours) < 1000 or len(minutes) != 2 or int(minutes) > 59:
        return None
    return Span(seconds=int(hours) * 3600 + int(minutes) * 60, smallest=RANKS["minute"])


@rule("span", "Digits ~dot ~Digits Short", cost=0.5)
def hours_dot_minutes(hours: str, minutes: str, unit: str) -> Span | None:
    """*1.30h* may be an hour and a half, or half past one."""
    return hours_and_minutes(hours, unit, minutes) if len(hours) == 1 else None


@rule("span", "A? Unit and a half", "A? Unit and half", "A? Unit half_more")
def unit_and_a_half(_: object, unit: str | None = None) -> Span | None:
    return span_of(Fraction(3, 2), unit if unit is not None else str(_))


@rule("span", "Amount Unit and half")
def units_and_a_half(amount: Fraction, unit: str) -> Span | None:
    return _and_more(amount, unit, Fraction(1, 2)) if unit != "hour" or amount <= _FEW else None


@rule("span", "Amount Unit and half", cost=0.5)
def hours_and_a_half(amount: Fraction, unit: str) -> Span | None:
    """*Huit heures et demie* is a time of day rather."""
    return _and_more(amount, unit, Fraction(1, 2)) if unit == "hour" and amount > _FEW else None


@rule("span", "Amount Unit and a? quarter")
def units_and_a_quarter(amount: Fraction, unit: str) -> Span | None:
    return _and_more(amount, unit, Fraction(1, 4)) if unit != "hour" or amount <= _FEW else None


@rule("span", "Amount =Short and a? quarter")
def short_units_and_a_quarter(amount: Fraction, unit: str) -> Span | None:
    """*Dans 2h et quart*."""
    return units_and_a_quarter(amount, unit) if unit == "hour" else None


@rule("span", "Amount =Short and half")
def short_units_and_a_half(amount: Fraction, unit: str) -> Span | None:
    return units_and_a_half(amount, unit) if unit == "hour" else None


@rule("span", "Amount Unit and a? quarter", cost=0.5)
def hours_and_a_quarter(amount: Fraction, unit: str) -> Span | None:
    return _and_more(amount, unit, Fraction(1, 4)) if unit == "hour" and amount > _FEW else None


@rule("span", "half_to =Unit")
def half_an_hour(unit: str) -> Span | None:
    """Dutch *half uur*, with the word that makes *half negen* too."""
    return span_of(Fraction(1, 2), unit) if unit == "hour" else None


@rule("hours_and_more", "Amount Unit and =Int")
def hours_and_minutes_without_unit(amount: Fraction, unit: str, minutes: int) -> Span | None:
    """*In an hour and twenty*; without *in*, Portuguese *uma hora e vinte* may be a time of day."""
    if unit != "hour" or amount != int(amount) or minutes % 5 or not 5 <= minutes <= 55:
        return None
    return _and_more(amount, unit, Fraction(minutes, 60))


@rule("ahead", "in Hours_and_more", "Hours_and_more from_now")
def hours_and_more_from_now(span: Span) -> Span:
    return span


@rule("span", "Unit and a? quarter")
def unit_and_a_quarter(unit: str) -> Span | None:
    """*Hora y cuarto*: the word for *one* is left out."""
    return span_of(Fraction(5, 4), unit) if unit == "hour" else None


def _and_more(amount: Fraction, unit: str, more: Fraction) -> Span | None:
    return span_of(amount + more, unit) if amount == int(amount) else None


@rule("span", "Span =Span", "Span =comma =Span", cost=1.5)
def side_by_side(one: Span, other: Span) -> Span | None:
    """*3 days 9h* may also be nine o'clock in three days; *2 weeks half an hour* are no one span."""
    if not one.by_calendar or other.by_calendar or one.smallest > RANKS["day"]:
        return None
    both = together(one, other)
    return replace(both, loose=True) if both is not None else None


@rule("short_span", "Amount =Short")
def in_short_units(amount: Fraction, unit: str) -> Span | None:
    return short_unit(amount, unit)


@rule("span", "Short_span =Short_span", cost=1.2)
def short_units_side_by_side(one: Span, other: Span) -> Span | None:
    """*1d 2h*."""
    return side_by_side(one, other)


@rule("span", "Span =Span", "Span =comma =Span")
def side_by_side_alike(one: Span, other: Span) -> Span | None:
    return together(one, other) if one.by_calendar == other.by_calendar else None


@rule("span", "Span ~Span", "Span =and =Span", "Span =comma =and =Span")
def together(one: Span, other: Span) -> Span | None:
    if one.months and other.seconds:
        return None  # "a quarter of an hour" is no quarter and an hour
    return one.plus(other) if _highest(other) < one.smallest else None


def _highest(span: Span) -> int:
    if span.months:
        return RANKS["year"] if span.months >= 12 else RANKS["month"]
    if span.days:
        return RANKS["week"] if span.days % 7 == 0 else RANKS["day"]
    for unit, length in (("hour", 3600), ("minute", 60)):
        if span.seconds >= length and span.smallest <= RANKS[unit]:
            return max(RANKS[unit], span.smallest)
    return span.smallest


@rule("ahead", "in Week_of_days")
def weeks_in_days(days: int) -> Span:
    """German *in acht Tagen* is in a week for some, French *dans quinze jours* in two: as good a reading."""
    return Span(days=days, smallest=RANKS["day"])


@rule("deadline_ahead", "deadline =Span", "deadline =Many_hours_and_minutes", cost=-0.3)
def latest_from_now(span: Span) -> Span:
    """*Within 2 hours*, French *dans les 24 h*: by then at the latest, which is no time."""
    return span


@rule("ahead", "in Span", "plus Span", "Span from_now", "in Span from_now")
def from_now(span: Span) -> Span:
    return span


@rule("ahead", "in|plus Many_hours_and_minutes", "Many_hours_and_minutes from_now")
def many_from_now(span: Span) -> Span:
    return span


@rule("ahead", "in Digits ~colon ~Digits", "in Digits h Digits")
def hours_on_a_dial(hours: str, minutes: str) -> Span | None:
    """*In 2:30*, which may be two hours and a half; *in 18:30* is a time of day."""
    if int(hours) > _NOON or len(hours) > 2 or len(minutes) != 2 or int(minutes) > 59:
        return None
    return Span(seconds=int(hours) * 3600 + int(minutes) * 60, smallest=RANKS["minute"])


@rule("some_day", "A|Number =day_word", cost=-0.3)
def some_day(number: int | Fraction | bool) -> bool | None:
    """*One day*, *un jour*: some day, rather than 24 hours from now."""
    return True if number == 1 else None


@rule("ahead_alone", "Span", cost=0.5)
def alone(span: Span) -> Span:
    """A span alone is counted from now."""
    return span
