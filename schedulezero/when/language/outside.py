"""Wraps dateparser, for dates in words that we don't know, and limits how much of one text it reads.

It is by far the slowest part of parsing a time: a call costs a few milliseconds, and more with each
character. A text with many commas or dates needs many calls, in up to two languages. So one `OutsideReader`
serves one text: it never gives dateparser the same text twice or a long piece, and never more than `_BUDGET`
in total.

dateparser skips what it doesn't understand, so a result is only accepted if it accounts for every number in
the text.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from schedulezero.errors import WhenError

LONGEST = 80
"""Characters of one date; longer ones are refused unread."""
_BUDGET = 240
"""Characters that are read for one text, where each call counts for `_CALL` more: some 30 ms."""
_CALL = 20


class OutsideReader:
    """dateparser on a budget, for one text and all ways to read it."""

    def __init__(self) -> None:
        self._left = _BUDGET
        self._known: dict[tuple[str, str, str, datetime], datetime | None] = {}

    def read(self, text: str, locale: str, local: datetime) -> datetime:
        """Return the moment that a text means, naive unless the text has an offset.

        Parameters:
            text: One date.
            locale: Discord's name of the locale; its language is tried before English.
            local: The present wall-clock time at the person's place.

        Raises WhenError if the text isn't a date, or if finding out would exceed the budget.
        """
        if len(text) > LONGEST:
            raise WhenError(
                "I don't understand “{text}…”. A single date has at most {longest} characters.",
                code="long_text_not_understood",
                text=text[:LONGEST],
                longest=LONGEST,
            )
        found: datetime | None = None
        # A lone short word is something that dateparser accepts by accident.
        if not re.fullmatch(r"\W*\w{1,3}\W*", text):
            order = "MDY" if locale == "en-US" else "DMY"
            for language in dict.fromkeys((locale.partition("-")[0].lower(), "en")):
                found = self._parse(text, language, order, local) or found
                if found is not None and _stray_number(text, found, local) is None:
                    break
        if found is None:
            raise WhenError("I don't understand “{text}”.", code="not_understood", text=text)
        if (stray := _stray_number(text, found, local)) is not None:
            raise WhenError(
                "The “{stray}” in “{text}” had no part in what was understood ({found}).",
                code="part_not_understood",
                stray=stray,
                text=text,
                found=f"{found:%d.%m.%Y %H:%M}",
            )
        return found

    def _parse(self, text: str, language: str, order: str, local: datetime) -> datetime | None:
        key = (text, language, order, local)
        if key not in self._known:
            cost = _CALL + len(text)
            if cost > self._left:
                raise WhenError(
                    "“{text}” has too many dates in words. Write dates like `2026-12-24`.",
                    code="too_many_dates_in_words",
                    text=text,
                )
            self._left -= cost
            self._known[key] = _by_dateparser(text, language, order, local)
        return self._known[key]


def _by_dateparser(text: str, language: str, order: str, local: datetime) -> datetime | None:
    import dateparser  # takes a while, and what we read ourselves needs none of it
    from dateparser.conf import SettingValidationError

    settings: dict[str, Any] = {"RELATIVE_BASE": local, "PREFER_DATES_FROM": "future", "DATE_ORDER": order}
    try:
        return dateparser.parse(text, languages=[language], settings=settings)
    except (ValueError, OverflowError, SettingValidationError):
        return None


def _stray_number(text: str, found: datetime, local: datetime) -> str | None:
    """A number of the text that is neither part of the date found nor the length of the way to it."""
    ahead = round(abs((found.replace(tzinfo=None) - local).total_seconds()))
    lengths = {ahead // unit for unit in (1, 60, 3600, 86_400, 604_800)}
    months = abs((found.year - local.year) * 12 + found.month - local.month)
    parts = {found.year, found.year % 100, found.month, found.day, found.hour, found.minute, found.second}
    known = parts | lengths | {found.hour % 12 or 12, months, months // 12}
    return next((number for number in re.findall(r"\d+", text) if int(number) not in known), None)
