"""Converts triggers to schedules: the wire's ``date``, ``interval`` and ``cron``, and our own ``calendar``.

``calendar`` covers what the other three can't express; only our embedded server knows it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from schedulezero.errors import TriggerError
from schedulezero.instants import FIRST_YEAR, LAST_YEAR, first_instant_at_or_after
from schedulezero.model import Trigger
from schedulezero.when.calendar.calendar_trigger import ARGUMENTS, calendar_schedule
from schedulezero.when.calendar.cron_fields import FIELDS, parse_fields
from schedulezero.when.calendar.schedules import INTERVAL_UNITS, Every, Once, OnFields, Schedule, period_of

# Read as: a trigger of that type accepts these arguments.
_ACCEPTED = {
    "date": ("run_date", "timezone"),
    "interval": INTERVAL_UNITS,
    "cron": (*FIELDS, "timezone"),
    "calendar": ARGUMENTS,
}
TYPES = tuple(_ACCEPTED)


def schedule_of(
    trigger: Trigger, *, anchor: datetime, zone: str = "UTC", path: str = "trigger.args"
) -> Schedule:
    """Return the schedule that a trigger describes.

    Parameters:
        trigger: Type and arguments, as they came over the wire.
        anchor: The instant from which an interval counts.
        zone: The IANA zone for wall-clock times without one.
        path: Where the arguments are in the request, for the error.

    Raises TriggerError naming the field, the problem and what is valid.
    """
    accepted = _ACCEPTED.get(trigger.type)
    if accepted is None:
        raise TriggerError("trigger.type", f"{trigger.type!r} is none of: {', '.join(TYPES)}.")
    unknown = next((key for key in trigger.args if key not in accepted), None)
    if unknown is not None:
        raise TriggerError(
            f"{path}.{unknown}",
            f"The {trigger.type} trigger has no {unknown!r}; it takes {', '.join(accepted)}.",
        )
    where = zone_of(trigger.args.get("timezone") or zone, f"{path}.timezone")
    if trigger.type == "date":
        return Once(run_date(trigger.args.get("run_date"), where, f"{path}.run_date"))
    if trigger.type == "interval":
        return Every(period_of(trigger.args, path), anchor)
    if trigger.type == "cron":
        return OnFields(parse_fields(trigger.args, path), where)
    return calendar_schedule(trigger.args, where, anchor, path)


_LONGEST_ZONE = 100
_MACHINES_OWN = ("localtime", "posixrules", "factory", "right", "posix")


def zone_of(name: object, path: str = "timezone") -> ZoneInfo:
    """Return the IANA zone with that name. Raises TriggerError if there is none."""
    try:
        # ZoneInfo looks each part of a name up as a package, so a long one is not even tried.
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ZONE or not _means_the_same(name):
            raise ValueError
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError, caught below
        raise TriggerError(path, _unknown_zone(name)) from error
    except KeyError as error:
        raise TriggerError(path, _unknown_zone(name)) from error


CITY_AREAS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian",
     "Pacific")
)  # fmt: skip
"""What tzdb's names of cities begin with; *Canada/Pacific* and *US/Central* are other names of such zones."""


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all IANA zones; cached, because Python walks the file system on each call."""
    return frozenset(filter(_means_the_same, available_timezones()))


def _means_the_same(name: str) -> bool:
    """Whether a zone is the same on every machine: ``localtime`` is not, ``right/…`` counts leap seconds."""
    return name.partition("/")[0].casefold() not in _MACHINES_OWN


def run_date(value: Any, zone: ZoneInfo, path: str) -> datetime:
    """Convert Unix seconds or an ISO 8601 text to an instant; ``zone`` applies if the text has no offset."""
    try:
        if isinstance(value, bool) or value is None:
            raise ValueError
        if isinstance(value, int | float):
            instant = datetime.fromtimestamp(value, UTC)
        else:
            parsed = datetime.fromisoformat(str(value).strip())
            instant = (
                first_instant_at_or_after(parsed, zone) if parsed.tzinfo is None else parsed.astimezone(UTC)
            )
    except (ValueError, OverflowError, OSError) as error:
        raise TriggerError(
            path,
            f"{value!r} isn't a date; use Unix seconds (1767225600) or ISO 8601 (2026-01-01T09:00:00+01:00).",
        ) from error
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise TriggerError(
            path,
            f"{value!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}. Unix time counts in seconds.",
        )
    return instant


def _unknown_zone(name: object) -> str:
    return f"{name!r} is no time zone; use an IANA name such as 'Europe/Berlin' or 'UTC'."
