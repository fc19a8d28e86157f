"""Searches time zones by city, country, abbreviation or offset, in the person's language.

The names are CLDR's, from babel. Lists show each zone's current time, so that people find their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, get_timezone_location

from schedulezero.clocks import clock
from schedulezero.when.calendar.triggers import CITY_AREAS, known_zones

_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_COMMON = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "America/New_York",
    "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "Africa/Johannesburg",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone with the names by which people know it.

    Attributes:
        key: Its IANA name.
        city: The city in its name.
        place: The country or place in the person's language.
    """

    key: str
    city: str
    place: str

    def label(self, now: datetime, locale: str) -> str:
        """Return its names and the current time there."""
        local = now.astimezone(ZoneInfo(self.key))
        name = self.city if self.place.casefold() in self.city.casefold() else f"{self.city}, {self.place}"
        day = format_datetime(local, "EEE", locale=locale_in_cldr(locale))
        return f"{name} · {day} {clock(local.time().replace(second=0), locale)} ({self.key})"[:100]


def search_zones(typed: str, locale: str, now: datetime, most: int = 25) -> list[Zone]:
    """Return the zones that match a text, best first; without a text, the common ones.

    Parameters:
        typed: Part of a city, country, IANA name, abbreviation (CET) or offset (+1, UTC+05:30).
        locale: The language for the names of countries.
        now: The present instant, for abbreviations and offsets.
        most: The most zones to return.
    """
    zones = _zones_in(locale_in_cldr(locale))
    wanted = typed.strip().casefold().replace("_", " ")
    if not wanted:
        return [zones[key] for key in _COMMON if key in zones][:most]
    offset = _OFFSET.fullmatch(wanted)
    ranked: list[tuple[int, str, Zone]] = []
    for zone in zones.values():
        rank = _offset_rank(zone, offset, now) if offset else _rank(zone, wanted, now)
        if rank is not None:
            ranked.append((rank, zone.key, zone))
    ranked.sort(key=lambda item: (item[0], item[1] not in _COMMON, item[1]))
    return [zone for _, _, zone in ranked[:most]]


def _rank(zone: Zone, wanted: str, now: datetime) -> int | None:
    city, place = zone.city.casefold(), zone.place.casefold()
    if city.startswith(wanted) or zone.key.casefold() == wanted:
        return 0
    if place.startswith(wanted):
        return 1
    if len(wanted) <= 5 and (now.astimezone(ZoneInfo(zone.key)).tzname() or "").casefold() == wanted:
        return 2
    if wanted in city or wanted in place or wanted in zone.key.casefold().replace("_", " "):
        return 3
    return None


def _offset_rank(zone: Zone, offset: re.Match[str], now: datetime) -> int | None:
    shift = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0)) * (-1 if offset[1] == "-" else 1)
    return 0 if now.astimezone(ZoneInfo(zone.key)).utcoffset() == shift else None


def locale_in_cldr(locale: str) -> str:
    """Return the name by which CLDR knows one of Discord's locales, or English."""
    try:
        return str(Locale.parse(locale, sep="-"))
    except (UnknownLocaleError, ValueError):
        return "en"


@cache
def _zones_in(locale: str) -> dict[str, Zone]:
    zones = {"UTC": Zone("UTC", "UTC", "UTC")}
    for key in sorted(known_zones()):
        area, slash, _ = key.partition("/")
        if slash and area in CITY_AREAS:
            city = key.rpartition("/")[2].replace("_", " ")
            zones[key] = Zone(key, city, _place(key, locale))
    return zones


def _place(key: str, locale: str) -> str:
    """The country of a zone, without the words that CLDR puts around it to say that it is a time."""
    said: str = cast(Any, get_timezone_location)(ZoneInfo(key), locale=locale)
    pattern: str = cast(Any, Locale.parse(locale)).zone_formats.get("region", "%s")
    prefix, _, suffix = pattern.partition("%s")
    # "Germany (Berlin)" where a country has several; the city stands before it anyhow.
    return said.removeprefix(prefix).removesuffix(suffix).partition(" (")[0].strip() or key
