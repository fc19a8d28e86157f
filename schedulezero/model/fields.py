"""What the dataclasses of the model say of their own fields, and the JSON that follows from it.

A field's type says how it travels: an instant as ISO 8601, a length of time in seconds under a key that ends
in ``_seconds``. `Annotated` adds what a type cannot say: another key, the bounds of a value that comes from
outside, and who writes the field. JSON, request bodies, the description of the REST API and the rows of jobs
are all made of this, so that a field is described in one place.
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
    """The key of a field in JSON, where it isn't the field's name."""

    key: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value from outside may be; None means any.

    Attributes:
        shortest, longest: characters of a text, or entries of an object.
        pattern: what a text must match.
        stripped: whether spaces around a text are dropped.
        least, most: of a number, or of the seconds of a length of time.
    """

    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    stripped: bool | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A field that people write; the server itself writes those without this.

    Attributes:
        later: whether they may change it after they made it.
        defines: whether it is part of what a job does and when.
    """

    later: bool = True
    defines: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a dataclass.

    Attributes:
        name: of the attribute.
        key: in JSON.
        kind: its class, such as `datetime` or `Mapping`.
        of: what a tuple holds.
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
    """The fields of a dataclass, in their order."""
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
"""How a value is written or read; None for one that travels as it is."""


def seconds(value: Any) -> timedelta:
    """A number of seconds as a length of time."""
    return timedelta(seconds=float(value))


def enum_ways(kind: type[StrEnum]) -> tuple[Way, Way]:
    """How the members of an enumeration are written and read."""
    members = {str(member): member for member in kind}
    return str, lambda value: members.get(value) or kind(value)  # asking the class takes four times as long


# Read as: the class of a field, how its value is written to JSON, and how it is read.
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

    What is absent or null is the field's default; KeyError tells of a field that has none.
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
        """A value as JSON."""
        found: JsonObject = {}
        for name, key, write in self._writers:
            item = getattr(value, name)
            found[key] = item if write is None or item is None else write(item)
        return found

    def read(self, data: Mapping[str, Any]) -> T:
        """JSON as a value."""
        found: dict[str, Any] = {**self._open}
        for name, key, read, needed in self._readers:
            item = data.get(key)
            if item is not None:
                found[name] = item if read is None else read(item)
            elif needed:
                raise KeyError(key)
        return self._described(**found)

    def read_some(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Some entries of JSON as values under the fields' names, as `dataclasses.replace` takes them."""
        found: dict[str, Any] = {}
        for key, item in data.items():
            name, read = self._by_key[key]
            found[name] = item if read is None or item is None else read(item)
        return found


@cache
def codec_of(described: type[T]) -> Codec[T]:
    """The codec of a dataclass."""
    return Codec(described)


class Noun:
    """A dataclass whose JSON follows from its fields."""

    __slots__ = ()

    def to_json(self) -> JsonObject:
        """Returns it as JSON."""
        return codec_of(type(self)).write(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Reads it; KeyError, TypeError or ValueError tells what cannot be read."""
        return codec_of(cls).read(data)


def written_by_people(described: type[Any], *, later: bool = False) -> Sequence[Field]:
    """The fields of a dataclass that people write, or may change later."""
    found = ((item, item.written) for item in fields_of(described))
    return [item for item, written in found if written is not None and (written.later or not later)]
