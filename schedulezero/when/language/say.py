"""The wordings of each language: how a schedule is read back, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from schedulezero.when.grammar.words import languages

__all__ = ["examples", "language_of", "languages", "wording"]

_ENGLISH = "en"


@cache
def wording(language: str) -> Mapping[str, Any]:
    """Return the wordings of a language, or the English ones if we don't have it."""
    name = language if language in languages() else _ENGLISH
    source = resources.files("schedulezero.when.language").joinpath("say", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))["say"]


def language_of(locale: str) -> str:
    """Return the language of a locale such as ``pt-BR``, or English if we don't have it."""
    language = locale.partition("-")[0].lower()
    return language if language in languages() else _ENGLISH


def examples(locale: str) -> str:
    """Return two texts that are understood in a person's language, to show what is valid."""
    return " · ".join(f"`{text}`" for text in wording(language_of(locale))["examples"])
