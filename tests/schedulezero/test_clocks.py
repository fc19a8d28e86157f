"""Times of day by 12 or by 24 hours, as people of each locale write them."""

from __future__ import annotations

from datetime import time

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs.language import LANGUAGES
from schedulezero.clocks import babel_locale, by_12_hours, clock, hour, in_clocks_of
from schedulezero.when.language.day_text import clock_of

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
    ("de", ["00:00", "09:05", "12:00", "18:30", "18:30:09", "18"]),
    ("fr", ["00:00", "09:05", "12:00", "18:30", "18:30:09", "18"]),
    ("es-ES", ["0:00", "9:05", "12:00", "18:30", "18:30:09", "18"]),
    ("pt-BR", ["00:00", "09:05", "12:00", "18:30", "18:30:09", "18"]),
])  # fmt: skip
def test_each_locale_writes_its_own_clock(locale: str, written: list[str]) -> None:
    times = [time(), time(9, 5), time(12), time(18, 30), time(18, 30, 9)]
    found = [*(clock(at, locale) for at in times), hour(time(18), locale)]
    assert [text.replace("\u202f", " ") for text in found] == written


@given(st.times().map(lambda at: at.replace(microsecond=0)), st.sampled_from(LOCALES))
def test_a_shown_time_of_day_is_read_again(at: time, locale: str) -> None:
    assert clock_of(clock(at, locale)) == at


def test_times_in_an_example_are_the_readers() -> None:
    text = "mon at 9:00 · 22:00-07:00 · 0 9 * * 1-5 · 18:30:09"
    assert in_clocks_of("de", text) == text
    assert in_clocks_of("en-US", text).replace("\u202f", " ") == (
        "mon at 9:00 AM · 10:00 PM-7:00 AM · 0 9 * * 1-5 · 18:30:09"
    )
