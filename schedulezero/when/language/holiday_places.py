"""Searches the countries and regions whose public holidays are known, by name or code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from babel import Locale

from schedulezero.when.calendar.holidays import regions_by_country
from schedulezero.when.grammar.core.tokens import plain
from schedulezero.when.language.zone_search import locale_in_cldr


@dataclass(frozen=True, slots=True)
class HolidayPlace:
    """A country, or a region of one.

    Attributes:
        key: Its code, such as ``DE`` or ``DE-BY``.
        name: The country's name in the person's language, and the region's own name.
    """

    key: str
    name: str

    @property
    def label(self) -> str:
        """Its name and code."""
        return f"{self.name} ({self.key})"[:100]


def search_places(typed: str, locale: str, most: int = 25) -> list[HolidayPlace]:
    """Return the places that match a text, best first: countries before their regions.

    Parameters:
        typed: A code (``DE``, ``DE-BY``), or part of the name of a country or region.
        locale: The language for the names of countries; English ones are found too.
        most: The most places to return.
    """
    wanted = _folded(typed)
    ranked = [
        (rank, len(place.key) > 2, place.name, place)
        for place, names in _places_in(locale_in_cldr(locale))
        if (rank := _rank(place.key, names, wanted)) is not None
    ]
    return [place for *_, place in sorted(ranked, key=lambda item: item[:3])][:most]


def place_named(typed: str, locale: str) -> HolidayPlace | None:
    """Return the one place with that code or name, or None if there is none or several."""
    wanted = _folded(typed)
    found = [
        place
        for place, names in _places_in(locale_in_cldr(locale))
        if _folded(place.key) == wanted or wanted in names or wanted == _folded(place.label)
    ]
    return found[0] if len(found) == 1 else None


def place_name(key: str, locale: str) -> str:
    """Return the name of a country by its code, with a region's code behind it: ``Germany (DE-BY)``."""
    names: dict[str, str] = cast(Any, Locale.parse(locale_in_cldr(locale))).territories
    country, dash, _ = key.partition("-")
    name = names.get(country, country)
    return f"{name} ({key})" if dash else name


def _rank(key: str, names: tuple[str, ...], wanted: str) -> int | None:
    if key.casefold() == wanted:
        return 0
    if any(name.startswith(wanted) for name in names):
        return 1
    if any(wanted in name for name in names) or key.casefold().startswith(wanted):
        return 2
    return None


def _folded(text: str) -> str:
    return " ".join(plain(text.casefold()).split())


@cache
def _places_in(locale: str) -> tuple[tuple[HolidayPlace, tuple[str, ...]], ...]:
    return tuple(_named(locale))


def _named(locale: str) -> Iterator[tuple[HolidayPlace, tuple[str, ...]]]:
    """Each place, with the names by which it is found."""
    own: dict[str, str] = cast(Any, Locale.parse(locale)).territories
    english: dict[str, str] = cast(Any, Locale("en")).territories
    for country, regions in regions_by_country().items():
        name, other = own.get(country, country), english.get(country, country)
        yield HolidayPlace(country, name), (_folded(name), _folded(other))
        for code, region in regions.items():
            found = (_folded(region), _folded(f"{name}, {region}"), _folded(f"{region}, {name}"))
            yield HolidayPlace(f"{country}-{code}", f"{name}, {region}"), found
