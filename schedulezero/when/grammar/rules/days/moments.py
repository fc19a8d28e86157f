"""Days together with a time: *tomorrow at 9*, *Friday night*, *the end of tomorrow*."""

from __future__ import annotations

from typing import cast

from schedulezero.when.grammar.core.chart import Rules
from schedulezero.when.grammar.core.pieces import (
    After,
    Clock,
    Day,
    Moment,
    Offset,
    OnDate,
    OnFeast,
    OnWeekday,
    Slashed,
    Span,
)
from schedulezero.when.grammar.rules.clock.parts import within

RULES = Rules()
rule = RULES.rule

_BOTH = 2
_NOON = 12


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
