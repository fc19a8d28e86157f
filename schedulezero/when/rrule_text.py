"""RRULE lines (RFC 5545, 3.3.10) → phrases: the part of them that people schedule with.

``FREQ`` of ``DAILY``, ``WEEKLY``, ``MONTHLY`` or ``YEARLY`` with ``INTERVAL``, ``BYDAY``, ``BYMONTHDAY``,
``BYMONTH``, ``BYHOUR``, ``BYMINUTE``, ``COUNT`` and ``UNTIL``, and an optional ``DTSTART`` line before it.
Anything else is refused by its name rather than read wrongly.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from schedulezero.errors import WhenError
from schedulezero.when.grammar import Phrase

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LINE = re.compile(
    r"(?:DTSTART[^:]*:(?P<start>\d{8}(?:T\d{6}Z?)?)\s+)?(?:RRULE:)?(?P<parts>FREQ=\S+)", re.IGNORECASE
)
_BYDAY = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)")
_WKST = ("WKST",)


def looks_like_rrule(text: str) -> bool:
    """Whether a text is meant as an RRULE line."""
    return re.match(r"(RRULE:|FREQ=|DTSTART)", text, re.IGNORECASE) is not None


def read_rrule(text: str, zone: ZoneInfo, now: datetime) -> Phrase:
    """Reads an RRULE line; WhenError names the part that cannot be kept."""
    match = _LINE.fullmatch(text.strip())
    if match is None:
        raise WhenError(f"“{text}” is no RRULE line; one looks like `RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9`.")
    parts: dict[str, str] = {}
    for part in match["parts"].upper().strip(";").split(";"):
        key, _, value = part.partition("=")
        if not value or key in parts:
            raise WhenError(f"“{part}” in “{text}” is no part of an RRULE.")
        parts[key] = value
    start = _stamp(match["start"].upper(), zone) if match["start"] else None
    frequency = parts.pop("FREQ")
    if frequency not in _UNITS:
        raise WhenError(f"FREQ={frequency} is not supported; use DAILY, WEEKLY, MONTHLY or YEARLY.")
    phrase = Phrase(unit=_UNITS[frequency], every=_number(parts.pop("INTERVAL", "1"), "INTERVAL", 1, 1000))
    _days(phrase, parts, start or now.astimezone(zone))
    hours = _numbers(parts.pop("BYHOUR", ""), "BYHOUR", 0, 23) or ([start.hour] if start else [9])
    minutes = _numbers(parts.pop("BYMINUTE", ""), "BYMINUTE", 0, 59) or ([start.minute] if start else [0])
    phrase.times = {time(hour, minute) for hour in hours for minute in minutes}
    if "COUNT" in parts:
        phrase.count = _number(parts.pop("COUNT"), "COUNT", 1, 1000)
    if "UNTIL" in parts:
        text_until = parts.pop("UNTIL")
        until = _stamp(text_until, zone)
        phrase.until = (until.date(), until.time() if "T" in text_until else None)
    if start is not None:
        phrase.starting = (start.date(), start.time())
    if start is not None and start.second and "BYSECOND" not in parts:
        raise WhenError("Seconds of DTSTART are not supported.")
    for key in parts:
        if key not in _WKST and not (key == "BYSECOND" and parts[key] == "0"):
            raise WhenError(f"{key} of an RRULE is not supported.")
    if parts.get("WKST", "MO") != "MO" and phrase.unit == "week" and phrase.every > 1:
        raise WhenError("Weeks begin on Monday here; WKST is not supported.")
    return phrase


def _days(phrase: Phrase, parts: dict[str, str], start: datetime) -> None:
    phrase.months.update(_numbers(parts.pop("BYMONTH", ""), "BYMONTH", 1, 12))
    for number in _numbers(parts.pop("BYMONTHDAY", ""), "BYMONTHDAY", -1, 31):
        if number == 0:
            raise WhenError("BYMONTHDAY=0 is no day of a month.")
        phrase.days.add(number)
    for item in filter(None, parts.pop("BYDAY", "").split(",")):
        match = _BYDAY.fullmatch(item)
        if match is None or (match[1] and not -1 <= int(match[1]) <= 5) or match[1] == "0":
            raise WhenError(f"“{item}” in BYDAY is not supported; MO, 1MO to 5MO and -1MO are.")
        if match[1]:
            phrase.positions.add((int(match[1]), _DAYS.index(match[2])))
        else:
            phrase.weekdays.add(_DAYS.index(match[2]))
    if phrase.unit == "week" and not phrase.weekdays:
        phrase.weekdays.add(start.weekday())
    if phrase.unit in ("month", "year") and not (phrase.days or phrase.positions or phrase.weekdays):
        phrase.days.add(start.day)
    if phrase.unit == "year" and not phrase.months:
        phrase.months.add(start.month)


def _stamp(text: str, zone: ZoneInfo) -> datetime:
    try:
        if len(text) == 8:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        moment = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S").replace(
            tzinfo=UTC if text.endswith("Z") else zone
        )
        return moment.astimezone(zone)
    except ValueError:
        raise WhenError(f"“{text}” is no time stamp such as 20261224T180000Z.") from None


def _number(text: str, name: str, low: int, high: int) -> int:
    return _numbers(text, name, low, high)[0]


def _numbers(text: str, name: str, low: int, high: int) -> list[int]:
    numbers: list[int] = []
    for item in filter(None, text.split(",")):
        if not re.fullmatch(r"[+-]?\d{1,4}", item) or not low <= int(item) <= high:
            raise WhenError(f"{name}={item} must be from {low} to {high}.")
        numbers.append(int(item))
    return numbers
