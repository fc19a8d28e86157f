"""Refuses, when a sprocket is loaded, what could never work as a job or a setting, with its file and line."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import textwrap
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from schedulezero.methods.discord_classes import can_find
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import META_KEY, NEEDED_OF, MethodSpec, Need

LONGEST_NAME = 100
"""The most characters of a job's name, which the server keeps."""
MOST_FIELDS = 5
"""The most fields of one form (https://discord.com/developers/docs/components/reference)."""
MOST_FORMS = 7
"""The most forms that the card of a job without groups has buttons for."""
LONGEST_CHOICE = 100
"""The most characters of a select's option."""
LONGEST_PARAMETER = 90
"""The most characters of a parameter's name, which is in its field's custom id, of 100 at most."""

LEAST_TIME = timedelta(seconds=1)
MOST_TIME = timedelta(hours=6)

_GROUP = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EDITED_APART = (Kind.GUILD, Kind.EMBEDS, Kind.FILES, Kind.BUTTONS, Kind.POLL, Kind.LAYOUT, Kind.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int


class DeclarationError(TypeError):
    """A job or a setting can't be what is declared.

    Parameters:
        message: why, for the sprocket's author.
        declared: the function or class that is wrong.
        name: its argument or field that is wrong, if it is one.

    Attributes:
        place: where that is in its file; None if unknown. Only an error looks for it: reading the file takes
            much longer than checking what it declares.
    """

    def __init__(self, message: str, declared: Callable[..., Any], name: str | None = None) -> None:
        super().__init__(message)
        self.place = _place_in(declared, name)


def _place_in(declared: Callable[..., Any], name: str | None) -> Place | None:
    """Return where a function or class is declared, or its argument or field of that name."""
    try:
        lines, first = inspect.getsourcelines(declared)
        file = inspect.getsourcefile(declared)
        nodes = list(ast.walk(ast.parse(textwrap.dedent("".join(lines)))))
    except (OSError, TypeError, SyntaxError):
        return None
    if file is None:
        return None
    lines_of_name: list[int] = []
    lines_of_all: list[int] = []
    for node in nodes:
        match node:
            case ast.arg(arg=known) | ast.AnnAssign(target=ast.Name(id=known)) if known == name:
                lines_of_name.append(node.lineno)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                lines_of_all.append(node.lineno)
            case _:
                pass
    line = next(iter((*lines_of_name, *lines_of_all)), 1)
    return Place(file, max(first, 1) + line - 1)


def check_function(function: Callable[..., Any]) -> None:
    """Raise DeclarationError for a function that can't be called as a job."""
    name = function.__name__
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(f"{name} can't be a job: it yields. Return a dict.", function)
    arguments = list(inspect.signature(function).parameters.values())
    if not arguments or arguments[0].kind not in (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.POSITIONAL_ONLY,
    ):
        raise DeclarationError(f"{name}: the first argument of a job must be the bot.", function)


def check_options(function: Callable[..., Any], unknown: Collection[str], known: Collection[str]) -> None:
    """Raise DeclarationError for options of `job` that it doesn't have, with the one that was meant."""
    for name in unknown:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}."
        raise DeclarationError(f"{function.__name__}: job() has no option {name!r}{hint}", function)


def check_values(function: Callable[..., Any], needs: object, time_limit: object) -> None:
    """Raise DeclarationError for options of `job` that are something else than they must be."""
    name = function.__name__
    if not isinstance(needs, tuple) or not all(isinstance(need, Need) for need in cast("tuple[Any]", needs)):
        wrong = "is a tuple of Need(…), or what in_channel(…) returns"
        raise DeclarationError(f"{name}: needs {wrong}, not {needs!r}.", function)
    if time_limit is not None and not isinstance(time_limit, timedelta):
        wrong = f"is a timedelta, such as timedelta(seconds=60), not {time_limit!r}."
        raise DeclarationError(f"{name}: time_limit {wrong}", function)


def check_spec(spec: MethodSpec, function: Callable[..., Any], *, is_async: bool) -> None:
    """Raise DeclarationError for a job that no form could ask for, or that couldn't be called."""
    if len(spec.name) > LONGEST_NAME:
        wrong = f"a job's name may have {LONGEST_NAME} characters, not {len(spec.name)}."
        raise DeclarationError(f"{spec.name}: {wrong}", function)
    if spec.time_limit is not None and not LEAST_TIME <= spec.time_limit <= MOST_TIME:
        raise DeclarationError(f"{spec.name}: time_limit must be from 1 second to 6 hours.", function)
    for need in spec.needs:
        if need.of not in NEEDED_OF:
            wrong = f"{need.of!r}, but it can only be {', '.join(NEEDED_OF)}."
            raise DeclarationError(f"{spec.name}: a Need is `of` {wrong}", function)
    for parameter in spec.parameters:
        wrong = _wrong(parameter, is_async=is_async)
        if wrong is not None:
            raise DeclarationError(f"{spec.name}: {parameter.name!r} {wrong}", function, parameter.name)
    wrong = _wrong_groups(spec)
    if wrong is not None:
        raise DeclarationError(f"{spec.name}: {wrong}", function)


def check_companion(spec: MethodSpec, what: str, function: Callable[..., Any], *, defaults: bool) -> None:
    """Raise DeclarationError for a function beside a job's that couldn't be called with its parameters.

    Parameters:
        spec: the job.
        what: what it is, such as ``preview``.
        function: the function.
        defaults: whether it also gets the parameters that are left out, with their defaults.
    """
    if not inspect.iscoroutinefunction(function):
        raise DeclarationError(f"{spec.name}: its {what} must be async. Write `async def`.", function)
    signature = inspect.signature(function)
    every = [parameter.name for parameter in spec.parameters]
    needed = [parameter.name for parameter in spec.parameters if parameter.required]
    for names in (every,) if defaults else (every, needed):
        try:
            signature.bind(None, **dict.fromkeys(names))
        except TypeError as error:
            taken = ", ".join(["the bot", *every])
            raise DeclarationError(
                f"{spec.name}: its {what} must take what the job takes ({taken}): {error}.", function
            ) from None


def check_setting(model: type[Any], parameter: Parameter) -> None:
    """Raise DeclarationError for a setting that no form could ask for."""
    if (wrong := _wrong(parameter, is_async=True)) is not None:
        raise DeclarationError(f"{model.__name__}: {parameter.name!r} {wrong}", model, parameter.name)


def _wrong(parameter: Parameter, *, is_async: bool) -> str | None:
    if parameter.name == META_KEY or len(parameter.name) > LONGEST_PARAMETER:
        return "can't be a parameter's name."
    if parameter.classes:
        if not is_async:
            return "is an object on Discord, which only an async function can get. Write `async def`."
        if not can_find():
            return "is an object on Discord. Import `job` from sprockets.kit, which finds it."
        if not parameter.required and parameter.default is not None:
            return "is an object on Discord, so its default can only be None."
    if parameter.options is not None and parameter.kind not in (Kind.TEXT, Kind.LONG_TEXT):
        return "has options from a function, so annotate it with Text."
    if parameter.kind is Kind.CHOICE:
        return _wrong_choices(parameter.choices)
    if parameter.longest is not None and parameter.longest < 1:
        return "could hold nothing: its max_length is less than 1."
    if parameter.least is not None and parameter.most is not None and parameter.least > parameter.most:
        return "could have no value: its least is more than its most."
    return None


def _wrong_choices(choices: tuple[str, ...]) -> str | None:
    if not choices:
        return "has nothing to choose from."
    if len(set(choices)) < len(choices):
        return "has two choices that look the same."
    if any(not 1 <= len(choice.strip()) <= LONGEST_CHOICE for choice in choices):
        return f"has a choice that isn't between 1 and {LONGEST_CHOICE} characters long, as Discord asks."
    return None


def _wrong_groups(spec: MethodSpec) -> str | None:
    asked = [item for item in spec.parameters if item.kind is not Kind.GUILD]
    if not spec.groups:
        most = MOST_FORMS * MOST_FIELDS
        return None if len(asked) <= most else f"it has {len(asked)} parameters; forms can ask for {most}."
    for name, items in spec.groups.items():
        if _GROUP.fullmatch(name) is None:
            return f"the group {name!r} needs a name of small letters, digits and _, at most 40."
        if len(items) > MOST_FIELDS:
            return f"the group {name!r} has {len(items)} parameters; a form has {MOST_FIELDS} fields."
    grouped = {name for items in spec.groups.values() for name in items}
    for parameter in asked:
        if parameter.required and parameter.name not in grouped and parameter.kind not in _EDITED_APART:
            return f"{parameter.name!r} is required, but no group asks for it."
    return None
