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
from babel.core import get_global
from babel.dates import format_datetime, get_timezone_location

from schedulezero.clocks import clock
from schedulezero.when.calendar.triggers import CITY_AREAS, known_zones
from schedulezero.when.grammar.core.tokens import plain
from schedulezero.when.grammar.zones import ABBREVIATIONS
from schedulezero.when.language.zone_places import MAIN_ZONES, PLACES, SHORT_NAMES
from schedulezero.when.language.zone_words import zone_called

_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_LABEL = re.compile(r".* · .*\((?P<key>[^()]+)\)")
_COMMON = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "America/New_York",
    "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "Africa/Johannesburg",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
_KNOWN = frozenset(zone for zones in PLACES.values() for zone in zones)
_MOST_NEAR = 7


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


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """What a text says about a zone.

    Attributes:
        zone: The IANA name of the one zone that it names, or None.
        near: Without one, some zones that it could mean.
    """

    zone: str | None
    near: tuple[Zone, ...]


def search_zones(typed: str, locale: str, now: datetime, most: int = 25) -> list[Zone]:
    """Return the zones that match a text, best first; without a text, the common ones.

    Parameters:
        typed: Part of a city, country, state, IANA name, abbreviation (CET) or offset (+1, UTC+05:30).
        locale: The language for the names of countries.
        now: The present instant, for abbreviations and offsets.
        most: The most zones to return.
    """
    language, wanted = locale_in_cldr(locale), _folded(typed)
    zones = _zones_in(language)
    if not wanted:
        return [zones[key] for key in _COMMON if key in zones][:most]
    offset = _OFFSET.fullmatch(wanted)
    meant = list[str]() if offset else _meant(wanted, language)
    names = _folded_names(language)
    ranked: list[tuple[int, str, Zone]] = []
    for zone in zones.values():
        if zone.key in meant:
            rank = meant.index(zone.key) - len(meant)
        elif offset:
            rank = _offset_rank(zone, offset, now)
        else:
            rank = _rank(zone, names[zone.key], wanted, now)
        if rank is not None:
            ranked.append((rank, zone.key, zone))
    ranked.sort(key=lambda item: (item[0], item[1] not in _COMMON, item[1]))
    return [zone for _, _, zone in ranked[:most]]


def chosen_zone(typed: str, locale: str, now: datetime) -> ZoneChoice:
    """Return the zone that a text names as a whole, or those that it could mean.

    A list of suggestions may guess, but what is saved without one must not: ``india`` is not Indianapolis,
    and a country with several zones, an offset or a part of a name is none until somebody chooses.

    Parameters:
        typed: An IANA name, city, country, state or abbreviation, however its letters are written.
        locale: The person's locale; names of places are understood in its language and in English.
        now: The present instant.
    """
    language, wanted = locale_in_cldr(locale), _folded(typed)
    if not wanted:
        return ZoneChoice(None, ())
    found = _meant(wanted, language)
    apart: dict[tuple[timedelta | None, ...], str] = {}
    for key in found:
        apart.setdefault(_rules(key, now), key)
    if len(apart) == 1:
        return ZoneChoice(found[0], ())
    zones = _zones_in(language)
    near = [zones[key] for key in apart.values() if key in zones] or search_zones(typed, locale, now)
    near.sort(key=lambda zone: _fame(zone.key))
    return ZoneChoice(None, tuple(near[:_MOST_NEAR]))


def _meant(wanted: str, locale: str) -> list[str]:
    """The zones that a whole name means, or a suggestion as it is shown, the likeliest first."""
    if (labelled := _LABEL.fullmatch(wanted)) is not None:
        wanted = labelled["key"]
    if (key := zone_called(wanted.replace(" ", "_"))) is not None and ("/" in key or key == "UTC"):
        return [key]
    if wanted in ABBREVIATIONS:
        return list(ABBREVIATIONS[wanted])
    if "," in wanted:
        return _in_place(wanted, locale)
    return _called(re.sub(r"(?<=.)(?: standard| daylight| summer)? time$", "", wanted), locale)


def _called(wanted: str, locale: str) -> list[str]:
    """The zones of a city, state or country, by its whole name."""
    found = list(PLACES.get(wanted, ()))
    for language in (locale, "en"):
        found += _named_in(language).get(wanted, ())
    return list(dict.fromkeys(found))


def _in_place(wanted: str, locale: str) -> list[str]:
    """The zones of a city and its country or state, as suggestions show them: ``Lisbon, Portugal``."""
    city, _, place = (part.strip() for part in wanted.partition(","))
    if not city or not place:
        return _called(city or place, locale)
    within = list(PLACES.get(place, ()))
    for language in (locale, "en"):
        within += _zones_of(place, language)
    if not within:
        return []
    # Of an unknown city, and of a Paris in Texas, the place alone decides.
    return [key for key in _called(city, locale) if key in within] or list(dict.fromkeys(within))


def _zones_of(place: str, locale: str) -> list[str]:
    """All zones of a country, by its name in a language, or as suggestions name it."""
    code = _countries(locale).get(place)
    by_country: dict[str, list[str]] = cast(Any, get_global)("territory_zones")
    keys = by_country.get(code, []) if code else []
    called = [key for key, (_, of) in _folded_names(locale).items() if of == place]
    return [key for key in dict.fromkeys([*keys, *called]) if key in known_zones()]


@cache
def _countries(locale: str) -> dict[str, str]:
    """The codes of countries (ISO 3166), by their names in a language."""
    territories: dict[str, str] = cast(Any, Locale.parse(locale)).territories
    return {_folded(name): code for code, name in territories.items() if len(code) == 2} | SHORT_NAMES


def _rules(key: str, now: datetime) -> tuple[timedelta | None, ...]:
    """The offsets of a zone through the coming year: zones that share them tell the same time."""
    zone = ZoneInfo(key)
    return tuple((now + timedelta(days=days)).astimezone(zone).utcoffset() for days in range(0, 366, 7))


def _rank(zone: Zone, names: tuple[str, str], wanted: str, now: datetime) -> int | None:
    city, place = names
    if city.startswith(wanted) or zone.key.casefold() == wanted:
        return 0
    if place.startswith(wanted):
        return 1
    if len(wanted) <= 5 and (now.astimezone(ZoneInfo(zone.key)).tzname() or "").casefold() == wanted:
        return 2
    if wanted in city or wanted in place or wanted in zone.key.casefold().replace("_", " "):
        return 3
    return None


def _fame(key: str) -> tuple[bool, bool]:
    """Order the zones that most people know first."""
    return key not in _COMMON, key not in _KNOWN


def _folded(text: str) -> str:
    return " ".join(plain(text.casefold().replace("_", " ")).split())


@cache
def _folded_names(locale: str) -> dict[str, tuple[str, str]]:
    """The city and the place of each zone, to compare with what is typed: once, and not at each keystroke."""
    return {key: (_folded(zone.city), _folded(zone.place)) for key, zone in _zones_in(locale).items()}


@cache
def _named_in(locale: str) -> dict[str, tuple[str, ...]]:
    """The zones of each city and country, by its name in a language."""
    found: dict[str, list[str]] = {}
    cldr = cast(Any, Locale.parse(locale))
    exemplars: dict[str, dict[str, str]] = cldr.time_zones
    by_country: dict[str, list[str]] = cast(Any, get_global)("territory_zones")
    for zone in _zones_in(locale).values():
        names = {_folded(zone.city), _folded(exemplars.get(zone.key, {}).get("city", ""))}
        for name in names - {""}:
            found.setdefault(name, []).append(zone.key)
    for name, code in _countries(locale).items():
        keys = [MAIN_ZONES[code]] if code in MAIN_ZONES else by_country.get(code, [])
        keys = sorted((key for key in keys if key in known_zones()), key=_fame)
        if keys:
            found.setdefault(name, []).extend(keys)
    return {name: tuple(keys) for name, keys in found.items()}


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
