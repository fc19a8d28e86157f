"""How each language writes: spaces before marks, quotation marks, and the words that we agreed on."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cogs.language import ERRORS, FOLDER
from schedulezero.sentences import placeholders
from tests.catalogues import TEMPLATE, read
from tests.texts import LANGUAGES

# What is code, an address, Discord's markup or a placeholder isn't prose.
_NOT_PROSE = re.compile(r"`[^`]*`|https?://\S+|<[@#:/a-zA-Z][^>\s]*>|:\w+:|\{[^}]*\}")

# Read as: the language, what is never in its prose, and what is there instead.
RULES = {
    "de": [
        (r"[“”](?=\w)|\w”|\"", "„…“ around a quotation"),
        (r"\bAuftr[aä]g", "Job"),
        (r"\bSchlagw[oö]rt|\bLangsam-Modus|\bKn[oö]pfe?\b", "Discord's word: Tag, Slowmode, Button"),
        (r"\bJobs? abges|\bsage den Job ab|\bpausiert", "a job is angehalten and abgebrochen"),
        (r"\bJob-Server|\bScheduleZero-Server", "Planungsdienst: a Server is Discord's"),
        (r"\b(?:Sie|Ihre?[mnrs]?)\b(?= (?:können|müssen|haben|möchten|sollten))", "du"),
    ],
    "es": [
        (r"[“”\"]", "«…» around a quotation"),
        (r"\b(?:vosotros|sois|tenéis|podéis|queréis)\b", "ustedes: this catalogue is Latin America's, too"),
        (r"\b(?:ordenador|móvil|coger|coge)\b", "a word that Latin America has, too"),
        (r"\btrabajos?\b|\bservidor de (?:tareas|ScheduleZero)", "tarea, planificador"),
    ],
    "fr": [
        (r" [;:!?»]|« ", "a no-break space (U+00A0, or U+202F before ; ! ?)"),
        (r"(?<![\u00a0\u202f])[;!?»](?![\w])(?<!\s)|«(?![\u00a0\u202f])", "a no-break space"),
        (r"(?<=\w)'(?=\w)", "’"),
        (r"[“”\"]", "« … » around a quotation"),
        (r"\bévénement", "évènement, as Discord writes it"),
        (r"\b(?:tu|ton|tes|toi)\b|\b(?!Dites|Faites)[A-ZÉ]\w+es-(?:en|le|la|les)\b", "vous"),
        (r"\bétiquette|\bserveur (?:de tâches|ScheduleZero)", "tag, planificateur"),
    ],
    "pt": [
        (r"[«»\"]", "“…” around a quotation"),
        (r"\b(?:utilizador|ficheiro|ecrã|registo|contacto|facto)\w*", "Brazil's word"),
        (r"\b(?:eu próprio|correu mal|em falta|partilh\w+)\b", "Brazil's words"),
        (r"\b(?:demasiad\w+|base de dados|sondage\w+)\b", "Brazil's words"),
        (r"\w-(?:me|lhe)\b|\bquem criou esta\b|\b(?<!o )tem de (?!\d)", "Brazil's grammar"),
        (r"\bservidor (?:de tarefas|do ScheduleZero)", "agendador"),
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
    ("de", "“Nein”"), ("de", "Der Auftrag"), ("de", "Ein Schlagwort"), ("fr", "Annules-en une"),
    ("pt", "Falta-me algo"), ("pt", "tem de ser"), ("es", "en el móvil"),
    ("es", "“No”"), ("pt", "«Não»"), ("pt", "o ficheiro"),
])  # fmt: skip
def test_what_is_wrong_is_found(language: str, text: str) -> None:
    assert list(faults(language, text))


@pytest.mark.parametrize(("language", "text"), [
    ("fr", "Vraiment\u202f? «\u00a0Oui\u00a0» :smile: `a : b` <t:5:R> https://example.com/?a=b"),
    ("de", "„Nein“ `\"x\"`"), ("es", "«No»"), ("pt", "“Não”"),
])  # fmt: skip
def test_what_is_right_is_left(language: str, text: str) -> None:
    assert not list(faults(language, text))


def test_no_text_calls_the_scheduler_a_server() -> None:
    """For people on Discord a server is theirs; what plans the runs is the scheduler."""
    wrong = [
        form
        for message in read(TEMPLATE)
        if message.id
        for form in ([message.id] if isinstance(message.id, str) else message.id)
        if re.search(
            r"\b(?:job|ScheduleZero) server\b|\bserver (?:was|is) (?:not )?running", form, re.IGNORECASE
        )
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_names_the_same_values_in_every_language(language: str) -> None:
    """A placeholder of an error that a translation drops is information that its readers don't get."""
    wrong: dict[str, set[str]] = {}
    for message in read(FOLDER / f"{language}.po"):
        if not message.id or not (message.context or "").startswith(ERRORS):
            continue
        english = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string or ())
        wanted = frozenset.union(*map(placeholders, english))
        if found := {name for form in said for name in wanted ^ placeholders(form)} - {"count"}:
            wrong[str(message.id)] = found
    assert not wrong
