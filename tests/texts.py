"""Every text that people read, found in the code: what the catalogues have to hold.

A text is found where code says it (`t`, `tc`, `tn`, `example`, `mark`, `markn`), declares it (commands, job
functions), or raises it as an error; an error's English is a template that stands beside its code, which is
part of its context in the catalogues. A comment ``# i18n: …`` in the line above a text is for translators.
`tests.catalogues` writes them into catalogues.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cogs.language import ERRORS, EXAMPLE

ROOT = Path(__file__).parent.parent
LANGUAGES = tuple(sorted(file.stem for file in (ROOT / "cogs" / "locale").glob("*.po")))
"""Each language that has a catalogue."""

# Read as: whoever raises or makes one of these speaks to a person, so its sentence has a code.
_SPEAKS = {
    "WhenError", "JobFailed", "Gone", "Forbidden", "Uncertain", "ParameterError",
    "ServerUnreachable", "ServerTimeout", "ServerFailed", "BadAnswer", "NotFound", "NotSupported",
    "Refusal", "Missing", "Conflict", "Refused", "Fault", "Unusable", "failure", "Excess",
    "AddressUnusable", "OutgoingFailed", "NotTakenOver", "UnreadableFile", "_Stopped",
}  # fmt: skip
_NOTE = re.compile(r"\s*# i18n: (.+)")

# What only programs read, or the owner's shell: the REST API's own checks, the wire, APScheduler's files.
_NOT_READ = (
    "schedulezero/server/api/",
    "schedulezero/server/http/",
    "schedulezero/server/handlers/registrations.py",
    "schedulezero/server/handlers/registry.py",
    "schedulezero/wire/protocol.py",
    "schedulezero/exchange/apscheduler.py",
)

# Read as: the ``code`` of these is REST's, and their sentence brings its own.
_REST_CODES = {"NotFound", "Conflict", "RequestRefused", "Refusal", "Missing", "ApiError", "DeskButton"}


class Text(NamedTuple):
    """A text as catalogues know it: its context, if it has one, its English, and that for several."""

    context: str | None
    english: str
    many: str | None = None


@dataclass(slots=True)
class Uses:
    """The modules where a text is, and what code tells translators of it."""

    modules: set[str] = field(default_factory=set[str])
    notes: set[str] = field(default_factory=set[str])


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of ours by its path, parsed; nobody may change it."""
    return tuple(
        (str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8")))
        for folder in ("bot", "cogs", "schedulezero", "sprockets")
        for file in sorted((ROOT / folder).rglob("*.py"))
    )


@cache
def texts() -> dict[Text, Uses]:
    """All texts with their uses."""
    found: dict[Text, Uses] = {}

    def add(text: Text, path: str, note: str | None = None) -> None:
        uses = found.setdefault(text, Uses())
        uses.modules.add(path)
        if note is not None:
            uses.notes.add(note)

    for path, tree in sources():
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        if path.startswith("cogs/"):
            for line, text in _in_desk(tree):
                add(text, path, _note_above(lines, line))
        for line, code, template in coded(tree):
            add(Text(f"{ERRORS}{code}", template), path, _note_above(lines, line))
        for line, code, one, many in _counted(tree):
            add(Text(f"{ERRORS}{code}", one, many), path, _note_above(lines, line))
    for path, text in _declared():
        add(text, path)
    return found


def _note_above(lines: list[str], line: int) -> str | None:
    """Return what the comment in the line above one (the first is 1) tells translators."""
    note = _NOTE.fullmatch(lines[line - 2]) if line > 1 else None
    return note[1] if note is not None else None


@cache
def templates() -> dict[str, set[str]]:
    """The codes of all sentences, each with its templates, of which there is to be one."""
    found: dict[str, set[str]] = {}
    for _, tree in sources():
        for _, code, template in coded(tree):
            found.setdefault(code, set()).add(template)
        for _, code, *both in _counted(tree):
            found.setdefault(code, set()).add(" / ".join(both))
    return found


def without_code() -> list[str]:
    """Where the code says a sentence to people that has no code, as ``path:line``."""
    return [
        f"{path}:{line}"
        for path, tree in sources()
        if not path.startswith((*_NOT_READ, "bot/"))
        for line in _uncoded(tree)
    ]


def _in_desk(tree: ast.AST) -> Iterator[tuple[int, Text]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        said = [_constant(item) for item in node.args]
        if name in ("t", "mark") and said and said[0]:
            yield node.lineno, Text(None, said[0])
        elif name == "tc" and len(said) > 1 and said[0] and said[1]:
            yield node.lineno, Text(said[0], said[1])
        elif name == "example" and said and said[0]:
            yield node.lineno, Text(EXAMPLE, said[0])
        elif name in ("tn", "markn") and len(said) > 1 and said[0]:
            yield node.lineno, Text(None, said[0], said[1])
        if name in ("command", "Group", "Choice"):
            wanted = "name" if name == "Choice" else "description"
            described = [keyword.value for keyword in node.keywords if keyword.arg == wanted]
        elif name == "describe" and not node.args:
            described = [keyword.value for keyword in node.keywords]
        else:
            continue
        for value in described:
            if text := _constant(value):
                yield value.lineno, Text(None, text)


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def coded(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Lines, codes and templates, as in ``Sentence(template, code)`` and ``Error(template, code=code)``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if _name(node.func) == "Sentence" and len(node.args) == 2:
            code, template = node.args[1], node.args[0]
        else:
            code = next((keyword.value for keyword in node.keywords if keyword.arg == "code"), None)
            if _name(node.func) in _REST_CODES:
                continue
            template = next((item for item in node.args if _template(item) is not None), None)
            if len(node.args) == 2:
                template = node.args[1]  # a field or a parameter stands before it
        if isinstance(code, ast.Name) and code.id.isupper():
            continue  # a value, see `schedulezero.said_values`
        if isinstance(code, ast.Constant) and isinstance(template, ast.Constant):
            yield node.lineno, str(code.value), str(template.value)


def _counted(tree: ast.AST) -> Iterator[tuple[int, str, str, str]]:
    """Lines, codes and the templates for one and for several, as in ``counted(one, many, code, count=…)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "counted":
            one, many, code = (_constant(item) for item in node.args[:3])
            if one and many and code:
                yield node.lineno, code, one, many


def _uncoded(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _SPEAKS:
            if (
                any(keyword.arg == "code" for keyword in node.keywords)
                and _name(node.func) not in _REST_CODES
            ):
                continue
            values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "message")]
            if any(_has_words(item) and not _is_said(item) for item in values):
                yield node.lineno


def _has_words(node: ast.expr) -> bool:
    """Whether a text is a sentence, or an f-string with words of its own."""
    if isinstance(node, ast.JoinedStr):
        return any(
            c.isalpha() for part in node.values if isinstance(part, ast.Constant) for c in str(part.value)
        )
    return _is_sentence(_template(node) or "")


def _is_said(node: ast.expr) -> bool:
    """Whether a text is in the reader's language already."""
    return any(
        isinstance(item, ast.Call) and _name(item.func) in ("t", "tc", "tn", "translated")
        for item in ast.walk(node)
    )


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


def _declared() -> Iterator[tuple[str, Text]]:
    """What the job functions that come with the bot declare: their help, their parameters."""
    from bot.config import DEFAULT_SPROCKETS
    from bot.sprocket_specs import specs_of_sprockets
    from schedulezero.methods.spec import spec_of
    from sprockets.example_sprocket import JOBS

    specs = [spec_of(name, function) for name, function in JOBS.items()]
    specs += specs_of_sprockets(DEFAULT_SPROCKETS)
    for spec in specs:
        path = "sprockets/"
        yield path, Text(None, spec.summary)
        for group in spec.groups:
            yield path, Text(None, group.replace("_", " ").capitalize())
        for parameter in spec.parameters:
            yield path, Text(None, parameter.label)
            if parameter.help:
                yield path, Text(None, parameter.help)
            for choice in (item for item in parameter.choices if not item.isupper()):
                yield path, Text(None, choice.replace("_", " "))
