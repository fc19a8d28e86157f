"""Finds a zone named in the text itself: ``9am Tokyo time``, ``18:00 UTC``, ``9:00 Europe/Berlin``."""

from __future__ import annotations

import re
from functools import cache

from schedulezero.when.calendar.triggers import known_zones

_NAMED = re.compile(r"^(?P<rest>.*\S)\s+\(?(?P<zone>UTC|GMT|Z|[A-Za-z]+/[A-Za-z_/\-+0-9]+)\)?$")
_CITY = re.compile(r"^(?P<rest>.*\d\S*|.*\b(?:noon|midnight))\s+(?P<city>[^\d]+?)\s+time$", re.IGNORECASE)


def split_zone(text: str, default: str) -> tuple[str, str]:
    """Split a text into the text without its zone, and the zone; the default if it names none."""
    if (match := _NAMED.match(text)) is not None:
        name = "UTC" if match["zone"] in ("GMT", "Z") else match["zone"]
        known = _by_name().get(name.casefold())
        if known is not None:
            return match["rest"], known
    if (match := _CITY.match(text)) is not None:
        known = _by_city().get(match["city"].strip().casefold().replace(" ", "_"))
        if known is not None:
            return match["rest"], known
    return text, default


@cache
def _by_name() -> dict[str, str]:
    return {name.casefold(): name for name in known_zones()}


@cache
def _by_city() -> dict[str, str]:
    """City → zone, for zones that are called after a city; the first in order where two share one."""
    cities: dict[str, str] = {}
    for name in sorted(known_zones(), reverse=True):
        if "/" in name and not name.startswith(("Etc/", "SystemV/")):
            cities[name.rpartition("/")[2].casefold()] = name
    return cities
