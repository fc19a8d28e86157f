"""What a language's ``[say]`` holds: the words and sentences that tell a schedule."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from schedulezero.when.calendar.feasts import NAMES as FEASTS

SENTENCES: dict[str, frozenset[str]] = {
    key: frozenset(placeholders.split())
    for key, placeholders in {
        "and": "", "last_day": "", "workday": "", "day_word": "", "every_day": "", "every_workday": "",
        "every_one": "unit", "every_many": "n unit", "every_days": "n",
        "every_weekdays": "days", "every_other_week": "days", "every_weeks": "n days", "only_on": "days",
        "every_month": "days", "every_months": "n days",
        "every_year": "days months", "every_years": "n days months", "every_feast": "feasts",
        "by_clock": "every", "window": "every first last head", "at": "times", "once": "date",
        "date": "day month year", "date_time": "day month year time",
        "starting": "date", "until": "date", "count": "n", "except": "dates",
        "except_holidays": "", "except_holidays_of": "place",
        "nth": "n", "crontab": "line", "cron": "fields",
    }.items()
}  # fmt: skip
"""Each sentence, with the placeholders that it must have."""
LISTS: dict[str, int | None] = {
    "weekdays": 7, "months": 12, "day_number": 31, "gender": 7, "last": None, "last_but_one": None,
    "ordinals": None, "examples": None,
}  # fmt: skip
"""Each list, with its length if that is always the same."""
UNITS = ("second", "minute", "hour", "day", "week")
KEYS = frozenset((*SENTENCES, *LISTS, "units", "workday_gender", "feasts"))


def problems_of_saying(say: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the values of a ``[say]`` that has every key."""
    for key, wanted in SENTENCES.items():
        if not isinstance(say[key], str) or _placeholders(say[key]) != wanted:
            shown = ", ".join(f"{{{name}}}" for name in sorted(wanted)) or "no placeholder"
            yield f"needs a text with {shown} as say.{key}"
    for key, length in LISTS.items():
        if not isinstance(say[key], list) or not say[key] or len(say[key]) != (length or len(say[key])):
            yield f"needs a list{f' of {length}' if length else ''} as say.{key}"
    for unit in UNITS:
        if len(say["units"].get(unit, ())) != 2:
            yield f"needs the singular and the plural as say.units.{unit}"
    for name in FEASTS:
        if not isinstance(say["feasts"].get(name, ""), str):
            yield f"needs a text as say.feasts.{name}"


def _placeholders(text: str) -> frozenset[str] | None:
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:
        return None
