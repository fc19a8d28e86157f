"""Cuts a text into words, numbers and signs. Nothing is left out, and nothing is understood yet."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "−": "-"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text.

    Attributes:
        text: The word, number or sign, folded for comparison.
        start, end: Its position in the normalized text.
        glued: Whether it follows the one before it without a space.
    """

    text: str
    start: int
    end: int
    glued: bool

    @property
    def is_number(self) -> bool:
        return self.text.isdecimal()

    @property
    def is_word(self) -> bool:
        return self.text.isalpha()


def normalized(text: str) -> str:
    """Return a text with one spelling for what is written in several ways: accents, dashes, spaces."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).translate(_ALIKE)).strip()


def without_marks(text: str) -> str:
    """Return a normalized text without the marks of a question or an exclamation around it."""
    return text.lstrip("¿¡").rstrip("!? ")


def cut(text: str) -> list[Token]:
    """Cut a normalized text into tokens."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        glued = bool(found) and found[-1].end == match.start()
        found.append(Token(folded(match[0]), match.start(), match.end(), glued))
    return found


def folded(word: str) -> str:
    """Return a word as it is compared: without capitals."""
    return word.casefold() if word != "ß" else word


def plain(word: str) -> str:
    """Return a word without its accents, as people type it on a keyboard that has none."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
