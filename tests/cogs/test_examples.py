"""Every example of a time that a text shows can be typed as it stands there, in the text's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Message

from cogs.language import EXAMPLE, FOLDER
from schedulezero.errors import WhenError
from schedulezero.methods.colours import parse_colour
from schedulezero.when.language.parse import understand
from tests.catalogues import TEMPLATE, read
from tests.texts import LANGUAGES

_NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
_LOCALES = {"en": "en-GB", "es": "es-ES", "pt": "pt-BR"}


def understood(text: str, language: str) -> bool:
    try:
        understand(
            text, zone="Europe/Berlin", locale=_LOCALES.get(language, language), now=_NOW, explain=False
        )
    except WhenError:
        return False
    return True


def forms(said: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [said] if isinstance(said, str) else list(said or ())


def in_code(text: str) -> list[str]:
    return [item for item in re.findall(r"`([^`{]+)`", text) if not item.startswith("/")]


def examples(message: Message) -> Iterator[str]:
    """The times that a message in English shows: all of an `example`, otherwise those in code spans."""
    if message.context == EXAMPLE:
        yield from str(message.id).split(" · ")
    else:
        yield from (item for form in forms(message.id) for item in in_code(form) if understood(item, "en"))


def test_every_example_in_english_is_understood() -> None:
    marked = [item for message in read(TEMPLATE) if message.context == EXAMPLE for item in examples(message)]
    assert len(marked) > 5
    assert [item for item in marked if not understood(item, "en")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_in_a_translation_is_understood(language: str) -> None:
    wrong: dict[str, list[str]] = {}
    for message in read(FOLDER / f"{language}.po"):
        wanted = [*examples(message)] if message.id else []
        if not wanted:
            continue
        if message.context == EXAMPLE:
            shown = str(message.string).split(" · ")
        else:
            shown = [item for form in forms(message.string) for item in in_code(form)]
        bad = [item for item in shown if not understood(item, language) and not item.endswith(":")]
        if bad or len(shown) < len(wanted):
            wrong[str(message.id)] = bad or shown
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_colour_in_a_translation_is_one(language: str) -> None:
    shown = [
        word
        for message in read(FOLDER / f"{language}.po")
        for form in forms(message.string)
        for word in re.findall(r"#5865F2(?:,| \w+) (\w+)", form)
    ]
    assert len(shown) == 3 and all(parse_colour(word) is not None for word in shown), shown


def test_colours_may_be_called_as_people_do() -> None:
    assert parse_colour("Light Gray") == parse_colour("light_grey") == 0x979C9F
    assert parse_colour("Blau") == parse_colour("azul") == parse_colour("blue")
    assert parse_colour("bluish") is None
