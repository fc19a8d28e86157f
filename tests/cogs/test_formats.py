"""Days, times, lengths and lists as each locale writes them, in texts and within sentences from elsewhere."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

import discord
import pytest

from cogs import formats
from cogs.desk.runs.agenda import week_days
from cogs.language import example_day, in_quotes, speaking, translated, with_colon
from schedulezero.said_values import said_clock, said_day, said_moment, said_span, said_weekday
from schedulezero.sentences import Sentence, read_sentence, sentence_fields
from schedulezero.when.language.day_text import day_of
from schedulezero.when.language.parse import understand

EVE = date(2026, 12, 24)


@pytest.mark.parametrize(("locale", "expected"), [
    ("en-US", ["December 24, 2026", "6:30\u202fPM", "Thursday", "1 day 2 hours", "1.5 hr", "12,000"]),
    ("en-GB", ["24 December 2026", "18:30", "Thursday", "1 day 2 hours", "1.5 hrs", "12,000"]),
    ("de", ["24. Dezember 2026", "18:30", "Donnerstag", "1 Tag 2 Stunden", "1,5 Std.", "12.000"]),
    ("fr", ["24 décembre 2026", "18\u00a0h\u00a030", "jeudi", "1\u00a0jour 2\u00a0heures", "1,5\u202fh",
            "12\u202f000"]),
    ("es-ES", ["24 de diciembre de 2026", "18:30", "jueves", "1 día 2 horas", "1,5 h", "12.000"]),
    ("es-419", ["24 de diciembre de 2026", "6:30\u202fp.m.", "jueves", "1 día 2 horas", "1.5 h", "12,000"]),
    ("pt-BR", ["24 de dezembro de 2026", "18h30", "quinta-feira", "1 dia 2 horas", "1,5 horas", "12.000"]),
])  # fmt: skip
def test_each_locale_writes_its_own_way(locale: str, expected: list[str]) -> None:
    assert [
        formats.day(EVE, locale),
        formats.clock(time(18, 30), locale),
        formats.weekday(EVE, locale),
        formats.span(timedelta(days=1, hours=2), locale),
        formats.rounded_span(timedelta(minutes=91), locale),
        formats.number(12000, locale),
    ] == expected


def test_the_first_of_a_month_is_written_as_people_do() -> None:
    said = [
        formats.day(date(2026, 12, 1), locale) for locale in ("fr", "pt-BR", "de", "es-ES", "en-GB", "en-US")
    ]
    assert said == [
        "1er décembre 2026", "1º de dezembro de 2026", "1. Dezember 2026", "1 de diciembre de 2026",
        "1 December 2026", "December 1, 2026",
    ]  # fmt: skip
    assert formats.day(date(2026, 12, 11), "fr") == "11 décembre 2026"


def test_a_note_on_what_was_typed_is_in_the_language_of_its_reader() -> None:
    zone, now = "Europe/Berlin", datetime(2026, 11, 24, 12, tzinfo=UTC)
    (note,) = understand("nächsten Freitag um 18 Uhr", zone=zone, locale="de", now=now).notes
    with speaking("fr"):
        assert "vendredi 27 novembre 2026" in translated(note)
    (note,) = understand("5/12 18:00", zone=zone, locale="de", now=now).notes
    with speaking("es-ES"):
        assert "5 de diciembre de 2026" in translated(note)


def test_sizes_and_weeks_are_the_readers() -> None:
    assert [formats.mebibytes(200_000, locale) for locale in ("en-GB", "de", "fr")] == ["0.2", "0,2", "0,2"]
    assert formats.mebibytes(1024 * 1024 * 1200, "de") == "1.200"
    assert [formats.first_weekday(locale) for locale in ("en-US", "pt-BR", "en-GB", "de")] == [6, 6, 0, 0]
    week = week_days(date(2026, 11, 24), formats.first_weekday("en-US"))
    assert week == (date(2026, 11, 22), date(2026, 11, 28))


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "de", "fr", "es-ES", "es-419", "pt-BR"])
def test_the_day_of_an_example_is_read_when_typed(locale: str) -> None:
    with speaking(locale):
        assert day_of(example_day(), locale) == date(2027, 12, 31)


@pytest.mark.parametrize(("locale", "title", "label"), [
    ("en-US", "“Raid”", "When:"), ("de", "„Raid“", "When:"), ("fr", "«\u00a0Raid\u00a0»", "When\u00a0:"),
    ("es-ES", "«Raid»", "When:"), ("pt-BR", "“Raid”", "When:"), ("ja", "“Raid”", "When:"),
])  # fmt: skip
def test_quotation_marks_and_colons_are_the_languages(locale: str, title: str, label: str) -> None:
    with speaking(locale):
        assert (in_quotes("Raid"), with_colon("When")) == (title, label)


def test_a_locale_that_nobody_knows_is_written_in_english() -> None:
    assert formats.day(EVE, "x-klingon") == "24 December 2026"
    for known in discord.Locale:
        assert "duration" not in formats.span(timedelta(days=3, hours=1, minutes=2, seconds=9), known.value)


def test_values_in_sentences_are_the_readers_after_they_travelled() -> None:
    sentence = Sentence("The clocks change in {zone} on {local}. On that day it runs at {local2}.",
                        "warning_clocks_change",
                        zone="UTC", local=said_day(EVE), local2=said_clock(time(9)))  # fmt: skip
    travelled = read_sentence(json.loads(json.dumps(sentence_fields("note", sentence))), "note")
    assert travelled == "The clocks change in UTC on 24 December 2026. On that day it runs at 09:00."
    with speaking("de"):
        assert "24. Dezember 2026" in translated(travelled)
    with speaking("en-US"):
        assert translated(travelled).replace("\u202f", " ") == (
            "The clocks change in UTC on December 24, 2026. On that day it runs at 9:00 AM."
        )
    with speaking("en-GB"):
        assert translated(travelled) == travelled
    with speaking("ja"):  # English is shown, so the values in it are English, too
        assert translated(said_moment(datetime(2026, 12, 24, 9, 5))) == "24 December 2026, 09:05"
    with speaking("fr"):
        assert translated(said_moment(datetime(2026, 12, 24, 9, 5))) == "24 décembre 2026, 9\u00a0h\u00a005"
        assert translated(said_weekday(EVE)) == "jeudi"
        assert translated(said_span(timedelta(days=2, seconds=1.5))) == "2\u00a0jours 1,5\u00a0seconde"


@pytest.mark.parametrize("value", [None, "", "tomorrow", 5, "2026-13-45", [], {}, float("1e300"), -1e300])
@pytest.mark.parametrize("code", ["said_day", "said_clock", "said_moment", "said_weekday", "said_span"])
def test_what_a_peer_sends_instead_is_shown_as_it_said_it(code: str, value: object) -> None:
    with speaking("de"):
        assert translated(Sentence("{text}", code, text="as said", value=value)) in ("as said", "5 Sekunden")


def test_a_zone_of_a_fixed_offset_is_named_as_people_write_it() -> None:
    shown = {
        "Etc/GMT-2": "UTC+2",
        "Etc/GMT+11": "UTC-11",
        "Europe/Berlin": "Europe/Berlin",
        "Etc/UTC": "Etc/UTC",
    }
    assert {key: formats.zone_name(key) for key in shown} == shown
