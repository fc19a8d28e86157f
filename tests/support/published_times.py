"""When the published server fires a schedule, flaws included. Pure.

Without ``start_time``, an interval fires at once, and a cron takes the present UTC time for local time. Cron
fields are computed by APScheduler 3, which isn't ours, with the weekday numbers of version 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

_UNITS = ("weeks", "days", "hours", "minutes", "seconds", "microseconds")
_FIELDS = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def first_fire(trigger: Mapping[str, Any], now: datetime) -> datetime:
    """Return when a new schedule first fires; raise ValueError if the trigger is invalid."""
    kind = str(trigger.get("type", "")).lower()
    start = _instant(trigger["start_time"]) if trigger.get("start_time") is not None else now
    if kind == "date":
        if "run_date" not in trigger:
            raise ValueError("'run_date' is required for date trigger")
        return _instant(trigger["run_date"])
    if kind == "interval":
        if not interval(trigger):
            raise ValueError("interval must be positive")
        return start
    if kind == "cron":
        cron, zone = _cron(trigger)
        # The flaw: the wall clock of the start's own zone is taken for local time.
        found = cron.get_next_fire_time(None, start.replace(tzinfo=zone))
        if found is None:
            raise ValueError("the trigger never fires")
        return found
    raise ValueError(f"Unsupported trigger type: {kind!r}. Use 'date', 'interval', or 'cron'.")


def following_fire(trigger: Mapping[str, Any], last: datetime, now: datetime) -> datetime | None:
    """Return the fire after one at ``last``; those before ``now`` are passed over. None for no more."""
    kind = str(trigger["type"]).lower()
    if kind == "date":
        return None
    if kind == "interval":
        period = interval(trigger)
        return last + period * max(1, (now - last) // period + 1)
    cron, zone = _cron(trigger)
    after = max(last, now) + timedelta(seconds=1)
    return cron.get_next_fire_time(None, after.astimezone(zone))


def interval(trigger: Mapping[str, Any]) -> timedelta:
    return timedelta(**{unit: float(trigger[unit]) for unit in _UNITS if unit in trigger})


def _cron(trigger: Mapping[str, Any]) -> tuple[Any, ZoneInfo]:
    zone = ZoneInfo(str(trigger.get("timezone") or "UTC"))
    fields = {name: str(trigger[name]) for name in _FIELDS if trigger.get(name) is not None}
    if "day_of_week" in fields:
        fields["day_of_week"] = ",".join(_weekdays(part) for part in fields["day_of_week"].split(","))
    return CronTrigger(**fields, timezone=zone), zone


def _weekdays(part: str) -> str:
    """Return a part of ``day_of_week`` with names: version 3 counts from Monday, version 4 from Sunday."""
    numbers = re.fullmatch(r"(\d)(?:-(\d))?", part.strip())
    if numbers is None:
        return part
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    return ",".join(_WEEKDAYS[number % 7] for number in range(first, last + 1))


def _instant(value: Any) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    read = datetime.fromisoformat(str(value))
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
