"""Texts that rotate, as a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulezero.compose.texts import (
    MOST_TEXTS,
    TextsUnusable,
    checked,
    mark_of,
    moved,
    next_place,
    read_file,
    starting_with,
    texts_in,
    value_of,
)
from schedulezero.methods.variables import turn, turns

TEXTS = ["one", "two\nlines", "three\n---\nwith a line", "four"]


def test_a_list_is_kept_as_one_text() -> None:
    assert texts_in(value_of(TEXTS)) == TEXTS and len(turns(value_of(TEXTS))) == 4
    assert texts_in("") == [] and texts_in("\n") == []
    assert texts_in("a\n---\nb") == ["a", "b"] and value_of(["a", "b"]) == "a\n---\nb"


@given(st.lists(st.text(st.sampled_from("ab-\n \t{"), min_size=1, max_size=12), min_size=1, max_size=5))
def test_no_text_gets_lost_on_the_way(texts: list[str]) -> None:
    wanted = [text.strip("\n") for text in texts if text.strip()]
    if wanted:
        assert texts_in(value_of(wanted)) == wanted


def test_the_next_one_is_the_one_that_the_run_uses() -> None:
    for runs in range(9):
        for shuffled in (False, True):
            place = next_place(TEXTS, runs, shuffled=shuffled, seed="job")
            used = turn(value_of(TEXTS), runs + 1, shuffled=shuffled, seed="job")
            assert (
                texts_in(used.replace("\u200b", "#"))[0].partition("\n")[0] == TEXTS[place].partition("\n")[0]
            )


@pytest.mark.parametrize("runs", range(6))
@pytest.mark.parametrize("place", range(4))
def test_it_starts_with_any_of_them(runs: int, place: int) -> None:
    turned = starting_with(TEXTS, place, runs)
    assert sorted(turned) == sorted(TEXTS)
    assert turned[next_place(turned, runs, shuffled=False, seed="")] == TEXTS[place]


def test_they_move_within_the_list() -> None:
    assert moved(["a", "b", "c"], 1, -1) == ["b", "a", "c"] and moved(["a", "b", "c"], 1, 5) == [
        "a",
        "c",
        "b",
    ]
    assert moved(["a", "b"], 0, -1) == ["a", "b"]


def test_a_mark_changes_with_the_list() -> None:
    assert mark_of(["a", "b"], 1) != mark_of(["a", "b", "b"], 1) != mark_of(["a", "c"], 1)


@pytest.mark.parametrize(
    ("text", "csv_file", "read"),
    [
        ("one\r\ntwo\r\n\r\nthree", False, ["one", "two", "three"]),
        ("one\nand more\n---\n\ntwo\n-----\n", False, ["one\nand more", "two"]),
        ('text,who\n"one, and more",Ann\n"two\nlines",Ben\n', True, ["text", "one, and more", "two\nlines"]),
        ("one;x;y\ntwo;x;y", True, ["one", "two"]),
    ],
)
def test_a_file_is_read(text: str, csv_file: bool, read: list[str]) -> None:
    assert read_file(text, csv_file=csv_file, longest=2000) == read


@pytest.mark.parametrize(
    ("text", "csv_file", "code"),
    [
        ("", False, "texts_none"),
        ("---\n---", False, "texts_none"),
        ("a\n" * (MOST_TEXTS + 1), False, "too_many_texts"),
        (f"a\n{'b' * 2001}\n{'c' * 2001}", False, "texts_too_long"),
        ('"a', True, "texts_bad_table"),
    ],
)
def test_a_file_is_refused(text: str, csv_file: bool, code: str) -> None:
    with pytest.raises(TextsUnusable) as caught:
        read_file(text, csv_file=csv_file, longest=2000)
    assert caught.value.code == code
    if code == "texts_too_long":
        assert caught.value.values["numbers"] == "2, 3"


def test_a_typed_text_is_checked() -> None:
    assert checked("\r\na\r\n", 10) == "a"
    for text, code in (("  \n", "texts_one_empty"), ("x" * 11, "texts_one_too_long")):
        with pytest.raises(TextsUnusable) as caught:
            checked(text, 10)
        assert caught.value.code == code
