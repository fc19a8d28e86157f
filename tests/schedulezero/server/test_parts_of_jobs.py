"""The parts of a job: leads before each of its runs, thens after each that succeeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schedulezero.model import GuildRules, Job, JobState, Run, RunState, Trigger
from schedulezero.model.part import MAIN, Part, Waiting
from schedulezero.server.decisions.parts import due_parts, followed, held, planned, without_due
from schedulezero.when.calendar.ahead import ahead_of

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
JUST_AFTER = timedelta(microseconds=1)
SUNDAYS = Trigger("cron", {"day_of_week": "sun", "hour": 9, "minute": 0})
NOW = datetime(2026, 3, 23, 12, tzinfo=UTC)  # the Monday before the clocks change in Berlin


def lead(before: timedelta, name: str = "a") -> Part:
    return Part(name, "send", {"text": "soon"}, before=before)


def then(after: timedelta = timedelta(), name: str = "t") -> Part:
    return Part(name, "lock", {}, after=after)


def a_job(*parts: Part, **given: Any) -> Job:
    options: dict[str, Any] = {
        "trigger": SUNDAYS,
        "timezone": "Europe/Berlin",
        "anchor_at": NOW,
        "next_run_at": datetime(2026, 3, 29, 7, tzinfo=UTC),
    }
    return Job("j", "h", "m", {}, **{**options, **given}, parts=parts)


# Read as: how long before 09:00 on the Sunday on which the clocks change, and when that is in UTC.
AHEAD = [
    (DAY, datetime(2026, 3, 28, 8, tzinfo=UTC)),  # 09:00 in winter
    (15 * MINUTE, datetime(2026, 3, 29, 6, 45, tzinfo=UTC)),
    (8 * HOUR, datetime(2026, 3, 28, 23, tzinfo=UTC)),  # exact, across the change
    (DAY + HOUR, datetime(2026, 3, 28, 7, tzinfo=UTC)),
    (7 * DAY, datetime(2026, 3, 22, 8, tzinfo=UTC)),
]


@pytest.mark.parametrize(("before", "expected"), AHEAD)
def test_a_lead_counts_days_by_the_clock_and_the_rest_exactly(before: timedelta, expected: datetime) -> None:
    assert ahead_of(datetime(2026, 3, 29, 7, tzinfo=UTC), before, "Europe/Berlin") == expected


def test_leads_come_before_the_next_run_and_never_in_the_past() -> None:
    (soon, later) = planned(a_job(lead(DAY, "a"), lead(7 * DAY, "b")), NOW).waiting
    assert soon == Waiting("a", datetime(2026, 3, 28, 8, tzinfo=UTC) + JUST_AFTER, a_job().next_run_at or NOW)
    assert later.at == datetime(2026, 3, 29, 7, tzinfo=UTC) + JUST_AFTER  # of the Sunday after
    assert later.of == datetime(2026, 4, 5, 7, tzinfo=UTC)


def test_a_lead_of_a_single_run_that_has_passed_is_left_out() -> None:
    once = Trigger("date", {"run_date": "2026-03-23T13:00:00Z"})
    job = a_job(lead(DAY), lead(15 * MINUTE, "b"), trigger=once, next_run_at=NOW + HOUR)
    assert [item.part for item in planned(job, NOW).waiting] == ["b"]


def test_a_new_time_moves_the_leads() -> None:
    job = planned(a_job(lead(DAY)), NOW)
    moved = replace(job, trigger=Trigger("cron", {"day_of_week": "fri", "hour": 9, "minute": 0}))
    moved = replace(moved, next_run_at=datetime(2026, 3, 27, 8, tzinfo=UTC))
    assert planned(moved, NOW).waiting[0].at == datetime(2026, 3, 26, 8, tzinfo=UTC) + JUST_AFTER


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.PENDING, JobState.CANCELLED])
def test_a_job_that_does_not_run_has_no_leads_and_keeps_what_waits(state: JobState) -> None:
    waits = Waiting("t", NOW + HOUR, NOW)
    job = planned(a_job(lead(DAY), then(), state=state, next_run_at=None, waiting=(waits,)), NOW)
    assert job.waiting == (waits,) and job.state is state


def test_a_part_that_was_removed_no_longer_waits() -> None:
    job = planned(a_job(lead(DAY), waiting=(Waiting("t", NOW + HOUR, NOW),)), NOW)
    assert [item.part for item in job.waiting] == ["a"]


def test_a_single_run_stays_active_while_something_follows() -> None:
    job = a_job(then(HOUR), state=JobState.FINISHED, next_run_at=None)
    run = Run("j", "h", "m", {}, NOW, RunState.SUCCEEDED, part=MAIN, finished_at=NOW)
    after = followed(job, run)
    assert after is not None and after.state is JobState.ACTIVE
    assert after.waiting == (Waiting("t", NOW + HOUR, NOW),)
    over = without_due(after, NOW + HOUR)
    assert over.state is JobState.FINISHED and over.waiting == ()


def test_thens_follow_one_another_and_leads_nothing() -> None:
    job = a_job(lead(DAY), then(name="t"), then(HOUR, "u"))
    run = Run("j", "h", "m", {}, NOW, RunState.SUCCEEDED, finished_at=NOW)
    after = {part: followed(job, replace(run, part=part)) for part in (MAIN, "t", "u", "a", "gone")}
    assert {part: found and found.waiting[0].part for part, found in after.items()} == {
        MAIN: "t", "t": "u", "u": None, "a": None, "gone": None,
    }  # fmt: skip


def test_a_lead_is_missed_once_its_run_is_due() -> None:
    job = planned(a_job(lead(15 * MINUTE)), NOW)
    of = job.next_run_at
    assert of is not None
    assert [part.id for part, _ in due_parts(job, None, of - MINUTE).run] == ["a"]
    late = due_parts(job, None, of)
    assert not late.run and [part.id for part, *_ in late.missed] == ["a"]


def test_a_lead_counts_the_runs_until_the_one_that_it_announces() -> None:
    """Two weeks before a weekly run, another one comes in between, unless the rules drop it."""
    soon, long = planned(a_job(lead(DAY, "a"), lead(8 * DAY, "b")), NOW).waiting
    soon, long = sorted((soon, long), key=lambda item: item.part)
    job = planned(a_job(lead(DAY, "a"), lead(8 * DAY, "b")), NOW)
    assert due_parts(job, None, soon.at).ahead["a"] == 1
    assert due_parts(job, None, long.at).ahead["b"] == 2
    rules = GuildRules("1", "Europe/Berlin", dark_days=(soon.of.date(),))
    assert due_parts(job, rules, long.at).ahead["b"] == 1


def test_a_run_that_the_rules_drop_is_not_announced() -> None:
    job = planned(a_job(lead(DAY)), NOW)
    rules = GuildRules("1", "Europe/Berlin", dark_days=(date(2026, 3, 29),))
    due = due_parts(job, rules, datetime(2026, 3, 28, 9, tzinfo=UTC))
    assert not due.run and len(due.skipped) == 1


def test_a_hold_puts_off_what_waits_and_its_end_brings_it_back() -> None:
    waits = Waiting("t", NOW + HOUR, NOW)
    job = held(a_job(then(), waiting=(waits,), held_until=NOW + DAY), NOW + DAY)
    assert planned(job, NOW).waiting[0].due_at == NOW + DAY
    assert planned(replace(job, held_until=None), NOW).waiting == (waits,)
