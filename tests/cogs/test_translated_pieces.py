"""What a sentence says of a fault within it is in the reader's language, as the rest of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import Field

from cogs.file_spool import DiskFailed
from cogs.language import LANGUAGES, speaking, translated
from schedulezero.errors import ParameterError, ScheduleZeroError
from schedulezero.exchange.csv_faults import fault_in_line
from schedulezero.methods.job_meta import read_meta
from schedulezero.methods.lasting import Lasting, end_of
from schedulezero.methods.spec import spec_of
from schedulezero.methods.typed import job
from schedulezero.methods.values import check_params
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.crontab import crontab_trigger
from schedulezero.wire.storable import Unstorable, check, read_json
from sprockets.kit.messages import embed_of


@job
async def give(
    bot: Any,
    lasts: Lasting = "",
    price: Annotated[float, Field(gt=0, lt=100)] = 1,
    dozens: Annotated[int, Field(multiple_of=12)] = 12,
    name: Annotated[str, Field(min_length=3, pattern="^[a-z]+$")] = "abc",
    counts: list[int] | None = None,
) -> None:
    """Give something."""


def given(**params: Any) -> Callable[[], object]:
    return lambda: check_params(spec_of("give", give), params)


def line(text: str) -> Callable[[], object]:
    def read() -> None:
        try:
            list(csv.reader(io.StringIO(text), strict=True))
        except csv.Error as error:
            raise ParameterError("text", fault_in_line(error)) from error

    return read


# Read as: what is said in English, and in German.
ROWS: list[tuple[Callable[[], object], str, str]] = [
    (given(lasts="soon"), "neither a length of time", "weder eine Dauer wie „8 Stunden“"),
    (given(price=0), "it must be more than 0", "muss größer als 0"),
    (given(price=100), "it must be less than 100", "muss kleiner als 100"),
    (given(dozens=13), "a multiple of 12", "ein Vielfaches von 12"),
    (given(name="ab"), "at least 3 characters", "mindestens 3 Zeichen"),
    (given(name="ABC"), "the pattern “^[a-z]+$”", "dem Muster „^[a-z]+$“"),
    (given(counts=[1, "x"]), "(1): it must be a whole number", "(1): Der Wert muss eine ganze Zahl sein"),
    (lambda: read_meta({"guild_id": 5}), "must be an ID as a text", "muss eine ID als Text"),
    (lambda: read_meta({"meta": 5}), "must be a JSON object", "muss ein JSON-Objekt"),
    (lambda: read_meta({"created_at": "x"}), "must be a moment such as", "muss ein Zeitpunkt wie"),
    (lambda: crontab_trigger("70 0 9 * * 1", "UTC"), "check its second", "Zu prüfen: Sekunde"),
    (lambda: embed_of({}), "it is empty", "weil es leer ist"),
    (lambda: embed_of({"fields": 5}), "isn't what Discord expects", "nicht so aufgebaut"),
    (line('a,"b'), "isn't closed", "nicht geschlossen"),
    (line('a,"b"c'), "followed by text", "folgt auf ein schließendes"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "english", "german"), ROWS, ids=[row[1] for row in ROWS])
def test_a_fault_is_told_in_the_readers_language(
    act: Callable[[], object], english: str, german: str
) -> None:
    with pytest.raises(ScheduleZeroError) as raised:
        act()
    assert english in raised.value.message
    with speaking("de"):
        assert german in translated(raised.value.message)


@pytest.mark.parametrize(
    "act",
    [
        lambda: check({"a": "\x00"}), lambda: check("\ud800"), lambda: check(2**64), lambda: check(object()),
        lambda: check(float("nan")), lambda: check([[0]], deepest=1), lambda: check([0] * 9, most=5),
        lambda: check({1.5: 0}), lambda: check({1: 0, "1": 0}), lambda: check("abc", largest=2),
        lambda: read_json('{"a": 1, "a": 2}'), lambda: read_json("[1e999]"), lambda: read_json("[NaN]"),
        lambda: read_json("9" * 5000), lambda: read_json("[" * 100_000),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_told_in_every_language(act: Callable[[], object]) -> None:
    with pytest.raises(Unstorable) as raised:
        act()
    said = Sentence("The scheduler's response can't be used: it contains {unusable}.", "answer_unusable",
                    unusable=raised.value.said)  # fmt: skip
    for language in LANGUAGES - {"en"}:
        with speaking(language):
            assert str(raised.value.said) not in translated(said)


def test_a_disk_that_fails_is_told_in_the_readers_language() -> None:
    with speaking("de"):
        assert translated(DiskFailed(28, "No space left on device").reason) == "Der Datenträger ist voll"
        assert "„Odd“" in translated(DiskFailed(9999, "Odd").reason)


@pytest.mark.parametrize(
    "text", ["8 Stunden", "bis 7", "8 horas", "hasta las 7", "até as 7", "8 heures", "jusqu’à 7h"]
)
def test_the_examples_of_how_long_something_lasts_are_understood(text: str) -> None:
    assert end_of(text, datetime(2026, 11, 29, 12, tzinfo=UTC), "UTC") is not None
