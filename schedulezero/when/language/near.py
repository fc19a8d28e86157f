"""What somebody may have meant whose text was not understood: a text that is near and does mean something.

One text is offered, or none: where two are as near and differ in time, neither is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator

from schedulezero.when.grammar.core.tokens import cut, folded, plain
from schedulezero.when.grammar.tables import languages
from schedulezero.when.grammar.words import REFUSED, Words, words_of
from schedulezero.when.grammar.zones import is_zone_word

Meaning = Callable[[str], Hashable | None]
"""Returns what a text means, to be compared, or None if it isn't understood."""

LONGEST = 80
_MOST_WORDS = 8
_MOST_TRIED = 8
_MOST_STRAY = 3
_SHORTEST = 4
_SHORTEST_UNKNOWN = 3
_LONG = 7
"""Letters of a word that may contain two typing errors."""
_NUMBERS = frozenset(("number", "ordinal", "which", "twice"))
_NAMES = frozenset(("weekday", "month", "unit", "part", "day_word", "weekend_word"))
_HEADS = frozenset(("filler", "on", "at", "the", "a", "in", "from", "to", "for", "after", "before", "until"))
_LEADING = frozenset(("every", "ordinal", "number", "after", "before", "until", "except"))
_TRANSLATED = frozenset(
    ("weekday", "weekdays", "month", "day_offset", "unit", "part", "often", "every", "number", "workdays",
     "weekends", "next", "at", "noon", "midnight", "and", "until", "in")
)  # fmt: skip


def unknown_word(text: str, words: Words) -> str | None:
    """Return the first word of a text that the language doesn't have, or None if it has all."""
    return next(
        (
            text[token.start : token.end]
            for token in cut(text)
            if token.is_word
            and len(token.text) >= _SHORTEST_UNKNOWN
            and not words.known(token.text)
            and not is_zone_word(token.text)
        ),
        None,
    )


def near_text(text: str, words: Words, meaning: Meaning) -> str | None:
    """Return the text that was most likely meant, or None if none is likely or several are.

    Parameters:
        text: What was typed.
        words: The language.
        meaning: What a text means.
    """
    if len(text) > LONGEST or len(text.split()) > _MOST_WORDS:
        return None
    tries: list[Iterable[str]] = []
    if (piece := unknown_word(text, words)) is not None:
        typed = folded(piece)
        tries += [_replaced(text, piece, found) for found in _misspelt(typed, words)]
        tries.append(_replaced(text, piece, _foreign(typed, words)))
        tries.append(_without_strays(text, words))
    else:
        tries.append(_reordered(text, words))
    tried = 0
    for candidates in tries:
        found: dict[Hashable, str] = {}
        for candidate in dict.fromkeys(candidates):
            tried += 1
            if tried > _MOST_TRIED:
                return None  # not all were compared
            if (what := meaning(candidate)) is not None:
                found.setdefault(what, candidate)
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
    return None


def _replaced(text: str, piece: str, others: Iterable[str]) -> Iterator[str]:
    yield from (text.replace(piece, other, 1) for other in others)


def _misspelt(typed: str, words: Words) -> Iterator[list[str]]:
    """Words that are one typing error away, then those that are two away."""
    word = plain(typed)
    if len(word) < _SHORTEST:
        return
    found: dict[int, list[str]] = {}
    letters = set(word)
    for key in sorted(words.vocabulary):
        if (
            abs(len(key) - len(word)) > 2
            or len(key) < _SHORTEST
            or len(letters.symmetric_difference(key)) > 4
        ):
            continue  # two errors change four letters at most
        entries = words.entries.get(key, ())
        if entries and all(category in REFUSED or category == "filler" for _, category, _ in entries):
            continue
        away = distance(word, plain(key))
        if len(key) == len(word) == _SHORTEST and sorted(key) != sorted(word):
            continue  # "text" is rather a stray word than a misspelt "next"
        shorter = min(len(key), len(word))
        if away == 1 or (
            away == 2
            and (abs(len(key) - len(word)) < 2 or (shorter > _LONG and key[0] == word[0]))
            and (shorter > _LONG or (shorter >= _LONG - 1 and key[0] == word[0]))
        ):
            found.setdefault(away, []).append(key)
    yield from (found[away] for away in sorted(found))


def distance(one: str, other: str) -> int:
    """Return how many letters were changed, left out, added or swapped with their neighbour."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        here = [row]
        for column, wanted in enumerate(other, start=1):
            cost = min(above[column] + 1, here[-1] + 1, above[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        before, above = above, here
    return above[-1]


def _foreign(typed: str, words: Words) -> list[str]:
    """The language's own words for a word of another language."""
    if len(typed) < 3:
        return []
    meant: dict[tuple[str, str], None] = {}
    for language in languages():
        for phrase, category, value in words_of(language).entries.get(typed, ()):
            if len(phrase) == 1 and category in _TRANSLATED:
                meant[category, repr(value)] = None
    own: dict[tuple[str, str], str] = {}
    for key, entries in words.entries.items():
        for phrase, category, value in entries:
            if len(phrase) == 1 and (category, repr(value)) in meant:
                own.setdefault((category, repr(value)), key)
    return list(own.values())


def _without_strays(text: str, words: Words) -> list[str]:
    """The text without the words that mean nothing in any language."""
    tables = [words_of(language) for language in languages()]
    tokens = cut(text)
    strays = [
        token for token in tokens if token.is_word and not any(table.known(token.text) for table in tables)
    ]
    if not 1 <= len(strays) <= _MOST_STRAY:
        return []
    if strays not in (tokens[: len(strays)], tokens[-len(strays) :]):
        return []  # "every leap day" is less often than "every day"
    if any(_holds_a_name(token.text, words) for token in strays):
        return []  # "weeknights at 10" are some of the nights only
    rest = [token for token in tokens if token not in strays]
    if len(rest) < 2 and tokens[-1] in rest:
        return []  # "Mothering Sunday" is no Sunday like others
    if not rest or (tokens[-1] is strays[-1] and (rest[-1].is_number or rest[-1].text == ".")):
        return []  # "5 euros" are no 5 o'clock
    kept = text
    for token in reversed(strays):
        kept = f"{kept[: token.start].rstrip()} {kept[token.end :].lstrip()}"
    kept = kept.strip()
    last = cut(kept)[-1].text if kept else ""
    # "Every day on my birthday" is more than "every day on".
    return [] if any(category in _HEADS for _, category, _ in words.entries.get(last, ())) else [kept]


def _holds_a_name(word: str, words: Words) -> bool:
    """Whether a word begins or ends with one for a day or a part of it."""
    return any(
        _is_among(_NAMES, piece, words)
        for length in range(_SHORTEST, len(word) - 1)
        for piece in (word[:length], word[-length:])
    )


def _reordered(text: str, words: Words) -> Iterator[str]:
    """The text with one word in another place.

    A word such as *every* or *first* belongs to the one behind it; only *every* may come to the front.
    """
    parts = text.split()
    leads = [_is_among(_LEADING, part, words) for part in parts]
    for found in _moved(parts, words):
        if not any(leads) or (not leads[0] and _is_among(frozenset(("every",)), found[0], words)):
            yield " ".join(found)


def _moved(parts: list[str], words: Words) -> Iterator[tuple[str, ...]]:
    leading = [_is_among(_HEADS, part, words) or _counts(part, words) for part in parts]
    for index in range(len(parts) - 1):
        if any(leading[max(index - 1, 0) : index + 2]):
            continue  # a word such as *on* stays with the one behind it
        yield (*parts[:index], parts[index + 1], parts[index], *parts[index + 2 :])
    if len(parts) > 2 and not leading[0]:
        yield (*parts[1:], parts[0])
    if len(parts) > 2 and not any(leading[-2:]):
        yield (parts[-1], *parts[:-1])


def _counts(part: str, words: Words) -> bool:
    """Whether a word is a number, which means something else in another place: *week 50*."""
    in_figures = part[0].isdigit() and not part.endswith("m") and ":" not in part
    return in_figures or _is_among(_NUMBERS, part, words)


def _is_among(categories: frozenset[str], part: str, words: Words) -> bool:
    return any(category in categories for _, category, _ in words.entries.get(folded(part), ()))
