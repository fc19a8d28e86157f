"""A trigger → one sentence, however the trigger was made."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError
from schedulezero.model import Trigger
from schedulezero.when.triggers import INTERVAL_UNITS, run_date, zone_of

_DAY_NAMES = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday",
    "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}  # fmt: skip
_SPECIAL_DAYS = {"mon-fri": "every working day", "sat,sun": "every Saturday and Sunday", "*": "every day"}


def describe(trigger: Trigger, zone: str) -> str:
    """The trigger as a sentence without its full stop, such as ``every Monday at 18:00``.

    Parameters:
        trigger: any trigger, also one that cannot be read.
        zone: the zone of wall-clock times that name none themselves.
    """
    where = str(trigger.args.get("timezone") or zone)
    try:
        if trigger.type == "date":
            instant = run_date(trigger.args.get("run_date"), zone_of(where), "run_date")
            return f"once, on {_local(instant, zone_of(zone))}"
        if trigger.type == "interval":
            return _interval(trigger)
    except TriggerError:
        return f"{trigger.type}, unreadable"
    if trigger.type == "cron":
        return _cron(trigger)
    if trigger.type == "calendar":
        return f"by the crontab line {trigger.args.get('crontab')}"
    return str(trigger.args.get("text") or trigger.type)


def _local(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(UTC).astimezone(zone)
    return f"{local.day} {local:%B %Y at %H:%M}"


def _interval(trigger: Trigger) -> str:
    parts: list[str] = []
    for unit in INTERVAL_UNITS:
        value = trigger.args.get(unit)
        if not value:
            continue
        parts.append(unit[:-1] if value == 1 else f"{value:g} {unit}")
    return f"every {' and '.join(parts)}"


def _cron(trigger: Trigger) -> str:
    args = {key: str(value).lower() for key, value in trigger.args.items() if key != "timezone"}
    hours, minute = args.get("hour", ""), args.get("minute", "0")
    known = args.keys() <= {"hour", "minute", "day_of_week", "day", "month"}
    if known and re.fullmatch(r"\d+(,\d+)*", hours) and minute.isdigit() and args.get("second", "0") == "0":
        day = _day(args)
        if day is not None:
            times = " and ".join(f"{int(hour):02d}:{int(minute):02d}" for hour in hours.split(","))
            return f"{day} at {times}"
    fields = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in args.items())
    return f"whenever {fields}"


def _day(args: dict[str, str]) -> str | None:
    if args.get("month", "*") != "*":
        return None
    day, weekday = args.get("day", "*"), args.get("day_of_week", "*")
    if day == "*":
        if weekday in _SPECIAL_DAYS:
            return _SPECIAL_DAYS[weekday]
        names = [_DAY_NAMES.get(part) for part in weekday.split(",")]
        return f"every {_and([name for name in names if name])}" if all(names) else None
    if weekday == "*" and day.isdigit():
        return f"every month on the {_ordinal(int(day))}"
    return None


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
