"""Expands rules of RFC 5545, 3.3.10 with dateutil, on the wall clock of their event.

A start that the rule leaves out isn't an instance, as in dateutil and libical; RFC 5545 leaves that open.
Where dateutil departs from the RFC, the rule is completed first: weeks of a year have the weekday of the
start, and BYSETPOS counts in whole weeks. Rules that dateutil and libical read differently are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import dropwhile, islice, takewhile
from typing import Any, cast

from dateutil.rrule import rrulestr

from schedulezero.errors import WhenError
from schedulezero.exchange.calendar_checks import Unusable
from schedulezero.exchange.calendar_events import Event
from schedulezero.when.language.rrule_text import rrule_parts

LARGEST_COUNT = 10_000
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}")
_DAY = re.compile(r"(?:[+-]?[0-9]{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)")
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
# Read as: a part, the numbers that it may have, and whether they may be negative.
_RANGES = {
    "INTERVAL": (1, 9999, False), "COUNT": (1, LARGEST_COUNT, False), "BYSECOND": (0, 59, False),
    "BYMINUTE": (0, 59, False), "BYHOUR": (0, 23, False), "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True), "BYWEEKNO": (1, 53, True), "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}  # fmt: skip
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ONE = ("INTERVAL", "COUNT")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule with a start on its event's clock.

    Attributes:
        start: From when it counts.
        parts: Its parts without UNTIL and COUNT.
        count: At most so many instances.
        until: No instance after this.
    """

    start: datetime
    parts: dict[str, str]
    count: int | None = None
    until: datetime | None = None
    text: str = field(default="", compare=False)

    @property
    def ends(self) -> bool:
        return self.count is not None or self.until is not None

    def instances(self) -> Iterator[datetime]:
        """Yield its instances in order. Raises Unusable if dateutil finds it impossible."""
        begins = self.start
        if self.parts["FREQ"] == "WEEKLY" and "BYSETPOS" in self.parts:
            begins -= timedelta(days=(begins.weekday() - DAYS.index(self.parts.get("WKST", "MO"))) % 7)
        parts = ";".join(f"{name}={value}" for name, value in self.parts.items())
        try:
            found: Any = rrulestr(parts, dtstart=begins)
        except ValueError:
            raise impossible(self) from None
        from_start = dropwhile(lambda at: at < self.start, cast("Iterator[datetime]", found))
        instances = islice(from_start, self.count)
        if self.until is None:
            return instances
        until = self.until
        return takewhile(lambda at: at <= until, instances)


def impossible(recurrence: Recurrence) -> Unusable:
    """Return the error of a rule without instances."""
    return Unusable(
        "Its rule “{rule}” can never match.", code="ical_rule_impossible", rule=recurrence.text[:100]
    )


def recurrence_of(text: str, event: Event) -> Recurrence:
    """Read an RRULE of an event. Raises Unusable naming the part that can't be read."""
    try:
        parts = rrule_parts(text.strip())
    except WhenError as error:
        raise Unusable(error.message) from error
    if parts.get("FREQ") not in _FREQUENCIES:
        raise Unusable("This RRULE has no FREQ. Example: `FREQ=WEEKLY`.", code="rrule_no_freq")
    for name, value in parts.items():
        _check(name, value)
    if event.whole:
        # They are to be ignored (RFC 5545, 3.3.10).
        parts = {name: value for name, value in parts.items() if name not in _TIMES}
    _refuse_contradictions(parts)
    _complete(parts, event.start, text)
    until = event.until(parts.pop("UNTIL")) if "UNTIL" in parts else None
    count = int(parts.pop("COUNT")) if "COUNT" in parts else None
    return Recurrence(event.start, parts, count, until, text)


def _refuse_contradictions(parts: dict[str, str]) -> None:
    """Raise Unusable for parts that RFC 5545, 3.3.10 forbids beside each other."""
    frequency = parts["FREQ"]
    if "COUNT" in parts and "UNTIL" in parts:
        raise Unusable("This RRULE has both COUNT and UNTIL. Use only one.", code="rrule_count_and_until")
    numbered = any(len(item) > len("MO") for item in parts.get("BYDAY", "").split(","))
    if numbered and frequency not in ("MONTHLY", "YEARLY"):
        raise Unusable(
            "BYDAY with numbers, such as 1MO, can't be combined with FREQ={frequency}; use MONTHLY.",
            code="rrule_byday_numbers",
            frequency=frequency,
        )
    if frequency == "WEEKLY" and "BYMONTHDAY" in parts:
        raise Unusable(
            "BYMONTHDAY can't be combined with FREQ={frequency}; use MONTHLY.",
            code="rrule_monthday_with_freq",
            frequency=frequency,
        )
    for name in ("BYYEARDAY", "BYWEEKNO"):
        allowed = ("YEARLY",) if name == "BYWEEKNO" else ("YEARLY", "HOURLY", "MINUTELY", "SECONDLY")
        if name in parts and frequency not in allowed:
            raise Unusable(
                "{name} can't be combined with FREQ={frequency}; use YEARLY.",
                code="rrule_needs_yearly",
                name=name,
                frequency=frequency,
            )


def _complete(parts: dict[str, str], start: datetime, text: str) -> None:
    """Add the weekday that a rule takes from its start. Raises Unusable for a rule with two readings."""
    disputed = False
    if parts["FREQ"] == "YEARLY" and not parts.keys() & {"BYDAY", "BYYEARDAY", "BYMONTHDAY"}:
        if "BYWEEKNO" in parts:
            parts["BYDAY"] = DAYS[start.weekday()]
    elif parts["FREQ"] == "YEARLY" and "BYMONTHDAY" in parts:
        disputed = not parts.keys() & {"BYDAY", "BYYEARDAY", "BYMONTH"}  # of each month, or the start's
    if parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts and "BYDAY" not in parts:
        parts["BYDAY"] = DAYS[start.weekday()]
    if "BYWEEKNO" in parts and parts.get("INTERVAL", "1") != "1":
        disputed = True  # week 53 of one year may be in January of the next one
    if disputed:
        raise Unusable(
            "Calendar apps interpret “{rule}” differently, so it isn't clear when this event takes place.",
            code="ical_rule_disputed",
            rule=text[:100],
        )


def _check(name: str, value: str) -> None:
    if name in _RANGES:
        low, high, negative = _RANGES[name]
        items = value.split(",")
        for item in items:
            number = int(item) if _NUMBER.fullmatch(item) else 0
            if name in _ONE and len(items) > 1:
                raise Unusable(
                    "{name}={parts} must be one number from 1 to {high}.",
                    code="rrule_not_one_number",
                    name=name,
                    parts=value[:60],
                    high=high,
                )
            if not low <= (abs(number) if negative else number) <= high:
                raise Unusable(
                    "{name}={item} must be from {low} to {high}.",
                    code="rrule_out_of_range",
                    name=name,
                    item=item[:60],
                    low=-high if negative else low,
                    high=high,
                )
    elif name == "BYDAY":
        wrong = next((item for item in value.split(",") if _DAY.fullmatch(item) is None), None)
        if wrong is not None:
            raise Unusable(
                "“{item}” in BYDAY isn't a weekday. Examples: MO, 1MO, -1FR.",
                code="rrule_byday_unreadable",
                item=wrong[:60],
            )
    elif name == "WKST":
        if _DAY.fullmatch(value) is None or len(value) > 2:
            raise Unusable(
                "WKST={name} isn't a weekday. Example: MO.", code="rrule_wkst_no_weekday", name=value[:60]
            )
    elif name not in ("FREQ", "UNTIL"):
        raise Unusable("{key} isn't supported in an RRULE.", code="rrule_key_unsupported", key=name[:60])
