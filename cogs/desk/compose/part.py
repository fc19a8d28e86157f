"""A part of a draft's post that has an editor of its own: embeds, files, link buttons, a poll, a layout.

The target of each click names the draft, the parameter and a place within its value, as in
``<draft>.embeds.0``; the value itself is in the draft, so that an editor survives restarts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from cogs.desk.creating.draft_view import loaded, own_draft
from cogs.desk.kit.context import Desk
from cogs.desk.kit.in_words import entries
from cogs.language import t
from cogs.memory import Draft
from cogs.services import Refused
from schedulezero.methods.parameters import Kind, Parameter
from schedulezero.methods.spec import MethodSpec


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a draft.

    Attributes:
        draft, spec: the draft and what its method declares.
        parameter: the part's parameter.
        numbers: the place within its value that was clicked, as far as one was.
    """

    draft: Draft
    spec: MethodSpec
    parameter: Parameter
    numbers: tuple[int, ...] = ()

    @property
    def value(self) -> Any:
        """The part as the draft has it."""
        return self.draft.values.get(self.parameter.name)

    @property
    def items(self) -> list[dict[str, Any]]:
        """The entries of a part that is a list."""
        return entries(self.value)

    def nested(self, path: Sequence[int], key: str) -> list[dict[str, Any]]:
        """Return a list within an entry; empty if the entry or the list isn't there."""
        items = self.items
        place = path[0] if path else -1
        return entries(items[place].get(key)) if 0 <= place < len(items) else []

    def target(self, *numbers: int) -> str:
        """Return the target of a click on a place within the part."""
        return ".".join([self.draft.id, self.parameter.name, *map(str, numbers)])

    def changed(self, value: Any) -> Part:
        """Return the part with another value; an empty one is left out of the draft."""
        values = {key: item for key, item in self.draft.values.items() if key != self.parameter.name}
        if value:
            values[self.parameter.name] = value
        return replace(self, draft=replace(self.draft, values=values))

    def with_nested(self, place: int, key: str, nested: list[dict[str, Any]]) -> Part:
        """Return the part with another list within an entry."""
        items = self.items
        kept = {name: item for name, item in items[place].items() if name != key}
        items[place] = {**kept, key: nested} if nested else kept
        return self.changed(items)


async def part_of(desk: Desk, target: str, kind: Kind) -> Part:
    """Return the caller's own part; raise Refused for someone else's, or one that isn't there."""
    draft_id, _, rest = target.partition(".")
    name, *places = rest.split(".")
    draft = await own_draft(desk, draft_id)
    spec = loaded(desk, draft.method)
    parameter = spec.parameter(name)
    known = parameter is not None and parameter.kind is kind
    if not known or not all(place.isascii() and place.isdecimal() and len(place) < 4 for place in places):
        raise Refused(t("This button is from an older version of me. Use the command again."))
    return Part(draft, spec, cast(Parameter, parameter), tuple(map(int, places)))


async def save(desk: Desk, part: Part) -> Part:
    """Save the draft with the part as it is now, and return the part."""
    await desk.memory.save_draft(part.draft)
    return part


def moved(items: Sequence[dict[str, Any]], place: int, by: int) -> tuple[list[dict[str, Any]], int]:
    """Return a list with one entry moved, and the entry's new place; it stays at either end."""
    found = list(items)
    goal = min(max(place + by, 0), len(found) - 1)
    found.insert(goal, found.pop(place))
    return found, goal


def without(items: Sequence[dict[str, Any]], place: int) -> list[dict[str, Any]]:
    """Return a list without one entry."""
    return [item for number, item in enumerate(items) if number != place]


def put(
    items: Sequence[dict[str, Any]], place: int, item: dict[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    """Return a list with an entry replaced, or appended behind the last one, and the entry's place."""
    found = list(items)
    if place < len(found):
        found[place] = item
        return found, place
    return [*found, item], len(found)
