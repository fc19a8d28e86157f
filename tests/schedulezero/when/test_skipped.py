"""What stays held or skipped when a job gets another schedule or zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from schedulezero.model import Job
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.skipped import held_after
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand

NOW = datetime(2027, 3, 3, 12, tzinfo=UTC)  # a Wednesday
LATER = NOW + timedelta(days=60, minutes=7)


def a_job(text: str, zone: str = "UTC", held_until: datetime | None = None) -> Job:
    trigger = understand(text, zone=zone, locale="en-GB", now=NOW).trigger
    return Job("j", "h", "m", {}, trigger, anchor_at=NOW, timezone=zone, held_until=held_until)


def skipping(job: Job, count: int = 1) -> Job:
    schedule = schedule_of(job.trigger, anchor=NOW, zone=job.timezone)
    return replace(job, held_until=list(upcoming(schedule, NOW, count))[-1])


def test_a_hold_ends_when_it_would_have_ended() -> None:
    held = a_job("every monday at 9", held_until=LATER)
    assert held_after(held, a_job("every tuesday at 9", "Asia/Tokyo"), NOW) == LATER
    assert held_after(held, a_job("every minute"), NOW) == LATER
    assert held_after(held, a_job("every tuesday at 9"), LATER) is None  # it is over
    assert held_after(a_job("every monday at 9"), a_job("every tuesday at 9"), NOW) is None


# Read as: the schedule before, of which so many runs are skipped; the one after, with its zone; and its last
# run that stays skipped.
@pytest.mark.parametrize(
    ("before", "count", "after", "zone", "kept"),
    [
        ("every monday at 9", 1, "every monday at 9", "Asia/Tokyo", "2027-03-08T00:00Z"),
        ("every monday at 9", 2, "every monday at 9", "Asia/Tokyo", "2027-03-15T00:00Z"),
        ("every monday at 9", 1, "every monday at 18:30", "UTC", "2027-03-08T18:30Z"),
        ("every monday at 9", 1, "every tuesday at 9", "UTC", None),
        ("every monday at 9", 1, "every day at 9", "UTC", None),  # others come before it
        ("every monday and friday at 9", 2, "every friday at 9", "UTC", "2027-03-05T09:00Z"),
        ("every day at 9 and 18", 1, "every day at 18", "UTC", "2027-03-03T18:00Z"),
        ("every day at 9 and 18", 2, "every day at 10", "UTC", None),  # it is neither
        ("every day at 18", 1, "every day at 18", "Asia/Tokyo", None),  # which has passed there
        ("every hour", 1, "every 15 minutes", "UTC", None),
        ("every hour", 1, "every 2 hours", "UTC", None),
        ("every hour at :30", 1, "every hour at :30", "Asia/Tokyo", "2027-03-03T12:30Z"),
    ],
)
def test_a_run_stays_skipped_where_it_is_the_same(
    before: str, count: int, after: str, zone: str, kept: str | None
) -> None:
    found = held_after(skipping(a_job(before), count), a_job(after, zone), NOW)
    assert found == (datetime.fromisoformat(kept) if kept is not None else None)
