"""Lines of a calendar file, typed or pasted as *when*."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schedulezero.errors import WhenError
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.language.parse import understand

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PARIS = "DTSTART;TZID=Europe/Paris:20261127T180000"
NEW_YORK = "DTSTART;TZID=America/New_York:20261127T180000"

# Read as: what is typed, the zone of its times, its first three instants in UTC.
READ = [
    (f"{PARIS}\nRRULE:FREQ=WEEKLY;BYDAY=FR", "Europe/Paris", "27T17:00 04T17:00 11T17:00"),
    (f"{NEW_YORK} RRULE:FREQ=WEEKLY;BYDAY=FR", "America/New_York", "27T23:00 04T23:00 11T23:00"),
    (f"RRULE:FREQ=WEEKLY;BYDAY=FR\r\n{NEW_YORK}", "America/New_York", "27T23:00 04T23:00 11T23:00"),
    (
        f"{PARIS}\nRRULE:FREQ=WEEKLY;BYDAY=FR\nEXDATE;TZID=Europe/Paris:20261204T180000",
        "Europe/Paris",
        "27T17:00 11T17:00 18T17:00",
    ),
    # The same moment, said in another zone
    (
        f"{PARIS} RRULE:FREQ=WEEKLY;BYDAY=FR EXDATE;TZID=Asia/Tokyo:20261205T020000",
        "Europe/Paris",
        "27T17:00 11T17:00 18T17:00",
    ),
    (
        f"{PARIS} RRULE:FREQ=DAILY EXDATE:20261128T170000Z,20261129T170000Z",
        "Europe/Paris",
        "27T17:00 30T17:00",
    ),
    (
        "DTSTART;VALUE=DATE:20261127 RRULE:FREQ=DAILY EXDATE;VALUE=DATE:20261128",
        "Asia/Tokyo",
        "27T00:00 29T00:00",
    ),
    # A count includes what is left out (RFC 5545, 3.3.10)
    (f"{PARIS} RRULE:FREQ=DAILY;COUNT=3 EXDATE;VALUE=DATE:20261128", "Europe/Paris", "27T17:00 29T17:00 -"),
    (PARIS, "Europe/Paris", "27T17:00 -"),
    ("dtstart;tzid=europe/paris:20261127t180000 rrule:freq=daily", "Europe/Paris", "27T17:00 28T17:00"),
    ("FREQ=WEEKLY;BYDAY=MO", "Asia/Tokyo", "30T00:00 07T00:00"),
    ("DTSTART:20261127T180000Z RRULE:FREQ=DAILY", "UTC", "27T18:00 28T18:00"),
]


@pytest.mark.parametrize(("text", "zone", "expected"), READ)
def test_lines_mean_these_instants(text: str, zone: str, expected: str) -> None:
    found = understand(text, zone="Asia/Tokyo", locale="en", now=NOW)
    wanted = expected.split()
    runs = [f"{run.astimezone(UTC):%dT%H:%M}" for run in upcoming(found.schedule, NOW, len(wanted))]
    assert (found.zone, [*runs, "-"][: len(wanted)]) == (zone, wanted)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("DTSTART;TZID=Mars/Base:20261127T180000 RRULE:FREQ=DAILY", "Mars/Base"),
        (f"{PARIS} RRULE:FREQ=DAILY EXDATE;TZID=Mars/Base:20261128T180000", "Mars/Base"),
        (f"{PARIS} RRULE:FREQ=DAILY EXDATE;TZID=Europe/Paris:20261128T170000", "170000 isn't one of the"),
        (f"{PARIS} RRULE:FREQ=DAILY;BYHOUR=9,18 EXDATE;TZID=Europe/Paris:20261128T180000", "several times"),
        (f"{PARIS}\nRRULE:FREQ=DAILY\nDTEND:20261127T190000", "DTEND can't be used here"),
        (f"BEGIN:VEVENT\n{PARIS}\nEND:VEVENT", "BEGIN can't be used here"),
        (f"{PARIS} RRULE:FREQ=DAILY RRULE:FREQ=WEEKLY", "two RRULE lines"),
        (f"{PARIS} RRULE:FREQ=DAILY Asia/Tokyo", "two time zones, Europe/Paris and Asia/Tokyo"),
        (f"{PARIS} RRULE:FREQ=DAILY at 9", "“at”"),
        ("EXDATE:20261127T180000", "EXDATE needs a rule"),
        ("DTSTART;TZID=Europe/Paris:20261127T180000Z RRULE:FREQ=DAILY", "DTSTART is in UTC because of its Z"),
        ("DTSTART:20261327T180000 RRULE:FREQ=DAILY", "20261327T180000"),
        ("DTSTART;TZID=Europe/Paris:20201127T180000", "past"),
    ],
)  # fmt: skip
def test_lines_that_cannot_be_kept_are_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(WhenError) as error:
        understand(text, zone="Europe/Berlin", locale="en", now=NOW)
    assert why in error.value.message
