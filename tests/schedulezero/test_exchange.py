"""Jobs out of the product and in again: YAML and calendar files, hostile ones included."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from schedulezero.errors import WhenError
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.exchange.calendar_import import read_calendar
from schedulezero.exchange.rrule_lines import recurrences
from schedulezero.exchange.yaml_file import MOST_ENTRIES, Entry, Fault, read_jobs, write_jobs
from schedulezero.model import Job, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def job(when: str, zone: str = "Europe/Berlin", **changes: Any) -> Job:
    found = understand(when, zone=zone, locale="en-GB", now=NOW)
    fields: dict[str, Any] = {
        "params": {"channel_id": "1", "message": "Grüße 🎲\n- second: line"}, "name": "Game night",
        "timezone": found.zone, **changes,
    }  # fmt: skip
    return Job("j1", "h", "send_announcement", trigger=found.trigger, anchor_at=NOW, **fields)


def test_what_is_written_is_read_again_as_it_was() -> None:
    jobs = [
        job("every other friday at 17:00"),
        job("every 90 minutes", missed=MissedPolicy.ALL, overlap=OverlapPolicy.SKIP),
        job("tomorrow at 9", name=None),
    ]
    read = read_jobs(write_jobs(jobs, NOW))
    assert [type(item) for item in read] == [Entry, Entry, Entry]
    for entry, before in zip(read, jobs, strict=True):
        assert isinstance(entry, Entry)
        assert (entry.name, entry.method, entry.params) == (before.name, before.method, before.params)
        assert (entry.missed, entry.overlap, entry.timezone) == (
            before.missed,
            before.overlap,
            "Europe/Berlin",
        )
        again = understand(entry.when, zone=str(entry.timezone), locale="en", now=NOW)
        wanted = schedule_of(before.trigger, anchor=NOW, zone=before.timezone)
        assert again.schedule.next_after(NOW) == wanted.next_after(NOW)


BAD_YAML = [
    ("", 1, "needs `jobs:`"),
    ("jobs: nope", 1, "needs `jobs:`"),
    ("- do: a\n  when: b\n- just text", 3, "must consist of keys"),
    ("- do: a\n  when: b\n  colour: red", 3, "The key 'colour' isn't allowed here"),
    ("- when: b", 1, "needs 'do', and it must be text"),
    ("- do: a\n  when: [1]", 2, "needs 'when', and it must be text"),
    ("- do: a\n  when: b\n  with: text", 3, "'with' must contain keys"),
    ("- do: a\n  when: b\n  missed: never", 3, "'missed' must be one of"),
    ("jobs:\n- do: a\n   when: b", 3, "isn't valid YAML"),
    ("a: &a [x]\nb: *a", 2, "Aliases"),
    ("- do: !!python/object/apply:os.system ['true']\n  when: b", 1, "can't be read"),
    ("- do: a\n  when: b\n  with: " + "{x: " * 30 + "1" + "}" * 30, 1, "is nested more than"),
    ("[" * 5000, 1, ""),
    ("\x00", 1, "isn't valid YAML"),
    ("jobs:\n" + "- {do: a, when: b}\n" * (MOST_ENTRIES + 1), MOST_ENTRIES + 2, "Only the first"),
    ("x" * 600_000, 1, "larger than"),
]


@pytest.mark.parametrize(("text", "line", "part"), BAD_YAML, ids=[part or "deep" for *_, part in BAD_YAML])
def test_bad_yaml_is_told_with_its_line(text: str, line: int, part: str) -> None:
    faults = [item for item in read_jobs(text) if isinstance(item, Fault)]
    assert faults and faults[-1].line == line and part in faults[-1].message


@given(st.text(max_size=300))
def test_no_text_ends_the_reader(text: str) -> None:
    for read in (read_jobs(text), read_ics(text), read_ics(f"BEGIN:VEVENT\n{text}\nEND:VEVENT")):
        assert all(isinstance(item, Entry | Fault) for item in read)


def read_ics(text: str) -> list[Entry | Fault]:
    return list(
        read_calendar(
            text, method="send_announcement", params={"channel_id": "1"}, zone="Europe/Berlin", now=NOW
        )
    )


def next_of(entry: Entry | Fault) -> datetime | None:
    assert isinstance(entry, Entry) and entry.trigger is not None
    return schedule_of(entry.trigger, anchor=NOW, zone=str(entry.timezone)).next_after(NOW)


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
SUMMARY:Stand-up
DESCRIPTION:Bring coffee
DTSTART;TZID=Europe/Berlin:20261130T093000
RRULE:FREQ=WEEKLY;BYDAY=MO,WE
EXDATE;TZID=Europe/Berlin:20261207T093000
END:VEVENT
BEGIN:VEVENT
SUMMARY:Over
DTSTART:20200101T090000Z
END:VEVENT
BEGIN:VEVENT
DTSTART:20270101T090000Z
END:VEVENT
BEGIN:VEVENT
SUMMARY:New year
DTSTART;VALUE=DATE:20270101
END:VEVENT
BEGIN:VEVENT
SUMMARY:Broken
DTSTART:yesterday
END:VEVENT
END:VCALENDAR
"""


def test_events_become_entries_and_bad_ones_are_told_with_their_line() -> None:
    found = {item.line: item for item in read_ics(ICS)}
    standup, over, silent, new_year, broken = (found[line] for line in sorted(found))
    assert isinstance(standup, Entry) and standup.params["message"] == "**Stand-up**\nBring coffee"
    assert standup.timezone == "Europe/Berlin" and standup.trigger is not None
    assert standup.trigger.args["except"] == ["2026-12-07"]
    assert next_of(standup) == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    assert isinstance(over, Fault) and over.line == 11
    assert re.search(r"is in the past: it was on \d{1,2} \w+ \d{4}, \d\d:\d\d\.$", over.message)
    assert isinstance(silent, Fault) and "no SUMMARY" in silent.message
    assert next_of(new_year) == datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert isinstance(broken, Fault) and broken.line == 22


RECURRING = [
    "every day at 9", "weekdays at 9 and 17:30", "every other friday at 5pm", "every 3 days at 7:15",
    "last day of the month at 8", "first monday of the month at 10", "every 2 months on the 31st at 6",
    "every year on december 25 at 12:00", "every 90 minutes", "every hour", "every monday at 2:30",
    "every day at 9 until 3 january 2027", "every day at 9, 12 times", "every 10 minutes from 9 to 17",
    "every monday at 18:00 except on 7 dec 2026", "0 9 13 * 5", "*/15 * * * *",
    "every 2 weeks on mon and thu at 8",
]  # fmt: skip


@pytest.mark.parametrize("when", RECURRING)
def test_a_recurrence_says_the_same_instants_as_its_schedule(when: str) -> None:
    for zone in ("Europe/Berlin", "America/New_York", "UTC"):
        found = understand(when, zone=zone, locale="en-GB", now=NOW)
        wanted = list(upcoming(found.schedule, NOW, 12))
        instants: set[datetime] = set()
        for item in recurrences(found.trigger, anchor=NOW, zone=zone, now=NOW):
            where = item.start.tzinfo
            instants |= {at.astimezone(UTC) for at in (item.start, *item.dates)}
            if item.rule:
                parts = ";".join(
                    f"{key}={','.join(map(str, value)) if isinstance(value, list) else value}"
                    for key, value in item.rule.items()
                    if key != "UNTIL"
                )
                local = rrulestr(parts, dtstart=item.start.replace(tzinfo=None))
                stop = item.rule.get("UNTIL")
                for moment in islice(local, 40):
                    at = moment.replace(tzinfo=where).astimezone(UTC)
                    if moment.date() not in item.excluded and (stop is None or at <= stop):
                        instants.add(at)
        assert sorted(instants)[: len(wanted)] == wanted, zone


def test_a_calendar_file_opens_in_a_calendar() -> None:
    held = job("every day at 9", held_until=NOW + timedelta(days=3))
    data = calendar_of(
        [job("every other friday at 17:00"), held, job("every 90 minutes"), over()], name="Moonbase", now=NOW
    ).data
    calendar: Any = Calendar.from_ical(data)
    events = calendar.walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Game night"] * 3
    assert events[0]["rrule"]["BYDAY"] == ["FR"] and events[0]["rrule"]["INTERVAL"] == [2]
    assert events[0]["dtstart"].dt.tzinfo == ZoneInfo("Europe/Berlin")
    assert events[1]["dtstart"].dt == datetime(2026, 11, 27, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert "Grüße 🎲" in str(events[0]["description"])
    assert b"\r\n" in data and max(len(line) for line in data.split(b"\r\n")) <= 75


def over() -> Job:
    return Job("j2", "h", "m", {}, Trigger("date", {"run_date": 0}), anchor_at=NOW)


def test_an_unreadable_when_is_somebody_elses_matter() -> None:
    (entry,) = read_jobs("- {do: send_announcement, when: on blursday}")
    assert isinstance(entry, Entry)
    with pytest.raises(WhenError):
        understand(entry.when, zone="UTC", locale="en", now=NOW)


def test_an_event_that_would_run_at_a_wrong_time_is_refused() -> None:
    lines = "DTSTART;TZID=America/New_York:20270314T023000\nRRULE:FREQ=WEEKLY;COUNT=3"
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:x\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    (found,) = read_ics(text)
    assert isinstance(found, Fault) and "skip" in found.message
