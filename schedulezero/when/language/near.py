"""What somebody may have meant whose text was not understood: texts that are near and do mean something."""

from __future__ import annotations

import difflib

from schedulezero.errors import WhenError
from schedulezero.when.grammar.context import Context
from schedulezero.when.grammar.core.tokens import plain
from schedulezero.when.grammar.read import NotUnderstood, read
from schedulezero.when.grammar.words import Words

_MOST_TRIED = 6
_LEAST_LIKE = 0.6
_LONGEST_WORD = 40
_LONGEST_TEXT = 120
"""Characters of a text for which others are tried: each costs as much as the text itself."""


def near_texts(text: str, error: NotUnderstood, words: Words, context: Context, most: int = 1) -> list[str]:
    """Return texts that differ from one in the word that was not understood, and are understood.

    Parameters:
        text: What was typed.
        error: Which word was not understood.
        words: The language.
        context: Where and when it is read.
        most: The most texts to return.
    """
    if not error.piece.isalpha() or len(error.piece) > _LONGEST_WORD or len(text) > _LONGEST_TEXT:
        return []
    known = [word for word in words.vocabulary if len(word) > 2]
    tried = difflib.get_close_matches(plain(error.piece.casefold()), known, n=_MOST_TRIED, cutoff=_LEAST_LIKE)
    found: list[str] = []
    for word in tried:
        candidate = text.replace(error.piece, word, 1)
        if len(found) < most and _is_understood(candidate, words, context):
            found.append(candidate)
    return found


def _is_understood(text: str, words: Words, context: Context) -> bool:
    try:
        read(text, words, context)
    except WhenError:
        return False
    return True
