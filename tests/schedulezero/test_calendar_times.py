"""The times of events in calendar files: a wrong one is worse than a refusal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schedulezero.exchange.reading import Asked, Found, read_file
from schedulezero.exchange.yaml_file import Fault

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def read(*events: str, head: str = "", zone: str = "Europe/Berlin", most: int = 500) -> list[Found | Fault]:
    blocks = "".join(f"BEGIN:VEVENT\nSUMMARY:x\n{event}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{blocks}END:VCALENDAR\n"
    return list(read_file(text.encode(), Asked(zone, "en-GB", NOW, count=3, most=most)))


def runs(found: Found | Fault) -> list[str]:
    assert isinstance(found, Found), found
    return [f"{run.astimezone(UTC):%m-%d %H:%M}" for run in found.runs]


def zone_block(name: str, *offsets: str) -> str:
    kinds = zip(("STANDARD", "DAYLIGHT"), offsets, strict=False)
    lines = "".join(
        f"BEGIN:{kind}\nDTSTART:1970{month}01T020000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n"
        f"RRULE:FREQ=YEARLY;BYMONTH={month}\nEND:{kind}\n"
        for (kind, offset), month in zip(kinds, ("10", "03"), strict=False)
    )
    return f"BEGIN:VTIMEZONE\nTZID:{name}\n{lines}END:VTIMEZONE\n"


DAILY = "RRULE:FREQ=DAILY"

# Read as: the lines of an event, and a part of the reason why it is refused.
REFUSED = [
    ("DTSTART:20270701T090000Z\nDTSTART:20280701T090000Z", "2 DTSTART lines"),
    ("SUMMARY:y\nDTSTART:20270701T090000Z", "2 SUMMARY lines"),
    (
        "DTSTART;TZID=America/New_York:20270701T090000Z",
        "in UTC because of its Z, but its TZID names another time zone",
    ),
    (f"DTSTART:20270701T090000Z\n{DAILY}\nEXDATE;TZID=Asia/Tokyo:20270702T090000Z", "EXDATE is in UTC"),
    ("DTSTART;TZID=Asia/Tokyo;TZID=Europe/Berlin:20270701T090000", "TZID twice"),
    ("DTSTART;VALUE=DATE:20270701T090000Z", "marked as all-day"),
    ("DTSTART:20270701T090000+0200", "isn't a valid time"),
    ("DTSTART:20270701T240000Z", "isn't a valid time"),
    ("DTSTART:20270230", "isn't a valid time"),
    (f"DTSTART:20270701T090000Z\n{DAILY};COUNT=2;FREQ=WEEKLY", "FREQ appears twice"),
    (f"DTSTART:20270701T090000Z\n{DAILY};COUNT=2;count=3", "COUNT appears twice"),
    (f"DTSTART:20270701T090000Z\n{DAILY};INTERVAL=,", "INTERVAL="),
    (f"DTSTART:20270701T090000Z\n{DAILY};INTERVAL=2,3", "INTERVAL=2,3 must be one number"),
    (f"DTSTART:20270701T090000Z\n{DAILY};COUNT=3;UNTIL=20270801T000000Z", "COUNT and UNTIL"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=1MO", "can't be combined with FREQ=WEEKLY"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=WEEKLY;BYMONTHDAY=15", "can't be combined with FREQ=WEEKLY"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=DAILY;BYWEEKNO=20", "can't be combined with FREQ=DAILY"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=YEARLY;BYMONTHDAY=15", "Calendar apps interpret"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=13", "takes too long"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=10", "can never match"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=FORTNIGHTLY", "no FREQ"),
    ("DTSTART:20270701T090000Z\nRRULE:FREQ=DAILY;BYEASTER=1", "BYEASTER isn't supported"),
]


@pytest.mark.parametrize(("lines", "reason"), REFUSED, ids=lambda value: str(value)[:60])
def test_an_event_that_says_two_things_is_refused_with_its_line(lines: str, reason: str) -> None:
    (found,) = read(lines)
    assert isinstance(found, Fault) and reason in found.message
    assert found.line == 3


# Read as: the lines of an event, and its next instants in UTC.
ACCEPTED = [
    (
        "DTSTART:20250131T090000Z\nRRULE:FREQ=MONTHLY;INTERVAL=5;BYDAY=1MO",
        ["02-01 09:00", "07-05 09:00", "12-06 09:00"],
    ),
    (
        "DTSTART:20261129T090000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU",
        ["12-02 09:00", "12-14 09:00", "12-16 09:00"],
    ),
    (
        "DTSTART:20261129T090000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE",
        ["12-07 09:00", "12-09 09:00", "12-21 09:00"],
    ),
    # Parts that a whole day can't have are ignored (RFC 5545, 3.3.10), and dates written as times are dates.
    ("DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=DAILY;COUNT=2;BYHOUR=8", ["12-05 08:00", "12-06 08:00"]),
    ("DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=DAILY;UNTIL=20261206T000000Z", ["12-05 08:00", "12-06 08:00"]),
    (
        "DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261206T090000Z",
        ["12-05 08:00", "12-07 08:00"],
    ),
    ("DTSTART:20260315T090000Z\nRRULE:FREQ=YEARLY;BYDAY=-1MO", ["12-28 09:00", "12-27 09:00", "12-25 09:00"]),
    (
        "DTSTART:20260129T090000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=31",
        ["12-31 09:00", "01-31 09:00", "03-31 09:00"],
    ),
    ("DTSTART:20261201T090000Z\nRRULE:COUNT=2;FREQ=DAILY", ["12-01 09:00", "12-02 09:00"]),
    (
        "DTSTART:20261126T090000Z\nRRULE:FREQ=DAILY;COUNT=8\nEXDATE:20261127T090000Z,20261202T090000Z",
        ["12-01 09:00", "12-03 09:00"],
    ),
    (
        "DTSTART:20261201T090000Z\nRRULE:FREQ=DAILY;BYHOUR=9\nEXDATE:20261202T100000Z",
        ["12-01 09:00", "12-02 09:00", "12-03 09:00"],
    ),
    (
        "DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=DAILY;UNTIL=20261207\nEXDATE;VALUE=DATE:20261206",
        ["12-05 08:00", "12-07 08:00"],
    ),
    (
        "DTSTART;VALUE=DATE:20261205\nRRULE:FREQ=DAILY\nEXDATE:20261206T000000",
        ["12-05 08:00", "12-07 08:00", "12-08 08:00"],
    ),
    ("DTSTART;TZID=Asia/Tokyo:20261205", ["12-05 08:00"]),
    ("DTSTART;TZID=W. Europe Standard Time:20261205T090000\nDURATION:PT1H", ["12-05 08:00"]),
]


@pytest.mark.parametrize(("lines", "expected"), ACCEPTED, ids=lambda value: str(value)[:60])
def test_an_event_runs_at_its_times(lines: str, expected: list[str]) -> None:
    (found,) = read(lines)
    assert runs(found) == expected


def test_times_that_name_no_zone_are_meant_in_that_of_their_calendar() -> None:
    event = "DTSTART:20270701T090000\nRRULE:FREQ=DAILY;COUNT=1"
    assert runs(read(event)[0]) == ["07-01 07:00"]
    assert runs(read(event, head="X-WR-TIMEZONE:Asia/Tokyo\n")[0]) == ["07-01 00:00"]
    assert runs(read(event, head="X-WR-TIMEZONE:Tokyo Standard Time\n")[0]) == ["07-01 00:00"]
    assert runs(read("DTSTART;VALUE=DATE:20270701", head="X-WR-TIMEZONE:Asia/Tokyo\n")[0]) == ["07-01 00:00"]
    floating, fixed = read(event, "DTSTART:20270701T090000Z", head="X-WR-TIMEZONE:Moon/Base\n")
    assert isinstance(floating, Fault) and "Moon/Base" in floating.message
    assert runs(fixed) == ["07-01 09:00"]


def test_each_calendar_of_a_file_has_its_own_zone() -> None:
    event = "BEGIN:VEVENT\nSUMMARY:x\nDTSTART:20270701T090000\nEND:VEVENT\n"
    text = "".join(
        f"BEGIN:VCALENDAR\n{head}{event}END:VCALENDAR\n"
        for head in ("X-WR-TIMEZONE:Asia/Tokyo\n", "", "X-WR-TIMEZONE:UTC\n")
    )
    found = read_file(text.encode(), Asked("Europe/Berlin", "en-GB", NOW))
    assert [runs(item) for item in found] == [["07-01 00:00"], ["07-01 07:00"], ["07-01 09:00"]]


def test_a_zone_of_the_files_own_is_kept_where_it_is_always_as_far_from_utc() -> None:
    event = "DTSTART;TZID=Ours:20270630T090000\nRRULE:FREQ=DAILY;COUNT=1"
    assert runs(read(event, head=zone_block("Ours", "+0300"))[0]) == ["06-30 06:00"]
    assert runs(read(event, head=zone_block("Ours", "-0500", "-0500"))[0]) == ["06-30 14:00"]


def test_a_zone_with_rules_of_its_own_repeats_by_them_even_if_it_begins_like_another_one() -> None:
    # In January both are an hour ahead of UTC; only Berlin is two hours ahead in July.
    repeating = "DTSTART;TZID=Ours:20270101T090000\nRRULE:FREQ=MONTHLY;COUNT=4"
    found = read(repeating, head=zone_block("Ours", "+0100", "+0400"))
    assert [runs(item)[0] for item in found] == ["01-01 08:00", "02-01 08:00", "03-01 05:00", "04-01 05:00"]
    assert isinstance(found[0], Found) and "each of its dates becomes a job" in found[0].notes[0]


def test_a_changed_date_beyond_those_that_are_read_still_counts() -> None:
    master = "UID:1\nDTSTART:20270101T090000Z\nRRULE:FREQ=DAILY"
    moved = "UID:1\nDTSTART:20270102T120000Z\nRECURRENCE-ID:20270102T090000Z"
    first, rest = read(master, moved, most=1)
    assert runs(first) == ["01-01 09:00", "01-03 09:00", "01-04 09:00"]
    assert isinstance(rest, Fault) and "Only the first 1 entries" in rest.message
