"""How each language writes: spaces before marks, quotation marks, and the words that we agreed on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cogs.language import FOLDER
from tests.catalogues import read
from tests.texts import LANGUAGES

# What is code, an address, Discord's markup or a placeholder isn't prose.
_NOT_PROSE = re.compile(r"`[^`]*`|https?://\S+|<[@#:/a-zA-Z][^>\s]*>|:\w+:|\{[^}]*\}")

# Read as: the language, what is never in its prose, and what is there instead.
RULES = {
    "de": [
        (r"[“”](?=\w)|\w”|\"", "„…“ around a quotation"),
        (r"\bAuftr[aä]g", "Job"),
        (r"\b(?:Sie|Ihre?[mnrs]?)\b(?= (?:können|müssen|haben|möchten|sollten))", "du"),
    ],
    "es": [
        (r"[“”\"]", "«…» around a quotation"),
        (r"\b(?:vosotros|sois|tenéis|podéis|queréis)\b", "ustedes: this catalogue is Latin America's, too"),
    ],
    "fr": [
        (r" [;:!?»]|« ", "a no-break space (U+00A0, or U+202F before ; ! ?)"),
        (r"(?<![\u00a0\u202f])[;!?»](?![\w])(?<!\s)|«(?![\u00a0\u202f])", "a no-break space"),
        (r"(?<=\w)'(?=\w)", "’"),
        (r"[“”\"]", "« … » around a quotation"),
        (r"\bévénement", "évènement, as Discord writes it"),
        (r"\b(?:tu|ton|tes|toi)\b", "vous"),
    ],
    "pt": [
        (r"[«»\"]", "“…” around a quotation"),
        (r"\b(?:utilizador|ficheiro|ecrã|registo|contacto|facto)\w*", "Brazil's word"),
        (r"\b(?:eu próprio|correu mal|em falta)\b", "Brazil's words"),
    ],
}  # fmt: skip


def faults(language: str, text: str) -> Iterator[str]:
    """Yield what a language's typography refuses in a text, with what is right."""
    prose = _NOT_PROSE.sub("x", text)
    for wrong, right in RULES[language]:
        found = re.search(wrong, prose, re.IGNORECASE if right[0].isalpha() else 0)
        if found is not None:
            yield f"{prose[max(0, found.start() - 12) : found.end() + 12]!r}: {right}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_writes_as_it_does(language: str) -> None:
    wrong = {
        str(message.id): found
        for message in read(FOLDER / f"{language}.po")
        if message.id
        for text in ([message.string] if isinstance(message.string, str) else message.string or ())
        if (found := list(faults(language, text)))
    }
    assert not wrong


@pytest.mark.parametrize(("language", "text"), [
    ("fr", "Qui : toi"), ("fr", "l'heure"), ("fr", "“Non”"), ("fr", "Vraiment ?"), ("fr", "Vraiment?"),
    ("de", "“Nein”"), ("de", "Der Auftrag"), ("es", "“No”"), ("pt", "«Não»"), ("pt", "o ficheiro"),
])  # fmt: skip
def test_what_is_wrong_is_found(language: str, text: str) -> None:
    assert list(faults(language, text))


@pytest.mark.parametrize(("language", "text"), [
    ("fr", "Vraiment\u202f? «\u00a0Oui\u00a0» :smile: `a : b` <t:5:R> https://example.com/?a=b"),
    ("de", "„Nein“ `\"x\"`"), ("es", "«No»"), ("pt", "“Não”"),
])  # fmt: skip
def test_what_is_right_is_left(language: str, text: str) -> None:
    assert not list(faults(language, text))
