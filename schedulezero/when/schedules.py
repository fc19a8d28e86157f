"""Schedules: from an instant to the next one. Pure arithmetic, no clock, no I/O.

Wall-clock recurrences are worked out in local time and resolved to an instant once. A time that
does not exist runs once, at the first instant after the gap; one that exists twice runs once, the
first time; those that go by the clock's ticking (a star in minutes or hours) run on through both.
Those are the rules of Debian's cron(8). Elapsed intervals count real seconds from an anchor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim

from schedulezero.errors import TriggerError
from schedulezero.instants import first_instant_at_or_after, next_clock_change
from schedulezero.when.cron_fields import CronFields

INTERVAL_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_SECOND = timedelta(seconds=1)
_LONGEST = timedelta(days=366 * 100)


class Schedule(Protocol):
    """A rule that knows its instants."""

    def next_after(self, instant: datetime) -> datetime | None:
        """The first instant strictly later than ``instant`` (aware UTC), None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    """A single instant."""

    at: datetime

    def next_after(self, instant: datetime) -> datetime | None:
        return self.at if self.at > instant else None


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many real seconds, counted from an anchor that itself is not an instant."""

    period: timedelta
    anchor: datetime

    def next_after(self, instant: datetime) -> datetime | None:
        passed = (instant - self.anchor) // self.period
        return self.anchor + max(passed + 1, 1) * self.period


@dataclass(frozen=True, slots=True)
class OnFields:
    """The wall-clock times that cron fields admit, in a zone."""

    fields: CronFields
    zone: ZoneInfo

    def next_after(self, instant: datetime) -> datetime | None:
        if self.fields.runs_through:
            return self._next_ticking(instant)
        local = instant.astimezone(self.zone).replace(tzinfo=None, microsecond=0)
        while (candidate := self.fields.next_local(local)) is not None:
            resolved = first_instant_at_or_after(candidate, self.zone)
            if resolved > instant:
                return resolved
            local = candidate + _SECOND
        return None

    def _next_ticking(self, instant: datetime) -> datetime | None:
        start = instant.replace(microsecond=0) + _SECOND
        while True:
            local = start.astimezone(self.zone)
            candidate = self.fields.next_local(local.replace(tzinfo=None))
            if candidate is None:
                return None
            resolved = (candidate - (local.utcoffset() or timedelta())).replace(tzinfo=UTC)
            # The wall clock jumps somewhere before the candidate: look again from the jump on.
            change = next_clock_change(start, resolved, self.zone)
            if change is None:
                return resolved
            start = change


@dataclass(frozen=True, slots=True)
class Crontab:
    """A crontab line, exactly as crontab(5) reads it, in a zone."""

    line: str
    zone: ZoneInfo

    def next_after(self, instant: datetime) -> datetime | None:
        found = next(CronSim(self.line, instant.astimezone(self.zone)), None)
        return found.astimezone(UTC) if found is not None else None


def upcoming(schedule: Schedule, after: datetime, count: int) -> Iterator[datetime]:
    """At most ``count`` instants later than ``after``, in order."""
    current: datetime | None = after
    for _ in range(count):
        assert current is not None
        current = schedule.next_after(current)
        if current is None:
            return
        yield current


def period_of(args: Mapping[str, Any], path: str) -> timedelta:
    """The length of an interval trigger: its units, added up."""
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
