"""Texts that rotate, as a list: read from a parameter's value, changed, written back; read from files. Pure.

In the value they stay one text with lines of ``---`` between (`schedulezero.methods.variables.turns`). A line
of ``---`` within one of them is kept apart by an invisible character before it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Sequence

from schedulezero.errors import ScheduleZeroError
from schedulezero.methods.variables import is_separator, keep_separators, shown_separators, turn, turns

MOST_TEXTS = 500
LARGEST_FILE = 2 * 1024 * 1024
_BETWEEN = "\n---\n"
_MOST_NAMED = 10


class TextsUnusable(ScheduleZeroError):
    """A list of texts, or a file with them, can't be used."""


def texts_in(value: str) -> list[str]:
    """Return the texts of a parameter's value, as people wrote them; none for an empty value."""
    return [shown_separators(text) for text in turns(value)] if value.strip() else []


def value_of(texts: Sequence[str]) -> str:
    """Return the parameter's value that holds these texts. Raises TextsUnusable for too many."""
    if len(texts) > MOST_TEXTS:
        raise TextsUnusable(
            "That would be {count} texts; at most {most} can rotate.",
            code="too_many_texts",
            count=len(texts),
            most=MOST_TEXTS,
        )
    return _BETWEEN.join(keep_separators(text.strip("\r\n")) for text in texts)


def checked(text: str, longest: int) -> str:
    """Return a text to add, without line breaks around it. Raises TextsUnusable if it doesn't fit."""
    text = text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise TextsUnusable("The text is empty.", code="texts_one_empty")
    if len(text) > longest:
        raise TextsUnusable(
            "The text has {length} characters; the limit is {most}.",
            code="texts_one_too_long",
            length=len(text),
            most=longest,
        )
    return text


def mark_of(texts: Sequence[str], place: int) -> str:
    """Return a short mark of a text in its list, by which a later click finds out that the list changed."""
    return hashlib.sha256(f"{len(texts)}\0{texts[place]}".encode()).hexdigest()[:8]


def next_place(texts: Sequence[str], runs: int, *, shuffled: bool, seed: str) -> int:
    """Return which text the next run uses, from 0.

    Parameters:
        texts: at least one.
        runs: how often the job has run.
        shuffled, seed: as for `schedulezero.methods.variables.turn`.
    """
    if not shuffled:
        return runs % len(texts)
    chosen = shown_separators(turn(value_of(texts), runs + 1, shuffled=True, seed=seed))
    return texts.index(chosen) if chosen in texts else 0


def starting_with(texts: Sequence[str], place: int, runs: int) -> list[str]:
    """Return the texts turned round so that the next run uses the one at a place, and the others follow."""
    first = (place - runs) % len(texts)
    return [*texts[first:], *texts[:first]]


def moved(texts: Sequence[str], place: int, by: int) -> list[str]:
    """Return the texts with one moved by a number of places, as far as there are any."""
    found = list(texts)
    text = found.pop(place)
    found.insert(min(max(place + by, 0), len(found)), text)
    return found


def read_file(text: str, *, csv_file: bool, longest: int) -> list[str]:
    """Return the texts in a file: between lines of ``---``, else one a line; of a table, the first column.

    Parameters:
        text: the file's text.
        csv_file: whether it is a table (``.csv``).
        longest: the most characters of one text.

    Raises TextsUnusable, with the numbers of the texts that are too long.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if csv_file:
        found = _first_column(text)
    elif any(is_separator(line) for line in lines):
        found = [item.strip("\n") for item in _parts(lines)]
    else:
        found = lines
    found = [item for item in found if item.strip()]
    if not found:
        raise TextsUnusable("The file contains no text.", code="texts_none")
    if len(found) > MOST_TEXTS:
        value_of(found)  # says so
    long = [str(number) for number, item in enumerate(found, 1) if len(item) > longest]
    if long:
        more = ", …" if len(long) > _MOST_NAMED else ""
        raise TextsUnusable(
            "Nothing was added. Longer than {most} characters: text no. {numbers}.",
            code="texts_too_long",
            most=longest,
            numbers=", ".join(long[:_MOST_NAMED]) + more,
        )
    return found


def _parts(lines: Sequence[str]) -> list[str]:
    parts: list[list[str]] = [[]]
    for line in lines:
        if is_separator(line):
            parts.append([])
        else:
            parts[-1].append(line)
    return ["\n".join(part) for part in parts]


def _first_column(text: str) -> list[str]:
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        return [
            row[0]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            if row
        ]
    except csv.Error:
        raise TextsUnusable(
            "The table can't be read, probably because a quotation mark isn't closed.", code="texts_bad_table"
        ) from None
