"""Times as they are spoken: *half past five*, *a quarter to six*, *seventeen thirty*."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock, Span
from schedulezero.when.grammar.rules.clock.figures import clock, shifted
from schedulezero.when.grammar.rules.clock.halves import after_noon, before_noon, five_minutes

RULES = Rules()
rule = RULES.rule

_NOON = 12
_DAY = 1440
_LONGEST_WAY = 12 * 3600
"""Seconds by which people say that a time lies before or after another."""
_LATER_MINUTES = 25
"""Minutes that can't be an hour too: *at 9 15 and 18* may be three hours."""


@rule("named_minutes", "quarter", "a quarter")
def quarter() -> int:
    return 15


@rule("named_minutes", "half")
def half() -> int:
    return 30


@rule("named_minutes", "three_quarters")
def three_quarters() -> int:
    return 45


@rule("named_minutes", "Amount Unit")
def so_many_minutes(amount: Fraction, unit: str) -> int | None:
    return int(amount) if unit == "minute" and amount == int(amount) and 1 <= amount <= 59 else None


@rule("minutes", "Named_minutes")
def any_minutes(minutes: int) -> int:
    return minutes


@rule("minutes", "Int", cost=0.4)
def bare_minutes(minutes: int) -> int | None:
    """*Ten past nine*: people say so of every five minutes only."""
    return minutes if five_minutes(minutes) else None


@rule("hour", "Bare =oclock?", "noon", "midnight")
def spoken_hour(at: Clock | None = None) -> Clock | None:
    return at


@rule("clock", "Minutes past Hour", "Minutes past Clock")
def minutes_past(minutes: int, hour: Clock) -> Clock | None:
    return clock(hour.hour, minutes, sure=hour.sure) if not hour.minute else shifted(hour, minutes)


@rule("clock", "Minutes to_hour Hour", "Minutes to_hour Clock", "to_hour Minutes Hour")
def minutes_to(minutes: int, hour: Clock) -> Clock | None:
    return shifted(hour, -minutes)


@rule("clock", "Named_minutes to_named Hour", "Named_minutes to_named Clock")
def named_minutes_to(minutes: int, hour: Clock) -> Clock | None:
    """Italian *un quarto alle otto*, where the word for *to* is *at* too."""
    return shifted(hour, -minutes) if not hour.minute else None


@rule("time", "Span before Clock", "Span before at Bare", cost=0.1)
@rule("time", "Span before Bare", cost=0.5)
def span_before_time(span: Span, at: Clock) -> Clock | None:
    """*2 hours before 6 pm*."""
    return _by_span(at, span, -1)


@rule("time", "Span after Clock", "Span after at Bare", cost=0.1)
@rule("time", "Span after Bare", cost=0.5)
def span_after_time(span: Span, at: Clock) -> Clock | None:
    return _by_span(at, span, 1)


def _by_span(at: Clock, span: Span, sign: int) -> Clock | None:
    """A time so much later or earlier, which may be on the day after its own, but never on the one before."""
    whole = not (span.months or span.days or span.seconds % 60)
    if not whole or not 0 < span.seconds <= _LONGEST_WAY:
        return None
    if at.by_night and (sign < 0 or at.hour or at.minute):
        return None
    minutes = at.hour * 60 + at.minute + _DAY * at.next_day + sign * span.seconds // 60
    if not 0 <= minutes < 2 * _DAY or (minutes >= _DAY and not (at.sure or at.hour >= _NOON)):
        return None
    found = Clock(minutes // 60 % 24, minutes % 60, at.second, at.sure)
    return replace(found, next_day=minutes >= _DAY, by_night=at.by_night)


@rule("clock", "Hour and|plus Named_minutes", "Clock and|plus Named_minutes", cost=0.2)
@rule("clock", "Hour and|plus Number", cost=0.6)
@rule("time", "at Hour and|plus Int", cost=0.6)
def hour_and_minutes(hour: Clock, minutes: int | Fraction) -> Clock | None:
    """*Una y cuarto*; two figures, *1 y 15*, may as well be days."""
    return clock(hour.hour, int(minutes), sure=hour.sure) if minutes in (15, 30) else None


@rule("clock", "midnight and|plus Named_minutes", cost=0.2)
@rule("clock", "midnight hour_and =Named_minutes", "Minutes past midnight")
def past_midnight_at_the_end(minutes: int) -> Clock | None:
    """Portuguese *amanhã à meia-noite e meia* is as open as *amanhã à meia-noite*."""
    return Clock(0, minutes, next_day=True)


@rule("clock", "Clock and =Amount =Unit", "Hour and =Amount =Unit", cost=0.1)
def hour_and_so_many_minutes(hour: Clock, amount: Fraction, unit: str) -> Clock | None:
    """*Sept heures et vingt-sept minutes*."""
    minutes = so_many_minutes(amount, unit)
    return hour_and_any_minutes(hour, minutes) if minutes is not None and not hour.next_day else None


@rule("clock", "Hour hour_and =Named_minutes", "Clock hour_and =Named_minutes")
def hour_and_any_minutes(hour: Clock, minutes: int) -> Clock | None:
    return clock(hour.hour, minutes, sure=hour.sure) if not hour.minute else None


@rule("clock", "Hour hour_and =Number", cost=0.1)
@rule("clock", "Marked hour_and =Int", cost=0.1)
@rule("time", "at Hour hour_and =Int", cost=0.1)
def hour_and_bare_minutes(hour: Clock, minutes: int) -> Clock | None:
    """*Às 8 e 20* may be 8:20 or, of what recurs, 8:00 and 20:00; without *at* it may be days too."""
    return hour_and_any_minutes(hour, minutes) if bare_minutes(minutes) else None


@rule("clock", "Hour minus Minutes", "Clock minus Minutes")
def hour_minus_minutes(hour: Clock, minutes: int) -> Clock | None:
    return shifted(hour, -minutes) if not hour.minute else None


@rule("clock", "half_of =Hour", cost=0.1)
def half_past(hour: Clock) -> Clock | None:
    """English *half nine* is 9:30 for those who grew up with it, and 8:30 for many who learnt it."""
    return clock(hour.hour, 30, sure=hour.sure) if not hour.minute else None


@rule("clock", "half_of =Hour", cost=0.2)
def half_before_as_elsewhere(hour: Clock) -> Clock | None:
    return half_before(hour)


@rule("clock", "half_to Hour")
def half_before(hour: Clock) -> Clock | None:
    """German *halb neun* is 8:30."""
    return shifted(hour, -30) if not hour.minute else None


@rule("clock", "quarter_to Hour")
def quarter_towards(hour: Clock) -> Clock | None:
    """German *dreiviertel neun* is 8:45."""
    return shifted(hour, -15) if not hour.minute else None


@rule("clock", "quarter_into Hour", cost=0.1)
def quarter_into(hour: Clock) -> Clock | None:
    """German *viertel neun* is 8:15: a quarter of the ninth hour."""
    return shifted(hour, -45) if not hour.minute else None


@rule("clock", "Number =Number", "Number ~dash ~Number")
def spoken_minutes(hour: int | Fraction, minute: int | Fraction) -> Clock | None:
    """*Ten thirty*, *seven thirty-five*, in words only."""
    if isinstance(hour, Fraction) or isinstance(minute, Fraction) or not hour >= 1 or minute < 10:
        return None
    return clock(hour, minute)


@rule("clock", "Number =oh =Number", "Number ~dash ~oh ~dash ~Number")
def spoken_few_minutes(hour: int | Fraction, minute: int | Fraction) -> Clock | None:
    """*Twelve oh three*."""
    if isinstance(hour, Fraction) or isinstance(minute, Fraction) or not 1 <= minute <= 9:
        return None
    return clock(hour, minute)


@rule("clock", "Number =hundred hours?")
def spoken_hundred(hour: int | Fraction) -> Clock | None:
    """*Eighteen hundred*; a smaller number is said with *oh* before it."""
    return clock(int(hour), sure=True) if 10 <= hour <= 23 else None


@rule("clock", "oh =Number =hundred hours?")
def spoken_few_hundred(hour: int | Fraction) -> Clock | None:
    return clock(int(hour), sure=True) if 0 <= hour <= 9 and hour == int(hour) else None


@rule("short_clock", "Digits")
def three_figures(digits: str) -> Clock | None:
    """730 is a time only beside what says so."""
    return clock(int(digits[0]), int(digits[1:])) if len(digits) == 3 and digits[0] != "0" else None


@rule("spaced_clock", "Digits =Digits")
def with_space(hour: str, minute: str) -> Clock | None:
    """*7 30 pm*; minutes up to 12 may be something else."""
    if len(hour) > 2 or len(minute) != 2 or int(minute) <= _NOON:
        return None
    return clock(int(hour), int(minute))


@rule("spoken_in_figures", "Spaced_clock")
def spaced_minutes(at: Clock) -> Clock | None:
    return at if at.minute >= _LATER_MINUTES and at.minute % 5 == 0 else None


@rule("time", "at Spoken_in_figures")
def at_spaced(at: Clock) -> Clock:
    """*At 8 30*."""
    return at


@rule("clock", "Short_clock am", "Spaced_clock am")
def short_before_noon(at: Clock) -> Clock | None:
    return before_noon(at)


@rule("clock", "Short_clock pm", "Spaced_clock pm")
def short_after_noon(at: Clock) -> Clock | None:
    return after_noon(at)
