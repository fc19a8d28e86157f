"""Which half of the day an hour is in, and what divides it: *5 pm*, *noon*, *midnight*."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock
from schedulezero.when.grammar.rules.clock.figures import clock, shifted

RULES = Rules()
rule = RULES.rule

_NOON = 12


@rule("open_clock", "Clock")
def which_half_is_open(at: Clock) -> Clock | None:
    """A time that *noon*, a part of the day or its figures haven't put into a half of the day yet."""
    return at if not at.sure else None


@rule(
    "clock",
    "Open_clock|Figures am",
    "Bare am",
    "Open_clock|Figures ~am_glued",
    "Bare ~am_glued",
    "Bare ~dot ~am",
)
def before_noon(at: Clock) -> Clock | None:
    if not 1 <= at.hour <= _NOON or at.halved:
        return None
    return Clock(at.hour % 12, at.minute, at.second, halved=True)


@rule("clock", "Open_clock|Figures pm", "Bare pm", "Bare ~dot ~pm")
def after_noon(at: Clock) -> Clock | None:
    if not 1 <= at.hour <= _NOON or at.halved:
        return None
    return Clock(at.hour % 12 + 12, at.minute, at.second, halved=True)


@rule("clock", "Clock dash? ish", "Bare dash? ish")
def about(at: Clock) -> Clock:
    """*3ish*: a vague point is read as the point."""
    return at


@rule("clock", "Bare =oclock", "Figures =oclock")
def oclock(at: Clock) -> Clock | None:
    return at if at.hour <= _NOON else None


@rule("late_oclock", "Bare =oclock", "Figures =oclock", cost=-0.2)
def late_oclock(at: Clock) -> Clock | None:
    """*21 heures* is hardly ever a span."""
    return at if at.hour > _NOON else None


@rule("hours_and_minutes", "Int =oclock =Number")
def oclock_minutes(hour: int, minutes: int | Fraction) -> Clock | None:
    return clock(hour, int(minutes)) if 1 <= minutes <= 59 and minutes == int(minutes) else None


@rule("hours_and_minutes", "Int =oclock =Digits")
def oclock_minutes_in_figures(hour: int, minutes: str) -> Clock | None:
    """*9 heures 05*; one figure alone may be anything."""
    return clock(hour, int(minutes)) if len(minutes) == 2 and 1 <= int(minutes) <= 59 else None


@rule("time", "at Int =oclock =Int")
def at_oclock_and_few_minutes(hour: int, minutes: int) -> Clock | None:
    """*À 9 heures 5*."""
    return clock(hour, minutes) if 1 <= minutes <= 9 else None


@rule("clock", "Bare =oclock three_quarters")
def oclock_three_quarters(at: Clock) -> Clock | None:
    """French *onze heures trois quarts*."""
    return clock(at.hour, 45, sure=at.sure) if not at.next_day else None


@rule("clock", "noon =Number", "noon =Digits")
def noon_and_minutes(minutes: str | int | Fraction) -> Clock | None:
    """French *midi trente*; in figures, *noon 5* is two times rather."""
    return clock(_NOON, int(minutes), sure=True) if _minutes_behind(minutes) else None


@rule("clock", "midnight =Number", "midnight =Digits")
def midnight_and_minutes(minutes: str | int | Fraction) -> Clock | None:
    return clock(0, int(minutes), sure=True) if _minutes_behind(minutes) else None


@rule("clock", "midnight =Number", "midnight =Digits")
def midnight_and_minutes_at_the_end(minutes: str | int | Fraction) -> Clock | None:
    """French *demain minuit trente* is as open as *demain à minuit*."""
    return Clock(0, int(minutes), next_day=True) if _minutes_behind(minutes) else None


def _minutes_behind(minutes: str | int | Fraction) -> bool:
    if isinstance(minutes, str):
        return len(minutes) == 2 and five_minutes(int(minutes))
    return not isinstance(minutes, Fraction) and five_minutes(minutes)


def five_minutes(minutes: int) -> bool:
    """Whether people say so many minutes in words: of every five only."""
    return 5 <= minutes <= 55 and minutes % 5 == 0


@rule("clock", "one_oclock")
def one_oclock() -> Clock:
    """Where the words before the hour have a form for one o'clock alone: *à uma*, *all'una*, *à 1*."""
    return Clock(1, sure=False)


@rule("clock", "noon", "at noon")
def noon() -> Clock:
    return Clock(12)


@rule("clock", "Bare =oclock? =noon")
def twelve_noon(at: Clock) -> Clock | None:
    """*Twelve noon*, *12h midi*."""
    return noon() if at.hour == _NOON else None


@rule("clock", "Bare =oclock? =midnight")
def twelve_midnight(at: Clock) -> Clock | None:
    return midnight() if at.hour in (0, _NOON) else None


@rule("clock", "Int to_hour noon")
def minutes_to_noon(minutes: int) -> Clock | None:
    """*Five to noon*, where the word for *to* makes ranges too."""
    return shifted(noon(), -minutes) if five_minutes(minutes) else None


@rule("clock", "Int to_hour midnight")
def minutes_to_midnight(minutes: int) -> Clock | None:
    return shifted(midnight(), -minutes) if five_minutes(minutes) else None


@rule("clock", "midnight", "at midnight")
def midnight() -> Clock:
    return Clock(0, by_night=True)


@rule("clock", "midnight", "at midnight")
def midnight_at_the_end() -> Clock:
    """*Friday at midnight* may be the one that Friday ends with; where both are ahead, both are offered."""
    return Clock(0, next_day=True)
