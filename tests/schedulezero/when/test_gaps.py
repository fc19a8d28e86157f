"""How close two runs of a schedule come, judged on the runs themselves."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schedulezero.model import Trigger
from schedulezero.when.calendar.gaps import gap_below
from schedulezero.when.calendar.triggers import schedule_of

NOW = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
DAY_OF_FIVES = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 1440, 5)]


MOST_CALLS = 100_000
"""Calls of functions that the search may make: the longest of these makes 25,000."""


def gap(kind: str, args: dict[str, Any], wanted: int, zone: str = "UTC") -> int | None:
    """The gap in seconds that is shorter than wanted."""
    schedule = schedule_of(Trigger(kind, args), anchor=NOW, zone=zone)
    found = gap_below(schedule, NOW, timedelta(seconds=wanted))
    return int(found.total_seconds()) if found is not None else None


# Read as: trigger, its arguments, the shortest interval, and the gap that is shorter.
GAPS: list[tuple[str, dict[str, Any], int, int | None]] = [
    ("date", {"run_date": "2026-12-01T00:00:00Z"}, 3600, None),
    ("interval", {"seconds": 1}, 60, 1),
    ("interval", {"minutes": 1}, 60, None),
    ("interval", {"minutes": 1}, 300, 60),
    ("cron", {"minute": "*"}, 60, None),
    ("cron", {"minute": "*"}, 300, 60),
    ("cron", {"second": "*"}, 60, 1),
    ("cron", {"hour": 9, "minute": "0,1"}, 300, 60),
    ("cron", {"hour": 9, "minute": "0,1"}, 60, None),
    ("cron", {"hour": "0,23", "minute": "0,58"}, 300, 120),  # over midnight
    ("cron", {"month": 2, "day": 29, "hour": 9, "minute": "0,1"}, 300, 60),
    ("cron", {"day_of_week": "mon", "hour": 9}, 300, None),
    ("calendar", {"crontab": "* * * * *"}, 60, None),
    ("calendar", {"crontab": "*/2 9-10 * * 1"}, 300, 120),
    ("calendar", {"crontab": "* * * * * *"}, 60, 1),
    ("calendar", {"crontab": "0,30 0 9 * * *"}, 60, 30),
    ("calendar", {"interval": {"seconds": 10}, "starting": "2027-01-01T00:00:00Z"}, 60, 10),
    ("calendar", {"interval": {"seconds": 10}, "starting": "2027-01-01T00:00:00Z", "count": 1}, 60, None),
    ("calendar", {"interval": {"seconds": 10}, "until": "2026-11-25T00:01:25Z"}, 60, 10),
    ("calendar", {"interval": {"seconds": 10}, "until": "2026-11-25T00:01:25Z"}, 10, None),
    ("calendar", {"rule": {"unit": "day", "times": DAY_OF_FIVES}}, 300, None),
    ("calendar", {"rule": {"unit": "day", "times": [*DAY_OF_FIVES, "23:56"]}}, 300, 60),  # the last of many
    ("calendar", {"rule": {"unit": "day", "times": [*DAY_OF_FIVES[1:], "23:58"]}}, 300, 180),
    ("calendar", {"rule": {"unit": "day", "times": ["00:00", "12:00", "23:58"]}}, 300, 120),
    (
        "calendar",
        {"rule": {"unit": "week", "weekdays": ["mon"], "times": ["00:00", "12:00", "23:58"]}},
        300,
        None,
    ),
    ("calendar", {"rule": {"unit": "month", "days": [1], "times": ["09:00", "09:00:30"]}}, 60, 30),
]


@pytest.mark.parametrize(("kind", "args", "wanted", "found"), GAPS, ids=str)
def test_the_gap_between_two_runs(kind: str, args: dict[str, Any], wanted: int, found: int | None) -> None:
    assert gap(kind, args, wanted) == found
    assert gap(kind, args, wanted, "Europe/Berlin") == found


@pytest.mark.parametrize(("kind", "args", "wanted", "found"), GAPS, ids=str)
def test_it_is_found_in_few_steps(kind: str, args: dict[str, Any], wanted: int, found: int | None) -> None:
    schedule = schedule_of(Trigger(kind, args), anchor=NOW, zone="Europe/Berlin")
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        gap_below(schedule, NOW, timedelta(seconds=wanted))
    finally:
        sys.setprofile(None)
    assert calls < MOST_CALLS
