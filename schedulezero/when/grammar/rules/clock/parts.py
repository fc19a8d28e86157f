"""Times with a part of the day: *5 in the afternoon*, *tonight at 8*."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock, MonthDays

RULES = Rules()
rule = RULES.rule

_NOON = 12
_HOURS = 24
NIGHT_ENDS = 6
"""The hour before which a time may be of the evening before."""
_DAY_ENDED = 19
"""The hour from which on a number from 1 to 12 can't be meant as one of the end of the working day."""


@rule(
    "clock",
    "Clock Part",
    "Short_clock Part",
    "Part at? Clock",
    "Part at Bare",
    "Part at? Short_clock",
)
def in_a_part(one: Clock | str, other: Clock | str) -> Clock | None:
    at, part = (one, other) if isinstance(one, Clock) else (other, one)
    assert isinstance(at, Clock) and isinstance(part, str)
    if part == "tonight":
        return None  # it names the day too, and stays a piece of its own
    found = within(at, part)
    if found is None or not after_midnight(found, part):
        return found
    return replace(found, next_day=True) if part == "evening" else replace(found, by_night=True)


@rule("bare_in_part", "Bare Part")
def hour_in_a_part(at: Clock, part: str) -> Clock | None:
    """*8 in the evening*."""
    return in_a_part(at, part)


@rule("how_many_parts", "Number =part_noun", "Int =Parts", cost=-0.3)
def how_many_parts(count: int | Fraction, _part: str = "") -> int | Fraction:
    """*Two nights*, *un après-midi*: how many they are, and no hour of one."""
    return count


@rule("clock", "Bare_in_part")
def by_hour_in_a_part(at: Clock) -> Clock:
    return at


@rule("bare_in_part", "Bare Part")
@rule("clock", "Clock Part", "Short_clock Part")
def midnight_in_figures(at: Clock, part: str) -> Clock | None:
    """*Friday 12:30 at night*; but *1 at night* is an hour of the morning."""
    found = within(at, part)
    ends = found is not None and after_midnight(found, part) and _is_twelve(at, found)
    return replace(found, next_day=True) if found is not None and ends else None


@rule("bare_in_part", "Bare Part")
@rule("clock", "Clock Part")
def midnight_of_an_evening(at: Clock, part: str) -> Clock | None:
    """Portuguese *sexta às 12 da noite*, with the word for the evening, is as open as *Friday midnight*."""
    found = within(at, part) if part == "evening" else None
    return replace(found, by_night=True) if found is not None and _is_twelve(at, found) else None


def _is_twelve(at: Clock, found: Clock) -> bool:
    """Return whether a time was said as 12, or 12 and some minutes, and is the one after midnight."""
    return found.hour == 0 and (found.minute == 0 or at.hour == _NOON)


@rule("clock", "Part at? Clock", "Part at Bare", "Part at? Short_clock")
def after_midnight_of_the_part(part: str, at: Clock) -> Clock | None:
    """*Friday night at 1* may be on Saturday."""
    found = within(at, part)
    return replace(found, next_day=True) if found is not None and after_midnight(found, part) else None


def after_midnight(at: Clock, part: str) -> bool:
    """Return whether a time is one of the next day, or of the night of either of two days."""
    return part in ("evening", "night") and at.hour < NIGHT_ENDS


@rule("each_clock", "every? Parts at? Clock", "every? Parts at Bare", "Clock every? Parts")
def in_each_part(one: Clock | str, other: Clock | str) -> Clock | None:
    """French *le soir à 20h*: each evening, or the one to come."""
    found = in_a_part(one, other)
    return None if found is None or found.by_night or found.next_day else found


@rule("each_clock", "every noon", cost=-0.2)
def each_noon() -> Clock:
    """*Every noon*; Portuguese *todo meio-dia* is no half day."""
    return Clock(_NOON)


@rule("each_clock", "every midnight")
def each_midnight() -> Clock:
    return Clock(0)


@rule("each_clock", "every Late_hour", cost=-0.2)
def each_late_hour(at: Clock) -> Clock:
    """French *tous les 18h* is daily, or every 18 hours."""
    return at


@rule("clock_tonight", "Bare comma? Part")
def hour_of_tonight(at: Clock, part: str) -> Clock | None:
    """*8 tonight*: the day is said with the part, so they stay together."""
    return within(at, part) if part == "tonight" else None


PARTS: dict[str, tuple[int, int]] = {
    "early": (3, 9), "morning": (0, 12), "noon": (11, 15), "lunch": (11, 16), "afternoon": (12, 21),
    "evening": (16, 25), "night": (18, 30), "end": (12, 24), "tonight": (17, 28),
    "dawn": (0, 7),
}  # fmt: skip

"""The hours in which each part of the day may begin; above 24 is after midnight."""


def within(at: Clock, part: str) -> Clock | None:
    """Return a time of day as one of a part of the day, or None if it lies outside of it."""
    first, last = PARTS[part]
    if part == "morning" and at.hour == _NOON and not at.sure:
        return None  # "12 in the morning" may be midnight, and Spanish *las 12 de la mañana* is noon
    choices = [at] if at.sure else [at, Clock((at.hour + 12) % 24, at.minute, at.second)]
    if part == "end" and not at.sure:
        choices = [choice for choice in choices if choice.hour < _DAY_ENDED]  # *ende Dienstag um 7*: of what?
    for choice in choices:
        if any(first <= hour < last for hour in (choice.hour, choice.hour + 24)):
            return Clock(choice.hour, choice.minute, choice.second)
    return None


@rule("daily_at_number", "every_day_phrase =Bare")
def daily_at_a_number(at: Clock) -> Clock:
    """Spanish *todos los días 8* may be daily at eight, or the 8th of each month."""
    return at


@rule("day_of_every_month", "every_date_phrase =Dom")
def day_of_every_month_by_number(day: int) -> MonthDays:
    return MonthDays((day,))


@rule("daily_at_number", "every_date_phrase =Bare")
def daily_at_a_number_or_on_a_day(at: Clock) -> Clock:
    """Italian *ogni giorno 15* and Portuguese *todos os dias 5*: both are as likely."""
    return at


@rule("number_and_day", "every_day_phrase =Int and|comma Int")
def daily_or_on_days(first: int, _second: int) -> int | None:
    """*Every day 9 and 17*: at two hours of each day, or on two days of each month?"""
    return first if 1 <= first <= _HOURS else None
