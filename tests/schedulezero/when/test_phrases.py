"""The table of phrases in five languages: what each means, and that each malformed one is refused."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schedulezero.errors import WhenError
from schedulezero.when.calendar.schedules import upcoming
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TABLE = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))
MALFORMED = TABLE.pop("malformed")
GOOD = [(locale, text, runs) for locale, phrases in TABLE.items() for text, runs in phrases.items()]
BAD = [(locale, text) for locale, group in MALFORMED.items() for text in group["texts"]]


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert len(GOOD) + len(BAD) >= 300
    assert len(BAD) >= 90


@pytest.mark.parametrize(("locale", "text", "runs"), GOOD, ids=lambda value: str(value)[:50])
def test_a_phrase_means_these_times(locale: str, text: str, runs: str) -> None:
    understood = understand(text, zone="Europe/Berlin", locale=locale, now=NOW)
    found = upcoming(understood.schedule, NOW, 2)
    assert ", ".join(f"{instant.astimezone(BERLIN):%Y-%m-%d %H:%M}" for instant in found) == runs


@pytest.mark.parametrize(
    ("locale", "text"), [(row[0], row[1]) for row in GOOD], ids=lambda value: str(value)[:50]
)
def test_its_sentence_means_the_same_in_every_language(locale: str, text: str) -> None:
    understood = understand(text, zone="Europe/Berlin", locale=locale, now=NOW)
    for language in ("en", "de", "fr", "es", "pt"):
        sentence = describe(understood.trigger, understood.zone, language)
        again = understand(sentence, zone=understood.zone, locale=language, now=NOW)
        runs = list(upcoming(understood.schedule, NOW, 12))
        assert list(upcoming(again.schedule, NOW, 12)) == runs, sentence


@pytest.mark.parametrize(("locale", "text"), BAD, ids=lambda value: str(value)[:50])
def test_a_malformed_phrase_is_refused_in_words(locale: str, text: str) -> None:
    with pytest.raises(WhenError) as caught:
        understand(text, zone="Europe/Berlin", locale=locale, now=NOW)
    assert len(caught.value.message) > 20
    assert "`" in caught.value.message, "an example shows what would be right"
