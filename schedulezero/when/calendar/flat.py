"""Reads the flat triggers of published servers, ``{"type": "interval", "hours": 1}``, as our own.

They are more lenient than ours: a type in capitals, numbers as texts, ``microseconds``, and ``start_time``
and ``end_time`` for intervals and cron fields. A trigger with such bounds becomes a ``calendar`` trigger.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schedulezero.errors import TriggerError
from schedulezero.instants import to_iso
from schedulezero.model import JsonObject, Trigger
from schedulezero.when.calendar.cron_fields import FIELDS
from schedulezero.when.calendar.schedules import INTERVAL_UNITS
from schedulezero.when.calendar.triggers import TYPES, run_date, zone_of

_PATH = "trigger"
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_BOUNDS = {"start_time": "starting", "end_time": "until"}
_MICROSECONDS = 1_000_000

# Read as: a trigger of that type takes these arguments beside its type.
_TAKES = {
    "interval": (*INTERVAL_UNITS, "microseconds", *_BOUNDS, "timezone"),
    "cron": (*FIELDS, *_BOUNDS, "timezone"),
}


def read_flat(trigger: Mapping[str, Any], zone: str) -> Trigger:
    """Return a published server's trigger as one of ours; whether it makes sense is checked later.

    Parameters:
        trigger: the type and its arguments, side by side.
        zone: the IANA zone for wall-clock times without one.

    Raises TriggerError naming the argument, the problem and what is valid.
    """
    kind = trigger.get("type")
    if not isinstance(kind, str) or kind.strip().lower() not in TYPES:
        raise TriggerError(f"{_PATH}.type", f'"type" must be one of: {", ".join(TYPES)}.')
    kind = kind.strip().lower()
    if "args" in trigger:
        raise TriggerError(
            f"{_PATH}.args",
            'The trigger\'s arguments go beside its type here, such as {"type": "date", "run_date": 0}; '
            "nested ones belong to POST /api/jobs.",
        )
    args = {key: value for key, value in trigger.items() if key != "type" and value is not None}
    takes = _TAKES.get(kind)
    if takes is None:
        return Trigger(kind, args)
    unknown = next((key for key in args if key not in takes), None)
    if unknown is not None:
        message = f"The trigger {kind!r} has no {unknown[:40]!r}; it takes {', '.join(takes)}."
        raise TriggerError(f"{_PATH}.{unknown[:40]}", message)
    where = args.pop("timezone", None)
    if where is not None:
        zone = zone_of(where, f"{_PATH}.timezone").key
    bounds = _bounds(args, zone_of(zone))
    own = {key: value for key, value in args.items() if key not in _BOUNDS}
    if kind == "interval":
        own = _units(own)
    elif where is not None:
        bounds["timezone"] = zone
    if not bounds.keys() <= {"timezone"}:
        return Trigger("calendar", {kind: own, **bounds})
    return Trigger(kind, {**own, **bounds})


def is_raised(trigger: Mapping[str, Any], read: Trigger) -> bool:
    """Return whether an interval below a second was raised to one."""
    units: Any = read.args.get("interval", read.args)
    return units == {"seconds": 1} and _total(_numbers(trigger)) < 1


def _bounds(args: Mapping[str, Any], zone: ZoneInfo) -> JsonObject:
    return {
        ours: to_iso(run_date(args[theirs], zone, f"{_PATH}.{theirs}"))
        for theirs, ours in _BOUNDS.items()
        if theirs in args
    }


def _units(args: Mapping[str, Any]) -> JsonObject:
    """Return an interval in our units. One below a second, which no job may have, becomes a second."""
    numbers = _numbers(args)
    if 0 < _total(numbers) < 1:
        return {"seconds": 1}
    micro = numbers.pop("microseconds", 0)
    if micro:
        numbers["seconds"] = numbers.get("seconds", 0) + micro / _MICROSECONDS
    return numbers


def _numbers(args: Mapping[str, Any]) -> dict[str, Any]:
    names = (*INTERVAL_UNITS, "microseconds")
    return {name: _number(args[name], name) for name in names if args.get(name) is not None}


def _number(value: Any, name: str) -> int | float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TriggerError(f"{_PATH}.{name}", f"{str(value)[:40]!r} is not a number of {name}.")
    if abs(value) > 10**15:
        raise TriggerError(f"{_PATH}.{name}", f"{str(value)[:40]} {name} are more than can be counted.")
    return value


def _total(numbers: Mapping[str, int | float]) -> float:
    """Return an interval's length in seconds."""
    return sum(value * timedelta(**{name: 1}).total_seconds() for name, value in numbers.items())
