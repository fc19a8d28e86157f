"""Which known name a misspelt one resembles, for errors about keys, commands and options. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.7
_LONGEST = 100
"""Longer names are compared by their beginning, since comparing takes time with the square of the length."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one resembles; None if it resembles none."""
    by_spelling = {_plain(item): item for item in known}
    found = get_close_matches(_plain(name[:_LONGEST]), by_spelling, n=1, cutoff=_ALIKE)
    return by_spelling[found[0]] if found else None


def _plain(name: str) -> str:
    return name.lower().lstrip("-").replace("-", "_")
