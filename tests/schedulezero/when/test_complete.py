"""Suggestions while somebody types, and zones as people look for them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulezero.when.language.complete import completions
from schedulezero.when.language.zone_search import ZoneChoice, chosen_zone, search_zones
from tests.support.tries import tries

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def labels(typed: str, locale: str = "en-GB") -> list[str]:
    found = completions(typed, zone="Europe/Berlin", locale=locale, now=NOW)
    return [item.label.replace("\u202f", " ") for item in found]


@pytest.mark.parametrize(
    ("typed", "locale", "part"),
    [
        (
            "every other fri",
            "en-GB",
            "every other Friday at 09:00, starting 27 November 2026 · Fri, 27 Nov 2026, 09:00 CET",
        ),
        ("every other fri", "en-GB", "every other Friday at 18:00"),
        ("ev", "en-GB", "every day at 09:00"),
        ("", "en-GB", "every Monday at 18:00"),
        ("", "de", "jeden Montag um 18:00"),
        ("jeden mo", "de", "jeden Montag um 9:00"),
        ("chaque lu", "fr", "tous les lundis à 9 h"),
        ("cada lu", "es-ES", "todos los lunes a las 9:00"),
        ("toda seg", "pt-BR", "toda segunda-feira às 9h"),
        ("ogni lun", "it", "ogni lunedì alle 9:00"),
        ("", "it", "ogni lunedì alle 18:00"),
        ("elke ma", "nl", "elke maandag om 9:00"),
        ("", "nl", "elke maandag om 18:00"),
        ("tomorrow at 9", "en-US", "on November 25, 2026 at 9:00 AM · Wed, Nov 25, 2026, 9:00 AM CET"),
        ("every day at 6:00 p", "en-US", "every day at 6:00 PM"),
        ("every day at 9", "en-US", "every day at 9:00 AM"),
        ("", "en-US", "every Monday at 6:00 PM"),
        ("", "es-419", "todos los lunes a las 6:00 p.m."),
        ("mañana a las 13", "es-419", "el 25 de noviembre de 2026 a la 1:00 p.m."),
    ],
)
def test_it_shows_how_it_is_understood(typed: str, locale: str, part: str) -> None:
    assert any(part in label for label in labels(typed, locale)), labels(typed, locale)


def test_an_ambiguous_date_is_two_choices_the_persons_own_first() -> None:
    american, british = labels("05/12 18:00", "en-US"), labels("05/12 18:00", "en-GB")
    assert ["May 12, 2027" in american[0], "December 5, 2026" in american[1]] == [True, True]
    assert ["5 December 2026" in british[0], "12 May 2027" in british[1]] == [True, True]


def test_picking_one_is_understood_as_it_said() -> None:
    for typed in ("every other fri", "first mon", "05/12 18:00", "ev", "wee"):
        for found in completions(typed, zone="Europe/Berlin", locale="en-US", now=NOW):
            for text in (found.text, found.text.replace("\u202f", " ")):
                again = completions(text, zone="Europe/Berlin", locale="en-US", now=NOW)
                assert again[0].label == found.label


def test_a_zones_clock_is_the_readers() -> None:
    (berlin,) = search_zones("Europe/Berlin", "en-US", NOW)
    shown = {locale: berlin.label(NOW, locale).replace("\u202f", " ") for locale in ("en-US", "en-GB", "de")}
    assert [text.split(" · ")[1].partition(" (")[0] for text in shown.values()] == [
        "Tue 1:00 PM", "Tue 13:00", "Di. 13:00",
    ]  # fmt: skip


@settings(max_examples=tries(200), deadline=None)
@given(st.text(max_size=30), st.sampled_from(["en-US", "de", "fr", "es-ES", "pt-BR", "ja", "nonsense"]))
def test_anything_may_be_typed(typed: str, locale: str) -> None:
    found = completions(typed, zone="UTC", locale=locale, now=NOW)
    assert len(found) <= 5
    assert all(0 < len(item.label) <= 100 and 0 < len(item.text) <= 100 for item in found)


@pytest.mark.parametrize(
    ("typed", "locale", "zone"),
    [
        ("berl", "en-US", "Europe/Berlin"),
        ("germany", "en-US", "Europe/Berlin"),
        ("deutschl", "de", "Europe/Berlin"),
        ("japon", "fr", "Asia/Tokyo"),
        ("new york", "en-US", "America/New_York"),
        ("CET", "en-US", "Europe/Berlin"),
        ("+5:30", "en-US", "Asia/Kolkata"),
        ("utc", "en-US", "UTC"),
        ("asia/tokyo", "xx", "Asia/Tokyo"),
        ("", "en-US", "UTC"),
    ],
)
def test_a_zone_is_found_by_city_country_abbreviation_and_offset(typed: str, locale: str, zone: str) -> None:
    found = search_zones(typed, locale, NOW)
    assert found and found[0].key == zone, [item.key for item in found]
    assert all(len(item.label(NOW, "de")) <= 100 for item in found)


@pytest.mark.parametrize(
    ("typed", "locale", "zone"),
    [
        ("India", "en-US", "Asia/Kolkata"),
        ("UK", "en-US", "Europe/London"),
        ("pacific time", "en-US", "America/Los_Angeles"),
        ("EST", "en-US", "America/New_York"),
        ("CET", "en-US", "Europe/Berlin"),
        (" new  york ", "en-US", "America/New_York"),
        ("america/new_york", "en-US", "America/New_York"),
        ("Nueva York", "es-ES", "America/New_York"),
        ("Deutschland", "de", "Europe/Berlin"),
        ("Köln", "de", "Europe/Berlin"),
        ("Österreich", "de", "Europe/Vienna"),
        ("Spain", "fr", "Europe/Madrid"),
        ("San Francisco", "en-US", "America/Los_Angeles"),
        ("GMT", "en-US", "UTC"),
        ("Lisbon, Portugal", "en-GB", "Europe/Lisbon"),
        ("Lissabon, Portugal", "de", "Europe/Lisbon"),
        ("munich, germany", "en-US", "Europe/Berlin"),
        ("Lucerne, Switzerland", "en-US", "Europe/Zurich"),
        ("Birmingham, Alabama", "en-US", "America/Chicago"),
        ("New York, USA", "en-US", "America/New_York"),
        ("Ponta Delgada, Portugal", "en-US", None),
    ],
)
def test_a_zone_is_taken_by_a_name_that_means_only_it(typed: str, locale: str, zone: str | None) -> None:
    assert chosen_zone(typed, locale, NOW).zone == zone
    assert zone is None or search_zones(typed, locale, NOW)[0].key == zone


@pytest.mark.parametrize(
    "locale", ["en-GB", "en-US", "de", "fr", "es-ES", "es-419", "pt-BR", "it", "nl", "ja"]
)
def test_what_a_suggestion_shows_is_understood_when_typed(locale: str) -> None:
    for zone in search_zones("/", locale, NOW, most=1000):
        label = zone.label(NOW, locale)
        assert chosen_zone(label, locale, NOW).zone == zone.key, label
        name = label.partition(" · ")[0]
        choice = chosen_zone(name, locale, NOW)
        assert zone.key in (choice.zone, *(near.key for near in choice.near)) or same_times(
            choice.zone, zone.key
        ), (name, choice)


def same_times(one: str | None, other: str) -> bool:
    return one is not None and NOW.astimezone(ZoneInfo(one)).utcoffset() == (
        NOW.astimezone(ZoneInfo(other)).utcoffset()
    )


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("USA", "America/New_York"),
        ("Australia", "Australia/Sydney"),
        ("Russia", "Europe/Moscow"),
        ("Texas", "America/Chicago"),
        ("Georgia", "Asia/Tbilisi"),
        ("IST", "Asia/Jerusalem"),
        ("UTC-5", "America/New_York"),
        ("berl", "Europe/Berlin"),
    ],
)
def test_a_zone_that_may_be_another_is_not_taken(typed: str, near: str) -> None:
    found = chosen_zone(typed, "en-US", NOW)
    assert found.zone is None and near in [zone.key for zone in found.near]


@pytest.mark.parametrize("typed", ["", "   ", "Atlantis", "0" * 4000])
def test_a_zone_that_nobody_knows_is_none(typed: str) -> None:
    assert chosen_zone(typed, "en-US", NOW) == ZoneChoice(None, ())
