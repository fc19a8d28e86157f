"""Times of day: *9:30*, *half past nine*, *18h*, *5p*, *9 in the morning*."""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.chart import Rules
from schedulezero.when.grammar.pieces import Clock, Window

RULES = Rules()
rule = RULES.rule

_NOON = 12


def clock(hour: int, minute: int = 0, second: int = 0, *, sure: bool | None = None) -> Clock | None:
    """Return a time of day, or None if there is none such."""
    if not (0 <= hour <= 24 and 0 <= minute <= 59 and 0 <= second <= 59) or (
        hour == 24 and (minute or second)
    ):
        return None
    if sure is None:
        sure = not 1 <= hour <= _NOON
    return Clock(hour % 24, minute, second, sure)


# ---------------------------------------------------------------- in figures


@rule("clock", "Digits ~colon ~Digits")
def with_colon(hour: str, minute: str) -> Clock | None:
    if len(hour) > 2 or len(minute) != 2:
        return None
    return clock(int(hour), int(minute), sure=True if len(hour) == 2 and hour[0] == "0" else None)


@rule("clock", "Digits ~colon ~Digits ~colon ~Digits")
def with_seconds(hour: str, minute: str, second: str) -> Clock | None:
    if len(hour) > 2 or len(minute) != 2 or len(second) != 2:
        return None
    return clock(int(hour), int(minute), int(second))


@rule("clock", "Digits ~dot ~Digits", cost=0.3)
def with_dot(hour: str, minute: str) -> Clock | None:
    return clock(int(hour), int(minute)) if len(hour) <= 2 and len(minute) == 2 else None


@rule("hours_and_minutes", "Digits ~h ~Digits", "Digits =h =Digits")
def with_h(hour: str, minute: str) -> Clock | None:
    return clock(int(hour), int(minute)) if len(hour) <= 2 and len(minute) == 2 else None


@rule("clock", "Digits h")
def hour_with_h(hour: str) -> Clock | None:
    return clock(int(hour)) if len(hour) <= 2 and int(hour) <= _NOON else None


@rule("clock", "Digits h", cost=-0.2)
def late_hour_with_h(hour: str) -> Clock | None:
    """*18h* is hardly ever a span, other than *2h*."""
    return clock(int(hour)) if len(hour) == 2 and _NOON < int(hour) < 24 else None  # noqa: PLR2004


@rule("clock", "Digits h", cost=0.6)
def hour_24_with_h(hour: str) -> Clock | None:
    return Clock(0) if hour == "24" else None


@rule("clock", "Digits", cost=1.5)
def run_together(digits: str) -> Clock | None:
    """1030, 0930; what may be a year needs *at*."""
    if len(digits) != 4 or digits.startswith("20"):  # noqa: PLR2004
        return None
    return clock(int(digits[:2]), int(digits[2:]), sure=True if digits[0] == "0" else None)


@rule("time", "at Digits", cost=1.5)
def run_together_like_a_year(digits: str) -> Clock | None:
    return clock(int(digits[:2]), int(digits[2:])) if len(digits) == 4 and digits.startswith("20") else None


@rule("bare", "Int")
def bare_hour(hour: int) -> Clock | None:
    return clock(hour) if hour <= 24 else None  # noqa: PLR2004


@rule("lone_hour", "Bare")
def lone_hour(at: Clock) -> Clock:
    """*Monday 9*: an hour that nothing marks as one; not all languages say so."""
    return at


# ---------------------------------------------------------------- the halves of the day


@rule("clock", "Clock am", "Bare am")
def before_noon(at: Clock) -> Clock | None:
    if not 1 <= at.hour <= _NOON:
        return None
    return Clock(at.hour % 12, at.minute, at.second)


@rule("clock", "Clock pm", "Bare pm")
def after_noon(at: Clock) -> Clock | None:
    if not 1 <= at.hour <= _NOON:
        return None
    return Clock(at.hour % 12 + 12, at.minute, at.second)


@rule("clock", "Bare oclock")
def oclock(at: Clock) -> Clock | None:
    return at if not at.sure or at.hour == 0 else None


@rule("clock", "Bare oclock", cost=-0.2)
def late_oclock(at: Clock) -> Clock | None:
    """*21 o'clock* is hardly ever a span."""
    return at if at.sure and at.hour else None


@rule("clock", "Digits ~colon|dot ~Digits oclock")
def minutes_oclock(hour: str, minute: str) -> Clock | None:
    return with_colon(hour, minute)


@rule("clock", "Digits oclock")
def run_together_oclock(digits: str) -> Clock | None:
    """*1030 Uhr*, *2030 hours*."""
    return clock(int(digits[:2]), int(digits[2:])) if len(digits) == 4 else None


@rule("minute_number", "Digits", "Number")
def minute_number(value: str | int | Fraction) -> int | None:
    """Minutes behind an hour: in figures always two."""
    if isinstance(value, str):
        return int(value) if len(value) == 2 and int(value) <= 59 else None  # noqa: PLR2004
    return value if isinstance(value, int) and 1 <= value <= 59 else None  # noqa: PLR2004


@rule("clock", "noon =Minute_number")
def noon_and_minutes(minutes: int) -> Clock | None:
    """French *midi trente*."""
    return clock(_NOON, minutes, sure=True)


@rule("clock", "midnight =Minute_number")
def midnight_and_minutes(minutes: int) -> Clock | None:
    return clock(0, minutes, sure=True)


@rule("hours_and_minutes", "Int =oclock =Minute_number")
def oclock_minutes(hour: int, minutes: int) -> Clock | None:
    return clock(hour, minutes)


@rule("clock", "Hours_and_minutes")
def by_hours_and_minutes(at: Clock) -> Clock:
    """*1h30*, *2 horas 30*: where *2 horas* is a span before anything else, these are as often a time."""
    return at


@rule("clock", "Bare oclock three_quarters")
def oclock_three_quarters(at: Clock) -> Clock | None:
    return clock(at.hour, 45, sure=at.sure)


@rule("clock", "noon", "at noon")
def noon() -> Clock:
    return Clock(12)


@rule("clock", "midnight", "at midnight")
def midnight() -> Clock:
    return Clock(0)


# ---------------------------------------------------------------- spoken


@rule("half_or_quarter", "quarter", "a quarter")
@rule("minutes", "quarter", "a quarter")
def quarter() -> int:
    return 15


@rule("half_or_quarter", "half")
@rule("minutes", "half")
def half() -> int:
    return 30


@rule("half_or_quarter", "three_quarters")
@rule("minutes", "three_quarters")
def three_quarters() -> int:
    return 45


@rule("half_or_quarter", "Amount Unit")
@rule("minutes", "Amount Unit")
def so_many_minutes(amount: Fraction, unit: str) -> int | None:
    return int(amount) if unit == "minute" and amount == int(amount) and 1 <= amount <= 59 else None  # noqa: PLR2004


@rule("minutes", "Int", cost=0.4)
def bare_minutes(minutes: int) -> int | None:
    """*Ten past nine*: people say so of every five minutes only."""
    return minutes if 5 <= minutes <= 55 and minutes % 5 == 0 else None  # noqa: PLR2004


@rule("hour", "Bare oclock?", "noon", "midnight")
def spoken_hour(at: Clock | None = None) -> Clock | None:
    return at


@rule("clock", "Minutes past Hour", "Minutes past Clock")
def minutes_past(minutes: int, hour: Clock) -> Clock | None:
    return clock(hour.hour, minutes, sure=hour.sure) if not hour.minute else _shifted(hour, minutes)


@rule("clock", "Minutes to_hour Hour", "Minutes to_hour Clock", "to_hour Minutes Hour")
def minutes_to(minutes: int, hour: Clock) -> Clock | None:
    return _shifted(hour, -minutes)


@rule("clock", "Hour =and|plus =Told", "Clock =and|plus =Told", cost=0.2)
def hour_and_minutes(hour: Clock, minutes: int) -> Clock | None:
    return clock(hour.hour, minutes, sure=hour.sure) if minutes in (15, 30) else None


@rule("told", "Number", cost=0.1)
def minutes_in_words(minutes: int | Fraction) -> int | None:
    return int(minutes) if str(minutes) in _FIVES else None


@rule("told", "Half_or_quarter")
def parts_of_an_hour(minutes: int) -> int:
    return minutes


@rule("clock", "Hour =hour_and =Told", "Clock =hour_and =Told")
def hour_and_any_minutes(hour: Clock, minutes: int) -> Clock | None:
    """*Las nueve y diez* is 9:10."""
    return clock(hour.hour, minutes, sure=hour.sure) if not hour.minute else None


@rule("time", "at Hour =hour_and =Digits", cost=0.1)
def hour_and_figures(hour: Clock, minutes: str) -> Clock | None:
    """*A las 9 y 10* may be 9:10, or 9 and 10: both cost as much. *El 9 y el 10* are days."""
    return clock(hour.hour, int(minutes), sure=hour.sure) if minutes in _FIVES and not hour.minute else None


_FIVES = frozenset(str(number) for number in range(5, 60, 5))


@rule("clock", "Number Number", cost=0.3)
def two_numbers(hour: int | Fraction, minutes: int | Fraction) -> Clock | None:
    """*Siete treinta*: two words, never two figures."""
    if isinstance(hour, Fraction) or isinstance(minutes, Fraction) or hour > 24:  # noqa: PLR2004
        return None
    return clock(hour, minutes) if 10 <= minutes <= 55 and minutes % 5 == 0 else None  # noqa: PLR2004


@rule("clock", "Hour minus Minutes", "Clock minus Minutes", "Hour minus Minutes", "Clock minus Minutes")
def hour_minus_minutes(hour: Clock, minutes: int) -> Clock | None:
    return _shifted(hour, -minutes) if not hour.minute else None


@rule("clock", "half_to Hour")
def half_before(hour: Clock) -> Clock | None:
    """German *halb neun* is 8:30."""
    return _shifted(hour, -30) if not hour.minute else None


@rule("clock", "quarter_to Hour")
def quarter_towards(hour: Clock) -> Clock | None:
    """German *dreiviertel neun* is 8:45."""
    return _shifted(hour, -15) if not hour.minute else None


def _shifted(at: Clock, minutes: int) -> Clock | None:
    total = (at.hour * 60 + at.minute + minutes) % 1440
    # "quarter to one" on a dial may be 0:45 or 12:45.
    hour = total // 60
    if not at.sure and hour == 0:
        hour = 12
    return Clock(hour, total % 60, 0, at.sure)


# ---------------------------------------------------------------- with a part of the day


@rule("clock", "Clock Part", "Bare Part", "Part at? Clock", "Part at Bare")
def in_a_part(one: Clock | str, other: Clock | str) -> Clock | None:
    at, part = (one, other) if isinstance(one, Clock) else (other, one)
    assert isinstance(at, Clock) and isinstance(part, str)
    found = within(at, part)
    if found is None or part == "tonight" or (found.hour < FIRST_HOUR and part in LATE_PARTS and part is one):
        return None  # "Saturday night at 2" is on Sunday, so the part is kept until the day is known
    return None if found.hour == 0 and part == "evening" else found


@rule("clock_tonight", "Bare comma? Part")
def hour_of_tonight(at: Clock, part: str) -> Clock | None:
    """*8 tonight*: the day is said with the part, so they stay together."""
    return within(at, part) if part == "tonight" else None


@rule("each_clock", "habitual|every =Part at? Clock", "habitual|every =Part at Bare", "Clock every =Part",
      "every? Parts at? Clock", "every? Parts at Bare", "Clock every? Parts")  # fmt: skip
def in_each_part(one: Clock | str, other: Clock | str) -> Clock | None:
    """French *le soir à 20h*: each evening, or the one to come."""
    return in_a_part(one, other)


PARTS: dict[str, tuple[int, int]] = {
    "early": (3, 9), "morning": (0, 13), "noon": (11, 15), "lunch": (11, 16), "afternoon": (12, 21),
    "evening": (16, 25), "night": (18, 30), "end": (12, 24), "tonight": (16, 25),
}  # fmt: skip
"""The hours in which each part of the day may begin; above 24 is after midnight."""
LATE_PARTS = ("evening", "tonight", "night")
FIRST_HOUR = 6
"""The hour before which a time in a late part of a day lies on the next day."""


def within(at: Clock, part: str) -> Clock | None:
    """Return a time of day as one of a part of the day, or None if it lies outside of it."""
    first, last = PARTS[part]
    choices = [at] if at.sure else [at, Clock((at.hour + 12) % 24, at.minute, at.second)]
    for choice in choices:
        if any(first <= hour < last for hour in (choice.hour, choice.hour + 24)):
            return Clock(choice.hour, choice.minute, choice.second)
    return None


# ---------------------------------------------------------------- several


@rule("part_today", "this =Part", cost=0.2)
def part_of_today(part: str) -> str:
    """French *cet après-midi*: not the next one, but today's."""
    return part


@rule("at_part", "Part", "at Part")
def at_a_part(part: str) -> str:
    return part


@rule("time", "Clock", "at Clock")
def said_time(at: Clock) -> Clock:
    return at


@rule("time", "at Bare", "at Bare")
def bare_time(at: Clock) -> Clock:
    return at


@rule("clocks", "Time")
def one_time(at: Clock) -> tuple[Clock, ...]:
    return (at,)


@rule("clocks", "Time and|comma Clocks", "Time and|comma at? Baretimes", "Time comma and Clocks")
def several_times(first: Clock, rest: tuple[Clock, ...]) -> tuple[Clock, ...]:
    return (first, *rest)


@rule("clocks", "at Baretimes")
def bare_times(times: tuple[Clock, ...]) -> tuple[Clock, ...] | None:
    """*at 9 and 17 Uhr*: a list whose marker stands at one of them."""
    return times if len(times) > 1 else None


@rule("baretimes", "Bare", "Clock")
def one_bare(at: Clock) -> tuple[Clock, ...]:
    return (at,)


@rule("baretimes", "Bare and|comma Baretimes", "Clock and|comma Baretimes", "Clock and|comma at Baretimes",
      "Bare and|comma at Baretimes")  # fmt: skip
def more_bare(at: Clock, rest: tuple[Clock, ...]) -> tuple[Clock, ...]:
    return (at, *rest)


# ---------------------------------------------------------------- windows


@rule("window", "from Clock to|until|dash Clock", "from Bare to|until|dash Bare",
      "from Bare to|until|dash Clock",
      "from Clock to|until|dash Bare", "between Clock and Clock", "between Bare and Bare",
      "between Clock and Bare", "between Bare and Clock", "from at Clock to|until at? Clock",
      "Clock dash|to Clock",
      "Clock dash|to Bare", "Bare dash Clock", "between Bare and at Bare", "between Clock and at Clock",
      "from Bare to at Bare", "from Bare to at Clock")  # fmt: skip
def window(first: Clock, last: Clock) -> Window | None:
    """A range of times. What was said of one end holds for the other where only one hour makes sense."""
    ahead = (first.hour % 12, first.minute) < (last.hour % 12, last.minute)
    if not first.sure and last.sure and last.hour >= _NOON and ahead:
        first = first.later()  # "2-4pm", but not "9-5pm"
    elif (
        not last.sure
        and first.hour <= _NOON
        and (not ahead or (last.hour, last.minute) < (first.hour, first.minute))
    ):
        last = last.later()  # "9 to 5", "noon to 2"
    return Window(first, last)


@rule("window", "Bare to Clock", cost=3.5)
def window_from_a_number(first: Clock, last: Clock) -> Window | None:
    """*9 to 17:00*. A number before a word that is *to* and *at* is more often a day: *le 10 à 9h*."""
    return window(first, last)


@rule("windows", "Window")
def one_window(found: Window) -> tuple[Window, ...]:
    return (found,)


@rule("windows", "Window and|comma Windows", "Window comma and Windows")
def several_windows(found: Window, rest: tuple[Window, ...]) -> tuple[Window, ...]:
    return (found, *rest)
