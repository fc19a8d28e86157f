"""What people type, and what it is understood to mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.errors import WhenError
from schedulezero.when.describe import describe
from schedulezero.when.parse import understand

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin

# Read as: text, and the first local time that it means.
ONCE = {
    "in 10 minutes": "2026-11-24 13:10",
    "in 2h30m": "2026-11-24 15:30",
    "in an hour": "2026-11-24 14:00",
    "in 1 day and 2 hours": "2026-11-25 15:00",
    "tomorrow at 9": "2026-11-25 09:00",
    "Tomorrow  at 9 PM": "2026-11-25 21:00",
    "tomorrow noon": "2026-11-25 12:00",
    "friday 6pm": "2026-11-27 18:00",
    "on tuesday at 12:00": "2026-12-01 12:00",
    "tuesday at 14:00": "2026-11-24 14:00",
    "5pm": "2026-11-24 17:00",
    "9:30": "2026-11-25 09:30",
    "24 dec 18:00": "2026-12-24 18:00",
    "2026-12-24 18:00": "2026-12-24 18:00",
    "2026-12-24T18:00:00Z": "2026-12-24 19:00",
    "1800000000": "2027-01-15 09:00",
    "<t:1800000000>": "2027-01-15 09:00",
    "<t:1800000000:F>": "2027-01-15 09:00",
    "18:00 UTC": "2026-11-24 19:00",
}
AGAIN = {
    "every 30 minutes": ("2026-11-24 13:30", "every 30 minutes"),
    "every hour": ("2026-11-24 14:00", "every hour"),
    "every day at 9": ("2026-11-25 09:00", "every day at 09:00"),
    "daily at noon": ("2026-11-25 12:00", "every day at 12:00"),
    "every monday at 18:00": ("2026-11-30 18:00", "every Monday at 18:00"),
    "mondays and thursdays at 6pm": ("2026-11-26 18:00", "every Monday and Thursday at 18:00"),
    "every weekday at 9": ("2026-11-25 09:00", "every working day at 09:00"),
    "weekends at 10": ("2026-11-28 10:00", "every Saturday and Sunday at 10:00"),
    "every day at 9 and 17": ("2026-11-24 17:00", "every day at 09:00 and 17:00"),
    "every month on the 1st at 9": ("2026-12-01 09:00", "every month on the 1st at 09:00"),
    "0 9 * * 1-5": (
        "2026-11-25 09:00",
        "every Monday, Tuesday, Wednesday, Thursday and Friday at 09:00",
    ),
    "30 2 * * 0": ("2026-11-29 02:30", "every Sunday at 02:30"),
    "30 2 * * 7": ("2026-11-29 02:30", "every Sunday at 02:30"),
    "0 9 13 * 5": ("2026-11-27 09:00", "by the crontab line 0 9 13 * 5"),
    "@daily": ("2026-11-25 00:00", "every day at 00:00"),
}
# Read as: text, and what the refusal must say.
REFUSED = {
    "": "Say when",
    "   ": "Say when",
    "purple monkey": "“purple monkey”",
    "every blursday at 9": "“blursday”",
    "yesterday": "in the past",
    "1 january 2020": "in the past",
    "1500000000": "in the past",
    "<t:1500000000:R>": "in the past",
    "tomorrow at 25:00": "25:00",
    "13pm": "18:00",
    "every day": "At what time",
    "every 10 seconds": "more often than once a minute",
    "every": "not understood",
    "0 0 31 2 *": "day-of-month",
    "99 9 * * *": "minute",
    "31 february": "not understood",
    "in 3 days at 9": "“9”",
    "x": "not understood",
    "every day at 9:00 and 10:30": "different minutes",
    "@sometimes": "@daily",
    "9" * 300: "200 characters",
    "in 99999999999999 weeks": "",
}


def first(text: str, locale: str = "en-GB") -> str:
    found = understand(text, zone="Europe/Berlin", locale=locale, now=NOW).schedule.next_after(NOW)
    assert found is not None
    return found.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("text", ONCE)
def test_once(text: str) -> None:
    assert first(text) == ONCE[text]


@pytest.mark.parametrize("text", AGAIN)
def test_again(text: str) -> None:
    understood = understand(text, zone="Europe/Berlin", locale="en-GB", now=NOW)
    assert first(text) == AGAIN[text][0]
    assert describe(understood.trigger, "Europe/Berlin") == AGAIN[text][1]


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(WhenError) as caught:
        understand(text, zone="Europe/Berlin", locale="en-GB", now=NOW)
    assert REFUSED[text] in caught.value.message


def test_day_and_month_stand_in_the_order_of_the_locale() -> None:
    assert first("05/12 18:00", "en-GB") == "2026-12-05 18:00"
    assert first("05/12 18:00", "en-US") == "2027-05-12 18:00"


def test_a_date_in_the_persons_own_language() -> None:
    assert first("24. Dezember 18:00", "de") == "2026-12-24 18:00"
    assert first("24 décembre 18:00", "fr") == "2026-12-24 18:00"


def test_a_crontab_line_becomes_fields_that_every_server_understands() -> None:
    trigger = understand("15 8 1 */3 *", zone="UTC", locale="en-GB", now=NOW).trigger
    assert trigger.type == "cron"
    assert dict(trigger.args) == {
        "minute": "15", "hour": "8", "day": "1", "month": "1,4,7,10", "timezone": "UTC",
    }  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused_and_nothing_else(text: str) -> None:
    try:
        understood = understand(text, zone="Europe/Berlin", locale="en-GB", now=NOW)
    except WhenError as error:
        assert error.message
    else:
        assert understood.schedule.next_after(NOW) is not None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["every", "in", "at", "9", "monday", "and", "day", "month", "on the", "1st", "2h", "*/5", "*",
             "tomorrow", ",", "0", "31", "feb", "2026", ":", "pm", "last", "minutes", "-", "noon"]
        ),
        max_size=7,
    )
)  # fmt: skip
def test_any_sequence_of_our_own_words_is_understood_or_refused(words: list[str]) -> None:
    try:
        understand(" ".join(words), zone="America/New_York", locale="en-US", now=NOW)
    except WhenError as error:
        assert error.message
