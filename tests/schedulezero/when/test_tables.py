"""A language is one file: what it must hold, and what its author is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schedulezero.when.calendar.feasts import MOVABLE
from schedulezero.when.grammar import tables
from schedulezero.when.grammar.tables import TableError, folder, languages, read_table, table_of
from schedulezero.when.grammar.words import words_of
from schedulezero.when.language.describe import describe
from schedulezero.when.language.parse import understand

ITALIAN = folder().joinpath("it.toml").read_text(encoding="utf-8")


def changed(pattern: str, by: str) -> str:
    """A copy of the Italian file with one change."""
    text, number = re.subn(pattern, by, ITALIAN, count=1, flags=re.MULTILINE | re.DOTALL)
    assert number == 1
    return text


@pytest.mark.parametrize("language", languages())
def test_each_file_is_complete(language: str) -> None:
    assert table_of(language)["say"]


@pytest.mark.parametrize(
    ("pattern", "by", "said"),
    [
        (r"^until = .*?\n", "", "it.toml lacks words.until (it may be empty)."),
        (r"^until = ", "untill = ", "has words.untill, which means nothing (did you mean until?)"),
        (r"^minute = .*?\n", "", "it.toml lacks unit.minute (it may be empty)."),
        (r"^minute = ", "moment = ", "has unit.moment, which means nothing"),
        (
            r"^christmas = ",
            "chrismas = ",
            "has feast.chrismas, which means nothing (did you mean christmas?)",
        ),
        (r"^\[say\].*", "", "it.toml lacks say."),
        (r"^\[city\]", "[cities]", "has cities, which means nothing (did you mean city?)"),
        (r"^\[words\]", "letters = 1\n[words]", "needs a section as [letters]"),
        (r'^until = "fino.*?\n', "", "it.toml lacks say.until."),
        (r'^until = "fino', 'untill = "fino', "has say.untill, which means nothing (did you mean until?)"),
        (r"fino al \{date\}", "fino al {day}", "needs a text with {date} as say.until"),
        (r"fino al \{date\}", "fino al {date", "needs a text with {date} as say.until"),
        (r'"gennaio", "febbraio"', '"gennaio"', "needs a list of 12 as say.months"),
        (r'^minute = \["ogni minuto", ', "minute = [", "needs two texts as say.every.minute"),
        (r'^easter = \["Pasqua"', 'eastern = ["Pasqua"', "has say.feasts.eastern, which means nothing"),
        (r'^easter = \["Pasqua".*?\n', "", "needs two texts as say.feasts.easter"),
        (r'"\{n\} volte"', '"{m} volte"', "needs two texts as say.count, the second with {n}"),
        (r"^until = \[.*?\]", 'until = "fino a"', "needs a list of phrases as words.until"),
        (r"^week_later = 0", "weak_later = 0", "has costs.weak_later, which is the cost of nothing"),
        (
            r'^"Europe/Rome" = ',
            '"Europe/Romex" = ',
            "it.toml has city.Europe/Romex, which is not a time zone (did you mean Europe/Rome?)",
        ),
        (r"^\[words\]", "[words", "it.toml is not valid TOML: "),
    ],
)
def test_its_author_learns_which_key_is_wrong(pattern: str, by: str, said: str) -> None:
    with pytest.raises(TableError) as caught:
        read_table("it", changed(pattern, by))
    assert said in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(TableError) as caught:
        read_table("it", changed(r"^until = .*?\nstarting = ", "begin = "))
    assert str(caught.value) == (
        "it.toml lacks words.until (it may be empty); lacks words.starting (it may be empty); "
        "has words.begin, which means nothing."
    )


@pytest.mark.parametrize("language", languages())
def test_each_movable_feast_has_a_name(language: str) -> None:
    assert table_of(language)["say"]["feasts"].keys() == MOVABLE


def test_a_new_file_is_a_new_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide *Add a language*, in miniature: a copy of the English file with some words of Esperanto."""
    for name in languages():
        (tmp_path / f"{name}.toml").write_text(folder().joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    text = (tmp_path / "en.toml").read_text()
    for english, theirs in (
        ('every = ["every"', 'every = ["ĉiu"'),
        ('at = ["at the stroke of"', 'at = ["je"'),
        ('[["monday"', '[["lundo", "monday"'),
        ('weekdays_every = ["Monday"', 'weekdays_every = ["lundo"'),
        ('every_weekdays = ["every {days}"]', 'every_weekdays = ["ĉiu {days}"]'),
        ('at = "at {times}"', 'at = "je {times}"'),
    ):
        assert text.count(english) == 1, english
        text = text.replace(english, theirs)
    (tmp_path / "eo.toml").write_text(text)
    caches = (tables.languages, tables.table_of, words_of)
    monkeypatch.setattr(tables, "folder", lambda: tmp_path)
    for cached in caches:
        cached.cache_clear()
    try:
        assert "eo" in languages()
        now = datetime(2026, 11, 24, 12, tzinfo=UTC)
        found = understand("Ĉiu lundo je 9", zone="UTC", locale="eo", now=now)
        assert found.trigger.args["day_of_week"] == "mon"
        assert describe(found.trigger, "UTC", "eo") == "ĉiu lundo je 09:00"
    finally:
        for cached in caches:
            cached.cache_clear()
