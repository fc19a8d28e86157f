"""Spans of time: *2h*, *1h30*, *half an hour*, *1 day and 2 hours*; and what they are counted from."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.chart import Rules
from schedulezero.when.grammar.pieces import RANKS, Span, span_of

RULES = Rules()
rule = RULES.rule

_FEW = 4
"""Hours of which as many and a half are a span, where more of them are a time of day in some languages."""


@rule("span", "Amount =Unit")
def amount_of_unit(amount: Fraction, unit: str) -> Span | None:
    return _counted(amount, unit)


@rule("span", "Amount Unit")
def part_of_unit(amount: Fraction, unit: str) -> Span | None:
    """*Un cuarto de hora*. Only a part is *of* its unit: *el 5 de mes* is a day."""
    return _counted(amount, unit) if amount < 1 else None


def _counted(amount: Fraction, unit: str) -> Span | None:
    """A quarter is one of an hour only: *cuarto día* is the fourth day."""
    return span_of(amount, unit) if amount != Fraction(1, 4) or unit == "hour" else None


@rule("span", "Amount =Short")
def short_unit(amount: Fraction, unit: str) -> Span | None:
    return span_of(amount, unit)


@rule("span", "Digits ~h ~Digits", cost=-0.4)
def few_hours_and_minutes(hours: str, minutes: str) -> Span | None:
    """*1h30* alone is as likely a span as a time of day."""
    return hours_and_minutes(hours, minutes) if int(hours) <= _FEW else None


@rule("span", "Digits ~h ~Digits", cost=0.4)
def hours_and_minutes(hours: str, minutes: str) -> Span | None:
    if len(hours) > 3 or len(minutes) != 2 or int(minutes) > 59:  # noqa: PLR2004
        return None
    return Span(seconds=int(hours) * 3600 + int(minutes) * 60, smallest=RANKS["minute"])


@rule("ahead", "in Digits ~h ~Digits", cost=-0.2)
def in_hours_and_minutes(hours: str, minutes: str) -> Span | None:
    """*In 1h30* is a span even where the word for *in* may also mean nothing before a time."""
    return hours_and_minutes(hours, minutes)


@rule("span", "Amount =Unit|Short =Int")
def hours_and_number(amount: Fraction, unit: str, minutes: int) -> Span | None:
    """*1 hour 30*, *2 heures trente*."""
    if (
        unit != "hour"
        or not 1 <= amount <= _FEW
        or amount != int(amount)
        or minutes % 5
        or not 5 <= minutes <= 55
    ):  # noqa: PLR2004
        return None
    return Span(seconds=int(amount) * 3600 + minutes * 60, smallest=RANKS["minute"])


@rule("span", "A? Unit and a half", "A? Unit and half", "A? Unit half_more")
def unit_and_a_half(_: object, unit: str | None = None) -> Span | None:
    return span_of(Fraction(3, 2), unit if unit is not None else str(_))


@rule("span", "Amount Unit and half")
def units_and_a_half(amount: Fraction, unit: str) -> Span | None:
    return _and_a_fraction(amount, unit, Fraction(1, 2)) if unit != "hour" or amount <= _FEW else None


@rule("span", "Amount Unit and a? quarter")
def units_and_a_quarter(amount: Fraction, unit: str) -> Span | None:
    return _and_a_fraction(amount, unit, Fraction(1, 4)) if unit != "hour" or amount <= _FEW else None


@rule("span", "Unit and a? quarter")
def unit_and_a_quarter(unit: str) -> Span | None:
    """*Hora y cuarto*: the word for *one* is left out."""
    return span_of(Fraction(5, 4), unit) if unit == "hour" else None


@rule("span", "Amount Unit and half", cost=0.5)
def many_hours_and_a_half(amount: Fraction, unit: str) -> Span | None:
    return _and_a_fraction(amount, unit, Fraction(1, 2))


@rule("span", "Amount Unit and a? quarter", cost=0.5)
def many_hours_and_a_quarter(amount: Fraction, unit: str) -> Span | None:
    return _and_a_fraction(amount, unit, Fraction(1, 4))


def _and_a_fraction(amount: Fraction, unit: str, more: Fraction) -> Span | None:
    return span_of(amount + more, unit) if amount == int(amount) else None


@rule("span", "Span and|comma Span")
def together(one: Span, other: Span) -> Span | None:
    return one.plus(other) if _highest(other) < one.smallest else None


@rule("span", "Span Span")
def one_behind_the_other(one: Span, other: Span) -> Span | None:
    return None if one.by_calendar and other.smallest == RANKS["hour"] else together(one, other)


@rule("days_and_hours", "Span Span")
def days_and_hours(one: Span, other: Span) -> Span | None:
    """*3 days 9h*: where *9h* is a time of day before anything else, this costs more."""
    return together(one, other) if one.by_calendar and other.smallest == RANKS["hour"] else None


@rule("span", "Days_and_hours")
def days_and_hours_are_a_span(span: Span) -> Span:
    return span


def _highest(span: Span) -> int:
    if span.months:
        return RANKS["year"] if span.months >= 12 else RANKS["month"]  # noqa: PLR2004
    if span.days:
        return RANKS["week"] if span.days % 7 == 0 else RANKS["day"]
    for unit, length in (("hour", 3600), ("minute", 60)):
        if span.seconds >= length and span.smallest <= RANKS[unit]:
            return max(RANKS[unit], span.smallest)
    return span.smallest


@rule("ahead", "in Span", "plus Span", "Span from_now", "in Span from_now")
def from_now(span: Span) -> Span:
    return span


@rule("ahead", "Span", cost=0.5)
def alone(span: Span) -> Span:
    """A span alone is counted from now."""
    return span
