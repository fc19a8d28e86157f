"""Reads the annotations of typed jobs: a parameter's kind, its allowed values, and how to check a value."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from typing import Annotated, Any, Literal, cast

import annotated_types
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import SchemaError

from schedulezero.methods.discord_classes import Channels, Found, stored
from schedulezero.methods.parameters import Kind, Parameter, kind_of
from schedulezero.said_values import said_span


def parameter_from(name: str, annotation: Any, default: Any = ..., help_text: str = "") -> Parameter:
    """Create a parameter from its annotation.

    Parameters:
        name: its name.
        annotation: its type, with pydantic's constraints; ``X | None`` is an optional X.
        default: its default value; ``...`` if it is required.
        help_text: what it is for; a description in the annotation takes precedence.

    Raises TypeError, with a reason, for an annotation that no JSON value can be read as.
    """
    try:
        annotation = stored(annotation)
    except TypeError as error:
        raise TypeError(f"{name!r} {error}") from None
    read = _read_annotation(annotation)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        raise TypeError(
            f"{name!r} cannot be a {_name_of(annotation)}: a job's parameters come as JSON, so annotate it "
            "with a type that pydantic reads from JSON."
        ) from None
    except SchemaError as error:
        said = str(error).strip().splitlines()[-1].strip()
        raise TypeError(f"{name!r} has a constraint that can't be checked: {said}") from None
    _expect_applicable(name, read)
    if (wrong := _wrong_default(default, read) or _wrong_options(read)) is not None:
        raise TypeError(f"{name!r} {wrong}")
    told = default not in (..., None, "", False) and not isinstance(default, list)
    shown = _said(default, read) if told else None
    return Parameter(
        name=name,
        kind=read.kind or kind_of(name, read.base.__name__ if isinstance(read.base, type) else ""),
        help=read.description or help_text,
        required=default is ...,
        default=shown,
        choices=read.choices,
        values=read.values,
        longest=read.longest,
        least=read.least,
        most=read.most,
        channels=read.channels,
        classes=read.classes,
        options=read.options,
        secret=read.secret,
        only_with=read.only_with,
        adapter=adapter,
    )


def declares_parameter(annotation: Any) -> bool:
    """Return whether an annotation is that of a typed job's parameter, rather than that of all params."""
    read = _read_annotation(annotation)
    return read.base is str or read.kind not in (None, Kind.OBJECT)


def _wrong_default(default: Any, read: _Read) -> str | None:
    if default is ... or default is None or read.classes:
        return None
    if read.kind is Kind.CHOICE:
        if any(default == value and type(default) is type(value) for value in read.values):
            return None
        return f"has the default {default!r}, which isn't one of {', '.join(read.choices)}."
    # An int is a fine float, and a bool is an int to Python alone.
    fine: Any = {float: (int, float), list: (list, tuple)}.get(read.base, read.base)
    if read.base not in _EXAMPLES:
        return None
    if isinstance(default, fine) and (read.base is bool or not isinstance(default, bool)):
        return None
    return f"is declared as {read.base.__name__}, but its default is {default!r}."


def _wrong_options(read: _Read) -> str | None:
    if read.options is None:
        return None
    try:
        inspect.signature(read.options).bind(None, 0)
    except (TypeError, ValueError):
        return "has OptionsFrom something that isn't a function of the bot and the guild's id."
    return None


def _expect_applicable(name: str, read: _Read) -> None:
    """Raise TypeError for a constraint that its type doesn't know: pydantic says so only to the first value.

    Only the constraints are tried, because other things in an annotation call code of its author.
    """
    if read.base not in _EXAMPLES or read.kind is Kind.CHOICE:
        return
    for constraint in read.constraints:
        try:
            constrained: Any = Annotated[read.base, constraint]
            TypeAdapter[Any](constrained).validate_python(_EXAMPLES[read.base])
        except ValidationError:
            continue
        except (TypeError, SchemaError):
            wrong = f"which doesn't apply to {read.base.__name__}."
            raise TypeError(f"{name!r} has the constraint {_shown(constraint)}, {wrong}") from None


def _shown(constraint: Any) -> str:
    """Return a constraint as its author wrote it, such as ``ge=3``."""
    written = ", ".join(
        f"{key}={value!r}" for key, value in _values_of(constraint).items() if value is not None
    )
    return written or type(constraint).__name__


def _values_of(constraint: Any) -> dict[str, Any]:
    if is_dataclass(constraint):
        return {item.name: getattr(constraint, item.name) for item in fields(constraint)}
    return dict[str, Any](vars(cast(object, constraint)))


def declares_secret(annotation: Any) -> bool:
    """Return whether an annotation says that its value is a `Secret`."""
    return _read_annotation(annotation).secret


def _name_of(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that nobody reads again once it is saved, whoever may write such a job; see `Parameter`."""


@dataclass(frozen=True, slots=True)
class OptionsFrom:
    """The texts that a form offers for a parameter: ``Annotated[Text, OptionsFrom(teams)]``.

    The function takes the bot and the guild's id, and returns an iterable of at most 25 texts of at most 100
    characters; it may be async. It is called each time the form opens, and all such functions of a form have
    1.5 seconds. If there are no texts, or more, people type one. A job gets the text as it is: the options
    may have changed since.

    Parameters:
        function: The function.
    """

    function: Callable[[Any, int], Any]


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """A value that counts only if another parameter is set; see `Parameter`."""

    other: str


@dataclass(slots=True)
class _Read:
    base: Any = str
    kind: Kind | None = None
    choices: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    longest: int | None = None
    least: float | None = None
    most: float | None = None
    channels: tuple[str, ...] = ()
    classes: tuple[type, ...] = ()
    description: str = ""
    secret: bool = False
    only_with: str | None = None
    options: Callable[[Any, int], Any] | None = None
    constraints: list[Any] = field(default_factory=list[Any])


# Read as: a plain type, and the kind of its parameters.
_KINDS: dict[Any, Kind] = {
    bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.NUMBER, timedelta: Kind.DURATION,
    list: Kind.LIST, tuple: Kind.LIST, dict: Kind.OBJECT, date: Kind.DATE, time: Kind.TIME,
}  # fmt: skip
# Read as: a plain type, and a value of it.
_EXAMPLES: dict[Any, Any] = {
    str: "a", bool: True, int: 1, float: 1.0, timedelta: timedelta(seconds=1), list: [], tuple: (), dict: {},
    date: date(2026, 12, 31), time: time(18, 30),
}  # fmt: skip
# Read as: a kind, and the kind of a list of such values.
_SEVERAL = {Kind.CHANNEL: Kind.CHANNELS, Kind.ROLE: Kind.ROLES, Kind.USER: Kind.USERS}


def _read_annotation(annotation: Any) -> _Read:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = typing.get_args(annotation)
        read = _read_annotation(inner)
        for item in metadata:
            _take(item, read)
        return read
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(parts) == 1:
            return _read_annotation(parts[0])
        return _Read(base=annotation)
    if origin is Literal:
        values = typing.get_args(annotation)
        return _Read(kind=Kind.CHOICE, choices=tuple(map(str, values)), values=values)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        members = tuple(annotation)
        return _Read(kind=Kind.CHOICE, choices=tuple(map(_choice_of, members)), values=members)
    if origin is list and (inside := typing.get_args(annotation)):
        each = _read_annotation(inside[0])
        if each.kind is not None and (kind := _SEVERAL.get(each.kind)) is not None:
            return _Read(list, kind, channels=each.channels, classes=each.classes)
    base: Any = cast(Any, origin or annotation)
    return _Read(base=base, kind=_KINDS.get(base))


def _take(item: Any, read: _Read) -> None:
    """Process one item of an annotation's metadata."""
    if isinstance(item, Kind):
        read.kind = item
    elif isinstance(item, Channels):
        read.channels = item.kinds
    elif isinstance(item, Found):
        read.classes = item.classes
    elif isinstance(item, Secret):
        read.secret = True
    elif isinstance(item, OptionsFrom):
        read.options = item.function
    elif isinstance(item, OnlyWith):
        read.only_with = item.other
    elif isinstance(item, FieldInfo):
        read.description = item.description or read.description
        for inner in item.metadata:
            _take(inner, read)
    _take_constraint(item, read)


def _take_constraint(item: Any, read: _Read) -> None:
    if isinstance(item, annotated_types.BaseMetadata) and not isinstance(item, annotated_types.Predicate):
        read.constraints.append(item)
    if isinstance(item, annotated_types.MaxLen):
        read.longest = item.max_length
    elif isinstance(item, annotated_types.Ge):
        read.least = _as_number(item.ge)
    elif isinstance(item, annotated_types.Le):
        read.most = _as_number(item.le)


def _choice_of(member: Enum) -> str:
    """Return the text of a choice: the member's value if that is a text, else its name."""
    return member.value if isinstance(member.value, str) else member.name.lower()


def _said(value: Any, read: _Read) -> str:
    if read.kind is Kind.CHOICE and value in read.values:
        return read.choices[read.values.index(value)]
    if isinstance(value, time):
        return value.isoformat(timespec="auto" if value.second else "minutes")
    return said_span(value) if isinstance(value, timedelta) else str(value)


def _as_number(bound: Any) -> float | None:
    return float(bound) if isinstance(bound, int | float) else None
