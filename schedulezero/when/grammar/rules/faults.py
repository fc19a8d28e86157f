"""What no time can have: *13pm*, *25:00*, *the 32nd*, *0 days*, *9 or 10*, *soon*.

These rules are tried on refused texts only, to tell what is wrong with them.
"""

from __future__ import annotations

from fractions import Fraction

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import Clock, Fault
from schedulezero.when.grammar.rules.recurring.periods import ELAPSED, LARGEST_PERIOD

RULES = Rules()
rule = RULES.rule

_HOURS, _MINUTES, _NOON = 24, 60, 12
_LARGEST_DAY = 31


# ---------------------------------------------------------------- times


@rule(
    "fault", "Digits ~colon ~Digits", "Digits ~h ~Digits", "Digits ~dot ~Digits oclock|h", "Int =oclock =Int"
)
def no_such_time(hour: str | int, minute: str | int) -> Fault | None:
    if isinstance(minute, str) and len(minute) == 1 and int(hour) <= _HOURS:
        return Fault("short_minutes")
    late = int(hour) * _MINUTES + int(minute) > _HOURS * _MINUTES
    return Fault("time") if late or int(minute) >= _MINUTES else None


@rule("fault", "Digits h", "Digits oclock", "at Int", "half_to Int")
def no_such_hour(hour: str | int) -> Fault | None:
    return Fault("time") if int(hour) > _HOURS else None


@rule("halved", "Clock")
def half_was_said(at: Clock) -> Clock | None:
    return at if at.halved else None


@rule("fault", "Int am|pm", "Int ~am_glued")
def no_such_half(hour: int) -> Fault | None:
    return None if 1 <= hour <= _NOON else Fault("half_of_day")


@rule("fault", "Open_clock|Figures am|pm", "Open_clock|Figures ~am_glued", "Halved am|pm")
def half_said_twice(at: Clock) -> Fault | None:
    if at.halved:
        return Fault("both_halves")
    return None if 1 <= at.hour <= _NOON else Fault("half_of_day")


@rule("fault", "Weekly|Period Bare dash|to|until Bare")
def how_often_between(_days: object, first: Clock, last: Clock) -> Fault | None:
    """*Weekdays 9-17*: every hour, or at both?"""
    return Fault("window") if first.hour != last.hour else None


# ---------------------------------------------------------------- days


@rule("fault", "the|the_day Int", "the|the_day? Int Month", "Month Int", "Digits ~ordinal_mark",
      "Digits ~end_dot", "the Digits ~which_mark")  # fmt: skip
def no_such_day(day: str | int, _month: int = 0) -> Fault | None:
    first, last = int(day), int(_month)
    number = last if 1 <= first <= _NOON < last else first
    return Fault("day") if number == 0 or _LARGEST_DAY < number < 1000 else None


@rule("fault", "Digits ~slash ~Digits", "Digits ~dot ~Digits ~dot", "Digits ~slash ~Digits ~slash ~Digits",
      "Digits ~dot ~Digits ~dot ~Digits", "Digits ~dash ~Digits ~dash ~Digits")  # fmt: skip
def no_such_date(first: str, second: str, third: str = "") -> Fault | None:
    day, month = int(first), int(second)
    if len(first) == 4:
        day, month = int(third or 1), month
    elif len(third) not in (0, 2, 4):
        return None
    possible = any(
        1 <= one <= _LARGEST_DAY and 1 <= other <= _NOON for one, other in ((day, month), (month, day))
    )
    return None if possible else Fault("date")


@rule("fault", "this? weekend_word", "this? weekends", "next? weekend_word", "next? weekends")
def weekend() -> Fault:
    return Fault("weekend")


# ---------------------------------------------------------------- numbers


@rule("fault", "every? Amount =Unit|Short", "in Amount =Unit|Short", "Amount times", "for Amount times")
def nothing(amount: Fraction, _unit: str = "") -> Fault | None:
    return Fault("number") if amount == 0 else None


@rule("fault", "every|apart Int =Unit")
def too_many(count: int, unit: str) -> Fault | None:
    return Fault("large") if count > LARGEST_PERIOD and unit not in ELAPSED else None


@rule("fault", "dash ~Amount =Unit|Short", "minus Amount =Unit|Short")
def less_than_nothing(_amount: Fraction, _unit: str) -> Fault:
    return Fault("number")


@rule("fault", "Int dash|alternatively Int =Unit|Short", "Int to Int =Unit")
def range_of_numbers(one: int, other: int, _unit: str) -> Fault | None:
    return Fault("range") if one < other else None


# ---------------------------------------------------------------- words


@rule("fault", "ago Span", "Span ago")
def over(_span: object) -> Fault:
    return Fault("over")


@rule("fault", "past_unit")
def past_unit() -> Fault:
    return Fault("over")


@rule("fault", "before|after|past|to_hour Clock", "before|after|past|to_hour at Bare",
      "before|after|past|to_hour Bare", "before|after|past|to_hour Day")  # fmt: skip
def open_ended(_when: object) -> Fault:
    return Fault("open_ended")


@rule("fault", "deadline Moment|Part|Span", "deadline the? Unit", "deadline at? Bare")
def deadline(_at: object) -> Fault:
    """*By Friday 5pm*, *within 2 hours*: the latest time, and not the one at which something happens."""
    return Fault("deadline")


@rule("fault", "question")
def question() -> Fault:
    return Fault("question")


@rule("fault", "vague", "all_the_time", "how_many_parts", "some_day", "every_which_weekday",
      "month_or_weekday_day")  # fmt: skip
def vague() -> Fault:
    return Fault("vague")


@rule("fault", "alternatively")
def alternatives() -> Fault:
    return Fault("alternatives")


@rule("fault", "denial")
def denial() -> Fault:
    return Fault("denial")


@rule("fault", "every other", "every Int", "every|apart|at|and|to|from|between|until|starting|for|in|except|"
      "before|after|past|the_day|half|on|after|to_hour|plus|during|per|half_to|quarter_to|the")  # fmt: skip
def unfinished(_number: int = 0) -> Fault:
    return Fault("unfinished")
