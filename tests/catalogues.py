"""Bring the catalogues of translations up to date, and list what they lack.

``python -m tests.catalogues`` tells what isn't translated. With ``--update``, it first writes the template
``cogs/locale/schedulezero.pot`` from the code, and brings each language's catalogue up to date with it. A
translation whose English has changed stays, marked as fuzzy, until somebody has looked at it and removed the
mark; until then the English is shown.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from cogs.language import FOLDER
from tests.texts import LANGUAGES, texts

TEMPLATE = FOLDER / "schedulezero.pot"


def template() -> Catalog:
    """Return the template: every text in English with the modules that say it and notes for translators."""
    made = Catalog(fuzzy=False)
    for text, uses in texts().items():
        made.add(
            (text.english, text.many) if text.many is not None else text.english,
            context=text.context,
            locations=[(module, 1) for module in sorted(uses.modules)],
            auto_comments=sorted(uses.notes),
        )
    return made


def read(path: Path) -> Catalog:
    """Read a catalogue or the template."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem if path.suffix == ".po" else None)


def written(catalog: Catalog) -> bytes:
    """Return a catalogue as it is written: without lines and dates, which would change with every commit."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit"}
    if catalog.locale is not None:
        headers = {"Language": str(catalog.locale), "Plural-Forms": catalog.plural_forms, **headers}
    head = "".join(f'"{name}: {value}\\n"\n' for name, value in headers.items())
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_output=True, include_lineno=False, omit_header=True)
    return f'msgid ""\nmsgstr ""\n{head}\n'.encode() + file.getvalue().rstrip() + b"\n"


def untranslated(language: str) -> list[Message]:
    """Return the messages of a catalogue that have no translation, or one that fits an earlier English."""
    catalog = read(FOLDER / f"{language}.po")
    return [item for item in catalog if item.id and (item.fuzzy or not _all(item))]


def _all(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def update() -> None:
    """Write the template, and bring the catalogues up to date with it."""
    made = template()
    TEMPLATE.write_bytes(written(made))
    for language in LANGUAGES:
        path = FOLDER / f"{language}.po"
        catalog = read(path)
        catalog.update(made, update_header_comment=False)
        catalog.obsolete.clear()  # the repository's history has them
        path.write_bytes(written(catalog))


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="bring the catalogues up to date with the code")
    if parser.parse_args().update:
        update()
    lacking = False
    if TEMPLATE.read_bytes() != written(template()):
        print("The template is older than the code: run `python -m tests.catalogues --update`.")
        lacking = True
    for language in LANGUAGES:
        for message in untranslated(language):
            lacking = True
            why = "has an old translation of" if message.fuzzy else "lacks"
            print(f"{language} {why} {f'({message.context}) ' if message.context else ''}{message.id!r}")
    return int(lacking)


if __name__ == "__main__":
    sys.exit(main())
