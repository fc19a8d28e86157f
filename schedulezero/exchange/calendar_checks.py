"""Checks the lines of an event against RFC 5545 where parsers are lenient and pick a time themselves.

Of two start times parsers take the last, and they accept a zone together with a ``Z``. This module refuses
each of these with a sentence before an event is read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from schedulezero.errors import ScheduleZeroError
from schedulezero.exchange.calendar_lines import split_property

_ONCE = ("DTSTART", "SUMMARY", "DESCRIPTION", "STATUS", "UID", "SEQUENCE", "RECURRENCE-ID")
_TIMES = ("DTSTART", "RECURRENCE-ID", "EXDATE", "RDATE")
_MANY = ("EXDATE", "RDATE")
_STAMP = re.compile(r"[0-9]{8}(?:T[0-9]{6}Z?)?")


class Unusable(ScheduleZeroError):
    """An event can't be scheduled as it stands; the message says why."""


def check_lines(lines: Sequence[str]) -> None:
    """Raise Unusable if the lines of an event contradict each other or contain an invalid time."""
    properties = [split_property(line) for line in lines]
    for name, number in Counter(name for name, _, _ in properties).items():
        if name in _ONCE and number > 1:
            raise Unusable(
                "This event has {number} {name} lines; only one is allowed.",
                code="ical_line_twice",
                number=number,
                name=name,
            )
    for name, parameters, value in properties:
        if name in _TIMES:
            _check_times(name, parameters, value)


def _check_times(name: str, parameters: str, value: str) -> None:
    keys = Counter(part.partition("=")[0].strip().upper() for part in parameters.split(";") if part)
    repeated = next((key for key, number in keys.items() if number > 1), None)
    if repeated is not None:
        raise Unusable(
            "{name} has {repeated} twice; only one is allowed.",
            code="ical_twice",
            name=name,
            repeated=repeated[:40],
        )
    whole_days = re.search(r"(^|;)VALUE=DATE(;|$)", parameters, re.IGNORECASE) is not None
    for item in value.split(","):
        stamp = item.strip().upper().partition("/")[0]  # of a period, when it begins
        if not stamp and name in _MANY:
            continue
        if _STAMP.fullmatch(stamp) is None or not _exists(stamp):
            raise Unusable(
                "{name} “{stamp}” isn't a valid time. Example: 20261224T180000Z.",
                code="ical_bad_time",
                name=name,
                stamp=stamp[:40],
            )
        if stamp.endswith("Z") and "TZID" in keys:
            raise Unusable(
                "{name} is in UTC because of its Z, but its TZID names another time zone. Remove one of "
                "them.",
                code="ical_two_zones",
                name=name,
            )
        if whole_days and "T" in stamp:
            raise Unusable(
                "{name} “{stamp}” has a time but is marked as all-day (VALUE=DATE).",
                code="ical_day_with_time",
                name=name,
                stamp=stamp,
            )


def _exists(stamp: str) -> bool:
    try:
        datetime.strptime(stamp.removesuffix("Z"), "%Y%m%dT%H%M%S" if "T" in stamp else "%Y%m%d")  # noqa: DTZ007 - only whether it exists
    except ValueError:
        return False
    return True
