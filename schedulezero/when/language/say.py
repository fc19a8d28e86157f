"""The wordings of each language: how a schedule is read back, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schedulezero.clocks import in_clocks_of
from schedulezero.when.grammar.sayings import BY_LOCALE
from schedulezero.when.grammar.tables import languages, table_of

__all__ = ["examples", "language_of", "languages", "wording", "wording_of"]

_ENGLISH = "en"


def wording(language: str) -> Mapping[str, Any]:
    """Return the wordings of a language, or the English ones if we don't have it."""
    return table_of(language if language in languages() else _ENGLISH)["say"]


def wording_of(locale: str) -> Mapping[str, Any]:
    """Return the wordings of a locale: its language's, some of which it may say differently."""
    words = wording(language_of(locale))
    return {**words, **words.get(BY_LOCALE, {}).get(locale, {})}


def language_of(locale: str) -> str:
    """Return the language of a locale such as ``pt-BR``, or English if we don't have it."""
    language = locale.partition("-")[0].lower()
    return language if language in languages() else _ENGLISH


def examples(locale: str) -> str:
    """Return two texts that are understood in a person's language, to show what is valid."""
    texts = wording(language_of(locale))["examples"]
    return " · ".join(f"`{in_clocks_of(locale, text)}`" for text in texts)
