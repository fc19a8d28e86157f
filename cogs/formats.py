"""Write days, times, lengths of time and lists as a locale does; CLDR's rules, from babel.

Parameters called ``locale`` are Discord's names of locales, such as ``pt-BR``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from math import ceil, inf
from typing import Any

from babel.dates import format_date, format_timedelta, get_datetime_format
from babel.numbers import format_decimal
from babel.units import format_unit

from schedulezero.clocks import babel_locale, clock
from schedulezero.model.file_limits import MIB
from schedulezero.said_values import CLOCK, DAY, MOMENT, SPAN, WEEKDAY, Unit, units_of

__all__ = [
    "babel_locale", "clock", "clock_on_day", "day", "first_weekday", "in_quotes", "mebibytes", "moment",
    "number", "rounded_span", "said_value", "span", "weekday", "with_colon", "zone_name",
]  # fmt: skip

_FIXED_ZONE = re.compile(r"Etc/GMT([+-])(\d{1,2})")


def number(value: int, locale: str) -> str:
    """Return a whole number with the separators of its thousands: *12,000*, *12.000*."""
    return str(value) if abs(value) < 1000 else format_decimal(value, locale=babel_locale(locale))


def mebibytes(size: int, locale: str) -> str:
    """Return a size in bytes as MiB with one decimal place, rounded up: *0.2*, *0,2*.

    Rounded up, so that what exceeds a limit also reads as more.
    """
    return str(format_decimal(ceil(size / MIB * 10) / 10, format="#,##0.#", locale=babel_locale(locale)))


def first_weekday(locale: str) -> int:
    """Return the day with which weeks begin, as calendars show them; Monday is 0."""
    return babel_locale(locale).first_week_day


# Read as: a language, how it writes the first day of a month. CLDR's dates have the bare number.
_FIRSTS = {"fr": "1er", "pt": "1º"}


def day(value: date, locale: str) -> str:
    """Return a day: *24 December 2026*, *24. Dezember 2026*, *1er décembre 2026*."""
    text = format_date(value, "long", locale=babel_locale(locale))
    first = _FIRSTS.get(babel_locale(locale).language) if value.day == 1 else None
    return text.replace("1", first, 1) if first is not None and text.startswith("1 ") else text


def moment(value: datetime, locale: str) -> str:
    """Return a day and a time of day: *24 December 2026, 09:00*, *December 24, 2026, 9:00 AM*."""
    pattern = str(get_datetime_format("medium", locale=babel_locale(locale))).replace("'", "")
    return pattern.replace("{1}", day(value, locale)).replace("{0}", clock(value.time(), locale))


def weekday(value: date, locale: str) -> str:
    """Return the name of a weekday, as it is written in a sentence."""
    return format_date(value, "EEEE", locale=babel_locale(locale))


def clock_on_day(value: datetime, locale: str) -> str:
    """Return a weekday and a time of day, short: *Mon 09:00*, *Mon 9:00 AM*."""
    return f"{format_date(value, 'EEE', locale=babel_locale(locale))} {clock(value.time(), locale)}"


def span(value: timedelta, locale: str) -> str:
    """Return a length of time in its whole units: *1 day 2 hours*, *1 Tag 2 Stunden*."""
    return " ".join(_counted(count, unit, locale) for count, unit in units_of(value))


def _counted(count: float, unit: Unit, locale: str) -> str:
    if count != int(count):
        return format_unit(count, f"duration-{unit}", "long", locale=babel_locale(locale))
    # Only this way finds a day in each language; with that threshold the unit is the one asked for.
    whole = timedelta(**{f"{unit}s": int(count)})
    return format_timedelta(whole, granularity=unit, threshold=inf, locale=babel_locale(locale))


def rounded_span(value: timedelta, locale: str) -> str:
    """Return a measured length of time, rounded: *350 ms*, *2.5 sec*, *12 min*, *1.5 hr*."""
    seconds = value.total_seconds()
    if seconds < 1:
        count, unit = round(seconds * 1000), "millisecond"
    elif seconds < 90:
        count, unit = round(seconds, 1), "second"
    elif seconds < 5400:
        count, unit = round(seconds / 60), "minute"
    else:
        count, unit = round(seconds / 3600, 1), "hour"
    return format_unit(count, f"duration-{unit}", "short", locale=babel_locale(locale))


# Read as: a language, its quotation marks. CLDR's, but for Spanish as our texts have it; babel knows none.
_MARKS = {"de": "„“", "fr": ("«\u00a0", "\u00a0»"), "es": "«»"}
_SPACED_COLON = "\u00a0:"


def zone_name(key: str) -> str:
    """Name a zone for people: ``Etc/GMT-2`` is what tzdb calls UTC+2, with the sign the other way round."""
    fixed = _FIXED_ZONE.fullmatch(key)
    return f"UTC{'+' if fixed[1] == '-' else '-'}{fixed[2]}" if fixed else key


def in_quotes(text: str, locale: str) -> str:
    """Return a text in the quotation marks of a locale: *“text”*, *„text“*."""
    begin, end = _MARKS.get(babel_locale(locale).language, "“”")
    return f"{begin}{text}{end}"


def with_colon(label: str, locale: str) -> str:
    """Return a label with the colon after it, before which French has a space: *When:*, *Quand :*."""
    return f"{label}{_SPACED_COLON if babel_locale(locale).language == 'fr' else ':'}"


# Read as: a code of `schedulezero.said_values`, what reads its value, and what writes it.
_SAID: dict[str, tuple[Callable[[Any], Any], Callable[[Any, str], str]]] = {
    DAY: (date.fromisoformat, day),
    CLOCK: (time.fromisoformat, clock),
    MOMENT: (datetime.fromisoformat, moment),
    WEEKDAY: (date.fromisoformat, weekday),
    SPAN: (lambda seconds: timedelta(seconds=seconds), span),
}


def said_value(code: str, value: Any, locale: str) -> str | None:
    """Return a value of a sentence as a locale writes it; None if a peer has sent something else."""
    read, write = _SAID[code]
    try:
        return write(read(value), locale)
    except (TypeError, ValueError, OverflowError):
        return None
