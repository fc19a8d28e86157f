"""Translations that sprockets bring: ``locale/<language>.po`` beside a sprocket's file.

They are used for texts that our own catalogues don't have: what a job is for, its parameters and choices, its
settings, and, by code (``msgctxt "error:shelf_missing"``), its errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileParser

FOLDER = "locale"
LARGEST = 1024 * 1024
"""The most bytes of a catalogue."""
MOST_FORMS = 6
"""The most plural forms of a language (CLDR: zero, one, two, few, many and other)."""
ERRORS = "error:"

_Texts = dict[str, tuple[GNUTranslations, dict[str, str]]]
_texts: dict[str, _Texts] = {}


def read_texts(beside: Path, languages: Iterable[str]) -> _Texts:
    """Read the catalogues beside a sprocket's file: language → its texts, and its errors' English by code.

    Raises OSError, ValueError or babel's PoFileError for one that can't be read.
    """
    found: _Texts = {}
    for language in languages:
        path = beside.parent / FOLDER / f"{language}.po"
        if not path.is_file():
            continue
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{FOLDER}/{path.name} is larger than {LARGEST // 1024} KiB")
        catalog = _Bounded(locale=language)
        with path.open("rb") as file:
            PoFileParser(catalog, abort_invalid=True).parse(file)
        found[language] = _compiled(catalog), dict(_sources(catalog))
    return found


class _Bounded(Catalog):
    """A catalogue that makes no list of as many plural forms as its header happens to say."""

    @property
    def num_plurals(self) -> int:
        found = super().num_plurals
        if not 1 <= found <= MOST_FORMS:
            raise ValueError(f"`nplurals` must be 1 to {MOST_FORMS}")
        return found


def _compiled(catalog: Catalog) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    return GNUTranslations(BytesIO(compiled.getvalue()))


def _sources(catalog: Catalog) -> Iterator[tuple[str, str]]:
    for message in catalog:
        context = message.context or ""
        is_usable = isinstance(message.id, str) and message.string and not message.fuzzy
        if context.startswith(ERRORS) and is_usable:
            yield context.removeprefix(ERRORS), str(message.id)


def set_texts(extension: str, texts: _Texts | None) -> None:
    """Use a loaded sprocket's texts from now on, or none of it any more."""
    if texts:
        _texts[extension] = texts
    else:
        _texts.pop(extension, None)


def error_source(language: str, code: str) -> str | None:
    """Return the English of a sprocket's error that has a translation; None if there is none."""
    found = (texts[language][1].get(code) for texts in _texts.values() if language in texts)
    return next((english for english in found if english is not None), None)


class SprocketTexts(NullTranslations):
    """Looks a text up in the catalogues of all loaded sprockets, in one language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def gettext(self, message: str) -> str:
        """Return a text's translation, or the text itself."""
        found = (item.gettext(message) for item in self._of_all())
        return next((text for text in found if text != message), message)

    def pgettext(self, context: str, message: str) -> str:
        """Return the translation of a text that means something else elsewhere, or the text itself."""
        found = (item.pgettext(context, message) for item in self._of_all())
        return next((text for text in found if text != message), message)

    def _of_all(self) -> Iterator[GNUTranslations]:
        return (texts[self._language][0] for texts in _texts.values() if self._language in texts)
