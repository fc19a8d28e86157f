"""Describes the fields of the model's dataclasses, and derives their JSON.

A field's type determines its JSON: an instant is ISO 8601, a duration is a number of seconds under a key that
ends in ``_seconds``. `Annotated` adds what a type can't express: a different key, bounds on untrusted
values, and who writes the field. JSON, request bodies, the description of the REST API and the rows of jobs
all come from these descriptions, so each field is described in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Generic, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from schedulezero.instants import from_iso, to_iso
from schedulezero.model.json_object import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key:
    """A field's key in JSON, if it differs from the field's name."""

    key: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on an untrusted value; None means unbounded.

    Attributes:
        shortest, longest: number of characters of a text, or of entries of an object.
        pattern: regular expression that a text must match.
        stripped: whether to strip surrounding spaces.
        least, most: bounds of a number, or of a duration in seconds.
    """

    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    stripped: bool | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Marks a field that people write; fields without this mark are written by the server.

    Attributes:
        later: whether people may change it after creation.
        defines: whether it is part of the definition: what a job does and when.
    """

    later: bool = True
    defines: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a dataclass.

    Attributes:
        name: the attribute's name.
        key: its key in JSON.
        kind: its class, such as `datetime` or `Mapping`.
        of: the type of a tuple's items.
        optional: whether it can be None.
        required: whether the dataclass has no default for it.
        bounds, written: see `Bounds` and `Written`.
    """

    name: str
    key: str
    kind: type[Any]
    of: type[Any] | None
    optional: bool
    required: bool
    bounds: Bounds
    written: Written | None


@cache
def fields_of(described: type[Any]) -> tuple[Field, ...]:
    """Return a dataclass's fields, in order."""
    hints = get_type_hints(described, include_extras=True)
    return tuple(
        _field(item.name, hints[item.name], item.default is MISSING and item.default_factory is MISSING)
        for item in fields(described)
    )


def _field(name: str, hint: Any, required: bool) -> Field:
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    optional = hint is Any
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (item for item in get_args(hint) if item is not type(None))
        optional = True
    kind: type[Any] = object if hint is Any else get_origin(hint) or hint
    key = next(
        (mark.key for mark in marks if isinstance(mark, Key)),
        f"{name}_seconds" if kind is timedelta else name,
    )
    return Field(
        name,
        key,
        kind,
        get_args(hint)[0] if kind is tuple else None,
        optional,
        required,
        next((mark for mark in marks if isinstance(mark, Bounds)), Bounds()),
        next((mark for mark in marks if isinstance(mark, Written)), None),
    )


Way = Callable[[Any], Any] | None
"""Converts a value for writing or reading; None if the value needs no conversion."""


def seconds(value: Any) -> timedelta:
    """Return a number of seconds as a timedelta."""
    return timedelta(seconds=float(value))


def enum_ways(kind: type[StrEnum]) -> tuple[Way, Way]:
    """Return how an enumeration's members are written and read."""
    members = {str(member): member for member in kind}
    return str, lambda value: members.get(value) or kind(value)  # calling the class takes four times as long


# Read as: a field's class, how its value is written to JSON, and how it is read.
_JSON_WAYS: dict[type[Any], tuple[Way, Way]] = {
    object: (None, None),
    str: (None, str),
    int: (None, int),
    bool: (None, lambda value: value is True),
    datetime: (to_iso, from_iso),
    date: (date.isoformat, date.fromisoformat),
    time: (lambda value: f"{value:%H:%M}", time.fromisoformat),
    timedelta: (timedelta.total_seconds, seconds),
    Mapping: (dict, dict),
}


def _json_ways(kind: type[Any], of: type[Any] | None) -> tuple[Way, Way]:
    if of is not None:
        write, read = _json_ways(of, None)
        return (
            lambda items: [write(item) for item in items] if write else list(items),
            lambda items: tuple(map(read, items) if read else items),
        )
    if issubclass(kind, StrEnum):
        return enum_ways(kind)
    noun: Any = kind
    return _JSON_WAYS.get(noun) or (noun.to_json, noun.from_json)


class Codec(Generic[T]):
    """Writes and reads the JSON of a dataclass.

    A key that is absent or null gives the field's default, or a KeyError if it has none.
    """

    def __init__(self, described: type[T]) -> None:
        self._described = described
        ways = [(item, *_json_ways(item.kind, item.of)) for item in fields_of(described)]
        self._writers = [(item.name, item.key, write) for item, write, _ in ways]
        self._readers = [
            (item.name, item.key, read, item.required and not item.optional) for item, _, read in ways
        ]
        self._open = {item.name: None for item, _, _ in ways if item.required and item.optional}
        self._by_key = {item.key: (item.name, read) for item, _, read in ways}

    def write(self, value: T) -> JsonObject:
        """Return a value as JSON."""
        found: JsonObject = {}
        for name, key, write in self._writers:
            item = getattr(value, name)
            found[key] = item if write is None or item is None else write(item)
        return found

    def read(self, data: Mapping[str, Any]) -> T:
        """Return JSON as a value."""
        found: dict[str, Any] = {**self._open}
        for name, key, read, needed in self._readers:
            item = data.get(key)
            if item is not None:
                found[name] = item if read is None else read(item)
            elif needed:
                raise KeyError(key)
        return self._described(**found)

    def read_some(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Read some keys of JSON as values by field name, for `dataclasses.replace`."""
        found: dict[str, Any] = {}
        for key, item in data.items():
            name, read = self._by_key[key]
            found[name] = item if read is None or item is None else read(item)
        return found


@cache
def codec_of(described: type[T]) -> Codec[T]:
    """Return the codec of a dataclass."""
    return Codec(described)


class Noun:
    """A dataclass whose JSON is derived from its fields."""

    __slots__ = ()

    def to_json(self) -> JsonObject:
        """Return the object as JSON."""
        return codec_of(type(self)).write(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Create the object from JSON; raises KeyError, TypeError or ValueError if it is invalid."""
        return codec_of(cls).read(data)


def written_by_people(described: type[Any], *, later: bool = False) -> Sequence[Field]:
    """Return a dataclass's fields that people write, or only those they may change later."""
    found = ((item, item.written) for item in fields_of(described))
    return [item for item, written in found if written is not None and (written.later or not later)]
