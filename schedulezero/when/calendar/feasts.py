"""Feast days by name: the date of each in a year. Movable ones are counted from Easter."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from dateutil.easter import EASTER_ORTHODOX, easter

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
    "saint_stephen": (12, 26), "liberation_day_nl": (5, 5), "sinterklaas": (12, 5),
    "lovers_day_brazil": (6, 12), "saint_joseph": (3, 19), "childrens_day": (6, 1),
    "black_awareness": (11, 20), "portugal_republic": (10, 5), "portugal_restoration": (12, 1),
    "saint_anthony": (6, 13),
    "womens_day": (3, 8), "walpurgis": (4, 30), "juneteenth": (6, 19), "groundhog_day": (2, 2),
    "cinco_de_mayo": (5, 5), "earth_day": (4, 22), "guy_fawkes": (11, 5), "australia_day": (1, 26),
    "anzac_day": (4, 25), "canada_day": (7, 1),
    "saint_andrew": (11, 30), "saint_george": (4, 23), "saint_david": (3, 1),
    "burns_night": (1, 25), "ides_of_march": (3, 15), "candlemas": (2, 2), "holy_innocents": (12, 28),
    "three_kings_eve": (1, 5), "mothers_day_mexico": (5, 10), "music_day": (6, 21),
}  # fmt: skip
_FROM_EASTER: dict[str, int] = {
    "weiberfastnacht": -52, "carnival_monday": -48, "shrove_tuesday": -47, "ash_wednesday": -46,
    "mothers_day_britain": -21,
    "palm_sunday": -7, "maundy_thursday": -3, "good_friday": -2, "holy_saturday": -1, "easter": 0,
    "easter_monday": 1, "ascension": 39, "pentecost": 49, "pentecost_monday": 50, "trinity_sunday": 56,
    "corpus_christi": 60,
}  # fmt: skip
_FROM_ORTHODOX_EASTER: dict[str, int] = {
    "orthodox_palm_sunday": -7, "orthodox_good_friday": -2, "orthodox_holy_saturday": -1,
    "orthodox_easter": 0, "orthodox_easter_monday": 1, "orthodox_pentecost": 49,
}  # fmt: skip
_BY_WEEKDAY: dict[str, tuple[int, int, int]] = {
    "us_thanksgiving": (11, 4, 3), "us_labor_day": (9, 1, 0), "us_memorial_day": (5, -1, 0),
    "us_mlk_day": (1, 3, 0), "us_presidents_day": (2, 3, 0), "us_columbus_day": (10, 2, 0),
    "mothers_day": (5, 2, 6), "mothers_day_portugal": (5, 1, 6), "fathers_day": (6, 3, 6),
    "fathers_day_brazil": (8, 2, 6), "fathers_day_australia": (9, 1, 6),
    "prinsjesdag": (9, 3, 1), "swiss_prayer_day": (9, 3, 6),
}  # fmt: skip
"""Month, which such weekday (-1: the last), weekday."""
_FROM_THANKSGIVING: dict[str, int] = {"black_friday": 1, "cyber_monday": 4}
_FROM_ADVENT: dict[str, int] = {
    "mourning_day": -14, "repentance_day": -11, "eternity_sunday": -7,
    "advent_1": 0, "advent_2": 7, "advent_3": 14, "advent_4": 21,
}  # fmt: skip

NAMES = frozenset(
    (
        *_FIXED,
        *_FROM_EASTER,
        *_FROM_ORTHODOX_EASTER,
        *_BY_WEEKDAY,
        *_FROM_THANKSGIVING,
        *_FROM_ADVENT,
        "kings_day",
        "mothers_day_france",
    )
)

MOVABLE = NAMES - _FIXED.keys()


def feast_day(name: str, year: int) -> date:
    """Return the day of a feast in a year. Raises KeyError if there is no such feast."""
    if name in _FIXED:
        return date(year, *_FIXED[name])
    if name in _FROM_EASTER:
        return easter(year) + timedelta(days=_FROM_EASTER[name])
    if name in _FROM_ORTHODOX_EASTER:
        return easter(year, EASTER_ORTHODOX) + timedelta(days=_FROM_ORTHODOX_EASTER[name])
    if name in _FROM_THANKSGIVING:
        return feast_day("us_thanksgiving", year) + timedelta(days=_FROM_THANKSGIVING[name])
    if name in _FROM_ADVENT:  # its first Sunday is the fourth before Christmas
        eve = date(year, 12, 24)
        return eve - timedelta(days=(eve.weekday() + 1) % 7 + 21 - _FROM_ADVENT[name])
    if name == "kings_day":  # never on a Sunday
        day = date(year, 4, 27)
        return day - timedelta(days=day.weekday() == calendar.SUNDAY)
    if name == "mothers_day_france":  # the last Sunday of May, a week later if that is Pentecost
        last = date(year, 5, 31)
        last -= timedelta(days=(last.weekday() + 1) % 7)
        return last + timedelta(days=7 if last == feast_day("pentecost", year) else 0)
    month, number, weekday = _BY_WEEKDAY[name]
    length = calendar.monthrange(year, month)[1]
    if number < 0:
        last = date(year, month, length)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


_ELSEWHERE: dict[str, dict[str, str]] = {
    "mothers_day": {"GB": "mothers_day_britain", "IE": "mothers_day_britain"},
    "fathers_day": {"AU": "fathers_day_australia", "NZ": "fathers_day_australia"},
}


def feast_in(name: str, country: str | None) -> str:
    """Return the feast that a name means in a country, where it has another day there: *Mother's Day*."""
    return _ELSEWHERE.get(name, {}).get(country or "", name)


def is_fixed(name: str) -> tuple[int, int] | None:
    """Return the month and day of a feast that has the same date each year, or None."""
    return _FIXED.get(name)
