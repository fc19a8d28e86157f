"""What is said of a text that is refused, and what is offered instead."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schedulezero.errors import WhenError
from schedulezero.said_values import said_day, said_weekday
from schedulezero.sentences import parts_of
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.read import read
from schedulezero.when.grammar.words import words_of
from schedulezero.when.language.faults import fault_in
from schedulezero.when.language.parse import understand
from schedulezero.when.language.understood import TwoReadings, Understood, spoken
from tests.support.languages import LANGUAGES

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin
LOCALES = {"en": "en-GB", "es": "es-ES", "pt": "pt-BR"}
SAID = [
    (LOCALES.get(path.stem, path.stem), text)
    for path in sorted((Path(__file__).parent / "corpus").glob("*.toml"))
    if path.stem in LANGUAGES
    for text in tomllib.loads(path.read_text(encoding="utf-8"))["refused"]["texts"]
]


def refused(text: str, locale: str = "en-GB", zone: str = "Europe/Berlin") -> WhenError:
    with pytest.raises(WhenError) as caught:
        understand(text, zone=zone, locale=locale, now=NOW)
    return caught.value


def meant(text: str, locale: str = "en-GB", zone: str = "Europe/Berlin") -> Understood:
    return understand(text, zone=zone, locale=locale, now=NOW)


def codes(error: WhenError) -> set[str | None]:
    return {part.code for part in parts_of(error.message)}


@pytest.mark.parametrize(
    ("locale", "text", "code"),
    [
        ("en-GB", "13pm", "no_such_half_of_day"),
        ("en-GB", "tomorrow 9am pm", "both_halves_of_day"),
        ("en-GB", "tomorrow at 25:00", "no_such_time"),
        ("en-GB", "9:75", "no_such_time"),
        ("en-GB", "24:30", "no_such_time"),
        ("en-GB", "9:5", "minutes_two_figures"),
        ("de", "um 25 Uhr", "no_such_time"),
        ("fr", "demain à 9h75", "no_such_time"),
        ("es-ES", "a las 25", "no_such_time"),
        ("pt-BR", "às 9h75", "no_such_time"),
        ("en-GB", "30 february", "day_not_in_month"),
        ("en-GB", "31 june", "day_not_in_month"),
        ("en-GB", "30 february 2027", "day_not_in_month_of_year"),
        ("en-GB", "once a week", "on_which_weekday"),
        ("en-GB", "twice a week", "on_which_weekdays"),
        ("en-GB", "10 times a week", "at_which_times"),
        ("en-GB", "once a month", "on_which_day_of_month"),
        ("en-GB", "the 32nd", "no_such_day"),
        ("en-GB", "december 32", "no_such_day"),
        ("de", "am 32. jedes Monats", "no_such_day"),
        ("fr", "le 32", "no_such_day"),
        ("en-GB", "13/14", "no_such_date"),
        ("de", "24.13.2026", "no_such_date"),
        ("en-GB", "every 0 minutes", "number_not_positive"),
        ("en-GB", "0 days", "number_not_positive"),
        ("en-GB", "in -5 minutes", "number_not_positive"),
        ("de", "alle 0 Minuten", "number_not_positive"),
        ("en-GB", "every 10000 weeks on monday", "number_too_large"),
        ("en-GB", "in december", "more_than_a_day"),
        ("de", "nächste Woche", "more_than_a_day"),
        ("es-ES", "este fin de semana", "weekend_is_two_days"),
        ("en-GB", "2 days ago", "is_over"),
        ("de", "vor 2 Stunden", "is_over"),
        ("en-GB", "in 2 or 3 days", "range_of_numbers"),
        ("en-GB", "2-3 days", "range_of_numbers"),
        ("pt-BR", "dia 10 ou 11", "leaves_a_choice"),
        ("en-GB", "soon", "too_vague"),
        ("de", "in ein paar Stunden", "too_vague"),
        ("en-GB", "not tomorrow", "says_when_not"),
        ("fr", "après 18h", "no_exact_time"),
        ("en-GB", "every day at 9 until", "unfinished"),
        ("en-GB", "9am Europe/Berln", "no_such_zone"),
        ("en-GB", "9am XQT", "no_such_zone"),
        ("en-GB", "15", "number_alone"),
        ("en-GB", "in 5", "number_of_what"),
        ("en-GB", "24 dec 15", "number_unclear"),
        ("en-GB", "until friday", "how_often"),
        ("en-GB", "every month on the 1st for 3 days", "only_one_run"),
        ("en-GB", "every hour from 21 to 2 on mondays", "which_night"),
        ("en-GB", "weekdays 9-17", "how_often_between"),
        ("fr", "le week-end à 11h", "weekend_is_two_days"),
        ("en-GB", "every week at 9 except wednesday", "leaves_out_nothing_or_all"),
        ("fr", "tous les lundis sauf mardi", "leaves_out_nothing_or_all"),
        ("en-GB", "from 9 to 5", "how_often_between"),
        ("en-GB", "tomorrow at 9 until friday", "once_has_no_bounds"),
        ("en-GB", "tomorrow every 10 minutes", "once_and_again"),
        ("en-GB", "9am 10am", "several_times"),
        ("en-GB", "tomorrow today", "several_days"),
        ("en-GB", "tomorrow afternoon at 9am", "time_not_in_part"),
        ("en-GB", "tomorrow morning in the evening", "several_parts"),
        ("en-GB", "friday nights at 1", "which_night"),
        ("en-GB", "monday of the month", "which_one_of_the_month"),
        ("en-GB", "daily every monday at 9 and weekly", "two_schedules"),
        ("en-GB", "in 3 days on friday", "span_and_day"),
        ("en-GB", "every month jan 5", "period_and_day"),
    ],
)
def test_what_is_wrong_is_named(locale: str, text: str, code: str) -> None:
    error = refused(text, locale)
    assert code in codes(error), error.message
    assert len(codes(error) - {"did_you_mean", "did_you_mean_either", "with_examples"}) == 1, "one fault"
    assert len(codes(error) & {"did_you_mean", "did_you_mean_either", "with_examples"}) <= 1, "one help"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "how long until friday"), ("en", "what time is it in tokyo"), ("en", "when is easter?"),
        ("de", "wann ist der nächste montag?"), ("de", "wie lange bis Weihnachten"),
        ("de", "wie spät ist es"),
        ("fr", "quand est noël ?"), ("fr", "dans combien de temps est noël"),
        ("es", "¿cuánto falta para navidad?"), ("es", "qué día es hoy"),
        ("pt", "quanto tempo falta pro natal"), ("pt", "que horas são"),
        ("it", "quanto manca a natale"), ("it", "che ora è"),
        ("nl", "hoe lang tot kerst"), ("nl", "wanneer is Pasen?"),
    ],
)  # fmt: skip
def test_a_question_is_called_one(language: str, text: str) -> None:
    with pytest.raises(WhenError):
        read(text, words_of(language), Context(NOW, BERLIN))
    named = fault_in(text, words_of(language))
    assert named is not None and named.said.code == "is_a_question"
    if language in LANGUAGES:
        assert "`" in refused(text, LOCALES.get(language, language)).message, "what can be typed is shown"


def test_few_refusals_name_no_fault_and_offer_nothing() -> None:
    bare = {"word_not_understood", "parts_do_not_fit"}
    unexplained = 0
    for locale, text in SAID:
        error = refused(text, locale)
        unexplained += bool(codes(error) & bare) and not error.offers
    assert unexplained < 0.23 * len(SAID)


@pytest.mark.parametrize(("locale", "text"), SAID)
def test_what_is_offered_is_understood_and_differs(locale: str, text: str) -> None:
    error = refused(text, locale)
    firsts = [meant(offer, locale).schedule.next_after(NOW) for offer in error.offers]
    assert None not in firsts
    for offer in error.offers[:2]:
        assert f"`{offer}`" in error.message


@pytest.mark.parametrize(
    ("locale", "text", "offers"),
    [
        ("en-GB", "14pm", ["14:00"]),
        ("en-GB", "every blursday", ["every thursday"]),
        ("en-GB", "every wedmesdat at 9", ["every wednesday at 9"]),
        ("de", "jeden donerstog um 9", ["jeden donnerstag um 9"]),
        ("en-GB", "meeting friday at 9", ["friday at 9"]),
        ("en-GB", "every dienstag at 9", ["every tuesday at 9"]),
        ("en-GB", "monday every at 9", ["every monday at 9"]),
        ("en-GB", "friday or saturday at 9", ["friday at 9", "saturday at 9"]),
        ("en-GB", "until friday", ["friday"]),
        ("de", "spätestens freitag um 12", ["freitag um 12"]),
        ("fr", "jusqu'à vendredi", ["vendredi"]),
        ("en-GB", "after 5pm", ["5pm"]),
        (
            "en-GB",
            "weekdays 9-17",
            ["every hour from 09:00 to 17:00, weekdays", "weekdays at 09:00 and 17:00"],
        ),
        ("en-GB", "at 9, 12 and 5pm", ["every day at 9, 12 and 5pm"]),
        ("en-GB", "the night before christmas", []),
        ("en-GB", "fridayish", []),
        ("en-GB", "friday 13 november 2026", []),
        ("de", "am 15. Foobar", []),
        ("de", "mo 18 uhr oder doch di 20 uhr", []),
        ("fr", "bihebdomadaire", []),
        ("nl", "om de 3", []),
        ("en-GB", "in 2 or 3 days", ["in 2 days", "in 3 days"]),
        ("en-GB", "this weekend at 10", ["Saturday at 10", "Sunday at 10"]),
        ("en-GB", "9am Europe/Berln", ["9am Europe/Berlin"]),
        ("en-GB", "every day on my birthday", []),
        ("en-GB", "not tomorrow", []),
        ("en-GB", "friday 9 monday 10", []),
        ("en-GB", "purple monkey", []),
    ],
)
def test_one_thing_that_is_near_is_offered_or_nothing(locale: str, text: str, offers: list[str]) -> None:
    assert list(refused(text, locale).offers) == offers


@pytest.mark.parametrize(
    ("locale", "text", "offered"),
    [
        ("en-GB", "last friday", "on 27 November 2026 at 09:00"),
        ("en-GB", "this monday at 10", "on 30 November 2026 at 10:00"),
        ("en-GB", "yesterday at 9", "on 25 November 2026 at 09:00"),
        ("en-GB", "yesterday at 18:00", "on 24 November 2026 at 18:00"),
        ("en-GB", "24 nov 2025", "on 24 November 2027 at 09:00"),
        ("de", "letzten Freitag um 18 Uhr", "am 27. November 2026 um 18:00"),
    ],
)
def test_of_the_past_the_next_such_time_is_offered(locale: str, text: str, offered: str) -> None:
    error = refused(text, locale)
    assert error.offers == (offered,) and "in_the_past" in codes(error)


def test_a_weekday_that_is_not_the_dates_is_told_and_both_are_offered() -> None:
    error = refused("tuesday 25 nov at 18:00")
    assert "is a Wednesday" in error.message
    assert error.offers == ("on 25 November 2026 at 18:00", "on 24 November 2026 at 18:00")


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("biweekly on monday and thursday at 9", 2),
        ("bimonthly on the 1st and 15th", 2),
        ("9am CST", 3),
        ("9am IST", 3),
        ("9am BST", 2),
        ("every monday until june", 2),
        ("every friday 13", 2),
    ],
)
def test_two_readings_are_both_offered(text: str, offers: int) -> None:
    error = refused(text)
    assert isinstance(error, TwoReadings) and len(error.offers) == offers
    for offer in error.offers:
        assert meant(offer)


@pytest.mark.parametrize(
    ("zone", "text"),
    [("Europe/Dublin", "9am IST"), ("Asia/Shanghai", "9am CST"), ("Europe/London", "9am BST")],
)
def test_a_zone_of_ones_own_is_the_one_that_is_meant(zone: str, text: str) -> None:
    assert meant(text, zone=zone).zone == zone


@pytest.mark.parametrize(
    "text", ["biweekly on friday at 6pm", "bi-weekly fridays 18:00", "bimonthly on the 1st"]
)
def test_what_can_only_be_every_two_is_read_so_and_told(text: str) -> None:
    found = meant(text)
    (note,) = found.notes
    assert f"“{text}” was read as “{spoken(found, 'Europe/Berlin', 'en-GB')}”." == note


@pytest.mark.parametrize(
    "text", ["biweekly", "biweekly at 6pm", "bimonthly", "biannually", "biannually on 1 may"]
)
def test_twice_or_every_two_without_a_day_is_not_guessed(text: str) -> None:
    assert "unclear_how_often" in codes(refused(text))


@pytest.mark.parametrize(
    ("locale", "read_as", "other"),
    [
        ("en-GB", date(2026, 12, 5), "on 12 May 2027 at 18:00"),
        ("en-US", date(2027, 5, 12), "on December 5, 2026 at 6:00\u202fPM"),
        ("de", date(2026, 12, 5), "am 12. Mai 2027 um 18:00"),
    ],
)
def test_the_order_of_day_and_month_is_told(locale: str, read_as: date, other: str) -> None:
    found = meant("5/12 18:00", locale)
    (note,) = found.notes
    assert note.code == "date_read" and note.values["day"] == said_day(read_as)
    assert [spoken(item, "Europe/Berlin", locale) for item in found.others] == [other]
    assert not meant("25/12 18:00", locale).notes and not meant("5/5 18:00", locale).notes


@pytest.mark.parametrize(
    ("locale", "text", "other"),
    [
        ("en-GB", "next friday at 6pm", "on 4 December 2026 at 18:00"),
        ("de", "nächsten Freitag um 18 Uhr", "am 4. Dezember 2026 um 18:00"),
        ("fr", "vendredi prochain à 18h", None),
    ],
)
def test_the_coming_weekday_is_told_and_the_one_after_offered(
    locale: str, text: str, other: str | None
) -> None:
    found = meant(text, locale)
    assert found.schedule.next_after(NOW) == datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    (note,) = found.notes
    assert note == f"“{note.values['typed']}” was read as Friday 27 November 2026, the next one."
    assert note.values["weekday"].values == said_weekday(date(2026, 11, 27)).values
    (after,) = found.others
    assert after.schedule.next_after(NOW) == datetime(2026, 12, 4, 17, 0, tzinfo=UTC)
    assert other is None or spoken(after, "Europe/Berlin", locale) == other


@pytest.mark.parametrize(
    "text", ["friday at 6pm", "this friday", "next monday", "friday next week", "next tuesday"]
)
def test_a_weekday_that_everyone_understands_alike_needs_no_note(text: str) -> None:
    found = meant(text)
    assert not found.notes and not found.others


@pytest.mark.parametrize("text", ["9am EST", "every day at 9am EST", "tomorrow 9am in New York"])
def test_a_zone_that_was_named_is_the_readings(text: str) -> None:
    assert meant(text).zone == "America/New_York"
    assert spoken(meant(text), "Europe/Berlin", "en-GB").endswith("America/New_York")


def test_a_note_of_a_date_names_the_day_in_the_zone_that_was_named() -> None:
    found = meant("5/12 23:00 America/New_York")
    first = found.schedule.next_after(NOW)
    assert first is not None and first.astimezone(ZoneInfo(found.zone)).day == 5
    assert found.notes[0].values["day"] == "5 December 2026"


@pytest.mark.parametrize("text", [
    "every day at 9:00 AM, except on November 25, 2026, November 26, 2026 and December 1, 2026",
    "every day at 9:00 AM, except on December 25, January 1 and May 5",
    "every other Monday at 9:00 AM, starting November 30, 2026, until December 24, 2026",
])  # fmt: skip
def test_dates_of_the_united_states_are_told_and_read_again(text: str) -> None:
    told = spoken(meant(text, "en-US"), "Europe/Berlin", "en-US")
    again = meant(told, "en-US")
    assert again.trigger == meant(text, "en-US").trigger
    assert "November" not in told or re.search(r"November \d+, 2026", told), told
