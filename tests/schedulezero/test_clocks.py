"""Times of day by 12 or by 24 hours, as people of each locale write them."""

from __future__ import annotations

from datetime import UTC, datetime, time

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.language import LANGUAGES
from schedulezero.clocks import babel_locale, by_12_hours, clock, hour, in_clocks_of
from schedulezero.when.language.day_text import clock_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

LOCALES = sorted(item.value for item in discord.Locale if item.value.partition("-")[0] in LANGUAGES)


def test_who_reads_12_hours_is_cldrs_word() -> None:
    assert {locale for locale in LOCALES if by_12_hours(locale)} == {"en-US", "es-419"}
    for locale in LOCALES:
        assert by_12_hours(locale) == ("a" in str(babel_locale(locale).time_formats["short"].pattern))


@pytest.mark.parametrize(("locale", "written"), [
    ("en-US", ["12:00 AM", "9:05 AM", "12:00 PM", "6:30 PM", "6:30:09 PM", "6 PM"]),
    ("es-419", ["12:00 a.m.", "9:05 a.m.", "12:00 p.m.", "6:30 p.m.", "6:30:09 p.m.", "6 p.m."]),
    ("en-GB", ["00:00", "09:05", "12:00", "18:30", "18:30:09", "18"]),
    ("en", ["00:00", "09:05", "12:00", "18:30", "18:30:09", "18"]),
    ("de", ["0:00", "9:05", "12:00", "18:30", "18:30:09", "18"]),
    ("fr", ["0 h", "9 h 05", "12 h", "18 h 30", "18:30:09", "18"]),
    ("es-ES", ["0:00", "9:05", "12:00", "18:30", "18:30:09", "18"]),
    ("pt-BR", ["0h", "9h05", "12h", "18h30", "18:30:09", "18"]),
])  # fmt: skip
def test_each_locale_writes_its_own_clock(locale: str, written: list[str]) -> None:
    times = [time(), time(9, 5), time(12), time(18, 30), time(18, 30, 9)]
    found = [*(clock(at, locale) for at in times), hour(time(18), locale)]
    assert [text.replace("\u202f", " ").replace("\u00a0", " ") for text in found] == written


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "de", "fr", "es-ES", "es-419", "pt-BR"])
@pytest.mark.parametrize("at", [time(0), time(7), time(9, 5), time(12), time(18, 30)])
def test_a_clock_is_written_as_in_a_schedule(locale: str, at: time) -> None:
    now = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    trigger = understand(f"every day at {at:%H:%M}", zone="UTC", locale="en-GB", now=now).trigger
    sentence = describe(trigger, "UTC", locale)
    assert clock(at, locale).replace("\u00a0", " ") in sentence.replace("\u00a0", " ")


@given(st.times().map(lambda at: at.replace(microsecond=0)), st.sampled_from(LOCALES))
def test_a_shown_time_of_day_is_read_again(at: time, locale: str) -> None:
    assert clock_of(clock(at, locale)) == at


def test_times_in_an_example_are_the_readers() -> None:
    text = "mon at 9:00 · 22:00-07:00 · 0 9 * * 1-5 · 18:30:09"
    assert in_clocks_of("de", text) == text
    assert in_clocks_of("en-US", text).replace("\u202f", " ") == (
        "mon at 9:00 AM · 10:00 PM-7:00 AM · 0 9 * * 1-5 · 18:30:09"
    )
