"""Names of jobs that nobody named."""

from __future__ import annotations

import time

import pytest

from schedulezero.compose.naming import cut_at_word, name_from_text, told_apart
from schedulezero.compose.typed_text import directory_of

HERE = directory_of(roles=[(1, "Event guests")], members=[(2, ["Pia"], "pia.m")], channels=[(3, "general")])

# Read as: a text, and the name of its job.
NAMES = [
    ("Hello", "Hello"),
    ("**Movie night!** Bring popcorn.", "Movie night!"),
    ("# Movie night\nBring popcorn.", "Movie night"),
    ("> - 1. quoted", "quoted"),
    ("Hi <@&1>, see <#3>", "Hi @Event guests, see #general"),
    ("<@2> <@!2>: ping", "@Pia @Pia: ping"),
    ("Hi <@99> there <@&98>!", "Hi there!"),
    ("<:party:41> Party <a:wave:42>", ":party: Party :wave:"),
    ("Use </schedule list:5> now", "Use /schedule list now"),
    ("{countdown:2030-01-01} to go", "… to go"),
    ("Only {countdown:2030-12-24} until Santa", "Only … until Santa"),
    ("Party with {members} members. Come!", "Party with … members"),
    ("{date}: the news", "the news"),
    ("The news – {date}", "The news"),
    ("Starting {starts}", "Starting …"),
    ("Day {run}: {date}, {{braces}", "Day …: …, {braces}"),
    ("{role:Event guests} assemble", "@Event guests assemble"),
    ("{in:2h}\nDoors open", "Doors open"),
    ("<t:1:F> starts", "starts"),
    ("[Sign up](https://x.y/z) today", "Sign up today"),
    ("https://example.org/a/b?c=1", "example.org"),
    ("~~old~~ __new__ ||secret|| `code` *it* _it_ snake_case", "old new secret code it it snake_case"),
    ("```py\nprint(1)\n```", "print(1)"),
    (r"2 \* 3 \_ok\_", "2 * 3 _ok_"),
    ("@silent Psst", "Psst"),
    ("one\n---\ntwo", "one"),
    ("\n\n  \nlate", "late"),
    ("Mr. Smith arrives today. Then we go.", "Mr. Smith arrives today"),
    ("明日は会議です。遅れないで。", "明日は会議です"),
    ("🎉", ""),
    ("<@99>", ""),
    ("", ""),
    ("word " * 30, "word word word word word word word word word word word word…"),
    ("x" * 100, "x" * 59 + "…"),
]


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_a_name_is_the_text_as_people_read_it(text: str, name: str) -> None:
    assert name_from_text(text, HERE) == name


@pytest.mark.parametrize("part", ["[a](", "*_`", "<@1", "{a:", "\\_", "https://", ":", " ", "# ", "_ "])
def test_a_hostile_text_has_a_short_name_at_once(part: str) -> None:
    before = time.process_time()
    assert len(name_from_text(part * (100_000 // len(part)), HERE)) <= 60
    assert time.process_time() - before < 1


def test_a_text_is_cut_after_a_word() -> None:
    assert cut_at_word("one two three", 10) == "one two…"
    assert cut_at_word("one two", 7) == "one two"


def test_equal_names_are_numbered() -> None:
    assert told_apart("Hello", {"Other"}) == "Hello"
    assert told_apart("Hello", {"Hello", "Hello (2)"}) == "Hello (3)"
