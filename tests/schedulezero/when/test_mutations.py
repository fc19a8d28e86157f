"""Phrases with a word changed: refused, another time, or told. No word is passed over in silence.

Every third phrase of all corpora is changed in each of its words, the same way on every run. A reading that
stays the same is right only where the change means nothing: the new word says the same by the language's
table, or was mended with a note.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from schedulezero.errors import WhenError
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.chart import parse
from schedulezero.when.grammar.core.tokens import cut, normalized, plain
from schedulezero.when.grammar.paths import Path, paths
from schedulezero.when.grammar.read import RULES, meaning, read
from schedulezero.when.grammar.said import Contradiction
from schedulezero.when.grammar.words import words_of
from schedulezero.when.grammar.zones import is_zone_word
from tests.support.corpora import BERLIN, CORPORA, NOW, phrases_of

CONTEXT = Context(NOW, BERLIN)
CONTENT = ("weekday", "weekdays", "month", "unit", "day_offset", "number", "ordinal", "feast")
"""Words of these categories say something that another word of theirs doesn't."""
SKIPPED = {"filler", "on", "comma", "bracket", "full_stop", "at", "loose_dash", "dash"}
"""Words and signs that may stand between pieces, and add nothing."""
LANGUAGES = sorted(CORPORA)
STEP = 3
"""One phrase in so many is changed; all of them take a minute."""
# Read as: a changed phrase that means the same for a good reason, and the reason.
SAME = {
    ("en", "twenty-five past sixteen in the afternoon"): "16:25 is 25 past four",
    ("es", "a las veintiuno y cuarto de la noche"): "21:15 is a quarter past nine at night",
    ("fr", "surlendemain a 11h"): "*le surlendemain* is two days later, as *après-demain* is",
    ("fr", "surlendemain"): "the same",
    ("fr", "19h journée du québec"): "*journée* is a filler",
    ("fr", "mardi et jeudi midi, chaque journée"): "*mardi et jeudi* recur without *chaque semaine*, too",
    ("fr", "à journée du déjeuner"): "*journée* is a filler, and *à … du déjeuner* is lunch",
    ("pt", "todo meses 5 às 10h"): "*todo mês 5* is the 5th of each month, with the wrong number",
    ("pt", "todo meses dez"): "the same",
}


def outcome(language: str, text: str) -> tuple[tuple[str, ...] | None, bool]:
    """Every reading's trigger and zone, or None if it is refused; and whether a note says what was read."""
    try:
        found = read(text, words_of(language), CONTEXT)
    except WhenError:
        return None, False
    said = (json.dumps([trigger.to_json(), zone], sort_keys=True) for trigger, zone in found.each())
    return tuple(sorted(said)), bool(found.mended)


@cache
def original(language: str, text: str) -> tuple[str, ...] | None:
    return outcome(language, text)[0]


def meanings(language: str, word: str, *, whole: bool) -> set[tuple[str, str]]:
    """What a word may mean alone, or also as the beginning of a phrase."""
    entries = words_of(language).entries
    keys = {key for token in cut(normalized(word)) for key in (token.text, plain(token.text))}
    return {
        (category, repr(value))
        for key in keys
        for phrase, category, value in entries.get(key, ())
        if len(phrase) == 1 or not whole
    }


@cache
def alternatives(language: str) -> dict[str, dict[str, str]]:
    """For each category of content, a word for each of its values."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for key, entries in words_of(language).entries.items():
        for phrase, category, value in entries:
            if len(phrase) == 1 and category in CONTENT and len(key) > 3:
                found[category].setdefault(repr(value), key)
    return found


def phrases(language: str) -> Iterator[tuple[str, list[str], random.Random]]:
    for text, _ in phrases_of(language)[::STEP]:
        yield text, text.split(), random.Random(f"{language} {text}")


def misspelt(word: str, edits: int, rng: random.Random) -> str:
    for _ in range(edits):
        at = rng.randrange(len(word))
        letter = rng.choice("abcdefghijklmnopqrstuvwxyz" if word[at].isalpha() else "0123456789")
        swapped = word[at : at + 2][::-1]
        word = rng.choice(
            (
                word[:at] + letter + word[at + 1 :],
                word[:at] + letter + word[at:],
                (word[:at] + word[at + 1 :]) or letter,
                word[:at] + swapped + word[at + 2 :],
            )
        )
    return word


@cache
def chosen(language: str, text: str) -> Path | None:
    """The way to divide a text whose meaning is the reading's."""
    words = words_of(language)
    clean = normalized(text).lstrip("¿¡").rstrip("!?. ")
    tokens, _ = words.mended(cut(clean))
    wanted = original(language, text)
    for path in paths(parse(tokens, words.lookup(clean, tokens), RULES, words.costs)):
        try:
            trigger = meaning(path, clean, CONTEXT)
        except (Contradiction, WhenError, OverflowError):
            continue
        if wanted and json.dumps([trigger.to_json(), "Europe/Berlin"], sort_keys=True) in wanted:
            return path
    return None


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_another_word_of_the_same_kind_never_means_the_same(language: str) -> None:
    lies: list[str] = []
    for text, parts, rng in phrases(language):
        for place, word in enumerate(parts):
            own = meanings(language, word, whole=True)
            for category in CONTENT:
                mine = {value for kind, value in own if kind == category}
                others = sorted(
                    key
                    for value, key in alternatives(language)[category].items()
                    if mine and value not in mine and not meanings(language, key, whole=True) & own
                )
                if not others:
                    continue
                changed = " ".join((*parts[:place], rng.choice(others), *parts[place + 1 :]))
                if (
                    outcome(language, changed)[0] == original(language, text)
                    and (language, changed) not in SAME
                ):
                    lies.append(f"{text} -> {changed}")
    assert lies == []


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_misspelt_word_is_mended_with_a_note_or_not_read(language: str) -> None:
    lies: list[str] = []
    for text, parts, rng in phrases(language):
        for place, word in enumerate(parts):
            for edits in (1, 2):
                typed = misspelt(word, edits, rng)
                changed = " ".join((*parts[:place], typed, *parts[place + 1 :]))
                found, told = outcome(language, changed)
                if found == original(language, text) and not told and not _says_the_same(language, typed):
                    lies.append(f"{text} -> {changed}")
    assert lies == []


def _says_the_same(language: str, typed: str) -> bool:
    """Whether what was typed has a meaning of its own in the table, number by number and word by word."""
    words = words_of(language)
    return all(not token.is_word or words.known(token.text) or is_zone_word(token.text) or
               (words.mended([token])[1] == [] and len(words.mended([token])[0]) > 1)
               for token in cut(normalized(typed)))  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_word_is_a_part_of_a_piece_or_adds_nothing(language: str) -> None:
    lies: list[str] = []
    for text, _, _ in phrases(language):
        path = chosen(language, text)
        if path is None:
            continue
        words = words_of(language)
        clean = normalized(text).lstrip("¿¡").rstrip("!?. ")
        tokens, _ = words.mended(cut(clean))
        covered = {place for piece in path.pieces for place in range(piece.start, piece.end)}
        begins = words.lookup(clean, tokens)
        for place in set(range(len(tokens))) - covered:
            around = [item for start in range(max(place - 4, 0), place + 1) for item in begins[start]
                      if start <= place < item.end]  # fmt: skip
            if not {item.category for item in around} & SKIPPED:
                lies.append(f"{text}: {tokens[place].text}")
    assert lies == []
