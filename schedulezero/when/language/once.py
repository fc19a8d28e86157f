"""Parses a single moment as people write it: a day, a time, or both, in any language of dateparser.

This module parses what it can itself; `outside` parses the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schedulezero.errors import WhenError
from schedulezero.instants import first_instant_at_or_after
from schedulezero.when.language.grammar import DEFAULT_TIME, clock_time
from schedulezero.when.language.lexicon import Lexicon, Token
from schedulezero.when.language.outside import OutsideReader

_UNITS = {
    "s": "seconds", "sec": "seconds", "secs": "seconds", "second": "seconds", "seconds": "seconds",
    "m": "minutes", "min": "minutes", "mins": "minutes", "minute": "minutes", "minutes": "minutes",
    "h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours", "hours": "hours",
    "d": "days", "day": "days", "days": "days",
    "w": "weeks", "week": "weeks", "weeks": "weeks",
}  # fmt: skip
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_SPAN_PART = re.compile(
    rf"(\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![a-z])"
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?")
_OFFSET = re.compile(r"\s*\(?(?:utc|gmt)\s*([+-])(\d{1,2})(?::?(\d{2}))?\)?$", re.IGNORECASE)


def span_of(text: str) -> timedelta | None:
    """Parse a span like `read_span`, but also return None for two lengths of time."""
    try:
        return read_span(text)
    except WhenError:
        return None


def read_span(text: str) -> timedelta | None:
    """Parse ``2h30m``, ``10 minutes`` or ``1 day and 2 hours``; return None if the text isn't a span.

    Raises WhenError if its units don't get smaller: that is two lengths of time, not one.
    """
    total, position, smallest = timedelta(), 0, timedelta.max
    rest = text.replace(" and ", " ").replace(",", " ").strip()
    while position < len(rest):
        match = _SPAN_PART.match(rest, position)
        if match is None:
            return None
        unit = timedelta(**{_UNITS[match[2]]: 1})
        if unit >= smallest:
            raise WhenError(
                "“{text}” names two durations. Write one, such as `2 hours 30 minutes`.",
                code="two_lengths",
                text=text,
            )
        smallest = unit
        try:
            total += timedelta(**{_UNITS[match[2]]: float(_NUMBERS.get(match[1], 0) or match[1])})
        except OverflowError:
            return None
        position = match.end()
        while position < len(rest) and rest[position] == " ":
            position += 1
    return total or None


def read_moment(
    text: str, words: Lexicon, locale: str, zone: ZoneInfo, now: datetime, outside: OutsideReader
) -> datetime:
    """Return the instant that a text means. Raises WhenError, quoting the text, if it isn't a moment."""
    if re.match(r"\d{4}-\d{2}-\d{2}", text):
        try:
            parsed = datetime.fromisoformat(text)
            return parsed.astimezone(UTC) if parsed.tzinfo else first_instant_at_or_after(parsed, zone)
        except (ValueError, OverflowError):
            raise WhenError(
                "“{text}” isn't a date. ISO 8601 example: 2026-12-24T18:00.", code="not_iso_date", text=text
            ) from None
    offset = _OFFSET.search(text)
    rest = text[: offset.start()] if offset else text
    local = now.astimezone(zone).replace(tzinfo=None)
    named = _named(rest, words, local)
    if named is None:
        if any("month" in token for token in words.tokens(rest)) and not re.search(r"\d", rest):
            raise WhenError("“{text}” names a month but no day.", code="month_without_day", text=text)
        found = outside.read(text, locale, local)
        return found.astimezone(UTC) if found.tzinfo else first_instant_at_or_after(found, zone)
    if offset:
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        shift = timedelta(hours=hours, minutes=minutes) * (-1 if offset[1] == "-" else 1)
        return (named.at - shift).replace(tzinfo=UTC)
    return first_instant_at_or_after(named.at, zone)


def read_day(
    text: str, words: Lexicon, locale: str, zone: ZoneInfo, now: datetime, outside: OutsideReader
) -> tuple[date, time | None]:
    """Return the day of a bound, and its time if it has one. Raises WhenError if the text isn't a day."""
    local = now.astimezone(zone).replace(tzinfo=None)
    if (day := _slashed(text, locale, local)) is not None:
        return day, None
    named = _named(text, words, local)
    if named is not None:
        return named.at.date(), named.at.time() if named.timed else None
    timed = any(_is_time(token) for token in words.tokens(text))
    found = read_moment(text, words, locale, zone, now, outside).astimezone(zone)
    return found.date(), found.time() if timed else None


def _slashed(text: str, locale: str, local: datetime) -> date | None:
    """``24/12/2026``, ``24/12``: day and month in the order of the locale, or in the one that is possible."""
    match = _SLASHED.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    month_first = (locale == "en-US" and first <= 12) or second > 12
    day, month = (second, first) if month_first else (first, second)
    year = None if match[3] is None else int(match[3]) + (2000 if len(match[3]) == 2 else 0)
    return _dated(text, day, month, year, local)


def _is_time(token: Token) -> bool:
    return ("time" in token and not token["bare"]) or "noon" in token or "midnight" in token


@dataclass(frozen=True, slots=True)
class _Named:
    """A wall-clock time, and whether the text named its time of day."""

    at: datetime
    timed: bool = True


def _named(text: str, words: Lexicon, local: datetime) -> _Named | None:
    """A day and a time in our own words; None when a piece is none of them."""
    day: date | None = None
    moment: time | None = None
    number: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None
    tokens = words.tokens(text)
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        before = tokens[index - 1] if index else None
        lowered = token.text.casefold()
        if "noon" in token or "midnight" in token:
            moment = time(12) if "noon" in token else time(0)
        elif "dotted" in token and number is None and month is None:
            number, month, *rest = token["dotted"]
            year = (rest[0] if rest[0] > 99 else 2000 + rest[0]) if rest else None
        elif ("today" in token or "tomorrow" in token) and day is None:
            day = local.date() + timedelta(days=1 if "tomorrow" in token else 0)
        elif _is_time(token) or (
            token.kinds.get("bare") and moment is None and (_after_at(before) or (len(tokens) == 1))
        ):
            if moment is not None:
                return None
            moment = clock_time(token)
        elif (
            "month" in token
            and month is None
            and (
                number is not None
                or (following is not None and ("day_number" in following or "number" in following))
            )
        ):
            month = token["month"]
        elif ("day_number" in token or token.kinds.get("bare")) and number is None and _whole(token) <= 31:
            number = token["day_number"] if "day_number" in token else token["number"]
        elif "number" in token and number is not None and month is not None and 1970 <= _whole(token) <= 9999:
            year = token["number"]
        elif "weekday" in token and weekday is None:
            weekday = token["weekday"]
        elif not any(kind in token for kind in ("filler", "at", "and")) and lowered not in ("next", "this"):
            return None
    if number is not None or month is not None:
        if number is None or month is None or day is not None:
            return None
        day = _dated(text, number, month, year, local)
        if weekday is not None and day.weekday() != weekday:
            raise WhenError(
                "{day} in “{text}” isn't on that weekday.",
                code="not_that_weekday",
                day=f"{day:%d.%m.%Y}",
                text=text,
            )
    elif weekday is not None and day is None:
        if moment is None:
            return None
        day = local.date() + timedelta(days=(weekday - local.weekday()) % 7)
        if datetime.combine(day, moment) <= local:
            day += timedelta(days=7)
    elif weekday is not None:
        return None
    if day is None:
        if moment is None:
            return None
        found = datetime.combine(local.date(), moment)
        return _Named(found if found > local else found + timedelta(days=1))  # "5pm" is the next one
    return _Named(datetime.combine(day, moment if moment is not None else DEFAULT_TIME), moment is not None)


def _after_at(before: Token | None) -> bool:
    return before is not None and any(kind in before for kind in ("at", "today", "tomorrow"))


def _whole(token: Token) -> int:
    value = token.kinds.get("day_number", token.kinds.get("number", 10**6))
    return value if isinstance(value, int) else 10**6


def _dated(text: str, number: int, month: int, year: int | None, local: datetime) -> date:
    """A day of a month, the next one when no year is named."""
    if not 1 <= month <= 12:
        raise WhenError(
            "“{text}” isn't a date: there is no month {month}.", code="no_such_month", text=text, month=month
        )
    for candidate in [year] if year is not None else range(local.year, local.year + 9):
        try:
            day = date(candidate, month, number)
        except ValueError:
            continue
        if year is not None or day >= local.date():
            return day
    raise WhenError(
        "“{text}” isn't a date: that month has no day {number}{year}.",
        code="day_not_in_month",
        text=text,
        number=number,
        year=f" in {year}" if year else "",
    )
