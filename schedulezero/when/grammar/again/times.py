"""At which times of the day a phrase recurs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from itertools import pairwise

from schedulezero.errors import WhenError
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.pieces import (
    NEW_YEARS_EVE,
    SMALL_HOURS,
    Clock,
    Day,
    OnDate,
    OnFeast,
    Window,
)
from schedulezero.when.grammar.once import in_part
from schedulezero.when.grammar.phrase import Phrase
from schedulezero.when.grammar.refusing import (
    at_which_times,
    ends_before_it_begins,
    on_which_days,
    on_which_side_of_midnight,
    on_which_weekday,
)
from schedulezero.when.grammar.resolving import clock_of, time_of_part
from schedulezero.when.grammar.rules.clock.parts import after_midnight
from schedulezero.when.grammar.rules.recurring.periods import ELAPSED
from schedulezero.when.grammar.said import Contradiction, Nonsense, Said

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MINUTES_A_DAY = 1440
_LONGEST_NIGHT = 720
"""Minutes of a window over midnight; *from 17 to 9* is rather a day that was said backwards."""
_SHORTEST_MONTH = 28


def fill_times(said: Said, phrase: Phrase, context: Context, text: str) -> None:
    """Put into the phrase at which times of the day it recurs."""
    times = [*said.times, *said.bare]
    if said.times and said.bare:
        raise Contradiction("times")
    if times and said.starting is not None and said.starting.at.clock not in (None, *times):
        first = said.starting.at.day
        if not isinstance(first, OnDate) or first.year is None:  # a whole date and time is one moment
            raise Nonsense("times")  # "every day at 3 from tomorrow at 9"
    part = said.parts[0] if said.parts else None
    if said.same_time:
        if times or part is not None or phrase.span or said.windows or said.minutes:
            raise Contradiction("same time")
        now = context.local.time()
        times = [Clock(now.hour, now.minute)]
    on_days = phrase.weekdays or phrase.days or phrase.positions or phrase.feasts
    late = part is not None and any(after_midnight(in_part(at, part), part) for at in times)
    if on_days and late:
        raise Nonsense("night")  # of which of two days?
    if on_days and any(at.next_day or at.by_night for at in times):
        _in_the_night(times, phrase)
    found = {clock_of(in_part(at, part)) for at in times}
    small = any(at.hour < SMALL_HOURS for at in found)
    if small and any(_is_new_years_eve(day) for day in said.days):
        raise Nonsense("night")  # before that day, or after it?
    if said.per_unit is not None:
        _so_many(said, phrase, found, text)
    windows = [_window(item) for item in said.windows]
    if any(first > last for first, last in windows):
        _over_midnight(windows, said, phrase, text)
    elif len(windows) > 1:
        if found or said.by_clock or _overlap(windows):
            raise Contradiction("windows")
        found = _steps(windows, phrase)
    elif windows:
        phrase.window = windows[0]
        if timedelta(minutes=_minutes(windows[0][1]) - _minutes(windows[0][0])) < phrase.span:
            raise Contradiction("windows")  # "every 3 hours from 9 to 10"
    if said.minutes:
        if found or (phrase.span and phrase.span != timedelta(hours=1)):
            raise Contradiction("minutes")
        first, last = phrase.window or (time.min, time(23, 59))
        phrase.window, phrase.span = None, timedelta()
        phrase.unit = phrase.unit or (None if phrase.weekdays or phrase.days or phrase.positions else "day")
        found = {
            time(hour, minute)
            for hour in range(24)
            for minute in said.minutes
            if first <= time(hour, minute) <= last
        }
    if not found and part is not None and not phrase.span:
        found = {time_of_part(part, context)}
    elif part is not None and not times:
        raise Contradiction("part")
    phrase.times |= found


def _in_the_night(times: Sequence[Clock], phrase: Phrase) -> None:
    """*Every Friday at midnight*: each Friday at 0:00, or each Saturday, which is asked; 24:00 is Saturday.

    Raises Nonsense where only one of the two could be told: *the first Monday of the month at midnight*.
    """
    counted = phrase.unit == "day" and phrase.every > 1
    movable = not (phrase.positions or phrase.feasts or phrase.excluded or phrase.holidays or counted)
    if not movable or len(times) > 1 or not all(1 <= day <= _SHORTEST_MONTH - 1 for day in phrase.days):
        raise Nonsense("night")
    if not times[0].next_day:
        return
    phrase.weekdays = {(day + 1) % 7 for day in phrase.weekdays}
    phrase.days = {day + 1 for day in phrase.days}
    if phrase.starting is not None and phrase.starting[1] is None:
        phrase.starting = phrase.starting[0] + _DAY, None
    if phrase.until is not None and phrase.until[1] is None:
        phrase.until = phrase.until[0] + _DAY, None


def _is_new_years_eve(day: Day) -> bool:
    return isinstance(day, OnFeast) and (day.name, day.shift) == (NEW_YEARS_EVE, 0)


def in_bare_hours(window: Window) -> bool:
    """Whether a range is of two numbers alone, without a half of the day or minutes."""
    return not (window.first.sure or window.last.halved or window.last.minute)


def _window(window: Window) -> tuple[time, time]:
    first, last = clock_of(window.first), clock_of(window.last)
    if first == last:
        raise WhenError(ends_before_it_begins(first, last))
    return first, last


def _over_midnight(windows: Sequence[tuple[time, time]], said: Said, phrase: Phrase, text: str) -> None:
    """*Every hour from 22 to 2*: of every night. Of one night, half would be on another day than was said."""
    ((first, last),) = windows[:1]
    named = phrase.weekdays or phrase.days or phrase.positions or phrase.feasts or phrase.months
    bounded = phrase.starting or phrase.until or phrase.lasting or said.left_out
    if (_minutes(last) - _minutes(first)) % _MINUTES_A_DAY > _LONGEST_NIGHT:
        raise WhenError(ends_before_it_begins(first, last))
    if named or bounded or len(windows) > 1 or phrase.every > 1 or phrase.unit not in (None, "day"):
        raise WhenError(on_which_side_of_midnight(text))
    step = int(phrase.span.total_seconds()) // 60
    if said.minutes or said.by_clock or phrase.span % _MINUTE or not 1 <= step < _MINUTES_A_DAY:
        raise Contradiction("windows")
    begin, end = _minutes(first), _minutes(last) + _MINUTES_A_DAY
    every = [minute % _MINUTES_A_DAY for minute in range(begin, end + 1, step)]
    phrase.times |= {time(minute // 60, minute % 60) for minute in every}
    phrase.span, phrase.unit = timedelta(), "day"


def _overlap(windows: Sequence[tuple[time, time]]) -> bool:
    """Whether one window begins before another one ends: *from 9 to 14 and from 12 to 18*."""
    by_time = sorted(windows)
    return any(after[0] < before[1] for before, after in pairwise(by_time))


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _steps(windows: Sequence[tuple[time, time]], phrase: Phrase) -> set[time]:
    """The times of a step within several windows, each counted from its own beginning."""
    step = int(phrase.span.total_seconds()) // 60
    if not 1 <= step < _MINUTES_A_DAY or phrase.span.total_seconds() % 60:
        raise Contradiction("windows")
    found: set[time] = set()
    for first, last in windows:
        minutes = range(first.hour * 60 + first.minute, last.hour * 60 + last.minute + 1, step)
        found |= {time(minute // 60, minute % 60) for minute in minutes}
    phrase.span = timedelta()
    phrase.unit = phrase.unit or (None if phrase.weekdays or phrase.days or phrase.positions else "day")
    return found


def _so_many(said: Said, phrase: Phrase, times: set[time], text: str) -> None:
    per = said.per_unit
    assert per is not None
    if per.unit in ELAPSED:
        raise Contradiction("per")  # "twice a minute on the 10th"
    if per.unit == "day":
        named = len(times) or 1
    elif per.unit == "week":
        named = len(phrase.weekdays)
    else:
        named = len(phrase.days) + len(phrase.positions) + len(phrase.feasts)
    if named != per.count:
        if per.unit == "week" and not named and per.count <= 7:
            raise WhenError(on_which_days(text) if per.count > 1 else on_which_weekday(text))
        if named or per.count > 1:  # else it is asked for its day like "every month"
            raise WhenError(at_which_times(text))
    if phrase.unit is None:
        phrase.unit = per.unit
