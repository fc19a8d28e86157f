"""Instants as text and back: an aware UTC datetime internally, ISO 8601 or Unix seconds externally."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1970, 2200
"""The years in which schedules begin, end and recur, far from the limits of date arithmetic."""
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def to_iso(instant: datetime) -> str:
    """Return an instant as ISO 8601 in UTC with a ``Z``, as in all our JSON."""
    return f"{instant.astimezone(UTC).isoformat()[:-6]}Z"


def from_iso(text: str) -> datetime:
    """Parse an ISO 8601 text with an offset into an aware UTC datetime.

    Raises ValueError if the offset is missing, or the instant is outside the years 1 to 9999 in UTC.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside the years 1 to 9999") from error


def to_microseconds(instant: datetime) -> int:
    """Return whole microseconds since 1970 in UTC: exact, ordered, the same in every database."""
    return (instant - EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Return the instant for a number of microseconds; the inverse of `to_microseconds`."""
    return EPOCH + timedelta(microseconds=value)


def first_instant_at_or_after(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the one instant for a wall-clock time, never skipped, never twice.

    A time that exists twice means its first occurrence. A time that the clocks skip means the first instant
    after the gap (the rule of Debian's cron, see ``cron(8)``).

    Parameters:
        local: a naive wall-clock time.
        zone: the IANA time zone.
    """
    before = local.replace(tzinfo=zone, fold=0)
    instant = before.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    # In a gap, fold=0 uses the offset before it and fold=1 the one after (PEP 495),
    # so the clock change lies between the two results.
    low = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return next_clock_change(low, instant, zone) or instant


def next_clock_change(after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first instant in (after, until] whose UTC offset differs from the one at ``after``.

    Exact to a second, the resolution of the zone database. Returns None if the offset at ``until`` is the
    same; the period must contain at most one change.
    """
    offset = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return None
    low, high = int(after.timestamp()), int(until.timestamp()) + (1 if until.microsecond else 0)
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def to_iso_or_none(instant: datetime | None) -> str | None:
    """Like `to_iso`, for an instant that may be None."""
    return to_iso(instant) if instant is not None else None


def from_iso_or_none(text: str | None) -> datetime | None:
    """Like `from_iso`, for a text that may be None."""
    return from_iso(text) if text is not None else None
