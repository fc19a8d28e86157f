"""Weekday numbers: 0 and 7 are Sunday in both dialects, and what was stored before keeps its meaning."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml

from schedulezero.exchange.yaml_file import Entry, Fault, read_jobs, write_jobs
from schedulezero.model import Job, Trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import Count, with_day_names
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)  # a Friday

# Read as: an expression, its days if 0 is Sunday, and if 0 is Monday; None where it isn't an expression of
# numbers, or holds a number that is no day.
NUMBERS = [
    ("0", "sun", "mon"),
    ("7", "sun", None),
    ("6", "sat", "sun"),
    ("1-5", "mon tue wed thu fri", "tue wed thu fri sat"),
    ("5-7", "fri sat sun", None),
    ("0-6", "mon tue wed thu fri sat sun", "mon tue wed thu fri sat sun"),
    ("0-7", "mon tue wed thu fri sat sun", None),
    ("*/2", "mon wed fri sun", "mon wed fri sun"),
    ("*/3", "mon thu sun", "mon thu sun"),
    ("5-1", "mon fri sat sun", "mon tue sat sun"),
    ("1/2", "mon wed fri", "tue thu sat"),
    ("1-5/2", "mon wed fri", "tue thu sat"),
    ("8", None, None),
    ("1/0", None, None),
    ("mon", None, None),
    ("mon-fri", None, None),
    ("999999999999", None, None),
    ("", None, None),
]
ORDER = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@pytest.mark.parametrize(("text", "from_sunday", "from_monday"), NUMBERS)
def test_what_numbers_mean(text: str, from_sunday: str | None, from_monday: str | None) -> None:
    for count, wanted in ((Count.FROM_SUNDAY, from_sunday), (Count.FROM_MONDAY, from_monday)):
        days = count.days(text)
        assert (" ".join(ORDER[day] for day in days) if days is not None else None) == wanted


@pytest.mark.parametrize(
    ("text", "day"), [(0, 6), (7, 6), ("0", 6), (1, 0), (5, 4), (6, 5), ("sun", 6), ("mon", 0)]
)
@pytest.mark.parametrize("form", ["cron", "calendar"])
def test_a_job_runs_on_that_day(form: str, text: object, day: int) -> None:
    fields = {"day_of_week": text, "hour": 9}
    trigger = Trigger("cron", fields) if form == "cron" else Trigger("calendar", {"cron": fields})
    for same in (trigger, with_day_names(trigger)):
        (first,) = upcoming(schedule_of(same, anchor=NOW), NOW, 1)
        assert first.weekday() == day


@pytest.mark.parametrize("text", ["fri-mon", "5-1", "fri,6-7,mon"])
def test_a_range_goes_round_the_end_of_the_week(text: str) -> None:
    schedule = schedule_of(Trigger("cron", {"day_of_week": text, "hour": 9}), anchor=NOW)
    assert [at.weekday() for at in upcoming(schedule, NOW, 4)] == [5, 6, 0, 4]


def test_names_stay_as_they_are() -> None:
    for text in ("mon-fri", "*", "sat,sun"):
        trigger = Trigger("cron", {"day_of_week": text, "hour": 9})
        assert with_day_names(trigger) is trigger
        assert with_day_names(trigger, Count.FROM_MONDAY) is trigger
    other = Trigger("interval", {"hours": 1})
    assert with_day_names(other) is other


@pytest.mark.parametrize("text", ["0", "1-5", "*/2", "6,7"])
def test_a_text_and_a_file_name_the_days(text: str) -> None:
    """So that they mean the same to earlier versions, which counted from Monday."""
    trigger = Trigger("cron", {"day_of_week": text, "hour": 9, "timezone": "UTC"})
    wanted = list(upcoming(schedule_of(trigger, anchor=NOW), NOW, 8))
    sentence = describe(trigger, "UTC", "en")
    assert not any(letter.isdigit() for letter in sentence.partition("day_of_week=")[2].partition(" ")[0])
    assert list(upcoming(understand(sentence, zone="UTC", locale="en", now=NOW).schedule, NOW, 8)) == wanted
    (entry,) = read_jobs(write_jobs([Job("j", "h", "m", {}, trigger)]))
    assert isinstance(entry, Entry)
    again = understand(entry.when, zone="UTC", locale="en", now=NOW).schedule
    assert list(upcoming(again, NOW, 8)) == wanted


def test_typed_fields_name_their_weekdays() -> None:
    """An earlier server, not restarted yet, would count a number from Monday."""
    for text, wanted in (("0", "sun"), ("7", "sun"), ("1-5", "mon,tue,wed,thu,fri"), ("mon,6", "mon,sat")):
        typed = understand(f"cron fields hour=9 day_of_week={text}", zone="UTC", locale="en", now=NOW)
        assert typed.trigger.args["day_of_week"] == wanted


@pytest.mark.parametrize(
    "when", ["cron hour=9 day_of_week=0", "cron hour=9 day_of_week=mon,6", "cron day_of_week=1-5"]
)
def test_a_file_with_numbers_is_refused_because_they_meant_other_days(when: str) -> None:
    (fault,) = read_jobs(yaml.safe_dump({"jobs": [{"do": "send", "when": when}]}))
    assert isinstance(fault, Fault) and "day_of_week=mon" in fault.message
