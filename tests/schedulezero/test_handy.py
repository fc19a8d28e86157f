"""The times that are offered for one tap."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from schedulezero.model.habits import Habits
from schedulezero.when.language.handy import handy_times
from schedulezero.when.language.parse import understand


def offered(now: str, zone: str = "Europe/Berlin", habits: Habits | None = None) -> list[str]:
    found = handy_times(datetime.fromisoformat(now), zone, habits)
    return [f"{name} {at:%d. %H:%M}" for name, at in found]


# Read as: now in UTC, and what is offered, in UTC.
TIMES = [
    ("2026-11-28T12:00+00:00", [
        "hour 28. 13:00", "evening 28. 18:00", "tomorrow 29. 08:00", "monday 30. 08:00",
    ]),
    ("2026-11-28T17:30+00:00", [
        "evening 28. 18:00", "hour 28. 18:30", "tomorrow 29. 08:00", "monday 30. 08:00",
    ]),
    ("2026-11-28T17:57+00:00", [
        "hour 28. 18:57", "tomorrow 29. 08:00", "monday 30. 08:00",
    ]),  # too near
    ("2026-11-29T12:00+00:00", [
        "hour 29. 13:00", "evening 29. 18:00", "tomorrow 30. 08:00",
    ]),  # a Monday
    ("2026-11-30T12:00+00:00", [
        "hour 30. 13:00", "evening 30. 18:00", "tomorrow 01. 08:00", "monday 07. 08:00",
    ]),
    ("2026-11-28T23:30+00:00", [
        "hour 29. 00:30", "evening 29. 18:00", "tomorrow 30. 08:00",
    ]),
    ("2027-03-27T12:00+00:00", [
        "hour 27. 13:00", "evening 27. 18:00", "tomorrow 28. 07:00", "monday 29. 07:00",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("now", "expected"), TIMES)
def test_only_times_to_come_are_offered(now: str, expected: list[str]) -> None:
    assert offered(now) == expected


def test_a_guilds_own_hours_count() -> None:
    habits = Habits(evening=time(20, 30), day=time(8, 15))
    assert "evening 28. 19:30" in offered("2026-11-28T12:00+00:00", habits=habits)
    assert "tomorrow 29. 07:15" in offered("2026-11-28T12:00+00:00", habits=habits)


def test_a_time_that_the_clocks_skip_is_the_one_in_its_place() -> None:
    habits = Habits(day=time(2, 30))
    assert "tomorrow 28. 01:30" in offered("2027-03-27T12:00+00:00", habits=habits)


@pytest.mark.parametrize("locale", ["en-GB", "en-US", "de", "fr", "es-ES", "pt-BR", "ja"])
def test_a_picked_instant_is_read_exactly_in_each_language(locale: str) -> None:
    now = datetime(2027, 10, 30, 12, 0, 17, tzinfo=UTC)
    for _, at in handy_times(now, "Europe/Berlin", Habits(day=time(2, 30))):
        text = at.astimezone(UTC).isoformat(timespec="seconds")
        read = understand(text, zone="Europe/Berlin", locale=locale, now=now)
        assert read.trigger.args == {"run_date": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
