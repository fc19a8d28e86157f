"""What a language's ``[say]`` holds: the words and sentences that tell a schedule."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any, cast

from schedulezero.when.calendar.feasts import MOVABLE

SENTENCES: dict[str, frozenset[str]] = {
    key: frozenset(placeholders.split())
    for key, placeholders in {
        "and": "", "last_day": "", "last_but_one_day": "", "workday": "", "first_of_month": "",
        "clock": "hour minute", "full_hour": "hour", "at": "times",
        "every_day": "", "every_days": "n", "every_workday": "",
        "every_other_week": "days", "every_weeks": "n days", "only_on": "days",
        "every_month": "days", "before_month_end": "n", "every_months": "n days",
        "every_year": "days months", "every_years": "n days months",
        "every_year_nth": "days months", "every_years_nth": "n days months", "every_feast": "feasts",
        "day_of_year": "day month", "by_clock": "every", "hourly": "minutes",
        "window": "every first last head", "once": "date", "date": "day month year",
        "starting": "date", "until": "date", "except_dates": "dates", "excepted": "date",
        "except_holidays_of": "place",
        "except_days_of_year": "days", "except_days_of_month": "days", "crontab": "line", "cron": "fields",
    }.items()
}  # fmt: skip
"""Each sentence, with the placeholders that it must have."""
BY_NUMBER: dict[str, frozenset[str]] = {
    "count": frozenset(("n",)),
    "after_feast": frozenset(("n", "feast")),
    "before_feast": frozenset(("n", "feast")),
}
"""Each pair of sentences, for one and for many; the second has these placeholders."""
LISTS: dict[str, int | None] = {
    "weekdays": 7, "weekdays_every": 7, "weekdays_on": 7, "gender": 7, "months": 12, "day_number": 31,
    "ordinals": None, "nth": None, "last": None, "last_but_one": None, "every_weekdays": None, "examples": 2,
}  # fmt: skip
"""Each list, with its length if that is always the same; those without one have an item for each gender."""
BY_LOCALE = "by_locale"
"""The section for sentences that people of one locale say differently, such as dates in ``en-US``."""
UNITS = ("second", "minute", "hour", "week")
KEYS = frozenset((*SENTENCES, *BY_NUMBER, *LISTS, "workday_gender", "every", "contractions", "feasts"))


def problems_of_saying(say: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the values of a ``[say]`` that has every key."""
    for key, wanted in SENTENCES.items():
        if not _is_sentence(say[key], wanted):
            yield f"needs a text with {_shown(wanted)} as say.{key}"
    yield from _problems_by_locale(say.get(BY_LOCALE, {}))
    for key, wanted in BY_NUMBER.items():
        if not _is_list(say[key], 2) or _placeholders(say[key][1]) != wanted:
            yield f"needs two texts as say.{key}, the second with {_shown(wanted)}"
    for key, length in LISTS.items():
        if not _is_list(say[key], length):
            yield f"needs a list{f' of {length}' if length else ''} as say.{key}"
    for section, keys in (("every", UNITS), ("feasts", MOVABLE)):
        for key in sorted(keys):
            if not _is_list(say[section].get(key), 2):
                yield f"needs two texts as say.{section}.{key}"
        for key in sorted(say[section].keys() - set(keys)):
            yield f"has say.{section}.{key}, which means nothing"


def _problems_by_locale(sections: Any) -> Iterator[str]:
    if not isinstance(sections, dict):
        yield f"needs a section for each locale in say.{BY_LOCALE}"
        return
    for locale, sentences in cast("dict[str, Any]", sections).items():
        if not isinstance(sentences, dict):
            yield f"needs sentences in say.{BY_LOCALE}.{locale}"
            continue
        for key, text in cast("dict[str, Any]", sentences).items():
            if key not in SENTENCES or not _is_sentence(text, SENTENCES[key]):
                yield f"has say.{BY_LOCALE}.{locale}.{key}, which is not a sentence with its placeholders"


def _is_sentence(value: Any, placeholders: frozenset[str]) -> bool:
    return isinstance(value, str) and _placeholders(value) == placeholders


def _is_list(value: Any, length: int | None) -> bool:
    return isinstance(value, list) and 0 < len(cast("list[object]", value)) in (
        range(1, 10) if length is None else (length,)
    )


def _shown(placeholders: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(placeholders)) or "no placeholder"


def _placeholders(text: str) -> frozenset[str] | None:
    try:
        return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:
        return None
