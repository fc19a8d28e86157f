"""The corpora: what people type in each language, with the instants it means, and what is refused."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schedulezero.errors import WhenError
from schedulezero.model import Trigger
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.calendar.triggers import schedule_of
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.read import read
from schedulezero.when.grammar.words import words_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday, 13:00 in Berlin
EVENING = datetime(
    2027, 3, 6, 21, 40, tzinfo=UTC
)  # a Saturday, 22:40 in Berlin, three weeks before its summer time
CORPORA = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "corpus").glob("*.toml"))
}
GOOD = [
    (language, text, expected)
    for language, corpus in CORPORA.items()
    for section, phrases in corpus.items()
    if section != "refused"
    for text, expected in phrases.items()
]
IN_THE_EVENING = [
    (path.stem, text, expected)
    for path in sorted((Path(__file__).parent / "corpus" / "evening").glob("*.toml"))
    for text, expected in tomllib.loads(path.read_text(encoding="utf-8"))["evening"].items()
]
REFUSED = [(language, text) for language, corpus in CORPORA.items() for text in corpus["refused"]["texts"]]


def runs(trigger: Trigger, now: datetime) -> str:
    """The first two local times of a trigger; nothing for one that lies in the past."""
    schedule = schedule_of(trigger, anchor=now, zone="Europe/Berlin")
    found = upcoming(schedule, now, 2)
    return ", ".join(f"{instant.astimezone(BERLIN):%Y-%m-%d %H:%M}" for instant in found)


def understood(language: str, text: str, now: datetime = NOW) -> str:
    """Every reading of a text, as the corpora write them."""
    reading = read(text, words_of(language), Context(now, BERLIN))
    return " | ".join(runs(trigger, now) for trigger in (reading.trigger, *reading.others))


@pytest.mark.parametrize(("language", "text", "expected"), GOOD, ids=lambda value: str(value)[:50])
def test_a_phrase_means_these_times(language: str, text: str, expected: str) -> None:
    assert understood(language, text) == expected


@pytest.mark.parametrize(("language", "text", "expected"), IN_THE_EVENING, ids=lambda value: str(value)[:50])
def test_late_on_a_saturday_a_phrase_means_these_times(language: str, text: str, expected: str) -> None:
    assert understood(language, text, EVENING) == expected


@pytest.mark.parametrize(("language", "text"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_phrase_that_means_no_time_is_refused(language: str, text: str) -> None:
    try:
        found = understood(language, text)
    except WhenError as error:
        assert len(error.message) > 10
    else:
        assert found == "", "only what lies in the past may be read here; it is refused later"
