"""A language is one file: what it must hold, and what its author is told."""

from __future__ import annotations

import re

import pytest

from schedulezero.when.grammar.tables import TableError, folder, languages, read_table, table_of

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
        (
            r"minute = \[\"minuto\", \"minuti\"\], ",
            "",
            "needs the singular and the plural as say.units.minute",
        ),
        (r"^until = \[.*?\]", 'until = "fino a"', "needs a list of phrases as words.until"),
        (r"^week_later = 0", "weak_later = 0", "has costs.weak_later, which is the cost of nothing"),
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
