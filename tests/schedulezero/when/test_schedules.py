"""Instants through clock changes, and intervals that keep their anchor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.errors import TriggerError
from schedulezero.model import Trigger
from schedulezero.when.calendar.schedules import Every, upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.parse import understand
from tests.support.tries import tries

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC"]


def runs(kind: str, args: dict[str, object], start: str, count: int = 4) -> list[str]:
    """The next local times, with their offsets."""
    begin = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    schedule = schedule_of(Trigger(kind, args), anchor=begin.astimezone(UTC), zone="Europe/Berlin")
    found = upcoming(schedule, begin.astimezone(UTC), count)
    return [instant.astimezone(BERLIN).strftime("%d %H:%M%z") for instant in found]


DAILY = [("cron", {"hour": 2, "minute": 30}), ("calendar", {"crontab": "30 2 * * *"})]


@pytest.mark.parametrize(("kind", "args"), DAILY)
def test_a_time_that_the_clocks_skip_runs_once_after_the_gap(kind: str, args: dict[str, object]) -> None:
    assert runs(kind, args, "2026-03-28T12:00", 3) == ["29 03:00+0200", "30 02:30+0200", "31 02:30+0200"]


@pytest.mark.parametrize(("kind", "args"), DAILY)
def test_a_time_that_exists_twice_runs_the_first_time(kind: str, args: dict[str, object]) -> None:
    assert runs(kind, args, "2026-10-24T12:00", 3) == ["25 02:30+0200", "26 02:30+0100", "27 02:30+0100"]


def day_of(text: str, zone: str, day: str) -> list[str]:
    """The local times at which a schedule runs on a day, as it is typed."""
    where = ZoneInfo(zone)
    begin = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=where).astimezone(UTC)
    read = understand(text, zone=zone, locale="en", now=begin - timedelta(days=1))
    found = [run.astimezone(where) for run in upcoming(read.schedule, begin - timedelta(seconds=1), 200)]
    return [f"{run:%H:%M}{'*' if run.fold else ''}" for run in found if f"{run:%Y-%m-%d}" == day]


EVEN_HOURS = " ".join(f"{hour:02}:00" for hour in range(0, 24, 2))

# Read as: what is typed, the zone, the day of a clock change, and the runs of that day; a star marks the
# second of two times that read the same.
CHANGES = [
    ("30 2 * * *", "Europe/Berlin", "2026-03-29", "03:00"),
    ("*/15 2 * * *", "Europe/Berlin", "2026-03-29", "03:00"),
    ("*/15 2 * * *", "Europe/Berlin", "2026-10-25", "02:00 02:15 02:30 02:45"),
    ("*/30 1-3 * * *", "Europe/Berlin", "2026-03-29", "01:00 01:30 03:00 03:30"),
    ("*/30 2 1-31 * 0-6", "Europe/Berlin", "2026-03-29", "03:00"),  # a day or a weekday
    ("0 */30 2 * * *", "Europe/Berlin", "2026-03-29", "03:00"),  # with seconds
    ("0 */30 2 * * *", "Europe/Berlin", "2026-10-25", "02:00 02:30"),
    ("0 */6 * * *", "Europe/Berlin", "2026-03-29", "00:00 06:00 12:00 18:00"),
    ("0 2-23/7 * * *", "Europe/Berlin", "2026-10-25", "02:00 09:00 16:00 23:00"),
    (
        "0 */2 1-31 * 0-6",
        "Europe/Berlin",
        "2026-10-25",
        EVEN_HOURS,
    ),
    ("0 */2 * * *", "Europe/Berlin", "2026-10-25", EVEN_HOURS),
    ("0 1-4 * * *", "Europe/Berlin", "2026-03-29", "01:00 03:00 04:00"),
    ("every hour from 1 to 4", "Europe/Berlin", "2026-03-29", "01:00 03:00 04:00"),
    ("0 1-4 * * *", "Europe/Berlin", "2026-10-25", "01:00 02:00 03:00 04:00"),
    ("every hour from 1 to 4", "Europe/Berlin", "2026-10-25", "01:00 02:00 03:00 04:00"),
    ("*/15 1 * * *", "Australia/Lord_Howe", "2026-04-05", "01:00 01:15 01:30 01:45"),
    ("*/15 2 * * *", "Australia/Lord_Howe", "2026-10-04", "02:30 02:45"),
    ("*/30 1 * * *", "Australia/Lord_Howe", "2026-10-04", "01:00 01:30"),
    ("*/15 0 * * *", "America/Santiago", "2026-09-06", "01:00"),
    ("0 */12 * * *", "America/Santiago", "2026-09-06", "01:00 12:00"),
    ("*/30 23 * * *", "America/Santiago", "2026-04-04", "23:00 23:30"),
    ("0 23 * * *", "America/Santiago", "2026-04-04", "23:00"),
]


@pytest.mark.parametrize(("text", "zone", "day", "expected"), CHANGES)
def test_hours_that_are_named_run_once_through_a_change(
    text: str, zone: str, day: str, expected: str
) -> None:
    assert day_of(text, zone, day) == expected.split()


@pytest.mark.parametrize(
    "text", ["0 * * * *", "0 0-23 * * *", "0 */1 1-31 * 0-6", "every hour from 0 to 23 until 1 january 2027"]
)
def test_what_runs_in_every_hour_ticks_on(text: str) -> None:
    spring, autumn = (day_of(text, "Europe/Berlin", day) for day in ("2026-03-29", "2026-10-25"))
    assert len(spring) == 23 and spring[:3] == ["00:00", "01:00", "03:00"]
    assert len(autumn) == 25 and autumn[:5] == ["00:00", "01:00", "02:00", "02:00*", "03:00"]


def test_nine_o_clock_stays_nine_o_clock() -> None:
    assert runs("cron", {"hour": 9}, "2026-03-28T12:00", 2) == ["29 09:00+0200", "30 09:00+0200"]


@pytest.mark.parametrize(
    ("kind", "args"), [("cron", {"minute": "*/30"}), ("calendar", {"crontab": "*/30 * * * *"})]
)
def test_what_ticks_runs_on_through_both_changes(kind: str, args: dict[str, object]) -> None:
    assert runs(kind, args, "2026-10-25T01:30", 5) == [
        "25 02:00+0200",
        "25 02:30+0200",
        "25 02:00+0100",
        "25 02:30+0100",
        "25 03:00+0100",
    ]
    assert runs(kind, args, "2026-03-29T01:00", 3) == ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]


def test_a_crontab_line_means_day_or_weekday() -> None:
    assert runs("calendar", {"crontab": "0 9 13 * 5"}, "2026-11-01T00:00", 3) == [
        "06 09:00+0100",
        "13 09:00+0100",
        "20 09:00+0100",
    ]


@settings(max_examples=tries(200), deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1)),
    st.integers(0, 23),
    st.sampled_from(["0", "30", "*/20", "*"]),
    st.sampled_from(["*", "2", "*/6"]),
)
def test_instants_only_grow(zone: str, moment: datetime, hour: int, minute: str, hours: str) -> None:
    start = moment.replace(tzinfo=UTC)
    args = {"hour": hour if hours == "2" else hours, "minute": minute}
    schedule = schedule_of(Trigger("cron", args), anchor=start, zone=zone)
    found = list(upcoming(schedule, start, 6))
    assert len(found) == 6
    assert all(before < after for before, after in zip([start, *found], found, strict=False))


@settings(max_examples=tries(100), deadline=None)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2012, 1, 1), datetime(2060, 1, 1)))
def test_a_daily_job_runs_once_a_day(zone: str, moment: datetime) -> None:
    """Since Samoa left out the whole of 30 December 2011, whose job then ran when the 31st began."""
    start = moment.replace(tzinfo=UTC)
    schedule = schedule_of(Trigger("cron", {"hour": 2, "minute": 30}), anchor=start, zone=zone)
    days = [instant.astimezone(ZoneInfo(zone)).date() for instant in upcoming(schedule, start, 10)]
    assert len(set(days)) == 10


def test_an_interval_counts_from_its_anchor_whenever_it_is_asked() -> None:
    anchor = datetime(2026, 3, 28, 12, tzinfo=UTC)
    every = Every(timedelta(minutes=90), anchor)
    assert every.next_after(anchor) == anchor + timedelta(minutes=90)
    assert every.next_after(anchor + timedelta(minutes=90)) == anchor + timedelta(minutes=180)
    later = anchor + timedelta(days=400, seconds=1)
    following = every.next_after(later)
    assert following is not None and (following - anchor) % timedelta(minutes=90) == timedelta()
    assert every.next_after(anchor - timedelta(days=1)) == anchor + timedelta(minutes=90)


@pytest.mark.parametrize(
    "value", [1767225600, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", 1767225600.0]
)
def test_a_date_is_unix_seconds_or_iso(value: object) -> None:
    schedule = schedule_of(Trigger("date", {"run_date": value}), anchor=datetime.now(UTC))
    assert schedule.next_after(datetime(2025, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_date_without_an_offset_is_meant_in_the_jobs_zone() -> None:
    schedule = schedule_of(
        Trigger("date", {"run_date": "2026-07-01T09:00"}), anchor=datetime.now(UTC), zone="Europe/Berlin"
    )
    assert schedule.next_after(datetime(2025, 1, 1, tzinfo=UTC)) == datetime(2026, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("date", {}),
        ("date", {"run_date": True}),
        ("date", {"run_date": "soon"}),
        ("date", {"run_date": 1767225600000}),
        ("date", {"run_date": 1e300}),
        ("interval", {}),
        ("interval", {"minutes": "5"}),
        ("interval", {"seconds": 0}),
        ("interval", {"seconds": -5}),
        ("interval", {"weeks": 1e308}),
        ("interval", {"minutes": True}),
        ("calendar", {"crontab": "0 0 31 2 *"}),
        ("calendar", {"crontab": "nonsense"}),
        ("calendar", {"crontab": None}),
        ("weekly", {}),
    ],
    ids=str,
)
def test_hostile_triggers_are_refused_in_words(kind: str, args: dict[str, object]) -> None:
    with pytest.raises(TriggerError) as caught:
        schedule_of(Trigger(kind, args), anchor=datetime.now(UTC))
    assert caught.value.field.startswith("trigger.")
    assert len(caught.value.message) > 20


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("every 3 weeks on monday at 9 starting 2 november 2026", ["2026-12-14", "2027-01-04"]),
        ("DTSTART:20260115T090000 RRULE:FREQ=MONTHLY;INTERVAL=13", ["2027-02-15", "2028-03-15"]),
        ("DTSTART:20261109T090000 RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", ["2026-12-07", "2026-12-21"]),
    ],
)
def test_an_interval_counts_from_its_own_start_and_not_from_now(text: str, runs: list[str]) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    found = understand(text, zone="UTC", locale="en-GB", now=now)
    assert [f"{run:%Y-%m-%d}" for run in upcoming(found.schedule, now, 2)] == runs
