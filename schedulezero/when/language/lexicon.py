"""The words of each language, as data, and the tokenizer that uses them.

``phrases/<language>.toml`` defines what people may type and how a schedule is described; all languages share
the grammar. A word may mean several things (French *à* is *at* and *to*); its token carries all of them, and
the grammar picks the one that fits.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

LANGUAGES = ("en", "de", "fr", "es", "pt")
UNITS = ("second", "minute", "hour", "day", "week", "month", "year")

# Numbers, ordinal numbers and times of day are written alike in all of them.
_TIME = re.compile(
    r"(?P<hour>\d{1,2})(?:(?P<separator>[:.h])(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
    r"\s*(?P<half>am|pm|a\.m\.|p\.m\.)?\s*(?P<suffix>uhr|o'clock|h)?(?![\w:])",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|ère|re|e|º|ª|°|\.)(?=\s|$|,)", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./](?:\d{2,4}(?!\d))?")  # dateparser's affair
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?![\w:])")
_WORD = re.compile(r"[^\s,]+|,")
_ELIDED = re.compile(r"[ldL]['’]")
_LONGEST_WORD = 40
"""Characters of a word for which a similar one is looked up."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text with everything that it may mean.

    Attributes:
        text: The piece as it was typed.
        start, end: Its position in the text.
        kinds: Kind → value; empty for an unknown word.
    """

    text: str
    start: int
    end: int
    kinds: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __contains__(self, kind: str) -> bool:
        return kind in self.kinds

    def __getitem__(self, kind: str) -> Any:
        return self.kinds[kind]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language: the meanings of its phrases, and its wordings for schedules."""

    language: str
    phrases: Mapping[str, Mapping[str, Any]]
    say: Mapping[str, Any]
    longest: int

    def tokens(self, text: str) -> list[Token]:
        """Split a text into tokens, in order, leaving nothing out."""
        return list(self._cut(text))

    def nearest(self, word: str) -> str | None:
        """Return the language's word that is closest to a mistyped one, or None."""
        if len(word) > _LONGEST_WORD:
            return None
        plain = {_plain(phrase): phrase for phrase in self.phrases}
        found = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.7)
        return plain[found[0]] if found else None

    def _cut(self, text: str) -> Iterator[Token]:
        position = 0
        while position < len(text):
            if text[position].isspace():
                position += 1
                continue
            token = self._token_at(text, position)
            yield token
            position = token.end

    def _token_at(self, text: str, start: int) -> Token:
        if text[start].isdigit():
            return _numeric(text, start)
        # The longest phrase wins: "up to" before "to", "two times" before "two".
        words = [match.end() for match in islice(_WORD.finditer(text, start), self.longest)]
        for end in reversed(words):
            kinds = self.phrases.get(_plain(text[start:end]))
            if kinds is not None:
                return Token(text[start:end], start, end, kinds)
        end = words[0]
        elided = _ELIDED.match(text, start)  # French l'année, d'octobre
        if elided and self.language == "fr":
            return Token(elided[0], start, elided.end(), {"filler": True})
        return Token(text[start:end], start, end)


@cache
def lexicon(language: str) -> Lexicon:
    """Return the lexicon of a language, or the English one if we don't have it."""
    name = language if language in LANGUAGES else "en"
    source = resources.files("schedulezero.when.language").joinpath("phrases", f"{name}.toml")
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    phrases: dict[str, dict[str, Any]] = {}

    def add(phrase: str, kind: str, value: Any) -> None:
        phrases.setdefault(_plain(phrase), {})[kind] = value

    for kind, texts in data["words"].items():
        for phrase in texts:
            if kind in UNITS:
                add(phrase, "unit", kind)
            else:
                add(phrase, kind, True)
    for word, number in data["numbers"].items():
        add(word, "number", number)
    for key, kind, first in (("weekdays", "weekday", 0), ("months", "month", 1), ("ordinals", "ordinal", 1)):
        for number, texts in enumerate(data["names"][key], start=first):
            for phrase in texts:
                add(phrase, kind, number)
    for number, texts in enumerate(data["names"]["plural_weekdays"]):
        for phrase in texts:
            add(phrase, "weekday", number)
            add(phrase, "plural", True)
    longest = max(phrase.count(" ") for phrase in phrases) + 1
    return Lexicon(name, phrases, data["say"], longest)


def language_of(locale: str) -> str:
    """Return the language of a locale such as ``pt-BR``, or English if we don't have it."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else "en"


def _numeric(text: str, start: int) -> Token:
    if match := _DATE.match(text, start):
        # With dots the day comes first everywhere; with slashes it depends, which dateparser knows.
        parts = match[0].rstrip(".").split(".")
        kinds = {"dotted": [int(part) for part in parts]} if "/" not in match[0] else {}
        return Token(match[0], start, match.end(), kinds)
    kinds = dict[str, Any]()
    end = start
    if match := _TIME.match(text, start):
        plain = match["separator"] is None and match["half"] is None and match["suffix"] is None
        # What a half past thirteen would be is for the grammar to refuse, in words.
        kinds["time"] = (
            int(match["hour"]),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            _half(match),
        )
        kinds["bare"] = plain
        end = match.end()
    if (match := _ORDINAL.match(text, start)) and match.end() >= end:
        if match.end() > end:
            kinds.clear()
        kinds["day_number"] = int(match[1])
        end = match.end()
    if (match := _NUMBER.match(text, start)) and match.end() >= end:
        kinds["number"] = float(match[0]) if "." in match[0] else int(match[0])
        end = match.end()
    if not kinds:
        match = _WORD.match(text, start)
        assert match is not None
        end = match.end()
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    return Token(text[start:end], start, end, kinds)


def _half(match: re.Match[str]) -> str:
    return (match["half"] or "").replace(".", "").lower()


def _plain(text: str) -> str:
    """Folded for comparison: case, spaces and the apostrophe's shape do not matter."""
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text.replace("’", "'"))).casefold()
