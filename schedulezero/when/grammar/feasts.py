"""Feast days by name: the date of each in a year. Movable ones are counted from Easter."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from dateutil.easter import easter

_FIXED: dict[str, tuple[int, int]] = {
    "new_year": (1, 1), "epiphany": (1, 6), "valentine": (2, 14), "saint_patrick": (3, 17),
    "april_fools": (4, 1), "labour_day": (5, 1), "us_independence": (7, 4), "assumption": (8, 15),
    "german_unity": (10, 3), "halloween": (10, 31), "reformation": (10, 31), "all_saints": (11, 1),
    "all_souls": (11, 2), "saint_martin": (11, 11), "saint_nicholas": (12, 6), "immaculate": (12, 8),
    "christmas_eve": (12, 24), "christmas": (12, 25), "second_christmas_day": (12, 26),
    "new_years_eve": (12, 31), "bastille": (7, 14), "armistice": (11, 11), "victory_1945": (5, 8),
    "hispanic_day": (10, 12), "spain_constitution": (12, 6), "three_kings": (1, 6),
    "brazil_independence": (9, 7),
    "aparecida": (10, 12), "brazil_republic": (11, 15), "tiradentes": (4, 21), "portugal_day": (6, 10),
    "liberty_day_portugal": (4, 25), "saint_john": (6, 24), "italy_liberation": (4, 25),
    "italy_republic": (6, 2),
    "saint_stephen": (12, 26), "kings_day": (4, 27), "liberation_day_nl": (5, 5), "sinterklaas": (12, 5),
    "womens_day": (3, 8), "walpurgis": (4, 30),
}  # fmt: skip
_FROM_EASTER: dict[str, int] = {
    "weiberfastnacht": -52, "carnival_monday": -48, "shrove_tuesday": -47, "ash_wednesday": -46,
    "palm_sunday": -7, "maundy_thursday": -3, "good_friday": -2, "holy_saturday": -1, "easter": 0,
    "easter_monday": 1, "ascension": 39, "pentecost": 49, "pentecost_monday": 50, "corpus_christi": 60,
}  # fmt: skip
_BY_WEEKDAY: dict[str, tuple[int, int, int]] = {
    "us_thanksgiving": (11, 4, 3), "us_labor_day": (9, 1, 0), "us_memorial_day": (5, -1, 0),
    "mothers_day": (5, 2, 6), "advent_1": (0, 0, 0), "black_friday": (0, 0, 0),
}  # fmt: skip
"""Month, which such weekday (-1: the last), weekday; the two at the end are worked out from others."""

NAMES = frozenset((*_FIXED, *_FROM_EASTER, *_BY_WEEKDAY))


def feast_day(name: str, year: int) -> date:
    """Return the day of a feast in a year. Raises KeyError if there is no such feast."""
    if name in _FIXED:
        return date(year, *_FIXED[name])
    if name in _FROM_EASTER:
        return easter(year) + timedelta(days=_FROM_EASTER[name])
    if name == "black_friday":
        return feast_day("us_thanksgiving", year) + timedelta(days=1)
    if name == "advent_1":  # the fourth Sunday before Christmas
        eve = date(year, 12, 24)
        return eve - timedelta(days=(eve.weekday() + 1) % 7 + 21)
    month, number, weekday = _BY_WEEKDAY[name]
    length = calendar.monthrange(year, month)[1]
    if number < 0:
        last = date(year, month, length)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def is_fixed(name: str) -> tuple[int, int] | None:
    """Return the month and day of a feast that has the same date each year, or None."""
    return _FIXED.get(name)
