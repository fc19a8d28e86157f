"""Entries of the audit log: who changed what, from what to what, and where. Frozen, with their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from schedulezero.model import JsonObject
from schedulezero.model.fields import Noun

# Fields that change on their own or follow from others.
_NOT_TOLD = frozenset(
    {"job_id", "version", "next_run_at", "updated_at", "created_at", "anchor_at", "run_count", "waiting"}
)
_INSIDE = frozenset({"params", "meta", "habits"})
_PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Change(Noun):
    """One field before and after a change; None means that it didn't exist."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class AuditEntry(Noun):
    """One change.

    Attributes:
        sequence: its position in the audit log.
        at: when it happened.
        action: the action, in one word.
        guild_id, job_id, name: what was changed; None where it doesn't apply.
        actor_id: user id of the person who made the change; None if unknown.
        via: ``discord``, ``rest`` or ``server``.
        changes: the fields before and after.
    """

    sequence: int
    at: datetime
    action: str
    guild_id: str | None
    job_id: str | None
    name: str | None
    actor_id: str | None
    via: str = "rest"
    changes: tuple[Change, ...] = ()


def changes_json(changes: tuple[Change, ...]) -> list[JsonObject]:
    """Return changes as the JSON that is sent and stored."""
    return [{"field": change.field, "old": change.old, "new": change.new} for change in changes]


def read_changes(items: list[Any]) -> tuple[Change, ...]:
    """Read changes from the JSON that `changes_json` returns."""
    return tuple(Change.from_json(item) for item in items)


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the differences between two JSON objects; params, meta and parts are compared key by key."""
    found: list[Change] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if key in _NOT_TOLD or old == new:
            continue
        if key == _PARTS:
            found += _changes_of_parts(old or [], new or [])
        elif key in _INSIDE:
            inside = changes_between(cast(JsonObject, old or {}), cast(JsonObject, new or {}))
            found += [Change(f"{key}.{item.field}", item.old, item.new) for item in inside]
        else:
            found.append(Change(key, old, new))
    return tuple(found)


def _changes_of_parts(before: list[JsonObject], after: list[JsonObject]) -> list[Change]:
    """Return what changed of a job's parts, as ``parts.<id>`` and ``parts.<id>.params.<name>``."""
    old, new = ({str(part["id"]): part for part in parts} for parts in (before, after))
    found: list[Change] = []
    for part_id in dict.fromkeys([*old, *new]):
        one, other = old.get(part_id), new.get(part_id)
        if one is None or other is None:
            found.append(Change(f"{_PARTS}.{part_id}", one, other))
            continue
        heads = [{key: value for key, value in part.items() if key != "params"} for part in (one, other)]
        if heads[0] != heads[1]:
            found.append(Change(f"{_PARTS}.{part_id}", *heads))
        inside = changes_between({"params": one.get("params")}, {"params": other.get("params")})
        found += [Change(f"{_PARTS}.{part_id}.{item.field}", item.old, item.new) for item in inside]
    if not found and [*old] != [*new]:
        found.append(Change(_PARTS, [*old], [*new]))
    return found
