"""Public holidays by country, from the package `holidays`, a year at a time.

A place is an ISO 3166 code: a country such as ``DE``, or with a subdivision, such as ``DE-BY``.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global

MOST_KEPT = 512


class UnknownPlace(ValueError):
    """The package knows no holidays of that place."""


@lru_cache(maxsize=MOST_KEPT)
def holidays_of(place: str, year: int) -> frozenset[date]:
    """Return the public holidays of a place in a year. Raises UnknownPlace."""
    import holidays  # some 20 ms, and only schedules that leave holidays out need it

    country, _, subdivision = place.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    except NotImplementedError as error:
        raise UnknownPlace(place) from error
    return frozenset(found)


def place_of(zone: ZoneInfo) -> str | None:
    """Return the country of a zone, or None for a zone such as UTC that belongs to none."""
    country = get_global("zone_territories").get(zone.key)
    return country if isinstance(country, str) and len(country) == 2 and country != "ZZ" else None
