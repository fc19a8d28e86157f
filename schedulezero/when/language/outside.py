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
from datetime import datetime, time
from typing import Any

from schedulezero.errors import WhenError
from schedulezero.model.habits import DEFAULT_TIME
from schedulezero.said_values import said_moment

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

    def read(self, text: str, locale: str, local: datetime, day_time: time = DEFAULT_TIME) -> datetime:
        """Return the moment that a text means, naive unless the text has an offset.

        Parameters:
            text: One date.
            locale: Discord's name of the locale; its language is tried before English.
            local: The present wall-clock time at the person's place.
            day_time: When something happens on a day without a time.

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
                found = self._parse(text, language, order, local, day_time) or found
                if found is not None and _stray_number(text, found, local) is None:
                    break
        if found is None:
            raise WhenError("I don't understand “{text}”.", code="not_understood", text=text)
        if (stray := _stray_number(text, found, local)) is not None:
            raise WhenError(
                "“{stray}” in “{text}” doesn't fit what I understood ({found}).",
                code="part_not_understood",
                stray=stray,
                text=text,
                found=said_moment(found),
            )
        return found

    def _parse(
        self, text: str, language: str, order: str, local: datetime, day_time: time
    ) -> datetime | None:
        key = (text, language, order, local)
        if key not in self._known:
            cost = _CALL + len(text)
            if cost > self._left:
                raise WhenError(
                    "“{text}” contains too many dates written in words. Write dates like `2026-12-24`.",
                    code="too_many_dates_in_words",
                    text=text,
                )
            self._left -= cost
            self._known[key] = _by_dateparser(text, language, order, local, day_time)
        return self._known[key]


def _by_dateparser(text: str, language: str, order: str, local: datetime, day_time: time) -> datetime | None:
    from dateparser.conf import (
        SettingValidationError,
    )  # takes a while, and what we read ourselves needs none of it
    from dateparser.date import DateDataParser

    settings: dict[str, Any] = {
        "RELATIVE_BASE": local,
        "PREFER_DATES_FROM": "future",
        "DATE_ORDER": order,
        "RETURN_TIME_AS_PERIOD": True,
    }
    try:
        found = DateDataParser(languages=[language], settings=settings).get_date_data(text)
    except (ValueError, OverflowError, SettingValidationError):
        return None
    if found.date_obj is None or found.period in ("month", "year"):
        return None  # its day would be today's, which nobody said
    counted = found.date_obj.time() == local.time() and re.search(r"\d", text) is not None
    if found.period == "day" and not counted:
        return datetime.combine(found.date_obj.date(), day_time, found.date_obj.tzinfo)
    return found.date_obj


_SHAPES = re.compile(
    r"(?P<clock>\d{1,2}:\d{2})|(?P<date>\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{4}|\d{2}))?\b)|(?P<year>\d{4})|(?P<number>\d+)"
)
_LARGEST_DAY = 31


def _stray_number(text: str, found: datetime, local: datetime) -> str | None:
    """A number of the text that has no part in the date found, or another one than it was written as.

    A number alone is a day of the month or the length of the way to the date, and there is at most one such:
    of two, dateparser makes a day and a year.
    """
    alone = 0
    for match in _SHAPES.finditer(text):
        said = match[0]
        if match["clock"]:
            hour, minute = (int(part) for part in said.split(":"))
            right = minute == found.minute and hour % 12 == found.hour % 12
        elif match["date"]:
            numbers = [int(part) for part in re.split(r"[./-]", said)]
            right = {*numbers[:2]} == {found.day, found.month}
            right = right and (len(numbers) < 3 or numbers[2] % 100 == found.year % 100)
        elif match["year"]:
            right = int(said) == found.year
        else:
            alone += 1
            right = alone == 1 and _is_day_or_length(int(said), found, local)
        if not right:
            return said
    return None


def _is_day_or_length(number: int, found: datetime, local: datetime) -> bool:
    ahead = round((found.replace(tzinfo=None) - local).total_seconds())
    lengths = {ahead // unit for unit in (1, 60, 3600, 86_400, 604_800) if ahead % unit == 0}
    months = (found.year - local.year) * 12 + found.month - local.month
    if found.day == local.day and months > 0:
        lengths |= {months, *({months // 12} if months % 12 == 0 else ())}
    return number in lengths or (number == found.day and number <= _LARGEST_DAY)
