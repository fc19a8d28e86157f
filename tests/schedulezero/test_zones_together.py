"""A rule in another zone keeps its weekdays, days and exceptions together with its time, wherever it goes.

Each way out of a trigger (its sentence, our file, a calendar file, the published server's cron) is compared
with the instants that a plain walk over the days of two years gives.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.client.published_triggers import published_trigger
from schedulezero.exchange.calendar_export import calendar_of
from schedulezero.exchange.reading import Asked, Found, read_file
from schedulezero.exchange.yaml_file import write_jobs
from schedulezero.instants import first_instant_at_or_after
from schedulezero.model import Job, Trigger
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.language.nearest import nearest_plain, refusal
from schedulezero.when.language.parse import understand

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
END = NOW + timedelta(days=2 * 365)
ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago",
    "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "UTC",
)  # fmt: skip
TIMES = ("00:00", "00:30", "06:15", "12:00", "18:45", "23:59")
RULES: dict[str, Callable[[date], bool]] = {
    "every day": lambda day: True,
    "every monday": lambda day: day.weekday() == 0,
    "every sunday": lambda day: day.weekday() == 6,
    "every saturday and tuesday": lambda day: day.weekday() in (1, 5),
    "every working day": lambda day: day.weekday() < 5,
    "every month on the 1st": lambda day: day.day == 1,
    "every month on the last day": lambda day: day.day == calendar.monthrange(day.year, day.month)[1],
    "first monday of the month": lambda day: day.weekday() == 0 and day.day <= 7,
    "last friday of the month": (
        lambda day: day.weekday() == 4 and day.day > calendar.monthrange(day.year, day.month)[1] - 7
    ),
    "every year on 31 december": lambda day: (day.month, day.day) == (12, 31),
}
LEFT_OUT: dict[str, Callable[[date], bool]] = {
    "": lambda day: False,
    ", except on 31 december 2026": lambda day: day == date(2026, 12, 31),
    ", except on 1 february 2027": lambda day: day == date(2027, 2, 1),
}


def walked(
    fits: Callable[[date], bool], out: Callable[[date], bool], at: str, zone: ZoneInfo
) -> list[datetime]:
    day, found = NOW.astimezone(zone).date(), list[datetime]()
    while day <= END.astimezone(zone).date():
        instant = first_instant_at_or_after(datetime.combine(day, time.fromisoformat(at)), zone)
        if fits(day) and not out(day) and NOW < instant <= END:
            found.append(instant.astimezone(UTC))
        day += timedelta(days=1)
    return found


def told(trigger: Trigger, zone: str) -> list[datetime]:
    schedule = schedule_of(trigger, anchor=NOW, zone=zone)
    found, at = list[datetime](), schedule.next_after(NOW)
    while at is not None and at <= END:
        found.append(at.astimezone(UTC))
        at = schedule.next_after(at)
    return found


def imported(data: bytes, own: str) -> list[datetime]:
    found: set[datetime] = set()
    for entry in read_file(data, Asked(own, "en-GB", NOW, "1")):
        assert isinstance(entry, Found), entry
        found |= set(told(entry.trigger, entry.timezone))
    return sorted(found)


@pytest.mark.long
@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(sorted(RULES)), st.sampled_from(sorted(LEFT_OUT)), st.sampled_from(TIMES),
    st.sampled_from(ZONES), st.sampled_from(ZONES),
)  # fmt: skip
def test_each_way_out_gives_the_same_instants(rule: str, out: str, at: str, named: str, own: str) -> None:
    zone = ZoneInfo(named)
    expected = walked(RULES[rule], LEFT_OUT[out], at, zone)
    found = understand(f"{rule} at {at}{out} {named}", zone=own, locale="en-GB", now=NOW)
    assert found.zone == named
    assert told(found.trigger, own) == expected
    job = Job("j", "h", "send_announcement", trigger=found.trigger, anchor_at=NOW, name="x",
              params={"channel_id": "1", "message": "x"}, timezone=own)  # fmt: skip
    assert imported(write_jobs([job]).encode(), own) == expected
    assert imported(calendar_of([job], name="x", now=NOW).data, own) == expected
    if found.trigger.type == "cron":
        body = dict(published_trigger(found.trigger, own, NOW))
        plain = Trigger("cron", {key: body[key] for key in body if key not in ("type", "start_time")})
        assert told(plain, "UTC") == expected
    near = nearest_plain(found.trigger, own)
    if near is not None:
        assert told(near, own) == walked(RULES[rule], LEFT_OUT[""], at, zone)


def test_the_nearest_schedule_names_the_zone_of_its_times() -> None:
    text = "every monday at 23:30 America/New_York, except on 21 december 2026"
    found = understand(text, zone="Europe/Berlin", locale="en", now=NOW)
    said = refusal(found.trigger, "Europe/Berlin")
    assert "“every Monday at 23:30 America/New_York”" in said
    again = understand(said.rsplit("“", 1)[1].removesuffix("”."), zone="Europe/Berlin", locale="en", now=NOW)
    assert told(again.trigger, "Europe/Berlin") == walked(
        RULES["every monday"], LEFT_OUT[""], "23:30", ZoneInfo("America/New_York")
    )
