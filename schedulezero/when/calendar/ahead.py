"""How long before an instant: days by the clock, the rest exactly. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def ahead_of(instant: datetime, before: timedelta, zone: str) -> datetime:
    """Return the instant a span before another: days by the clock in a zone, the rest exactly."""
    days, rest = divmod(before, _DAY)
    local = instant.astimezone(ZoneInfo(zone))
    moved = (local - timedelta(days=days)).astimezone(UTC) if days else instant
    return moved - rest
