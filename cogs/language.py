"""Translate texts into the reader's language.

Code writes texts in English, through `t`, or `tn` where a number is in it. The catalogues in ``cogs/locale``
(gettext's ``.po`` files, read without compiling) hold the translations. `speaking` sets the language once for
each interaction, for everything within it.

Errors travel as English sentences with a code and values (`schedulezero.sentences`), over REST and in the
history. `translated` translates one when it is shown: the catalogue has a template for the code, which the
values fill in. The code is in the template's context, ``error:<code>``.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, partial
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

import discord
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from discord import app_commands

from cogs import formats
from cogs.sprocket_texts import SprocketTexts, error_source
from schedulezero import said_values
from schedulezero.clocks import in_clocks_of
from schedulezero.model.method_names import spoken
from schedulezero.sentences import Sentence, filled, parts_of, placeholders

FOLDER = Path(__file__).parent / "locale"
ERRORS = "error:"
"""What the contexts (``msgctxt``) of sentences from elsewhere begin with; their code follows."""

EXAMPLE = "example of a time that can be typed"
"""The context of `example`."""

LANGUAGES = frozenset(("en", *(path.stem for path in FOLDER.glob("*.po"))))
"""The languages that texts are shown in. Times are understood in some more."""

_ENGLISH = "en-GB"
_LONGEST_TRANSLATED = 2000  # as of a sentence in English
_SEVERAL = 5  # several in every language, for a number that isn't whole
_MOST_METHODS = 20
"""How many names of methods in one sentence become words: each is looked for in all of it."""

_locale: ContextVar[str] = ContextVar("desk_locale", default=_ENGLISH)


def language_of(locale: str) -> str:
    """Return the language of a locale such as ``pt-BR``, or English if there is no catalogue for it."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else "en"


@contextmanager
def speaking(locale: str | discord.Locale) -> Generator[None]:
    """Set the language for the block to that of a locale, or English if there is no catalogue."""
    token = _locale.set(str(getattr(locale, "value", locale)))
    try:
        yield
    finally:
        _locale.reset(token)


def locale() -> str:
    """Return the current locale, as Discord names it."""
    return _locale.get()


def shown_locale() -> str:
    """Return the locale of the texts that are shown: the current one, or English if it has no catalogue.

    Schedules within those texts are told in it. Times are read in the current locale, whose language may have
    no catalogue.
    """
    current = _locale.get()
    return current if current.partition("-")[0].lower() in LANGUAGES else _ENGLISH


def t(text: str, /, **values: Any) -> str:
    """Translate a text into the current language, and fill in its placeholders."""
    return _filled_in(_catalogue().gettext(text), values)


def tc(context: str, text: str, /, **values: Any) -> str:
    """Translate a text that languages say differently in different places, such as *none* or *Changed*.

    Parameters:
        context: What is meant, for translators: what the text is about, or where it stands.
        text: The English.
        values: What to fill in.
    """
    return _filled_in(_catalogue().pgettext(context, text), values)


def example(text: str) -> str:
    """Return what somebody may type as a time, or several separated by ``·``, in the current language.

    The parser understands each in that language.
    """
    return in_clocks_of(shown_locale(), tc(EXAMPLE, text))


def example_day() -> str:
    """Return a day that somebody may type, as the current language writes it: *31 December 2027*."""
    return formats.day(date(2027, 12, 31), shown_locale())


def tn(one: str, many: str, count: int, /, **values: Any) -> str:
    """Translate a text with a number, which it may show as ``{count}``.

    Parameters:
        one: The English for 1; a language has as many forms as it needs.
        many: The English for other numbers.
        count: The number.
        values: What else to fill in.
    """
    return _filled_in(_catalogue().ngettext(one, many, count), {"count": grouped(count), **values})


def grouped(number: int) -> str:
    """Format a number as the current language does."""
    return formats.number(number, shown_locale())


def mebibytes(size: int) -> str:
    """Format a size in bytes as MiB, as the current language does."""
    return formats.mebibytes(size, shown_locale())


def in_quotes(text: str) -> str:
    """Return a text in the quotation marks of the current language."""
    return formats.in_quotes(text, shown_locale())


def with_colon(label: str) -> str:
    """Return a label, such as a field's, with a colon as the current language writes it."""
    return formats.with_colon(label, shown_locale())


def mark(text: str) -> str:
    """Mark a text for the catalogues that is translated later, with `t`."""
    return text


def markn(one: str, many: str) -> tuple[str, str]:
    """Mark a text with a number for the catalogues that is translated later, with `tn`."""
    return one, many


def translated(sentence: str) -> str:
    """Translate an English sentence from elsewhere into the current language, if its code is known.

    The names of methods in it become words.
    """
    if not isinstance(sentence, Sentence) or sentence.code is None:
        return sentence
    sentence = without_method_names(sentence)
    if sentence.code in said_values.CODES:
        value = formats.said_value(sentence.code, sentence.values.get("value"), shown_locale())
        return value if value is not None else sentence
    if language_of(_locale.get()) == "en":
        return _with_own_values(sentence)
    template = frame_of(sentence)
    if template is None:
        return sentence
    # Bounded at every depth: a sentence within a sentence may be used, and so translated, more than once.
    return filled(template, sentence.values, translated)[:_LONGEST_TRANSLATED]


def frame_of(sentence: Sentence) -> str | None:
    """Return a sentence in the current language with its placeholders; None if it can't be said from data.

    A peer may send any values with a known code; its own text is better than a template with gaps.
    """
    template = _error_template(language_of(_locale.get()), sentence)
    given = {name for name, value in sentence.values.items() if value is not None}
    return template if template is not None and placeholders(template) <= given else None


def _with_own_values(sentence: Sentence) -> str:
    """Return a sentence in English with the days and times in it as the reader's locale writes them."""
    frame = frame_of(sentence)
    if frame is not None and filled(frame, sentence.values) == sentence:
        return filled(frame, sentence.values, translated)[:_LONGEST_TRANSLATED]
    parts = (part for part in parts_of(sentence) if part.code in said_values.CODES)
    # A peer could say anything as its day, which would then be looked for.
    own = {str(part): translated(part) for part in parts if _said_as_ours(part)}
    if all(said == written for said, written in own.items()):
        return sentence
    # The longest first: a moment begins with its day.
    among = "|".join(re.escape(said) for said in sorted(own, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{among})(?!\w)", lambda found: own[found[0]], sentence)


def _said_as_ours(part: Sentence) -> bool:
    return part == formats.said_value(part.code or "", part.values.get("value"), "en-GB")


def without_method_names(sentence: Sentence) -> Sentence:
    """Return a sentence with words for the names of methods, which its readers don't know."""
    methods = (part.values.get("method") for part in parts_of(sentence))
    names = sorted({name for name in methods if isinstance(name, str) and "_" in name})[:_MOST_METHODS]
    if not names:
        return sentence
    # Other texts in it, such as an error's, may hold the same name within a longer word.
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
    return sentence.changed(partial(pattern.sub, lambda found: spoken(found[0])))


def _filled_in(text: str, values: dict[str, Any]) -> str:
    return text.format(**values) if values else text


def _catalogue() -> NullTranslations:
    return catalogue(language_of(_locale.get()))


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the texts of a language; English is in the code."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, _read(language))
    texts = GNUTranslations(BytesIO(compiled.getvalue()))
    texts.add_fallback(SprocketTexts(language))
    return texts


def _error_template(language: str, sentence: Sentence) -> str | None:
    code = sentence.code or ""
    count = sentence.values.get("count")
    if language == "en":  # its own text is a template filled in, and may be anybody's
        english = next(filter(None, (_error_source(other, code) for other in sorted(LANGUAGES))), None)
        return english[count != 1] if isinstance(english, tuple) else english
    english = _error_source(language, code)
    if english is None:
        return None
    context, texts = f"{ERRORS}{code}", catalogue(language)
    if isinstance(english, str):
        return texts.pgettext(context, english)
    return texts.npgettext(context, *english, count if isinstance(count, int) else _SEVERAL)


def _error_source(language: str, code: str) -> str | tuple[str, str] | None:
    return _error_sources(language).get(code) or error_source(language, code)


@cache
def _error_sources(language: str) -> dict[str, str | tuple[str, str]]:
    """Return the English of translated sentences by their codes; both forms where a number chooses."""
    if language == "en":
        return {}
    return {
        message.context.removeprefix(ERRORS): message.id
        if isinstance(message.id, str)
        else (message.id[0], message.id[1])
        for message in _read(language)
        if message.context and message.context.startswith(ERRORS) and message.string and not message.fuzzy
    }


@cache
def _read(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


class CommandTranslator(app_commands.Translator):
    """Translate descriptions, choices and menu names in Discord's own pickers.

    The names of commands and options stay in English: documentation, help and people who help each other
    across languages all use them.
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
        said = catalogue(language).gettext(string.message)
        return said if said != string.message else None
