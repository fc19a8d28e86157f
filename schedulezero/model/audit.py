"""Entries of the audit: who changed what, old → new, where. Frozen, with their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from schedulezero.model import JsonObject
from schedulezero.model.fields import Noun

# What changes by itself, or follows from the rest.
_NOT_TOLD = frozenset(
    {"job_id", "version", "next_run_at", "updated_at", "created_at", "anchor_at", "run_count"}
)
_INSIDE = frozenset({"params", "meta"})


@dataclass(frozen=True, slots=True)
class Change(Noun):
    """One field, as it was and as it is; None stands for *was not there*."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class AuditEntry(Noun):
    """One change.

    Attributes:
        sequence: its place in the audit.
        at: when.
        action: what was done, in one word.
        guild_id, job_id, name: to what, None where that says nothing.
        actor_id: the user's id of whoever did it, None for nobody known.
        via: ``discord``, ``rest`` or ``server``.
        changes: old → new.
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
    """Changes as they travel and are kept."""
    return [change.to_json() for change in changes]


def read_changes(items: list[Any]) -> tuple[Change, ...]:
    """The inverse of `changes_json`."""
    return tuple(Change.from_json(item) for item in items)


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs between two JSON objects; params and meta are told key by key."""
    found: list[Change] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if key in _NOT_TOLD or old == new:
            continue
        if key in _INSIDE:
            inside = changes_between(cast(JsonObject, old or {}), cast(JsonObject, new or {}))
            found += [Change(f"{key}.{item.field}", item.old, item.new) for item in inside]
        else:
            found.append(Change(key, old, new))
    return tuple(found)
