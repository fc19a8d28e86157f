"""Days, times and lengths of time within sentences, which each reader sees as their language writes them.

Such a value is a sentence itself: its English is unambiguous everywhere, and its ``value`` is what programs
format (`cogs.formats`).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal

from schedulezero.sentences import Sentence

DAY, CLOCK, MOMENT, WEEKDAY, SPAN = "said_day", "said_clock", "said_moment", "said_weekday", "said_span"
CODES = frozenset((DAY, CLOCK, MOMENT, WEEKDAY, SPAN))

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Unit = Literal["day", "hour", "minute", "second"]

_UNITS: tuple[tuple[Unit, int], ...] = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def said_day(day: date) -> Sentence:
    """Return a day: *24 December 2026*."""
    return Sentence("{text}", DAY, text=_english_day(day), value=day.isoformat())


def said_clock(at: time) -> Sentence:
    """Return a time of day, without its seconds if there are none: *09:00*."""
    return Sentence("{text}", CLOCK, text=_english_clock(at), value=at.isoformat(timespec="seconds"))


def said_moment(local: datetime) -> Sentence:
    """Return a day and a time of day in the zone of the moment given: *24 December 2026, 09:00*."""
    bare = local.replace(tzinfo=None, microsecond=0)
    text = f"{_english_day(bare)}, {_english_clock(bare.time())}"
    return Sentence("{text}", MOMENT, text=text, value=bare.isoformat())


def said_weekday(day: date) -> Sentence:
    """Return the weekday of a day: *Thursday*."""
    return Sentence("{text}", WEEKDAY, text=_WEEKDAYS[day.weekday()], value=day.isoformat())


def said_span(length: timedelta) -> Sentence:
    """Return a length of time in its whole units, as people would type it: *1 day 2 hours*, *90 seconds*."""
    text = " ".join(f"{count:g} {unit}{'' if count == 1 else 's'}" for count, unit in units_of(length))
    return Sentence("{text}", SPAN, text=text, value=length.total_seconds())


def units_of(length: timedelta) -> list[tuple[float, Unit]]:
    """Split a length of time into days, hours, minutes and seconds, without those that are 0."""
    rest, found = abs(length.total_seconds()), list[tuple[float, Unit]]()
    for unit, size in _UNITS:
        count, rest = (rest, 0.0) if unit == "second" else (rest // size, rest % size)
        if count:
            found.append((count, unit))
    return found or [(0, "second")]


def _english_day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _english_clock(at: time) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
