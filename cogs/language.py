"""Texts in the language of whoever reads them.

Code says a text in English, through `t`; the catalogues in ``cogs/locale`` (gettext's ``.po`` files,
read as they are) hold it in the others. The language is set once for each interaction, with
`speaking`, and holds for all that happens within it.

Errors travel as English sentences, over REST and in the history. `translated` turns one into the
reader's language when it is shown: a template in a catalogue, such as ``The channel {id} no longer
exists.``, matches the sentence, and its translation takes over what stood in the place of ``{id}``.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import discord
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from discord import app_commands

from schedulezero.when.language.lexicon import LANGUAGES, language_of

FOLDER = Path(__file__).parent / "locale"
ERRORS = "error"
"""The context (``msgctxt``) of sentences that come from elsewhere, with placeholders where they vary."""

_locale: ContextVar[str] = ContextVar("desk_locale", default="en-GB")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@contextmanager
def speaking(locale: str | discord.Locale) -> Generator[None]:
    """Says everything in that locale's language, as far as we have it."""
    token = _locale.set(str(getattr(locale, "value", locale)))
    try:
        yield
    finally:
        _locale.reset(token)


def locale() -> str:
    """The locale that is being spoken, as Discord names it."""
    return _locale.get()


def t(text: str, /, **values: Any) -> str:
    """The text in the language that is being spoken, its placeholders filled in."""
    said = _message(language_of(_locale.get()), text)
    return said.format(**values) if values else said


def tn(one: str, many: str, count: int, /, **values: Any) -> str:
    """One of two texts, by a number that they may show as ``{count}``."""
    return t(one if count == 1 else many, count=grouped(count), **values)


def grouped(number: int) -> str:
    """A number with a thin space between its thousands."""
    return f"{number:,}".replace(",", "\u2009")


def mark(text: str) -> str:
    """Marks a text that is said later, for the catalogues."""
    return text


def translated(sentence: str) -> str:
    """An English sentence of somebody else's in the language that is being spoken, if we know it."""
    language = language_of(_locale.get())
    if language == "en":
        return sentence
    for template, translation in _error_templates(language):
        found = match_template(template, sentence)
        if found is not None:
            return _filled(translation, found)
    return sentence


def match_template(template: Sequence[str], sentence: str) -> dict[str, str] | None:
    """What stands in a sentence in the place of each placeholder; None when it is another sentence.

    Parameters:
        template: literal texts and names of placeholders by turns, a literal first and last.
        sentence: somebody's text; matching takes time in proportion to it, whatever it is.
    """
    first, *rest = template
    if not sentence.startswith(first) or (not rest and sentence != first):
        return None
    found: dict[str, str] = {}
    at = len(first)
    for position in range(0, len(rest), 2):
        name, literal = rest[position], rest[position + 1]
        if position + 2 == len(rest):
            end = len(sentence) - len(literal)
            if end < at or not sentence.endswith(literal):
                return None
        else:
            end = sentence.find(literal, at)
            if end < 0:
                return None
        found[name] = sentence[at:end]
        at = end + len(literal)
    return found


def _filled(translation: str, found: Mapping[str, str]) -> str:
    """A translation with what stood in the sentence; a sentence within it is translated, too."""

    def fill(part: re.Match[str]) -> str:
        value = found.get(part[1], part[0])
        return translated(value) if " " in value else value

    return _PLACEHOLDER.sub(fill, translation)


@cache
def catalogue(language: str) -> Catalog:
    """The catalogue of a language."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def _message(language: str, text: str) -> str:
    if language == "en":
        return text
    found = catalogue(language).get(text)
    return str(found.string) if found is not None and found.string else text


@cache
def _error_templates(language: str) -> list[tuple[Sequence[str], str]]:
    """Sentences split at their placeholders, the most specific (longest) first."""
    found = [
        (_PLACEHOLDER.split(str(message.id)), str(message.string))
        for message in catalogue(language)
        if message.context == ERRORS and message.id and message.string
    ]
    return sorted(found, key=lambda pair: -sum(len(literal) for literal in pair[0][::2]))


class CommandTranslator(app_commands.Translator):
    """Descriptions, choices and menu names in Discord's own pickers.

    The names of commands and options stay as they are: documentation, help and people who help
    each other across languages all use them.
    """

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: Any
    ) -> str | None:
        language = language_of(locale.value)
        described = (
            app_commands.TranslationContextLocation.command_description,
            app_commands.TranslationContextLocation.group_description,
            app_commands.TranslationContextLocation.parameter_description,
            app_commands.TranslationContextLocation.choice_name,
        )
        is_menu = isinstance(context.data, app_commands.ContextMenu)
        if language not in LANGUAGES or language == "en" or not (context.location in described or is_menu):
            return None
        said = _message(language, string.message)
        return said if said != string.message else None
