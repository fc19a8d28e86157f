"""What of a method's params is secret: what its JSON Schema marks as ``writeOnly``, at any depth. Pure.

Where there is no schema, and of params that an object with ``properties`` doesn't declare, the names tell
(`schedulezero.methods.secret_params`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from schedulezero.methods.parameters import names_an_address
from schedulezero.methods.secret_params import is_secret_by_name
from schedulezero.model import JsonObject
from schedulezero.web.address import shortened

HIDDEN = "…"
_EITHER = ("anyOf", "oneOf", "allOf")
_ELSE = ("if", "then", "else")
_LOCAL = "#/"
_MOST_SCHEMAS = 200
"""The most schemas that are looked at for one value; more of them mean that it is secret."""


class NotItsMask(ValueError):
    """A mask that came back isn't that of the present value.

    Attributes:
        name: of which param.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a method's params.

    Attributes:
        root: the whole schema, for its references; None if there is none.
        schemas: those that hold here, with all alternatives; None if the names tell.
    """

    root: JsonObject | None
    schemas: tuple[JsonObject, ...] | None

    def is_secret(self, name: str) -> bool:
        """Return whether what is here, under this name, is secret."""
        if self.schemas is None:
            return is_secret_by_name(name)
        return any(schema.get("writeOnly") is True for schema in self.schemas)

    def below(self, name: str) -> Place:
        """Return the place of an object's member."""
        if self.schemas is None:
            return self
        found: list[Any] = []
        is_declaring = False
        for schema in self.schemas:
            properties = schema.get("properties")
            if isinstance(properties, dict):
                is_declaring = True
                found += [item for key, item in cast(JsonObject, properties).items() if key == name]
            found.append(schema.get("additionalProperties"))
            patterns = schema.get("patternProperties")
            found += cast(JsonObject, patterns).values() if isinstance(patterns, dict) else ()
        schemas = _all_of(self.root, found)
        if not schemas and is_declaring:
            return Place(self.root, None)
        return Place(self.root, schemas)

    def item(self) -> Place:
        """Return the place of a list's items."""
        if self.schemas is None:
            return self
        found: list[Any] = []
        for schema in self.schemas:
            found.append(schema.get("items"))
            prefix = schema.get("prefixItems")
            found += cast("list[Any]", prefix) if isinstance(prefix, list) else ()
        return Place(self.root, _all_of(self.root, found))


def params_of(schema: JsonObject | None) -> Place:
    """Return the place of all params of a method."""
    schemas = _all_of(schema, [schema]) if schema is not None else ()
    return Place(schema, schemas) if any("properties" in item for item in schemas) else Place(schema, None)


def masked(place: Place, name: str, value: Any) -> Any:
    """Return a value as a token sees it that may only read."""
    if not value:
        return value
    if place.is_secret(name):
        return mask(name, value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value).items()
        return {key: masked(place.below(key), key, item) for key, item in members}
    if isinstance(value, list):
        item_place = place.item()
        return [masked(item_place, name, item) for item in cast("list[Any]", value)]
    return value


def mask(name: str, value: Any) -> Any:
    """Return what is shown instead of a secret: an address's scheme and host, nothing of other values."""
    if not value:
        return value
    is_address = isinstance(value, str) and value.startswith(("https://", "http://"))
    return shortened(value) if is_address and names_an_address(name) else HIDDEN


def kept(place: Place, name: str, before: Any, after: Any) -> Any:
    """Return a changed value with the secrets that it had wherever the change has their masks.

    Lists keep theirs only as a whole: an item that moved would get another one's. Raises NotItsMask.
    """
    if after == before:
        return after
    if place.is_secret(name):
        is_mask = isinstance(after, str) and (after == HIDDEN or after.endswith(f"/{HIDDEN}"))
        if not is_mask:
            return after
        if after != mask(name, before):
            raise NotItsMask(name)
        return before
    if isinstance(after, Mapping):
        known: Mapping[str, Any] = cast("Mapping[str, Any]", before) if isinstance(before, Mapping) else {}
        members = cast("Mapping[str, Any]", after).items()
        return {key: kept(place.below(key), key, known.get(key), item) for key, item in members}
    if isinstance(after, list):
        if isinstance(before, list) and after == masked(place, name, before):
            return cast("list[Any]", before)
        return [kept(place.item(), name, None, item) for item in cast("list[Any]", after)]
    return after


def _all_of(root: JsonObject | None, schemas: list[Any]) -> tuple[JsonObject, ...]:
    """Return schemas with their alternatives, and with what they refer to."""
    found: dict[int, JsonObject] = {}
    waiting = schemas
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, dict) or id(cast(JsonObject, schema)) in found:
            continue
        schema = cast(JsonObject, schema)
        found[id(schema)] = schema
        if len(found) > _MOST_SCHEMAS:
            return ({"writeOnly": True},)
        for key in _EITHER:
            either = schema.get(key)
            waiting += cast("list[Any]", either) if isinstance(either, list) else ()
        waiting += [schema.get(key) for key in _ELSE]
        waiting += _referred(root, schema.get("$ref"))
    return tuple(found.values())


def _referred(root: JsonObject | None, reference: Any) -> Iterator[Any]:
    """Yield what a reference within a schema means (RFC 6901), if it is there."""
    if not isinstance(reference, str) or not reference.startswith(_LOCAL):
        return
    found: Any = root
    for step in reference.removeprefix(_LOCAL).split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict):
            return
        found = cast(JsonObject, found).get(step)
    yield found
