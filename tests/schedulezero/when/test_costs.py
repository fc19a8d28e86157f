"""What one text may cost: reading a time happens on event loops, so its work is bounded whatever is typed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import dateparser
import pytest
from dateparser.date import DateData, DateDataParser

from schedulezero.errors import WhenError
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.chart import MOST_STEPS, Steps
from schedulezero.when.grammar.read import read
from schedulezero.when.grammar.words import words_of
from schedulezero.when.language.complete import completions
from schedulezero.when.language.parse import understand

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PIECES = (
    "1,",
    "9,",
    "a ",
    "0:0,",
    "12:00 ",
    "1.",
    "1-",
    "1 jan ",
    "24/12/26, ",
    "next ",
    "mon,",
    "é ",
    "１ ",
)


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that dateparser, by far the slowest part, gets to read; it reads them as ever."""
    texts: list[str] = []
    parse: Callable[..., DateData] = DateDataParser.get_date_data

    def counting(self: DateDataParser, text: str, *args: object) -> DateData:
        texts.append(text)
        return parse(self, text, *args)

    monkeypatch.setattr(DateDataParser, "get_date_data", counting)
    return texts


@pytest.mark.long
@pytest.mark.parametrize(
    ("locale", "head", "tail"),
    [
        *(("fi", head, tail) for head in ("", "every day at 9 except ", "every ") for tail in ("", " jan")),
        ("en-US", "every day at 9 until ", " jan"),  # English never goes to dateparser
    ],
)
def test_no_text_makes_dateparser_read_much(handed: list[str], locale: str, head: str, tail: str) -> None:
    for piece in PIECES:
        for length in (60, 100, 490, 10_000):
            text = (head + piece * length)[: length - len(tail)] + tail
            for reader in (understand, completions):
                handed.clear()
                try:
                    reader(text, zone="UTC", locale=locale, now=NOW)
                except WhenError as error:
                    assert error.message
                assert len(handed) <= 10 and sum(map(len, handed)) <= 240, (reader, text, len(handed))


def test_dateparser_reads_no_text_twice_for_one_question(handed: list[str]) -> None:
    with pytest.raises(WhenError):
        understand("lila apina sinisellä vuorella", zone="UTC", locale="fi", now=NOW)
    assert len(handed) == 2, handed  # in Finnish and in English


def test_a_long_text_completes_to_nothing_and_costs_nothing(
    handed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(text: str) -> list[object]:
        raise AssertionError(f"{len(text)} characters were cut into tokens")

    monkeypatch.setattr("schedulezero.when.grammar.read.cut", unexpected)
    assert completions("1," * 3000, zone="UTC", locale="en-US", now=NOW) == []
    assert handed == []


def test_a_moment_that_is_too_long_to_read_is_refused_in_words() -> None:
    with pytest.raises(WhenError, match="A single date has at most 80 characters"):
        understand("lila apina " * 12, zone="UTC", locale="fi", now=NOW)


def test_a_phrase_with_too_many_words_is_refused_in_words() -> None:
    with pytest.raises(WhenError, match="more than 200 words and numbers"):
        understand("every day at " + "9," * 240, zone="UTC", locale="en-US", now=NOW)


HOSTILE = [
    ("en-GB", "every day at 9 except " + ", ".join(f"{day} {month}" for month in ("jan", "mar")
                                                   for day in range(1, 29))),
    ("en-GB", "mon, " * 66), ("en-GB", "1," * 99), ("en-GB", "1 " * 200), ("en-GB", "1-2-" * 50),
    ("en-GB", "five " * 99), ("en-GB", "the every " * 90), ("en-GB", "zqxv " * 99), ("en-GB", "mondag " * 70),
    ("en-GB", "a " * 200), ("en-GB", "１ é " * 90), ("de", "am 5. und " * 40),
    ("de", ",,31,&," * 28), ("fr", "le 5 et " * 50), ("fr", "à 9h et à 10h et " * 20),
    ("de", "montag und " * 45), ("es-ES", "a las 9 y " * 50), ("es-ES", "viernes," * 60),
    ("it", "alle 9 e " * 50), ("it", "3,)," * 20),
    ("it", "1, &, (, " * 22),
    ("nl", "negende, augustus, ,, " * 22), ("pt-BR", ")à" * 40), ("pt-BR", "terça,carnaval," * 33),
]  # fmt: skip
MOST_CALLS = 500_000
"""Calls of functions that reading a text may make: a second of them is some ten million. *Tomorrow at 9*
makes 2,600."""


@pytest.mark.long
@pytest.mark.parametrize(("locale", "text"), HOSTILE, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("length", [80, 200, 500])
def test_no_text_takes_more_steps_than_the_loop_can_wait_for(locale: str, text: str, length: int) -> None:
    def ask(asked: str) -> None:
        with pytest.raises(WhenError):
            understand(asked, zone="UTC", locale=locale, now=NOW)

    ask("x 1 zz")  # the tables are loaded
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        ask(text[:length])
    finally:
        sys.setprofile(None)
    assert calls < MOST_CALLS


def test_steps_are_counted_over_all_readings_of_a_text() -> None:
    steps = Steps()
    context = Context(NOW, ZoneInfo("UTC"))
    read("tomorrow at 9", words_of("en"), context, steps)
    once = MOST_STEPS - steps.left
    assert 0 < once < 2_000
    read("tomorrow at 9", words_of("en"), context, steps)
    assert MOST_STEPS - steps.left == 2 * once


def test_a_list_that_is_too_long_is_refused_in_words() -> None:
    with pytest.raises(WhenError, match="too many times or days"):
        understand(HOSTILE[0][1], zone="UTC", locale="en-US", now=NOW)


@pytest.mark.parametrize(
    ("locale", "text", "first", "last"),
    [
        ("en-US", "every day at 9 except on {}", "{} dec", (1, 20)),
        ("en-US", "every day at 9 except {}", "dec {}", (1, 20)),
        ("en-US", "every day at 9 except {}", "12/{}/2026", (1, 20)),
        ("en-GB", "every day at 9 except {}", "{:02}/12/2026", (1, 20)),
        ("en-GB", "every day at 9 except {}", "{}/12", (1, 20)),
        ("en-GB", "every day at 9 except {}", "2026-12-{:02}", (1, 20)),
        ("de", "jeden Tag um 9 Uhr außer {}", "{}. Dezember", (1, 20)),
        ("de", "jeden Tag um 9 Uhr außer {}", "{}.12.2026", (1, 20)),
        ("fr", "tous les jours à 9h sauf {}", "{} décembre", (1, 20)),
        ("es-ES", "cada día a las 9:00 excepto {}", "{} de diciembre", (1, 20)),
        ("pt-BR", "todo dia às 9:00 exceto {}", "{} de dezembro", (1, 20)),
    ],
)
def test_lists_of_twenty_dates_are_read(locale: str, text: str, first: str, last: tuple[int, int]) -> None:
    dates = ", ".join(first.format(day) for day in range(last[0], last[1] + 1))
    found = understand(text.format(dates), zone="UTC", locale=locale, now=NOW)
    once, each_year = found.trigger.args.get("except"), found.trigger.args.get("except_yearly")
    named = "2026" in first
    assert (once if named else each_year) == [f"{'2026-' * named}12-{day:02}" for day in range(1, 21)]
    assert (each_year if named else once) is None


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "de"])
@pytest.mark.parametrize(
    "text", ["5/12/2026", "12/05/2026", "24/12/2026", "12/24/2026", "1/2/27", "31/1", "3/4"]
)
def test_dates_with_slashes_are_read_as_dateparser_reads_them(locale: str, text: str) -> None:
    base = NOW.replace(tzinfo=None)
    order = "MDY" if locale == "en-US" else "DMY"
    expected = dateparser.parse(
        text,
        languages=["en"],
        settings={"RELATIVE_BASE": base, "PREFER_DATES_FROM": "future", "DATE_ORDER": order},
    )
    assert expected is not None
    found = understand(f"every day at 9 except {text}", zone="UTC", locale=locale, now=NOW)
    day = expected.date().isoformat()
    left_out = {"except": [day]} if text.count("/") > 1 else {"except_yearly": [day[5:]]}
    assert {key: value for key, value in found.trigger.args.items() if key.startswith("except")} == left_out
