"""Public holidays by country, from the package `holidays`, a year at a time.

A place is an ISO 3166 code: a country such as ``DE``, or with a subdivision, such as ``DE-BY``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global

MOST_KEPT = 512
MOST_YEARS = 10
"""How long a schedule that falls on holidays is followed until it counts as one that never comes."""
REGION = r"[A-Z0-9]{1,3}"
PLACE = rf"[A-Z]{{2}}(-{REGION})?"


class UnknownPlace(ValueError):
    """The package knows no holidays of that place."""


@lru_cache(maxsize=MOST_KEPT)
def holidays_of(place: str, year: int) -> frozenset[date]:
    """Return the public holidays of a place in a year. Raises UnknownPlace."""
    import holidays  # with its first country a quarter of a second: see `load`

    country, _, subdivision = place.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    except NotImplementedError as error:
        raise UnknownPlace(place) from error
    return frozenset(found)


def named_holidays(place: str, year: int, language: str) -> list[tuple[date, str]]:
    """Return the public holidays of a place in a year with their names, in order.

    The names are in the language if the package has them in it, otherwise in the country's own. Raises
    UnknownPlace.

    Parameters:
        place: The place.
        year: The year.
        language: A locale such as ``de`` or ``pt-BR``.
    """
    import holidays

    country, _, subdivision = place.partition("-")
    loader: Any = getattr(holidays, country, None)
    entity: Any = loader.get_entity() if loader is not None else None
    known: tuple[str, ...] = getattr(entity, "supported_languages", ())
    wanted = language.replace("-", "_")
    short = wanted.partition("_")[0]
    chosen = next((name for name in known if name == wanted or name.partition("_")[0] == short), None)
    chosen = chosen or getattr(entity, "default_language", None)  # otherwise the machine's own decides
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=chosen)
    except NotImplementedError as error:
        raise UnknownPlace(place) from error
    return sorted((day, str(name)) for day, name in found.items())


def place_of(zone: ZoneInfo) -> str | None:
    """Return the country of a zone, or None for a zone such as UTC that belongs to none."""
    country = get_global("zone_territories").get(zone.key)
    return country if isinstance(country, str) and len(country) == 2 and country != "ZZ" else None


@cache
def regions_by_country() -> Mapping[str, Mapping[str, str]]:
    """Return the countries whose holidays are known, each with its regions by code, and their names."""
    import holidays

    found: dict[str, Mapping[str, str]] = {}
    for country, codes in sorted(holidays.list_supported_countries(include_aliases=False).items()):
        loader: Any = getattr(holidays, country)
        aliases: Mapping[str, str] = getattr(loader.get_entity(), "subdivisions_aliases", {})
        names: dict[str, str] = {}
        for name, code in aliases.items():
            names.setdefault(code, name)
        found[country] = {code: names.get(code, code) for code in codes if re.fullmatch(REGION, code)}
    return found


def load() -> None:
    """Import the package with its countries; run it in a thread at start-up, because it takes a while."""
    holidays_of("DE", date.today().year)  # noqa: DTZ011 - any year does
