"""Months as people type and pick them: *2027-03*, *03/2027*, *March*, *März 2027*. Pure."""

from __future__ import annotations

import re
from datetime import date

from babel.dates import get_month_names
from discord import app_commands

from cogs.desk.runs.agenda import month_title
from schedulezero import instants
from schedulezero.instants import FIRST_YEAR, LAST_YEAR
from schedulezero.when.language.say import language_of

_MOST_CHOICES = 25
_BEHIND = 3
_NUMBERS = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})|(?P<first>\d{1,2})[-/.](?P<last>\d{4})", re.ASCII
)
_NAMED = re.compile(r"(?P<name>[^\W\d_]+)\.?(?:\s+(?:de\s+)?(?P<year>\d{4}))?")


def read_month(text: str, locale: str, today: date) -> date | None:
    """Return the first day of a month that was typed; None if it can't be read.

    Parameters:
        text: what was typed, in the locale's language or in English.
        locale: the locale.
        today: a month without a year is the next one from this day, its own included.
    """
    text = " ".join(text.casefold().split())
    if (numbers := _NUMBERS.fullmatch(text)) is not None:
        return _first_day(int(numbers["year"] or numbers["last"]), int(numbers["month"] or numbers["first"]))
    named = _NAMED.fullmatch(text)
    month = _month_named(named["name"], locale) if named is not None else None
    if named is None or month is None:
        return None
    year = int(named["year"]) if named["year"] else today.year + (month < today.month)
    return _first_day(year, month)


def month_choices(typed: str, locale: str) -> list[app_commands.Choice[str]]:
    """Suggest months from some months ago on whose name begins with, or holds, what was typed."""
    now, wanted = instants.now(), typed.casefold().strip()
    found: list[app_commands.Choice[str]] = []
    for offset in range(-_BEHIND, 24):
        years, month = divmod(now.month - 1 + offset, 12)
        day = date(now.year + years, month + 1, 1)
        title, value = month_title(day, locale), f"{day:%Y-%m}"
        if wanted in title.casefold() or value.startswith(wanted):
            found.append(app_commands.Choice(name=title, value=value))
    return found[:_MOST_CHOICES]


def _first_day(year: int, month: int) -> date | None:
    if not (FIRST_YEAR < year < LAST_YEAR and 1 <= month <= 12):
        return None
    return date(year, month, 1)


def _month_named(name: str, locale: str) -> int | None:
    """Return the month with a name, or with one that begins so and no other does."""
    for language in (language_of(locale), "en"):
        names = get_month_names("wide", "stand-alone", locale=language)
        found = [number for number in range(1, 13) if names[number].casefold().startswith(name)]
        if len(found) == 1 and len(name) >= 3:
            return found[0]
    return None
