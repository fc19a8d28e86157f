"""Schedules: compute the next instant after a given one. Pure arithmetic, no clock, no I/O.

Wall-clock recurrences are computed in local time and then resolved to an instant once. A time that doesn't
exist runs once, at the first instant after the gap (times that share a gap become one run); a time that
exists twice runs once, the first time. Recurrences that run in every hour of the day continue through both.
That is cronie's rule in cron(8), "jobs that run at a specific time and jobs that run with a granularity
greater than one hour". Elapsed intervals count real seconds from an anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from schedulezero.errors import TriggerError
from schedulezero.instants import first_instant_at_or_after, next_clock_change
from schedulezero.when.calendar.cron_fields import CronFields

INTERVAL_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_SECOND = timedelta(seconds=1)
_HOURS_A_DAY = 24
_A_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=366 * 100)


class Schedule(Protocol):
    """A schedule: anything that can compute its next instant."""

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first instant strictly later than ``instant`` (aware UTC), or None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    """A single instant."""

    at: datetime

    def next_after(self, instant: datetime) -> datetime | None:
        return self.at if self.at > instant else None


@dataclass(frozen=True, slots=True)
class Every:
    """A fixed number of real seconds, counted from an anchor that isn't itself a run."""

    period: timedelta
    anchor: datetime

    def next_after(self, instant: datetime) -> datetime | None:
        passed = (instant - self.anchor) // self.period
        return self.anchor + max(passed + 1, 1) * self.period


@dataclass(frozen=True, slots=True)
class OnFields:
    """The wall-clock times that cron fields allow, in a zone."""

    fields: CronFields
    zone: ZoneInfo

    def next_after(self, instant: datetime) -> datetime | None:
        return next_in_zone(self.fields.next_local, instant, self.zone, ticks=self.fields.runs_through)


@dataclass(frozen=True, slots=True)
class Crontab:
    """A crontab line, exactly as crontab(5) reads it, in a zone."""

    line: str
    zone: ZoneInfo

    def next_after(self, instant: datetime) -> datetime | None:
        ticks = len(CronSim(self.line, _A_DAY).hours) == _HOURS_A_DAY
        return next_in_zone(self._next_local, instant, self.zone, ticks=ticks)

    def _next_local(self, start: datetime) -> datetime | None:
        return next(CronSim(self.line, start - _SECOND), None)


def next_in_zone(
    next_local: Callable[[datetime], datetime | None], instant: datetime, zone: ZoneInfo, *, ticks: bool
) -> datetime | None:
    """Return the first instant later than ``instant`` of a recurrence in local time, or None.

    Parameters:
        next_local: Returns the first naive local time at or after another.
        instant: The result is later than this.
        zone: The zone of the wall clock.
        ticks: Whether it runs in every hour, and so continues through clock changes.
    """
    if ticks:
        return _next_tick(next_local, instant, zone)
    local = instant.astimezone(zone).replace(tzinfo=None, microsecond=0)
    while (candidate := next_local(local)) is not None:
        resolved = first_instant_at_or_after(candidate, zone)
        if resolved > instant:
            return resolved
        local = candidate + _SECOND
    return None


def _next_tick(
    next_local: Callable[[datetime], datetime | None], instant: datetime, zone: ZoneInfo
) -> datetime | None:
    start = instant.replace(microsecond=0) + _SECOND
    while True:
        local = start.astimezone(zone)
        candidate = next_local(local.replace(tzinfo=None))
        if candidate is None:
            return None
        resolved = (candidate - (local.utcoffset() or timedelta())).replace(tzinfo=UTC)
        # The wall clock jumps somewhere before the candidate: look again from the jump on.
        change = next_clock_change(start, resolved, zone)
        if change is None:
            return resolved
        start = change


def upcoming(schedule: Schedule, after: datetime, count: int) -> Iterator[datetime]:
    """Yield at most ``count`` instants later than ``after``, in order."""
    current: datetime | None = after
    for _ in range(count):
        assert current is not None
        current = schedule.next_after(current)
        if current is None:
            return
        yield current


def period_of(args: Mapping[str, Any], path: str) -> timedelta:
    """Return the length of an interval trigger: the sum of its units."""
    total = timedelta()
    for unit in INTERVAL_UNITS:
        value = args.get(unit)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TriggerError(f"{path}.{unit}", f"{value!r} is no number of {unit}.")
        try:
            total += timedelta(**{unit: value})
        except (OverflowError, ValueError) as error:
            raise TriggerError(f"{path}.{unit}", f"{value!r} {unit} are more than can be counted.") from error
    if not _SECOND <= total <= _LONGEST:
        raise TriggerError(
            path,
            f"An interval is at least one second and at most a hundred years; "
            f"give at least one of: {', '.join(INTERVAL_UNITS)}.",
        )
    return total
