"""The words of one language, as data, and what each token of a text may mean in it.

``languages/<language>.toml`` names, for each category of word, what people type. A word may have several
meanings (French *à* is *at* and *to*); all of them enter the chart. Words are found without
their accents and with one typing error, which is told; words that were typed without the space between them
are parted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any

from schedulezero.when.calendar.holidays import PLACE
from schedulezero.when.grammar.core.chart import Item
from schedulezero.when.grammar.core.tokens import Token, cut, folded, normalized, plain
from schedulezero.when.grammar.tables import table_of
from schedulezero.when.grammar.zones import ABBREVIATIONS, is_zone_word, zone_items

_SHORTEST_MENDED = 4
"""Letters of a word that may contain a typing error; a shorter one is too near to others."""
_LONGEST_PLACE = 6
"""Tokens of a place's code and the bracket behind it."""
_PLACE = re.compile(PLACE)
_SHORTEST_PART = 3
"""Letters of a part from which on it is no accident that a word has two: *nextfriday*, *Freitagabend*."""
_LONGEST_WORD = 30
_DOUBLED = re.compile(r"(.)\1")
_LONGEST_NUMBER = 12
SIGNS = {
    ":": "colon", ".": "dot", ",": "comma", "/": "slash", "-": "dash", "+": "plus", "@": "at", "&": "and",
    "(": "bracket", ")": "bracket", ";": "comma", "º": "degree", "°": "degree", "ª": "degree",
}  # fmt: skip
REFUSED = frozenset(("question", "vague", "ago", "alternatively", "denial"))
"""Words that say no time. Nothing is read with them, and no typing error is mended to one: they only tell
what is wrong with a text."""
_ALSO = {"at": ("filler",), "comma": ("filler",), "bracket": ("filler",)}

Entry = tuple[tuple[str, ...], str, Any]


@dataclass(frozen=True, slots=True)
class Mended:
    """A word that was read as another one."""

    typed: str
    read: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    language: str
    entries: Mapping[str, Sequence[Entry]]
    """The phrases by their first token, as it is typed and without accents."""
    vocabulary: frozenset[str]
    """Every token of every phrase, in both spellings."""
    costs: Mapping[str, float]
    """What a category of words, or one phrase in it (``part morgen``), costs beyond its place: a meaning that
    is possible, but not the usual one. A category that rules make may have a cost too."""
    exact: frozenset[str] = frozenset()
    """Words that no other word is taken for: a mistaken *every* would change too much."""
    by_rest: Mapping[str, Sequence[str]] = field(default_factory=dict[str, list[str]])
    """The first words of phrases by what is left of them without one letter, and by themselves: two words
    that are one typing error apart have a rest in common, so that few need to be compared."""

    def known(self, word: str) -> bool:
        """Return whether a word is part of any phrase."""
        return word in self.vocabulary or plain(word) in self.vocabulary

    def lookup(self, text: str, tokens: Sequence[Token]) -> list[list[Item]]:
        """Return, for each token, the items of the words, numbers, signs and zones that begin there."""
        return [
            [
                *self._items_at(tokens, position),
                *self._zones_at(text, tokens, position),
                *_place_items(tokens, position),
            ]
            for position in range(len(tokens))
        ]

    def _zones_at(self, text: str, tokens: Sequence[Token], position: int) -> list[Item]:
        """The zones that begin at a token; an abbreviation that is a word too only in capitals."""
        token = tokens[position]
        is_word = token.text in ABBREVIATIONS and self.known(token.text)
        if token.text in ABBREVIATIONS and _number_follows(tokens, position + 1):
            return []
        if is_word and not text[token.start : token.end].isupper():
            return []
        found = zone_items(text, tokens, position)
        return [item for item in found if not _number_follows(tokens, item.end)]  # "PT2H" is a span

    def _items_at(self, tokens: Sequence[Token], position: int) -> list[Item]:
        token = tokens[position]
        found: dict[tuple[str, int, Any], Item] = {}
        if token.is_number and len(token.text) <= _LONGEST_NUMBER:
            found["digits", position + 1, token.text] = Item("digits", token.text, position + 1)
        if token.text in SIGNS:
            category = SIGNS[token.text]
            for name in (category, *_ALSO.get(category, ())):
                found[name, position + 1, True] = Item(name, True, position + 1)
        if token.text == "." and not _digits_follow(tokens, position):
            found["end_dot", position + 1, True] = Item("end_dot", True, position + 1)
            if position and not tokens[position - 1].is_number:
                found["full_stop", position + 1, True] = Item("full_stop", True, position + 1)
        if token.text == "-" and position and not token.glued and not _glued(tokens, position + 1):
            found["loose_dash", position + 1, True] = Item("loose_dash", True, position + 1)
        if token.text == ":" and not (position and tokens[position - 1].is_number):
            found["free_colon", position + 1, True] = Item("free_colon", True, position + 1)
        for key in dict.fromkeys((token.text, plain(token.text))):
            for phrase, category, value in self.entries.get(key, ()):
                end, cost = position + len(phrase), self._cost(category, phrase)
                if category == "zone_name" and _number_follows(tokens, end):
                    continue  # "PT2H" is a length of time
                if end > len(tokens) or not all(
                    have.text == want or plain(have.text) == want
                    for have, want in zip(tokens[position:end], phrase, strict=True)
                ):
                    continue
                if end < len(tokens) and _ends_abbreviation(tokens, end):
                    found[category, end + 1, value] = Item(category, value, end + 1, cost)
                found[category, end, value] = Item(category, value, end, cost)
        return list(found.values())

    def _cost(self, category: str, phrase: Sequence[str]) -> float:
        if not self.costs:
            return 0.0
        return self.costs.get(f"{category} {' '.join(phrase)}", self.costs.get(category, 0.0))

    def mended(self, tokens: Iterable[Token]) -> tuple[list[Token], list[Mended]]:
        """Return the tokens with unknown words parted or corrected, and what was corrected."""
        result: list[Token] = []
        notes: list[Mended] = []
        for token in tokens:
            if (
                not token.is_word
                or self.known(token.text)
                or is_zone_word(token.text)
                or len(token.text) > _LONGEST_WORD
            ):
                result.append(token)
            elif (near := self.near(token.text)) is not None:  # first: "onday" is no "on day"
                result.append(replace(token, text=near))
                notes.append(Mended(token.text, near))
            elif (parts := self._parted(token.text)) is not None:
                begin = token.start
                if min(map(len, parts)) < _SHORTEST_PART:
                    notes.append(Mended(token.text, " ".join(parts)))
                for index, part in enumerate(parts):
                    result.append(Token(part, begin, begin + len(part), token.glued or index > 0))
                    begin += len(part)
            else:
                result.append(token)
        return result, notes

    def _parted(self, word: str) -> tuple[str, str] | None:
        """Two known words that were typed without a space; the split with the longest first word."""
        for length in range(len(word) - 2, 1, -1):
            first, last = word[:length], word[length:]
            if self._whole(first) and self._whole(last):
                return first, last
        return None

    def _whole(self, word: str) -> bool:
        return any(
            len(phrase) == 1 and category not in REFUSED
            for key in (word, plain(word))
            for phrase, category, _ in self.entries.get(key, ())
        )

    def near(self, word: str) -> str | None:
        """Return the only word that is one typing error away, or None."""
        if len(word) < _SHORTEST_MENDED:
            return None
        typed = plain(word)
        found: dict[frozenset[tuple[str, str]], str] = {}
        for key in self._alike(typed):
            entries = self.entries[key]
            if key in self.exact or len(key) < _SHORTEST_MENDED or not _one_edit(typed, key):
                continue
            if len(key) == len(typed) == _SHORTEST_MENDED and sorted(key) != sorted(typed):
                continue  # "line", "none" and "fine" are no misspelt "nine"
            meaning = frozenset(
                (category, repr(value))
                for phrase, category, value in entries
                if len(phrase) == 1 and category not in REFUSED
            )
            if any(category != "filler" for category, _ in meaning):
                found.setdefault(meaning, key)
        if len(found) > 1:  # "sontag" is Sonntag rather than Montag
            found = {meaning: key for meaning, key in found.items() if _doubled(typed, key)}
        return next(iter(found.values())) if len(found) == 1 else None

    def _alike(self, typed: str) -> list[str]:
        """The words that may be one typing error away, in the order of the table."""
        found = {key for rest in _rests(typed) for key in self.by_rest.get(rest, ())}
        return [key for key in self.entries if key in found] if len(found) > 1 else list(found)


def _rests(word: str) -> set[str]:
    """A word, and what is left of it without each of its letters."""
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}


def _place_items(tokens: Sequence[Token], position: int) -> list[Item]:
    """The code of a place in brackets, such as *(DE-BY)*, whose public holidays are left out."""
    if position == 0 or tokens[position - 1].text != "(":
        return []
    for end in range(position + 1, min(position + _LONGEST_PLACE, len(tokens))):
        if tokens[end].text == ")":
            code = "".join(token.text for token in tokens[position:end]).upper()
            return [Item("place", code, end)] if _PLACE.fullmatch(code) else []
    return []


def _number_follows(tokens: Sequence[Token], position: int) -> bool:
    """Whether a number stands at a token, without a space before it."""
    return position < len(tokens) and tokens[position].is_number and tokens[position].glued


def _glued(tokens: Sequence[Token], position: int) -> bool:
    """Whether a token follows the one before it without a space, or there is none."""
    return position >= len(tokens) or tokens[position].glued


def _digits_follow(tokens: Sequence[Token], position: int) -> bool:
    """Whether a number stands right behind a sign, as in 1.5."""
    return position + 1 < len(tokens) and tokens[position + 1].is_number and tokens[position + 1].glued


def _ends_abbreviation(tokens: Sequence[Token], end: int) -> bool:
    """Whether a full stop ends an abbreviation: *Mo.*, *Sept.*, *janv.*"""
    stop = tokens[end]
    return stop.text == "." and stop.glued and tokens[end - 1].is_word


def _doubled(one: str, other: str) -> bool:
    """Whether two words differ only by a letter that is doubled in one of them."""
    return len(one) != len(other) and _DOUBLED.sub(r"\1", one) == _DOUBLED.sub(r"\1", other)


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter was changed, left out, added or swapped with the next."""
    if len(one) > len(other):
        one, other = other, one
    same = 0
    while same < len(one) and one[same] == other[same]:
        same += 1
    if len(one) != len(other):
        return one[same:] == other[same + 1 :]
    return one[same + 1 :] == other[same + 1 :] or (
        one[same : same + 2] == other[same : same + 2][::-1] and one[same + 2 :] == other[same + 2 :]
    )


@cache
def words_of(language: str) -> Words:
    """Load a language's words. Raises KeyError if we don't have it."""
    return read_words(language, table_of(language))


def read_words(language: str, table: Mapping[str, Any]) -> Words:
    """Return the words of a table. Raises ValueError that names what is wrong in it."""
    entries: dict[str, list[Entry]] = {}
    vocabulary: set[str] = set()

    def add(phrase: str, category: str, value: Any = True) -> None:
        for spelling in dict.fromkeys((phrase, *_spellings(phrase, table.get("letters", {})))):
            parts = tuple(token.text for token in cut(normalized(spelling)))
            if not parts:
                raise ValueError(f"{language}: an empty phrase of {category}")
            bare = tuple(plain(part) for part in parts)
            vocabulary.update(parts, bare)
            for key in dict.fromkeys((parts, bare)):
                entry = (key, category, value)
                if entry not in entries.setdefault(key[0], []):
                    entries[key[0]].append(entry)

    for category, phrases in table["words"].items():
        for phrase in phrases:
            add(phrase, category)
    for category, phrases in table["values"].items():
        for phrase, value in phrases.items():
            add(
                phrase,
                category,
                Fraction(value) if category == "number" and isinstance(value, str) else value,
            )
    for category in ("unit", "short", "often", "part", "parts", "part_today", "weekday_parts", "feast"):
        for value, phrases in table.get(category, {}).items():
            for phrase in phrases:
                add(phrase, category, value)
    articles = {*table["words"]["the"], *table["words"]["filler"]}
    for value, forms in table["say"]["feasts"].items():  # what is told is understood again
        for phrase in forms:
            add(phrase, "feast", value)
            first, _, rest = phrase.partition(" ")
            if first in articles:
                add(rest, "feast", value)
    for category in ("city", "zone_name"):
        for zone, phrases in table.get(category, {}).items():
            for phrase in phrases:
                add(phrase, category, ABBREVIATIONS.get(phrase, (zone,)))
                if category == "city":
                    add(phrase, "lone_city", (zone,))
    for number, phrases in table.get("ordinals", {}).items():
        for phrase in phrases:
            add(phrase, "ordinal", int(number))
    for category, first in (("weekday", 0), ("weekdays", 0), ("month", 1)):
        for number, phrases in enumerate(table["names"].get(category, ()), start=first):
            for phrase in phrases:
                add(phrase, category, number)
    by_rest: dict[str, list[str]] = {}
    for key in entries:
        if len(key) >= _SHORTEST_MENDED:
            for rest in _rests(key):
                by_rest.setdefault(rest, []).append(key)
    return Words(
        language,
        entries,
        frozenset(vocabulary),
        table.get("costs", {}),
        frozenset(table.get("order", {}).get("exact", ())),
        by_rest,
    )


def _spellings(phrase: str, letters: Mapping[str, str]) -> list[str]:
    """Other spellings of a phrase: without hyphens, and with letters that stand for accented ones."""
    found = [phrase.replace("-", " ")] if "-" in phrase and phrase.strip("-") else []
    swapped = phrase
    for letter, others in letters.items():
        swapped = swapped.replace(letter, others)
    return [*found, swapped] if swapped != phrase else found


def nearest(words: Words, typed: str) -> list[str]:
    """Return words that begin alike or are nearly the same, for a suggestion; usually none or one."""
    begin = plain(folded(typed))
    return [key for key in words.entries if len(begin) >= 3 and key.startswith(begin)][:3]
