"""What people type, and what it is understood to mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.errors import WhenError
from schedulezero.when.language.parse import understand
from schedulezero.when.language.say import examples
from tests.support.languages import LANGUAGES
from tests.support.tries import tries

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin


def first(text: str, locale: str = "en-GB") -> str:
    found = understand(text, zone="Europe/Berlin", locale=locale, now=NOW).schedule.next_after(NOW)
    assert found is not None
    return found.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize("text", ["", "   ", "9" * 600])
def test_nothing_and_too_much_are_refused(text: str) -> None:
    with pytest.raises(WhenError, match=r"Enter a time|more than 500 characters"):
        understand(text, zone="Europe/Berlin", locale="en-GB", now=NOW)


def test_a_mistyped_word_is_quoted_and_the_nearest_one_offered() -> None:
    with pytest.raises(WhenError) as caught:
        understand("every blursday", zone="UTC", locale="en-US", now=NOW)
    assert caught.value.message.startswith("“blursday” in “every blursday”")
    assert "Did you mean `every thursday`?" in caught.value.message


def test_the_examples_are_in_the_persons_own_language() -> None:
    with pytest.raises(WhenError, match="jeden Montag um 18:00"):
        understand("lila Affe", zone="UTC", locale="de", now=NOW)
    for language in LANGUAGES:
        for example in examples(language).replace("`", "").split(" · "):
            assert understand(example, zone="UTC", locale=language, now=NOW)


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


@settings(max_examples=tries(300), deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused_and_nothing_else(text: str) -> None:
    try:
        understood = understand(text, zone="Europe/Berlin", locale="en-GB", now=NOW)
    except WhenError as error:
        assert error.message
    else:
        assert understood.schedule.next_after(NOW) is not None


@settings(max_examples=tries(300), deadline=None)
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


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("yesterday", "on 24 November 2026 at 13:00"),
        ("1 january 2020 at 18:00", "on 1 January 2027 at 18:00"),
        ("29 february 2024", "on 29 February 2028 at 09:00"),
        ("today at 9", "on 25 November 2026 at 09:00"),
    ],
)
def test_the_past_is_refused_with_the_next_future_reading(text: str, offered: str) -> None:
    with pytest.raises(WhenError) as caught:
        understand(text, zone="Europe/Berlin", locale="en-GB", now=NOW)
    assert "is in the past" in caught.value.message
    if text != "yesterday":
        assert f"The next time would be `{offered}`" in caught.value.message
