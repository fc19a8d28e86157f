"""Every text that people read, found in the code: what the catalogues have to hold.

``python -m tests.texts`` lists what a catalogue lacks or has no use for. A text is found where code says it
(`t`, `tn`, `mark`), declares it (commands, job functions), or raises it as an error; an error's
varying parts become placeholders, named for what stood in their place.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent
LANGUAGES = ("de", "fr", "es", "pt")
ERROR = "error"

# Read as: whoever raises or makes one of these speaks to a person.
_ERRORS = {
    "WhenError", "JobFailed", "ApiError", "Refusal", "Missing", "Conflict", "ParameterError",
    "ServerUnreachable", "ServerTimeout",
    "ServerFailed", "BadAnswer", "NotFound", "NotSupported", "Refused", "Fault", "Unusable", "failure",
    "AddressUnusable", "OutgoingFailed",
    "NotTakenOver", "UnreadableFile", "_Stopped",
}  # fmt: skip
_SAID = {"t": 1, "mark": 1, "tn": 2}
_DESCRIBED = {"description", "name"}

# Sentences that are built without raising anything: notes of runs, warnings, rules, lacking features.
_NOTES_IN = (
    "schedulezero/model/quiet_hours.py",
    "schedulezero/server/decisions/due.py",
    "schedulezero/server/store/jobs.py",
    "schedulezero/server/store/hourly_limit.py",
    "schedulezero/server/engine/lifecycle.py",
    "schedulezero/server/engine/dispatcher.py",
    "schedulezero/server/engine/clock.py",
    "schedulezero/when/language/preview.py",
    "schedulezero/when/language/parse.py",
    "schedulezero/when/language/grammar.py",
    "schedulezero/client/published_dialect.py",
    "schedulezero/handler/invocation.py",
    "schedulezero/server/health.py",
    "schedulezero/errors.py",
    "schedulezero/exchange/calendar_file.py",
    "schedulezero/exchange/calendar_lines.py",
    "schedulezero/exchange/reading.py",
    "schedulezero/exchange/limited_reading.py",
    "schedulezero/model/limits.py",
)

# What only programs read, or the owner's shell: the REST API's own checks, the wire, APScheduler's files.
_NOT_READ = (
    "schedulezero/server/api/",
    "schedulezero/server/http/",
    "schedulezero/server/handlers/registrations.py",
    "schedulezero/server/handlers/registry.py",
    "schedulezero/handler/thread.py",
    "schedulezero/wire/protocol.py",
    "schedulezero/exchange/apscheduler.py",
)

# What is put together of two sentences.
_FRAMES = (
    "{message} For example: {examples}", "{message} Waited {round} s for the handler.",
    "{message} Held back for {seconds} s: this server has at most {most} runs a minute.",
    "{message} Held back for {seconds} s: a person gets at most {most} reminders a minute.",
)  # fmt: skip

Text = tuple[str | None, str]


def texts() -> set[Text]:
    """All texts as (context, English); the context is None or `ERROR`."""
    found: set[Text] = set()
    for file in sorted((ROOT / "cogs").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found |= set(_in_desk(tree))
        if file.name == "alerts_cog.py":  # what it says of troubles is kept, and translated when shown
            found |= set(_sentences(tree))
    for folder in ("schedulezero", "sprockets"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if str(file.relative_to(ROOT)).startswith(_NOT_READ):
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found |= set(_errors(tree))
            if str(file.relative_to(ROOT)) in _NOTES_IN:
                found |= set(_sentences(tree))
    return found | set(_declared()) | {(ERROR, frame) for frame in _FRAMES}


def missing(language: str) -> tuple[list[Text], list[Text]]:
    """What a catalogue lacks, and what it has no use for."""
    with (ROOT / "cogs" / "locale" / f"{language}.po").open("rb") as file:
        known = {(m.context, str(m.id)) for m in read_po(file, locale=language) if m.id and m.string}
    wanted = texts()
    return sorted(wanted - known, key=str), sorted(known - wanted, key=str)


def _in_desk(tree: ast.AST) -> Iterator[Text]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        for argument in node.args[: _SAID.get(name, 0)]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield None, argument.value
        if name in ("command", "Group", "Choice"):
            for keyword in node.keywords:
                wanted = "name" if name == "Choice" else "description"
                if keyword.arg == wanted and isinstance(keyword.value, ast.Constant):
                    yield None, str(keyword.value.value)
        if name == "describe" and not node.args:
            for keyword in node.keywords:
                if isinstance(keyword.value, ast.Constant):
                    yield None, str(keyword.value.value)
    yield from _errors(tree)


def _errors(tree: ast.AST) -> Iterator[Text]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _ERRORS:
            values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "message")]
            for template in map(_template, values):
                if template is not None and _is_sentence(template):
                    yield ERROR, template


def _sentences(tree: ast.AST) -> Iterator[Text]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) not in docstrings | inner and isinstance(node, ast.Constant | ast.JoinedStr):
            template = _template(node)
            if template is not None and _is_sentence(template):
                yield ERROR, template


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    seen: dict[str, int] = {}
    built = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            built += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = _placeholder(part.value)
            seen[name] = seen.get(name, 0) + 1
            built += f"{{{name}{seen[name] if seen[name] > 1 else ''}}}"
    return built


def _placeholder(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").lower()
    names = [child for child in ast.walk(node) if isinstance(child, ast.Name | ast.Attribute)]
    return _placeholder(names[0]) if names else "value"


def _is_sentence(text: str) -> bool:
    """Whether a text is a whole sentence; placeholders may follow its end."""
    end = re.sub(r"(\s*\{\w+\})+$", "", text.strip())
    return " " in end and end[-1] in ".?!…" and any(c.isalpha() for c in re.sub(r"\{\w+\}", "", end))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _declared() -> Iterator[Text]:
    """What the job functions that come with the bot declare: their help, their parameters."""
    from bot.config import DEFAULT_SPROCKETS
    from bot.sprocket_specs import specs_of_sprockets
    from schedulezero.methods.spec import spec_of
    from sprockets.custom_sprocket import JOBS

    specs = [spec_of(name, function) for name, function in JOBS.items()]
    specs += specs_of_sprockets(DEFAULT_SPROCKETS)
    for spec in specs:
        yield None, spec.summary
        for parameter in spec.parameters:
            yield None, parameter.label
            if parameter.help:
                yield None, parameter.help
            for choice in (item for item in parameter.choices if not item.isupper()):
                yield None, choice.replace("_", " ")


if __name__ == "__main__":
    lacking = False
    for language in LANGUAGES:
        absent, unused = missing(language)
        for kind, items in (("lacks", absent), ("has no use for", unused)):
            for context, text in items:
                lacking = True
                print(f"{language} {kind} {f'({context}) ' if context else ''}{text!r}")
    sys.exit(lacking)
