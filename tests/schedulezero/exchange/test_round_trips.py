"""What we export is read back as the same jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.errors import TriggerError
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.exchange.limited_reading import checked
from schedulezero.exchange.reading import Asked, Found, read_file
from schedulezero.exchange.yaml_file import Fault, write_jobs
from schedulezero.instants import to_iso
from schedulezero.model import Job, JobState, MissedPolicy, OverlapPolicy, Trigger
from schedulezero.model.part import Part
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of

NOW = datetime(2026, 11, 28, 12, 0, 7, tzinfo=UTC)
ANCHOR = NOW - timedelta(days=30, minutes=11)
PARAMS = {"channel_id": "123456789012345678", "message": "Grüße 🎲\n- second: line"}
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC")
RUNS = 12

times = st.lists(
    st.sampled_from(["00:00", "09:00", "13:37:05", "23:59"]), min_size=1, max_size=3, unique=True
)
weekdays = st.lists(st.sampled_from(["mon", "tue", "fri", "sun"]), min_size=1, max_size=3, unique=True)
every = st.one_of(st.just({}), st.builds(lambda n: {"every": n, "anchor": "2026-11-09"}, st.integers(2, 5)))
rules = st.one_of(
    st.builds(lambda t, e: {"unit": "day", "times": t, **e}, times, every),
    st.builds(lambda t, e, w: {"unit": "week", "times": t, "weekdays": w, **e}, times, every, weekdays),
    st.builds(
        lambda t, e, d: {"unit": "month", "times": t, "days": d, **e}, times, every,
        st.lists(st.sampled_from([1, 13, 29, 31, -1]), min_size=1, max_size=2, unique=True),
    ),
    st.builds(
        lambda t, e, p: {"unit": "month", "times": t, "positions": [p], **e}, times, every,
        st.sampled_from([[1, "mon"], [-1, "fri"], [5, "sun"], [2, "workday"], [-1, "workday"]]),
    ),
    st.builds(
        lambda t, w: {"unit": "month", "times": t, "days": [13], "weekdays": w}, times, weekdays,
    ),
    st.builds(
        lambda t, e, m: {"unit": "year", "times": t, "days": [29], "months": [m], **e}, times, every,
        st.integers(1, 12),
    ),
    st.builds(lambda t: {"unit": "week", "times": t, "weekdays": ["tue"], "months": [3, 12]}, times),
    st.builds(lambda t: {"unit": "year", "times": t, "feasts": ["easter_monday"]}, times),
)  # fmt: skip
STARTS = [to_iso(NOW - timedelta(days=3)), to_iso(NOW + timedelta(days=40, seconds=3))]
bounds = st.fixed_dictionaries(
    {},
    optional={
        "starting": st.sampled_from(
            [to_iso(NOW - timedelta(days=3)), to_iso(NOW + timedelta(days=40, seconds=3))]
        ),
        "until": st.just(to_iso(NOW + timedelta(days=900, seconds=61))),
        "except": st.just(["2026-12-07", "2026-12-24"]),
    },
)
bases = st.one_of(
    st.builds(lambda rule: {"rule": rule}, rules),
    st.sampled_from([
        {"crontab": "0 9 13 * 5"}, {"crontab": "*/15 * * * *"}, {"interval": {"minutes": 90}},
        {"interval": {"seconds": 7}}, {"cron": {"hour": 9, "day_of_week": "mon-fri", "minute": "*/7"}},
    ]),
)  # fmt: skip
triggers = st.one_of(
    st.builds(lambda base, more: Trigger("calendar", {**base, **more}), bases, bounds),
    st.sampled_from([
        Trigger("date", {"run_date": to_iso(NOW + timedelta(days=3, seconds=5))}),
        Trigger("interval", {"hours": 1, "minutes": 30}), Trigger("interval", {"weeks": 2}),
        Trigger("interval", {"seconds": 1.5}),
        Trigger("cron", {"hour": "*/2"}), Trigger("cron", {"day": "last fri", "hour": 9}),
        Trigger("cron", {"day_of_week": "mon", "hour": 9, "second": 30}), Trigger("cron", {"week": 20}),
        Trigger("calendar", {
            "rule": {"unit": "day", "times": ["09:00"]}, "starting": to_iso(ANCHOR), "count": 50,
        }),
    ]),
)  # fmt: skip


def job(trigger: Trigger, **changes: Any) -> Job:
    plain = Job("j1", "h", "send_announcement", PARAMS, trigger, name="Game night", anchor_at=ANCHOR)
    return replace(plain, **{"timezone": "Europe/Berlin", **changes})


def read(data: bytes) -> list[Found]:
    found = list(read_file(data, Asked("Asia/Tokyo", "de", NOW, "1", RUNS)))
    assert all(isinstance(item, Found) for item in found), found
    return [item for item in found if isinstance(item, Found)]


def runs(before: Job, count: int = RUNS) -> list[datetime]:
    schedule = schedule_of(before.trigger, anchor=before.anchor_at or NOW, zone=before.timezone)
    after = max(NOW, before.held_until) if before.held_until else NOW
    return list(upcoming(schedule, after, count))


@settings(max_examples=40, deadline=None)
@given(triggers, st.sampled_from(ZONES))
def test_each_trigger_comes_back_from_our_own_file(trigger: Trigger, zone: str) -> None:
    before = job(trigger, timezone=zone)
    try:
        wanted = runs(before)
    except TriggerError:
        return  # drawn values that no trigger has
    if wanted:
        (found,) = read(write_jobs([before], NOW).encode())
        assert list(found.runs) == wanted
        assert (found.params, found.name, found.job_id) == (PARAMS, "Game night", "j1")


def test_everything_about_a_job_comes_back_from_our_own_file() -> None:
    before = job(
        Trigger("interval", {"minutes": 90}), missed=MissedPolicy.ALL, overlap=OverlapPolicy.SKIP,
        grace=timedelta(hours=1), state=JobState.PAUSED,
    )  # fmt: skip
    (found,) = read(write_jobs([before], NOW).encode())
    assert (found.missed, found.overlap, found.grace, found.paused) == ("all", "skip", 3600, True)
    assert found.parts is None
    held = job(Trigger("interval", {"minutes": 90}), held_until=NOW + timedelta(days=2))
    (found,) = read(write_jobs([held], NOW).encode())
    assert list(found.runs) == runs(held) and not found.paused


PARTS = (
    Part("b1", "send_post", {"text": "{starts}"}, before=timedelta(days=1)),
    Part("b2", "send_post", {"text": "Soon"}, before=timedelta(hours=1, minutes=30)),
    Part("t1", "lock_channel", {"channel_id": "5"}, after=timedelta()),
    Part("t2", "send_post", {"text": "Thanks"}, after=timedelta(seconds=90.5)),
    Part("t3", "send_post", {"text": "Bye"}),
)


def test_what_a_job_does_before_and_after_comes_back_from_our_own_file() -> None:
    before = job(Trigger("interval", {"minutes": 90}), parts=PARTS)
    text = write_jobs([before], NOW)
    assert "before: 1 day\n" in text and "before: 90 minutes\n" in text
    (found,) = read(text.encode())
    assert found.parts == PARTS
    received = checked(json.loads(json.dumps(found.to_json())))
    assert isinstance(received, Found) and received.parts == PARTS


PLAIN = "jobs: [{do: send, when: every day at 9, parts: "
WRONG = ["5", "[5]", "[{do: send, before: soon}]", "[{do: send, before: 0}]", "[{do: send, after: 400 days}]",
         "[{do: send, before: 1 day, after: 1 day}]", "[{before: 1 day}]", "[{do: send, with: 5}]",
         "[{do: send, at: 5}]", f"[{', '.join(['{do: send, before: 1 day}'] * 6)}]"]  # fmt: skip


@pytest.mark.parametrize("parts", WRONG)
def test_parts_that_cannot_be_are_refused(parts: str) -> None:
    (found,) = read_file(f"{PLAIN}{parts}}}]".encode(), Asked("UTC", "en", NOW, "1", 1))
    assert isinstance(found, Fault), found


def test_parts_written_by_hand_need_no_names() -> None:
    (found,) = read(f"{PLAIN}[{{do: a, before: 2h}}, {{do: b, before: 60}}, {{do: c}}]}}]".encode())
    assert [(part.id, part.method) for part in found.parts or ()] == [("b1", "a"), ("b2", "b"), ("t1", "c")]


@settings(max_examples=30, deadline=None)
@given(triggers, st.sampled_from(ZONES))
def test_each_trigger_comes_back_from_a_calendar_of_ours(trigger: Trigger, zone: str) -> None:
    before = job(trigger, timezone=zone, state=JobState.PAUSED)
    try:
        wanted = runs(before)
    except TriggerError:
        return
    if not wanted or trigger.args.get("seconds") == 1.5:  # a calendar has whole seconds
        return
    found = read(calendar_of([before], name="x", now=NOW).data)
    assert sorted({run for item in found for run in item.runs})[: len(wanted)] == wanted
    assert {(item.job_id, item.paused, item.is_event) for item in found} == {("j1", True, True)}


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ("when: daily at 9\n  trigger: {type: interval, args: {hours: 1}}", "either"),
        ("trigger: daily", "must contain"),
        ("trigger: {type: interval, args: {hours: 0}}", "at least"),
        ("when: daily at 9\n  state: finished", "must be one of"),
        ("when: daily at 9\n  grace: 0", "from 1 to"),
    ],
)  # fmt: skip
def test_what_a_file_says_wrong_is_told(lines: str, part: str) -> None:
    (found,) = read_file(f"- do: x\n  {lines}\n".encode(), Asked("UTC", "en-GB", NOW))
    assert not isinstance(found, Found) and part in found.message


def test_every_second_week_stays_on_its_weeks_whenever_it_is_read() -> None:
    text = "- do: x\n  when: every 2 weeks on monday at 9 from 9 nov 2026\n  timezone: UTC\n"
    for day in (8, 10, 17, 27):
        (found,) = read_file(text.encode(), Asked("UTC", "en-GB", NOW.replace(day=day), count=2))
        assert isinstance(found, Found)
        assert all((run.date() - datetime(2026, 11, 9).date()).days % 14 == 0 for run in found.runs)
