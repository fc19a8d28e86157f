"""Time zones that a calendar file defines itself (VTIMEZONE; RFC 5545, 3.6.5).

A definition whose offsets are those of an IANA zone over the next years means that zone, whatever its name
is, so that jobs follow a zone that is kept up to date. Any other definition is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from schedulezero.exchange.calendar_lines import Block, split_property
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import CITY_AREAS, known_zones

_CLOCK_CHANGES = frozenset(("FREQ", "INTERVAL", "UNTIL", "COUNT", "BYMONTH", "BYDAY", "BYMONTHDAY", "WKST"))
_YEARS = timedelta(days=3 * 366)
_STEP = timedelta(days=6)
_MINUTE = timedelta(minutes=1)


class Undefined(Exception):
    """A definition can't be used; the argument is a sentence that says why."""


def zone_defined(block: Block) -> tzinfo:
    """Return a zone with the rules of a VTIMEZONE. Raises Undefined if they can't be used."""
    import icalendar

    if block.fault is not None:
        raise Undefined(
            Sentence(
                "Its time zone can't be read: {fault}", "ical_zone_unreadable_because", fault=block.fault
            )
        )
    for key, _, value in map(split_property, block.lines):
        if key != "RRULE":
            continue
        parts: dict[str, str] = {}
        for part in value.upper().split(";"):
            name, _, given = part.partition("=")
            parts[name] = given
        if parts.get("FREQ") != "YEARLY" or not parts.keys() <= _CLOCK_CHANGES:
            raise Undefined(
                Sentence("The clock-change rule of its time zone isn't supported.", "ical_zone_rule")
            )
    lines = "\n".join(["BEGIN:VTIMEZONE", *block.lines, "END:VTIMEZONE", ""])
    try:
        zone: Any = cast(Any, icalendar.Timezone).from_ical(lines)
        found = cast(tzinfo, zone.to_tz(lookup_tzid=False))
        datetime(2026, 1, 1, tzinfo=found).utcoffset()
    except Exception as error:  # the parser raises many kinds
        raise Undefined(Sentence("Its time zone can't be read.", "ical_zone_unreadable")) from error
    return found


def same_zone(defined: tzinfo, now: datetime) -> str | None:
    """Return the IANA zone with the same offsets in the next three years, or None if there is none."""

    @cache  # dateutil goes through all clock changes of a zone for each offset
    def offset(at: datetime) -> timedelta | None:
        return at.astimezone(defined).utcoffset()

    wanted = [(at, offset(at)) for at in _telling(offset, now)]
    for name in _likely():
        zone = ZoneInfo(name)
        if all(at.astimezone(zone).utcoffset() == expected for at, expected in wanted):
            return name
    return None


def _telling(offset: Callable[[datetime], timedelta | None], now: datetime) -> Iterator[datetime]:
    """The instants that tell a zone from others: the last and the first minute around each clock change."""
    at, end = now.astimezone(UTC).replace(second=0, microsecond=0), now + _YEARS
    yield at
    while at < end:
        following = at + _STEP
        if offset(following) != offset(at):
            early, late = at, following
            while late - early > _MINUTE:
                middle = early + ((late - early) // 2 // _MINUTE) * _MINUTE
                if offset(middle) == offset(at):
                    early = middle
                else:
                    late = middle
            yield early
            yield late
        yield following
        at = following


@cache
def _likely() -> tuple[str, ...]:
    """The zones to compare with: those of one offset, those that represent Windows', then all cities."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    names = known_zones()
    representing = [name for name in sorted(WINDOWS_TO_OLSON.values()) if name in names]
    representing.sort(key=lambda name: name.partition("/")[0] not in ("Europe", "America"))
    cities = sorted(name for name in names if name.partition("/")[0] in CITY_AREAS)
    fixed = [name for name in (f"Etc/GMT{hours:+d}" for hours in range(-14, 13)) if name in names]
    return tuple(dict.fromkeys(["UTC", *fixed, *representing, *cities]))
