"""Finds how close together two runs of a schedule can be. Pure.

It looks at the instants themselves, because a rare schedule can still be dense: a cron line that fires at
9:00 and 9:01 runs twice a day, one minute apart.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from schedulezero.when.calendar.rule import Bounded, Rule
from schedulezero.when.calendar.schedules import Crontab, Every, Once, OnFields, Schedule

_MOST_STEPS = 200
_MOST_STEPS_A_DAY = 1500
_DAY = timedelta(hours=25)
_HORIZON = timedelta(days=2 * 366)
_MINUTE = timedelta(minutes=1)


def gap_below(schedule: Schedule, after: datetime, wanted: timedelta) -> timedelta | None:
    """Return a time between two consecutive runs that is shorter than ``wanted``, or None if there is none.

    This checks the first 200 runs and the whole first day, within two years of the first run. That finds gaps
    between a rule's times of day; the limit on runs per minute covers the rest.

    Parameters:
        schedule: The schedule to check.
        after: Only runs later than this instant count.
        wanted: The shortest time allowed.
    """
    base = schedule.base if isinstance(schedule, Bounded) else schedule
    if isinstance(base, Once) or (isinstance(base, Every) and base.period >= wanted):
        return None
    if wanted <= _MINUTE and _at_one_second(base):
        return None
    if isinstance(base, Rule) and len(base.times) > 2:
        return _gap_of_times(schedule, base, after, wanted)
    return _walk(schedule, after, wanted)


def _walk(schedule: Schedule, after: datetime, wanted: timedelta) -> timedelta | None:
    first = last = schedule.next_after(after)
    if first is None or last is None:
        return None
    for step in range(_MOST_STEPS_A_DAY):
        found = schedule.next_after(last)
        if found is None or found - first > _HORIZON:
            return None
        if found - last < wanted:
            return found - last
        if step >= _MOST_STEPS and found - first > _DAY:
            return None
        last = found
    return None


def _at_one_second(base: Schedule) -> bool:
    """Whether all of its wall-clock times have the same second, so that none are less than a minute apart."""
    if isinstance(base, Rule):
        return len({moment.second for moment in base.times}) <= 1
    if isinstance(base, Crontab):
        return len(base.line.split()) == 5
    return isinstance(base, OnFields) and base.fields.at_one_second


def _gap_of_times(schedule: Schedule, rule: Rule, after: datetime, wanted: timedelta) -> timedelta | None:
    """The same for a rule of many times a day: between those, and from the last one to the next day's."""
    lengths = [
        timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second) for moment in rule.times
    ]
    nearest = min(later - earlier for earlier, later in pairwise(lengths))
    if nearest < wanted and _walk(schedule, after, wanted) is not None:
        return nearest
    ends = replace(rule, times=(rule.times[0], rule.times[-1]))
    bounded = replace(schedule, base=ends, count=None) if isinstance(schedule, Bounded) else ends
    return _walk(bounded, after, wanted)
