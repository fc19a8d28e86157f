"""A calendar of many years: all of it is read within the limits of the reader's process."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from schedulezero.exchange import limited_reading
from schedulezero.exchange.limited_reading import read_limited
from schedulezero.exchange.reading import Asked

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
EVENTS = 5000
RULES = (
    "FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY", "FREQ=DAILY;COUNT=400", "FREQ=YEARLY", "FREQ=WEEKLY;UNTIL=20281231T000000Z",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=DAILY",
)  # fmt: skip


def large_calendar(events: int, recurring: float) -> bytes:
    chance = random.Random(5545)
    parts = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for number in range(events):
        start = NOW + timedelta(days=chance.randrange(-700, 700), minutes=15 * chance.randrange(96))
        parts += [
            "BEGIN:VEVENT", f"UID:{number}@x", f"SUMMARY:Event {number}",
            f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M00}",
        ]  # fmt: skip
        if chance.random() < recurring:
            parts.append(f"RRULE:{chance.choice(RULES)}")
        parts.append("END:VEVENT")
    return "\r\n".join([*parts, "END:VCALENDAR", ""]).encode()


@pytest.mark.long
async def test_five_thousand_events_are_read_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Processor time and memory are limited as ever; only that others use this machine, too, must not count.
    monkeypatch.setattr(limited_reading, "WALL_SECONDS", 100)
    data = large_calendar(EVENTS, recurring=0.3)
    asked = Asked("Europe/Berlin", "en-GB", NOW, "1", most=EVENTS, largest=len(data))
    found = await read_limited(data, asked)
    assert found.stopped is None
    assert len(found.entries) + len(found.faults) == EVENTS and len(found.entries) > EVENTS / 2
