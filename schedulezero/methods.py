"""What a job function declares about itself: help, parameters, and the rights that it needs.

A job is ``async def job(bot, params: dict) -> dict``, or the same without ``async``. Its docstring's
first line is its help, its ``Params:`` block lists the parameters:

    Params:
        channel_id: int - Channel to post in
        message: str - Text of the message
        role_id: int - Role to mention (optional)
        limit: int - How many at most (default 100)

A ``params`` annotated with a TypedDict says the same. What a parameter *is* (a channel, a role, a
long text) follows from its name and type, so that sprockets written to the plain contract get a
fitting form. `needs` declares the rights that doing the job by hand would take.

No Discord in here: permissions are Discord's own names as text, and whoever has the objects at hand
compares them.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast, is_typeddict

from schedulezero.errors import ParameterError

JobFunction = Callable[[Any, dict[str, Any]], Awaitable[Any] | Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

META_KEY = "_meta"
"""Our metadata travels under this key of the params where a server has no place for it."""

_NEEDS_ATTRIBUTE = "__schedulezero_needs__"
_VARIABLES_ATTRIBUTE = "__schedulezero_variables__"


class Kind(StrEnum):
    """What a parameter is, and with it which field a form shows for it."""

    TEXT = "text"
    LONG_TEXT = "long text"
    INTEGER = "whole number"
    NUMBER = "number"
    BOOLEAN = "yes or no"
    CHANNEL = "channel"
    CHANNELS = "channels"
    ROLE = "role"
    USER = "user"
    USERS = "users"
    GUILD = "server"
    COLOUR = "colour"
    URL = "address"
    OBJECT = "JSON object"
    LIST = "JSON list"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter of a method."""

    name: str
    kind: Kind
    help: str = ""
    required: bool = True
    default: str | None = None

    @property
    def label(self) -> str:
        """The name as a person reads it: ``channel_id`` is *Channel*."""
        return (
            re.sub(r"_(id|ids|url)$", lambda m: "s" if m[1] == "ids" else "", self.name)
            .replace("_", " ")
            .capitalize()
        )


@dataclass(frozen=True, slots=True)
class Need:
    """A right that doing the job by hand takes, of the person who schedules it and of the bot.

    Parameters:
        permission: Discord's name of it, such as ``send_messages``.
        channel: the parameter that names the channel(s) where it is needed; None means the guild.
        role: the parameter that names a role which must be below one's own.
        when: the parameter that must be set for the need to arise.
        bot_only: the person does not need it, because the bot does it in a way of its own.
    """

    permission: str
    channel: str | None = None
    role: str | None = None
    when: str | None = None
    bot_only: bool = False


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method with everything that its function declares."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    needs: tuple[Need, ...] = ()
    variables: tuple[str, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """The declared parameter of that name, if there is one."""
        return next((item for item in self.parameters if item.name == name), None)


def needs(*declared: Need) -> Callable[[_Function], _Function]:
    """Declares on a job function which rights doing it by hand takes."""

    def mark(function: _Function) -> _Function:
        setattr(function, _NEEDS_ATTRIBUTE, declared)
        return function

    return mark


def variables_in(*parameters: str) -> Callable[[_Function], _Function]:
    """Declares on a job function in which of its texts it renders variables such as ``{date}``."""

    def mark(function: _Function) -> _Function:
        setattr(function, _VARIABLES_ATTRIBUTE, parameters)
        return function

    return mark


def spec_of(name: str, function: JobFunction) -> MethodSpec:
    """Reads what a job function declares. A function that declares nothing has no parameters."""
    text = inspect.getdoc(function) or ""
    summary = next((line.strip() for line in text.splitlines() if line.strip()), name.replace("_", " "))
    parameters = _from_docstring(text) or _from_annotation(function)
    return MethodSpec(
        name,
        summary,
        parameters,
        needs=getattr(function, _NEEDS_ATTRIBUTE, ()),
        variables=getattr(function, _VARIABLES_ATTRIBUTE, ()),
    )


def check_params(spec: MethodSpec, params: Mapping[str, Any]) -> dict[str, Any]:
    """The params as the function expects them: our metadata removed, ids as integers.

    Ids arrive as integers or as texts of digits, because JavaScript clients cannot hold a
    snowflake as a number; a sprocket may rely on integers. Keys that were not declared pass
    unchanged. Raises ParameterError for a required parameter that is missing and for a value
    that its declared type does not admit.
    """
    clean = {key: value for key, value in params.items() if key != META_KEY}
    for parameter in spec.parameters:
        value = clean.get(parameter.name)
        if value is None or (value == "" and parameter.kind not in (Kind.TEXT, Kind.LONG_TEXT)):
            if parameter.required:
                raise ParameterError(
                    parameter.name, f"{spec.name} needs {parameter.name!r} ({parameter.kind.value})."
                )
            clean.pop(parameter.name, None)
            continue
        clean[parameter.name] = _convert(spec.name, parameter, value)
    return clean


_LINE = re.compile(r"^(?P<name>[A-Za-z_]\w*)\s*(?::\s*(?P<type>[^-–—]+?))?\s*(?:[-–—]\s*(?P<help>.*))?$")
_DEFAULT = re.compile(r"\(\s*default:?\s*(?P<value>[^)]*)\)", re.IGNORECASE)
_OPTIONAL = re.compile(r"\(\s*optional\s*\)", re.IGNORECASE)


def _from_docstring(text: str) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    indent: int | None = None
    inside = False
    for line in text.splitlines():
        if re.fullmatch(r"\s*(Params|Parameters|Args)\s*:\s*", line):
            inside, indent = True, None
            continue
        if not inside or not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            inside = False
            continue
        indent = depth if indent is None else indent
        match = _LINE.match(line.strip()) if depth == indent else None
        if match is None:
            if found:  # a continued line belongs to the help above it
                found[-1] = _parameter(found[-1].name, "", f"{found[-1].help} {line.strip()}", found[-1])
            continue
        found.append(_parameter(match["name"], (match["type"] or "").strip(), (match["help"] or "").strip()))
    return tuple(found)


def _parameter(name: str, type_text: str, help_text: str, known: Parameter | None = None) -> Parameter:
    default = _DEFAULT.search(help_text) or _DEFAULT.search(type_text)
    optional = bool(default or _OPTIONAL.search(help_text) or _OPTIONAL.search(type_text))
    optional = optional or type_text.endswith("?") or bool(known and not known.required)
    kind = known.kind if known else kind_of(name, _OPTIONAL.sub("", _DEFAULT.sub("", type_text)))
    return Parameter(
        name=name,
        kind=kind,
        help=re.sub(r"\s+", " ", _OPTIONAL.sub("", _DEFAULT.sub("", help_text))).strip(" .") or "",
        required=not optional,
        default=default["value"].strip() if default else (known.default if known else None),
    )


def _from_annotation(function: JobFunction) -> tuple[Parameter, ...]:
    try:
        hints = typing.get_type_hints(function, include_extras=False)
    except (NameError, TypeError):
        return ()
    names = list(inspect.signature(function).parameters)
    declared = hints.get(names[1]) if len(names) > 1 else None
    if declared is None or not is_typeddict(declared):
        return ()
    # Not __required_keys__: it does not see through annotations that are still texts.
    marked = typing.get_type_hints(declared, include_extras=True)
    return tuple(
        Parameter(
            name,
            kind_of(name, getattr(hint, "__name__", str(hint))),
            required=typing.get_origin(marked[name]) is not typing.NotRequired,
        )
        for name, hint in typing.get_type_hints(declared).items()
    )


# Read as: a parameter whose name ends so, and whose type is not plainly another, is of that kind.
_KIND_BY_NAME: tuple[tuple[str, Kind], ...] = (
    ("channel_ids", Kind.CHANNELS),
    ("channel_id", Kind.CHANNEL),
    ("role_id", Kind.ROLE),
    ("user_ids", Kind.USERS),
    ("member_ids", Kind.USERS),
    ("user_id", Kind.USER),
    ("member_id", Kind.USER),
    ("guild_id", Kind.GUILD),
    ("color", Kind.COLOUR),
    ("colour", Kind.COLOUR),
    ("url", Kind.URL),
)
_LONG_TEXTS = ("message", "description", "content", "text", "body", "reason")
# Read as: a type whose text begins so is of that kind.
_KIND_BY_TYPE: tuple[tuple[str, Kind], ...] = (
    ("int", Kind.INTEGER),
    ("float", Kind.NUMBER),
    ("number", Kind.NUMBER),
    ("bool", Kind.BOOLEAN),
    ("list", Kind.LIST),
    ("tuple", Kind.LIST),
    ("array", Kind.LIST),
    ("dict", Kind.OBJECT),
    ("object", Kind.OBJECT),
    ("mapping", Kind.OBJECT),
)


def kind_of(name: str, type_text: str) -> Kind:
    """What a parameter is, from its name and the text of its type."""
    for ending, kind in _KIND_BY_NAME:
        if name == ending or name.endswith(f"_{ending}"):
            return kind
    lowered = type_text.lower()
    for beginning, kind in _KIND_BY_TYPE:
        if lowered.startswith(beginning):
            return kind
    return Kind.LONG_TEXT if name in _LONG_TEXTS else Kind.TEXT


_ID_KINDS = (Kind.CHANNEL, Kind.ROLE, Kind.USER, Kind.GUILD)
_ID_LIST_KINDS = (Kind.CHANNELS, Kind.USERS)
_MAX_ID = 2**64 - 1


def _convert(method: str, parameter: Parameter, value: Any) -> Any:
    kind, name = parameter.kind, parameter.name
    shown = str(value)[:80]

    def wrong(expected: str) -> ParameterError:
        return ParameterError(name, f"{name!r} of {method} must be {expected}, not {shown!r}.")

    if kind in _ID_KINDS:
        identifier = _as_id(value)
        if identifier is None:
            raise wrong(f"the id of a {kind.value} (a whole number)")
        return identifier
    if kind in _ID_LIST_KINDS:
        items = cast("list[Any]", value) if isinstance(value, list) else None
        identifiers = [_as_id(item) for item in items] if items else None
        if not identifiers or None in identifiers:
            raise wrong(f"a list of ids of {kind.value}")
        return identifiers
    if kind is Kind.INTEGER:
        number = _as_integer(value)
        if number is None:
            raise wrong("a whole number")
        return number
    if kind is Kind.NUMBER and not (isinstance(value, int | float) and not isinstance(value, bool)):
        raise wrong("a number")
    if kind is Kind.BOOLEAN and not isinstance(value, bool):
        raise wrong("true or false")
    if kind in (Kind.TEXT, Kind.LONG_TEXT, Kind.URL) and not isinstance(value, str):
        raise wrong("a text")
    if kind is Kind.OBJECT and not isinstance(value, dict):
        raise wrong("a JSON object")
    if kind is Kind.LIST and not isinstance(value, list):
        raise wrong("a JSON list")
    return cast(Any, value)


def _as_id(value: Any) -> int | None:
    number = _as_integer(value)
    return number if number is not None and 0 < number <= _MAX_ID else None


def _as_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,20}", value.strip(), re.ASCII):
        return int(value)
    return None


def best_matches(specs: Iterable[MethodSpec], typed: str) -> list[MethodSpec]:
    """The methods that fit what was typed, best first: by their name, then by what they do."""
    wanted = typed.strip().casefold().replace(" ", "_")

    def rank(spec: MethodSpec) -> int | None:
        name, words = spec.name.casefold(), spec.summary.casefold().replace(" ", "_")
        if name.startswith(wanted):
            return 0
        if f"_{wanted}" in name:
            return 1
        if f"_{wanted}" in f"_{words}":
            return 2
        return 3 if wanted in name or wanted in words else None

    ranked = [(rank(spec), spec.name, spec) for spec in specs]
    return [
        spec
        for place, _, spec in sorted(ranked, key=lambda item: (item[0] or 0, item[1]))
        if place is not None
    ]
