"""Times in figures: *17:30*, *17h*, *1730*, *5*."""

from __future__ import annotations

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock

RULES = Rules()
rule = RULES.rule

_NOON = 12
_HOURS = 24
_CENTURIES = ("19", "20", "21")


def clock(hour: int, minute: int = 0, second: int = 0, *, sure: bool | None = None) -> Clock | None:
    """Return a time of day, or None if there is none such."""
    if not (0 <= hour <= 24 and 0 <= minute <= 59 and 0 <= second <= 59) or (
        hour == 24 and (minute or second)
    ):
        return None
    if sure is None:
        sure = not 1 <= hour <= _NOON
    return Clock(hour % 24, minute, second, sure, hour == 24)


@rule("figures", "Digits ~colon ~Digits")
def with_colon(hour: str, minute: str) -> Clock | None:
    if len(hour) > 2 or len(minute) != 2:
        return None
    return clock(int(hour), int(minute), sure=True if len(hour) == 2 and hour[0] == "0" else None)


@rule("figures", "Digits ~colon ~Digits ~colon ~Digits")
def with_seconds(hour: str, minute: str, second: str) -> Clock | None:
    if len(hour) > 2 or len(minute) != 2 or len(second) != 2:
        return None
    return clock(int(hour), int(minute), int(second))


@rule("figures", "Digits ~dot ~Digits", cost=0.3)
def with_dot(hour: str, minute: str) -> Clock | None:
    return clock(int(hour), int(minute)) if len(hour) <= 2 and len(minute) == 2 else None


@rule("hours_and_minutes", "Digits ~h ~Digits", "Digits h =Digits")
def with_h(hour: str, minute: str) -> Clock | None:
    return clock(int(hour), int(minute)) if len(hour) <= 2 and len(minute) == 2 else None


@rule("hours_and_unit", "Digits ~h ~Digits ~Unit|Short")
def with_h_and_unit(hour: str, minute: str, unit: str) -> Clock | None:
    """*14h30min*; in English *1h30m* is only a span."""
    return with_h(hour, minute) if unit == "minute" else None


@rule("clock", "Hours_and_unit")
def by_hours_and_unit(at: Clock) -> Clock:
    return at


@rule("clock", "Digits ~colon ~Digits ~h")
def with_colon_and_h(hour: str, minute: str) -> Clock | None:
    return with_colon(hour, minute)


@rule("clock", "Hours_and_minutes")
def by_hours_and_minutes(at: Clock) -> Clock:
    """*1h30*, *2 horas 30*: where *2 horas* is a span before anything else, these are as often a time."""
    return at


@rule("clock", "Digits h")
def hour_with_h(hour: str) -> Clock | None:
    return clock(int(hour)) if len(hour) <= 2 and not _is_late(hour) else None


@rule("late_hour", "Digits h", cost=-0.2)
def late_hour_with_h(hour: str) -> Clock | None:
    """*18h* is less often a span than *2h*, and in some languages never."""
    return clock(int(hour)) if _is_late(hour) else None


@rule("clock", "Late_hour", "Late_oclock")
def late_hour(at: Clock) -> Clock:
    return at


def _is_late(hour: str) -> bool:
    return _NOON < int(hour) < 24


@rule("figures", "Digits", cost=1.5)
def run_together(digits: str) -> Clock | None:
    """1030, 0930; but 2026 is a year rather."""
    if len(digits) != 4 or digits.startswith(_CENTURIES):
        return None
    return clock(int(digits[:2]), int(digits[2:]), sure=True if digits[0] == "0" else None)


@rule("clock", "Figures")
def in_figures(at: Clock) -> Clock:
    return at


@rule("clock", "Digits ~dot ~Digits h", cost=0.3)
def with_dot_and_h(hour: str, minute: str) -> Clock | None:
    return with_dot(hour, minute)


@rule("clock", "Digits ~comma ~Digits oclock")
def with_comma(hour: str, minute: str) -> Clock | None:
    """German *8,30 Uhr*; smaller numbers may be hours, too."""
    return with_dot(hour, minute) if int(minute) >= _HOURS else None


@rule("marked", "Digits ~colon ~Digits", "Digits ~h ~Digits", "Digits h")
def marked(hour: str, minute: str = "0") -> Clock | None:
    """An hour whose figures can't be a day of the month."""
    return clock(int(hour), int(minute)) if len(hour) <= 2 else None


@rule("clock", "Digits hours", cost=0.5)
def military(digits: str) -> Clock | None:
    """*0800 hours*; *1800 hours* may be a span too."""
    return clock(int(digits[:2]), int(digits[2:]), sure=True) if len(digits) == 4 else None


@rule("short_clock", "Digits")
def like_a_year(digits: str) -> Clock | None:
    """*At 2030*, *2015 pm*."""
    if len(digits) != 4 or not digits.startswith(_CENTURIES) or int(digits) % 5:
        return None  # 2027 is the year
    return clock(int(digits[:2]), int(digits[2:]))


@rule("bare", "Int")
def bare_hour(hour: int) -> Clock | None:
    return clock(hour) if hour <= 24 else None


@rule("lone_hour", "Bare")
def lone_hour(at: Clock) -> Clock | None:
    """*Monday 9*: an hour that nothing marks as one; not all languages say so. *Monday 24* is no hour."""
    return at if not at.next_day else None


@rule("lone_hours", "Lone_hour and|comma Baretimes")
def lone_hours(at: Clock, rest: tuple[Clock, ...]) -> tuple[Clock, ...]:
    """*Every day 9 and 17*."""
    return (at, *rest)


def shifted(at: Clock, minutes: int) -> Clock | None:
    total = (at.hour * 60 + at.minute + minutes) % 1440
    # "quarter to one" on a dial may be 0:45 or 12:45.
    hour = total // 60
    if not at.sure and hour == 0:
        hour = 12
    return Clock(hour, total % 60, 0, at.sure)
