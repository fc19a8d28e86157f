"""The times that people schedule for most often, to be picked with one tap. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from schedulezero.model.habits import Habits

_MARGIN = timedelta(minutes=5)
"""A time that is nearer than this may be over before somebody confirms it."""


class Handy(StrEnum):
    """A time that is offered."""

    HOUR = "hour"
    EVENING = "evening"
    TOMORROW = "tomorrow"
    MONDAY = "monday"


def handy_times(now: datetime, zone: str, habits: Habits | None = None) -> list[tuple[Handy, datetime]]:
    """Return the times to offer, the soonest first: all in the future, each instant once.

    Parameters:
        now: The present instant, aware.
        zone: The person's IANA zone.
        habits: When an evening and a day begin in the guild; the usual hours if None.
    """
    habits = habits or Habits()
    local = now.astimezone(ZoneInfo(zone))
    monday = 7 - local.weekday()
    wanted = [
        (Handy.HOUR, (now.astimezone(UTC) + timedelta(hours=1)).replace(microsecond=0)),
        (Handy.EVENING, _on(local, 0, habits.evening)),
        (Handy.TOMORROW, _on(local, 1, habits.day)),
        (Handy.MONDAY, _on(local, monday, habits.day)),
    ]
    found: dict[datetime, Handy] = {}
    for name, at in sorted(wanted, key=lambda item: item[1]):
        if at - now >= _MARGIN:
            found.setdefault(at, name)
    return [(name, at) for at, name in found.items()]


def _on(local: datetime, days: int, at: time) -> datetime:
    """Return the instant of a time of day; one that the clocks skip becomes the one in its place."""
    day = local.date() + timedelta(days=days)
    return datetime.combine(day, at, local.tzinfo).astimezone(UTC)
