"""The corpora: what people type in each language, with the instants it means, and what is refused."""

from __future__ import annotations

from datetime import datetime

import pytest

from schedulezero.errors import WhenError
from tests.support.corpora import CORPORA, EVENING, IN_THE_EVENING, NOW, phrases_of, readings_of

GOOD = [(language, text, expected) for language in CORPORA for text, expected in phrases_of(language)]
AT_NIGHT = [
    (language, text, expected)
    for language, corpus in IN_THE_EVENING.items()
    for text, expected in corpus["evening"].items()
]
REFUSED = [(language, text) for language, corpus in CORPORA.items() for text in corpus["refused"]["texts"]]


def understood(language: str, text: str, now: datetime = NOW) -> str:
    """Every reading of a text that isn't over, as the corpora write them."""
    return " | ".join(filter(None, readings_of(language, text, now)))


@pytest.mark.parametrize(("language", "text", "expected"), GOOD, ids=lambda value: str(value)[:50])
def test_a_phrase_means_these_times(language: str, text: str, expected: str) -> None:
    assert understood(language, text) == expected


@pytest.mark.parametrize(("language", "text", "expected"), AT_NIGHT, ids=lambda value: str(value)[:50])
def test_a_phrase_means_these_times_late_in_the_evening(language: str, text: str, expected: str) -> None:
    assert understood(language, text, EVENING) == expected


@pytest.mark.parametrize(("language", "text"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_phrase_that_means_no_time_is_refused(language: str, text: str) -> None:
    try:
        found = understood(language, text)
    except WhenError as error:
        assert len(error.message) > 10
    else:
        assert found == "", "only what lies in the past may be read here; it is refused later"
