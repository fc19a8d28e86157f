"""The names of zones in a text: IANA names, cities, abbreviations and offsets.

An abbreviation may belong to several zones (CST is in Chicago, Shanghai and Havana). It is read as the
person's own zone if that is one of them; otherwise each is a reading, and the person chooses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from schedulezero.when.calendar.triggers import CITY_AREAS, known_zones
from schedulezero.when.grammar.core.chart import Item
from schedulezero.when.grammar.core.tokens import Token, plain

ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "utc": ("UTC",), "gmt": ("UTC",), "zulu": ("UTC",),
    "cet": ("Europe/Berlin",), "cest": ("Europe/Berlin",), "mez": ("Europe/Berlin",),
    "mesz": ("Europe/Berlin",),
    "wet": ("Europe/Lisbon",), "west": ("Europe/Lisbon",), "eet": ("Europe/Athens",),
    "eest": ("Europe/Athens",),
    "msk": ("Europe/Moscow",), "bst": ("Europe/London", "Asia/Dhaka"),
    "ist": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "est": ("America/New_York",), "edt": ("America/New_York",), "et": ("America/New_York",),
    "cst": ("America/Chicago", "Asia/Shanghai", "America/Havana"),
    "cdt": ("America/Chicago", "America/Havana"),
    "ct": ("America/Chicago",), "mst": ("America/Denver",), "mdt": ("America/Denver",),
    "mt": ("America/Denver",),
    "pst": ("America/Los_Angeles", "Asia/Manila"), "pdt": ("America/Los_Angeles",),
    "pt": ("America/Los_Angeles",),
    "akst": ("America/Anchorage",), "hst": ("Pacific/Honolulu",), "brt": ("America/Sao_Paulo",),
    "art": ("America/Argentina/Buenos_Aires",), "clt": ("America/Santiago",), "cot": ("America/Bogota",),
    "jst": ("Asia/Tokyo",), "kst": ("Asia/Seoul",), "hkt": ("Asia/Hong_Kong",), "sgt": ("Asia/Singapore",),
    "pht": ("Asia/Manila",), "wib": ("Asia/Jakarta",), "aest": ("Australia/Sydney",),
    "aedt": ("Australia/Sydney",),
    "acst": ("Australia/Adelaide",), "awst": ("Australia/Perth",), "nzst": ("Pacific/Auckland",),
    "nzdt": ("Pacific/Auckland",), "sast": ("Africa/Johannesburg",), "cat": ("Africa/Harare",),
    "eat": ("Africa/Nairobi",), "wat": ("Africa/Lagos",), "gst": ("Asia/Dubai",), "pkt": ("Asia/Karachi",),
    "trt": ("Europe/Istanbul",),
}  # fmt: skip
_AMBIGUOUS_WORDS = frozenset(
    ("et", "mt", "ct", "pt", "art", "cat", "eat", "wat", "west", "ist", "cot", "wet", "bst")
)
"""Abbreviations that are words of some language too: read only in capitals."""
_UNEVEN = {
    "+3:30": "Asia/Tehran", "+4:30": "Asia/Kabul", "+5:30": "Asia/Kolkata", "+5:45": "Asia/Kathmandu",
    "+6:30": "Asia/Yangon", "+8:45": "Australia/Eucla", "+9:30": "Australia/Darwin",
    "-9:30": "Pacific/Marquesas",
}  # fmt: skip
"""Offsets that aren't whole hours, each with a zone that has it all year: tzdb has no names for them."""
_LONGEST_CITY = 4
_ELSEWHERE_TOO = frozenset(
    (
        "act", "casey", "center", "cocos", "continental", "cordoba", "creston", "davis", "dawson", "east",
        "general", "hebron", "johnston", "knox", "la_rioja", "marengo", "merida", "monticello", "nome",
        "norfolk", "north", "oral", "palmer", "petersburg", "resolute", "salta", "san_juan", "san_luis",
        "santa_isabel", "south", "stanley", "troll", "victoria", "vincennes", "virgin", "wake", "west",
    )
)  # fmt: skip
"""Names of zones that are words, or of better known places too: read only beside a word for *time*."""
_FEASTS = frozenset(("christmas", "easter"))
"""Islands that are called after feasts: read by their full names only."""


def is_zone_word(word: str) -> bool:
    """Return whether a word is part of a zone's name, so that it isn't taken for a typing error."""
    return word in ABBREVIATIONS or plain(word) in _name_parts()


@cache
def _name_parts() -> frozenset[str]:
    return frozenset(part for name in known_zones() for part in re.split(r"[^a-z]+", plain(name.casefold())))


def zone_items(text: str, tokens: Sequence[Token], position: int) -> list[Item]:
    """Return the items of zones whose name begins at a token.

    Parameters:
        text: The normalized text, for the capitals of a name.
        tokens: Its tokens.
        position: The token.
    """
    found: list[Item] = []
    token = tokens[position]
    if not token.is_word:
        return found
    typed = text[token.start : token.end]
    names = ABBREVIATIONS.get(token.text)
    if names is not None and (token.text not in _AMBIGUOUS_WORDS or typed.isupper()):
        found += _with_offset(tokens, position, names)
    if typed == "Z":
        found.append(Item("zone_name", ("UTC",), position + 1))
    end = _iana_end(tokens, position)
    if end is not None:
        name = _by_name().get(text[token.start : tokens[end - 1].end].casefold())
        if name is not None:
            found.append(Item("zone_name", (name,), end))
    for length in range(1, _LONGEST_CITY + 1):
        if position + length > len(tokens) or not all(
            item.is_word for item in tokens[position : position + length]
        ):
            break
        city = "_".join(plain(item.text) for item in tokens[position : position + length])
        if city in _by_city() and city not in _FEASTS:
            found.append(Item("city", (_by_city()[city],), position + length))
            if city not in _ELSEWHERE_TOO:
                found.append(Item("lone_city", (_by_city()[city],), position + length))
    return found


def _with_offset(tokens: Sequence[Token], position: int, names: tuple[str, ...]) -> list[Item]:
    """The zone, and with an offset behind it: *UTC+2*, *GMT-03:00*."""
    found = [Item("zone_name", names, position + 1)]
    rest = tokens[position + 1 : position + 5]
    if names != ("UTC",) or len(rest) < 2 or rest[0].text not in "+-" or not rest[1].is_number:
        return found
    hours, end = int(rest[1].text), position + 3
    if len(rest) == 4 and rest[2].text == ":" and rest[3].is_number and rest[3].glued:
        end = position + 5
        if rest[3].text != "00":
            zone = _UNEVEN.get(f"{rest[0].text}{hours}:{rest[3].text}")
            return [Item("zone_name", (zone,), end)] if zone is not None else found
    if hours <= 14:
        sign = "-" if rest[0].text == "+" else "+"  # POSIX counts the other way round
        found = [Item("zone_name", (f"Etc/GMT{sign}{hours}" if hours else "UTC",), end)]
    return found


def _iana_end(tokens: Sequence[Token], position: int) -> int | None:
    """The token behind a name such as ``America/Argentina/Buenos_Aires``, or None."""
    end = position + 1
    while end + 1 < len(tokens) and tokens[end].text in "/_-" and tokens[end].glued and tokens[end + 1].glued:
        end += 2
    return end if end > position + 1 else None


@cache
def _by_name() -> dict[str, str]:
    return {re.sub(r"\s", "_", name.casefold()): name for name in known_zones()}


@cache
def _by_city() -> dict[str, str]:
    """City to zone, for zones that are called after a city; the first in order where two share one."""
    cities: dict[str, str] = {}
    for name in sorted(known_zones(), reverse=True):
        if name.partition("/")[0] in CITY_AREAS and "/" in name:
            cities[plain(name.rpartition("/")[2].casefold())] = name
    return cities
