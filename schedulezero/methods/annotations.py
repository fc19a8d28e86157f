"""Reads the annotations of typed jobs: a parameter's kind, its allowed values, and how to check a value."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

import annotated_types
from pydantic import PydanticSchemaGenerationError, TypeAdapter
from pydantic.fields import FieldInfo

from schedulezero.methods.parameters import Kind, Parameter, kind_of
from schedulezero.methods.secret_params import is_secret_by_name
from schedulezero.said_values import said_span


@dataclass(frozen=True, slots=True)
class Channels:
    """The channel types to choose from, by Discord's names: ``text``, ``forum``, ``voice``…"""

    kinds: tuple[str, ...]


def parameter_from(name: str, annotation: Any, default: Any = ..., help_text: str = "") -> Parameter:
    """Create a parameter from its annotation.

    Parameters:
        name: its name.
        annotation: its type, with pydantic's constraints; ``X | None`` is an optional X.
        default: its default value; ``...`` if it is required.
        help_text: what it is for; a description in the annotation takes precedence.

    Raises TypeError, with a reason, for an annotation that no JSON value can be read as.
    """
    read = _read_annotation(annotation)
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        raise TypeError(f"{name!r} cannot be a {_name_of(annotation)}: {_instead_of(annotation)}") from None
    if read.secret and not is_secret_by_name(name):
        raise TypeError(f"{name!r} is a secret, so its name must say so: let it end in `_url`, or be `token`")
    told = default not in (..., None, "", False) and not isinstance(default, list)
    shown = _said(default) if told else None
    return Parameter(
        name=name,
        kind=read.kind or kind_of(name, read.base.__name__ if isinstance(read.base, type) else ""),
        help=read.description or help_text,
        required=default is ...,
        default=shown,
        choices=read.choices,
        longest=read.longest,
        least=read.least,
        most=read.most,
        channels=read.channels,
        secret=read.secret,
        only_with=read.only_with,
        adapter=adapter,
    )


# Read as: the name of a discord.py class, and the annotation to use in its place.
_INSTEAD = {
    "TextChannel": "ChannelId", "ForumChannel": "ForumId", "VoiceChannel": "VoiceId",
    "StageChannel": "VoiceId", "Thread": "ThreadId", "GuildChannel": "AnyChannelId", "Role": "RoleId",
    "Member": "MemberId", "User": "MemberId", "Guild": "GuildId", "Message": "MessageLink",
    "Colour": "Colour",
}  # fmt: skip


def _name_of(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _instead_of(annotation: Any) -> str:
    """Return what to write in place of an annotation that can't be read from JSON."""
    known = next((kind for name, kind in _INSTEAD.items() if name in _name_of(annotation)), None)
    if known is None:
        return "a job's parameters come as JSON, so annotate it with a type that pydantic reads from JSON."
    return f"a job gets ids, so annotate it with schedulezero.methods.typed.{known}, and look it up."


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that nobody reads again once it is saved, whoever may write such a job; see `Parameter`."""


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """A value that counts only if another parameter is set; see `Parameter`."""

    other: str


@dataclass(slots=True)
class _Read:
    base: Any = str
    kind: Kind | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None
    least: float | None = None
    most: float | None = None
    channels: tuple[str, ...] = ()
    description: str = ""
    secret: bool = False
    only_with: str | None = None


# Read as: a plain type, and the kind of its parameters.
_KINDS: dict[Any, Kind] = {
    bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.NUMBER, timedelta: Kind.DURATION,
    list: Kind.LIST, tuple: Kind.LIST, dict: Kind.OBJECT,
}  # fmt: skip


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
        choices = tuple(str(value) for value in typing.get_args(annotation))
        return _Read(kind=Kind.CHOICE, choices=choices)
    base = origin or annotation
    return _Read(base=base, kind=_KINDS.get(base))


def _take(item: Any, read: _Read) -> None:
    """Process one item of an annotation's metadata."""
    if isinstance(item, Kind):
        read.kind = item
    elif isinstance(item, Channels):
        read.channels = item.kinds
    elif isinstance(item, Secret):
        read.secret = True
    elif isinstance(item, OnlyWith):
        read.only_with = item.other
    elif isinstance(item, FieldInfo):
        read.description = item.description or read.description
        for inner in item.metadata:
            _take(inner, read)
    elif isinstance(item, annotated_types.MaxLen):
        read.longest = item.max_length
    elif isinstance(item, annotated_types.Ge):
        read.least = _as_number(item.ge)
    elif isinstance(item, annotated_types.Le):
        read.most = _as_number(item.le)


def _said(value: Any) -> str:
    return said_span(value) if isinstance(value, timedelta) else str(value)


def _as_number(bound: Any) -> float | None:
    return float(bound) if isinstance(bound, int | float) else None
