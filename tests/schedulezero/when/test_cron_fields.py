"""The cron fields mean what APScheduler's CronTrigger says they mean.

APScheduler 3 counts weekdays from Monday, so it gets names in place of their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.errors import TriggerError
from schedulezero.model import Trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.calendar.weekdays import Count
from tests.support.tries import tries

START = datetime(2026, 11, 24, 12, 34, 56, tzinfo=UTC)

EXAMPLES = [
    {"hour": 9},
    {"hour": 9, "minute": 30},
    {"minute": "*/5"},
    {"second": "*/20"},
    {"day_of_week": "mon-fri", "hour": 9},
    {"day_of_week": 0, "hour": 6},
    {"day_of_week": "6"},
    {"day_of_week": "mon,wed"},
    {"day": "last", "hour": 12},
    {"day": "2nd tue"},
    {"day": "last fri", "hour": "8-17/3"},
    {"day": "1,15"},
    {"month": "jan-mar", "day": 29},
    {"month": "6"},
    {"week": "10-12", "day_of_week": "mon"},
    {"year": "2028", "month": 2, "day": 29},
    {"hour": "20-23", "minute": "1,31"},
    {"day": "5th sun"},
    {"minute": "10/25"},
]


@pytest.mark.parametrize("fields", EXAMPLES, ids=str)
def test_the_fields_agree_with_apscheduler(fields: dict[str, object]) -> None:
    assert ours(fields, START, 12) == theirs(fields, START, 12)


@pytest.mark.long
@settings(max_examples=tries(200), deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "month": st.sampled_from(["*", "*/3", "feb", "2-11/4", "12"]),
            "day": st.sampled_from(["*", "*/7", "31", "last", "1st mon", "3-9,28", "last sun"]),
            "day_of_week": st.sampled_from(["*", "mon", "sat,sun", "1-5", "*/2"]),
            "hour": st.sampled_from(["*", "*/6", "0", "7-9", "23"]),
            "minute": st.sampled_from(["*", "*/13", "0", "59", "5,35"]),
            "second": st.sampled_from(["0", "*/30", "59"]),
        },
    ).filter(bool),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
)
def test_any_fields_agree_with_apscheduler(fields: dict[str, str], moment: datetime) -> None:
    start = moment.replace(tzinfo=UTC)
    assert ours(fields, start, 3) == theirs(fields, start, 3)


@pytest.mark.parametrize(
    ("fields", "field", "part"),
    [
        ({"hour": 25}, "trigger.args.hour", "0 to 23"),
        ({"minute": "a"}, "trigger.args.minute", "; use "),
        ({"day_of_week": 8}, "trigger.args.day_of_week", "0 to 7"),
        ({"month": "nov-feb"}, "trigger.args.month", "backwards"),
        ({"day_of_week": "1-5/0"}, "trigger.args.day_of_week", "at least 1"),
        ({"day_of_week": "mondey"}, "trigger.args.day_of_week", "none of: mon"),
        ({"hour": "9-7"}, "trigger.args.hour", "backwards"),
        ({"minute": "*/0"}, "trigger.args.minute", "at least 1"),
        ({"day": "6th mon"}, "trigger.args.day", "last fri"),
        ({"hours": 9}, "trigger.args.hours", "it takes"),
        ({}, "trigger.args", "at least one of"),
        ({"hour": 9, "timezone": "Mars/Olympus"}, "trigger.args.timezone", "no time zone"),
        ({"hour": ""}, "trigger.args.hour", "; use "),
        ({"hour": [9]}, "trigger.args.hour", "; use "),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(
    fields: dict[str, object], field: str, part: str
) -> None:
    with pytest.raises(TriggerError) as caught:
        ours(fields, START, 1)
    assert caught.value.field == field
    assert part in caught.value.message


def test_what_can_never_match_ends() -> None:
    assert ours({"month": 2, "day": 30}, START, 1) == []
    assert ours({"year": 1999}, START, 1) == []


def ours(fields: Mapping[str, object], start: datetime, count: int) -> list[datetime]:
    schedule = schedule_of(Trigger("cron", fields), anchor=start)
    return list(upcoming(schedule, start, count))


def theirs(fields: Mapping[str, object], start: datetime, count: int) -> list[datetime]:
    if "day_of_week" in fields:
        fields = {**fields, "day_of_week": Count.FROM_SUNDAY.names(fields["day_of_week"])}
    trigger = CronTrigger(timezone=UTC, **fields)
    found: list[datetime] = []
    now = start
    while len(found) < count:
        following = trigger.get_next_fire_time(found[-1] if found else None, now + timedelta(microseconds=1))
        if following is None:
            break
        found.append(following)
        now = following
    return found
