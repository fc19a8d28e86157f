"""Sentences that are data: what fills them, how they travel, and what a peer may send beside its text."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest

from schedulezero.sentences import (
    DEEPEST,
    LARGEST_VALUES,
    Sentence,
    all_in_a_row,
    in_a_row,
    parts_of,
    present_fields,
    read_sentence,
    sentence_fields,
)
from schedulezero.wire.storable import check, clean_text


def sent(sentence: str) -> Sentence:
    """A sentence as its receiver has it."""
    found = read_sentence(json.loads(json.dumps(sentence_fields("error", sentence))), "error")
    assert found is not None
    return found


def test_values_stand_in_the_place_of_their_names() -> None:
    said = Sentence(
        "{name!r} has {count} of {most}: {items}.", "full", name="a'b", count=2, most=None, items=[1, "x"]
    )
    assert said == '"a\'b" has 2 of None: 1, x.'
    assert (said.code, dict(said.values)) == (
        "full", {"name": "a'b", "count": 2, "most": None, "items": (1, "x")},
    )  # fmt: skip


@pytest.mark.parametrize("value", [
    "{most}", "{0}", "{", "}", "{{", "%s", "{name.__class__}", "{most!r:>1000000000}", "\\1", "\\g<0>",
])  # fmt: skip
def test_a_value_injects_nothing(value: str) -> None:
    said = Sentence("{name} has {most}.", "full", name=value, most=5)
    assert said == f"{value} has 5." and sent(said).values["name"] == value


def test_sentences_follow_each_other_and_other_items_have_commas_between_them() -> None:
    one, two = Sentence("manage roles", "manage_roles"), Sentence("send messages", "send_messages")
    assert Sentence("I lack {what}.", "lacks", what=[one, two]) == "I lack manage roles, send messages."
    assert (
        all_in_a_row(Sentence("It is so.", "so"), None, Sentence("And so.", "and_so")) == "It is so. And so."
    )


def test_a_sentence_without_a_code_is_never_formatted() -> None:
    said = Sentence("Write {name}, {{ or {0.__class__}.", name="x")
    assert (said, said.code, dict(said.values)) == ("Write {name}, {{ or {0.__class__}.", None, {})
    assert Sentence("No place for {other}.", "full", name=1) == "No place for {other}."


class Kind(StrEnum):
    ONE = "one"


def test_values_are_plain_whatever_they_were() -> None:
    error = ValueError("no such thing")
    said = Sentence(
        "{kind} {error} {large} {none}", "odd", kind=Kind.ONE, error=error, large=2**70, none=float("nan")
    )
    assert said == f"one no such thing {2**70} nan"
    assert {type(value) for value in said.values.values()} == {str}
    check(sentence_fields("error", said))


def test_a_sentence_within_a_sentence_travels() -> None:
    inner = Sentence("Waited {seconds} s.", "waited", seconds=4)
    said = in_a_row("Somebody's text.", in_a_row(inner, Sentence("Then {first}.", "then", first=inner)))
    received = sent(said)
    assert received == "Somebody's text. Waited 4 s. Then Waited 4 s.."
    assert [part.code for part in parts_of(received)] == ["in_a_row", "in_a_row", "waited", "then", "waited"]
    assert list(parts_of("plain")) == [] == list(parts_of(None))
    assert in_a_row(None, inner) is inner


def test_a_plain_text_carries_nothing_beside_it() -> None:
    assert sentence_fields("note", "Text.") == {"note": "Text.", "note_code": None, "note_values": None}
    assert sentence_fields("note", None) == {"note": None, "note_code": None, "note_values": None}
    assert present_fields("note", "Text.") == {"note": "Text."}
    assert present_fields("note", Sentence("Text.", "text")) == {"note": "Text.", "note_code": "text"}
    assert type(sentence_fields("note", Sentence("Text.", "text"))["note"]) is str


def nested(depth: int) -> dict[str, Any]:
    return {"message": "x", "code": "x", "values": {"x": nested(depth - 1) if depth else 1}}


def in_lists(depth: int) -> list[Any]:
    return [in_lists(depth - 1) if depth > 1 else 1]


# Read as: what a peer sends for the code and the values, none of which is taken.
FORGED = {
    "a number for the code": (5, {}),
    "an object for the code": ({"a": 1}, {}),
    "words for the code": ("Job failed!", {}),
    "a code with a line break": ("job_failed\n", {}),
    "digits of another script": ("job\u0663", {}),
    "a long code": ("a" * 65, {}),
    "no code": (None, {"a": 1}),
    "a list of values": ("job_failed", [1]),
    "a text of values": ("job_failed", "a"),
    "a value without a name": ("job_failed", {"": 1}),
    "a name that is none": ("job_failed", {"a b": 1}),
    "many values": ("job_failed", {f"a{number}": 1 for number in range(21)}),
    "a long list": ("job_failed", {"a": [1] * 101}),
    "an object that is no sentence": ("job_failed", {"a": {"b": 1}}),
    "a sentence with more than that": ("job_failed", {"a": {"message": "x", "code": "x", "b": 1}}),
    "a sentence of the wrong kind": ("job_failed", {"a": {"message": 5, "code": "x"}}),
    "a forged code within": ("job_failed", {"a": {"message": "x", "code": 5}}),
    "nesting": ("job_failed", {"a": nested(DEEPEST + 1)}),
    "lists within lists": ("job_failed", {"a": in_lists(DEEPEST + 1)}),
    "a large text": ("job_failed", {"a": "x" * LARGEST_VALUES}),
    "a large number": ("job_failed", {"a": 2**70}),
    "infinity": ("job_failed", {"a": float("inf")}),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_a_peer_forges_is_dropped_and_its_text_is_shown(name: str) -> None:
    code, values = FORGED[name]
    found = read_sentence({"error": "Its {a} text.", "error_code": code, "error_values": values}, "error")
    assert found is not None
    assert (found, found.code, dict(found.values)) == ("Its {a} text.", None, {})


def test_what_is_well_formed_is_taken() -> None:
    values = {"a": [1, "x", None, True, 2.5], "b": nested(1), "c": {"message": "plain"}}
    found = read_sentence({"error": "T", "error_code": "job_failed", "error_values": values}, "error")
    assert found is not None and found.code == "job_failed"
    assert (found.values["a"], found.values["b"].code, found.values["c"].code) == (
        (1, "x", None, True, 2.5), "x", None,
    )  # fmt: skip
    assert read_sentence({"error": None}, "error") is None
    odd = read_sentence({"error": {"what": 1}}, "error")
    assert odd is not None and odd == '{"what": 1}'


def test_what_nobody_would_take_is_not_sent() -> None:
    fields = sentence_fields("error", Sentence("{a}", "long", a="x" * LARGEST_VALUES))
    assert fields["error_code"] is None is fields["error_values"] and len(fields["error"]) == LARGEST_VALUES


def test_a_sentence_is_cleaned_with_its_values() -> None:
    said = clean_text(
        Sentence("{a} {b}", "two", a="x\x00" + "y" * 5000, b=Sentence("{c}", "one", c="\ud800"))
    )
    assert isinstance(said, Sentence) and len(said) == 2000
    assert said.values["a"].startswith("x\N{REPLACEMENT CHARACTER}y") and len(said.values["a"]) == 2000
    assert said.values["b"] == said.values["b"].values["c"] == "\N{REPLACEMENT CHARACTER}"
    check(sentence_fields("error", said))
