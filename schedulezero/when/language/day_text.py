"""Reads a day alone, past or future, and a time of day alone: ``31 December 2027``, ``6:30 pm``."""

from __future__ import annotations

import re
from datetime import date, time

_LONGEST = 40
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIGURES = re.compile(r"(\d{1,2})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(\d{4})", re.ASCII)
_CLOCK = re.compile(
    r"([0-9]{1,2})(?:[:.h]([0-9]{2})(?::([0-9]{2}))?)?\s*(?:([ap])\.?\s?m\.?|h|uhr)?", re.IGNORECASE
)
_MONTH_FIRST = frozenset({"en-US"})
_NOON = 12


def day_of(text: str, locale: str) -> date | None:
    """Return the day that a text means, with its month and year, or None.

    Parameters:
        text: The day in figures or words, as 2027-12-31, 31.12.2027 or 31 December 2027.
        locale: Discord's name of the locale: whether 3/4/2027 begins with the month, and the words.
    """
    text = text.strip()
    if not 0 < len(text) <= _LONGEST:
        return None
    if _ISO.fullmatch(text):
        return _day(*map(int, text.split("-")))
    if match := _FIGURES.fullmatch(text):
        first, second, year = (int(part) for part in match.groups())
        day_first, month_first = _day(year, second, first), _day(year, first, second)
        if locale in _MONTH_FIRST and "." not in text:  # dots are European
            return month_first or day_first
        return day_first or month_first
    return _in_words(text, locale)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_words(text: str, locale: str) -> date | None:
    if not re.search(r"\d{4}", text):
        return None  # a year that nobody said would be a guess
    from dateparser.date import DateDataParser  # takes a while, and what is in figures needs none of it

    settings = {"STRICT_PARSING": True, "PARSERS": ["absolute-time"]}
    for language in dict.fromkeys((locale.partition("-")[0], "en")):
        try:
            found = DateDataParser(languages=[language], settings=settings).get_date_data(text).date_obj
        except (ValueError, OverflowError):
            continue
        if found is not None and str(found.year) in text and str(found.day) in text:
            return found.date()
    return None


def clock_of(text: str) -> time | None:
    """Return the time of day that a text means, such as ``18:30``, ``6:30 pm``, ``18h30`` or ``18 Uhr``."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None or not re.search(r"[^\d\s]", text):
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if match[4]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if match[4] in "pP" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        return None
