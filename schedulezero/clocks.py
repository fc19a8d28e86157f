"""Times of day as a locale writes them, by 12 or by 24 hours: *6:30 PM*, *18:30*. CLDR's rules, from babel.

Only what a person reads is written like this. What programs read, and what is kept, has 24 hours.

Parameters called ``locale`` are Discord's names of locales, such as ``pt-BR``. A language alone, such as
``en``, is nobody's in particular and has 24 hours.
"""

from __future__ import annotations

import re
from datetime import time
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time

_BY_12_HOURS = frozenset(("en-US", "es-419"))
"""Those locales of the languages we write in for which CLDR's short times have 12 hours."""

# Read as: a language, its whole hours, its other times. CLDR's short times have two digits there, which is
# how tables write them; schedules are sentences (the tables of `schedulezero.when.languages`), and one panel
# shows both.
_IN_SENTENCES = {
    "de": ("{hour}:00", "{hour}:{minute:02}"),
    "fr": ("{hour}\u00a0h", "{hour}\u00a0h\u00a0{minute:02}"),
    "pt": ("{hour}h", "{hour}h{minute:02}"),
}

_FIGURES = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])", re.ASCII)


@cache
def babel_locale(locale: str) -> Locale:
    """Return babel's locale for one of Discord's; British English if babel has none."""
    try:
        return Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def by_12_hours(locale: str) -> bool:
    """Return whether a schedule is told to people of a locale by 12 hours."""
    return locale in _BY_12_HOURS


def clock(at: time, locale: str) -> str:
    """Return a time of day; seconds only if there are any: *6:30 PM*, *18:30*, *18 h 30*."""
    own = _IN_SENTENCES.get(locale.partition("-")[0])
    if own is not None and not at.second:
        return own[bool(at.minute)].format(hour=at.hour, minute=at.minute)
    known = babel_locale(locale if locale != "en" else "en-GB")
    return format_time(at, "medium" if at.second else "short", locale=known)


def hour(at: time, locale: str) -> str:
    """Return an hour alone, for an axis: *6 PM*, *18*."""
    return format_skeleton("h", at, locale=babel_locale(locale)) if by_12_hours(locale) else f"{at:%H}"


def in_clocks_of(locale: str, text: str) -> str:
    """Return a text with its times of day, which have 24 hours, as people of a locale write them."""
    if not by_12_hours(locale):
        return text
    return _FIGURES.sub(lambda found: clock(time(int(found[1]), int(found[2])), locale), text)
