"""Checks what our bot keeps in a job's params, under ``_meta``, on a server that has no other place for it.

A published server stores a job's method and params, and nothing else, and any of its clients can write
``_meta``. The handler reads it at each call, and the client in each list of jobs. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, cast

from schedulezero.errors import ParameterError, TriggerError
from schedulezero.instants import from_iso
from schedulezero.methods.spec import META_KEY
from schedulezero.model import JsonObject
from schedulezero.model.job import LONGEST_JOB_ID, NAME
from schedulezero.sentences import Sentence
from schedulezero.when.calendar.triggers import zone_of

LARGEST_META = 32 * 1024
"""Maximum length of ``_meta`` in characters, as JSON."""

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


def read_meta(found: Any) -> JsonObject:
    """Return ``_meta`` without what is null or unknown to us; raise ParameterError if it is malformed."""
    if not isinstance(found, dict):
        raise ParameterError(
            META_KEY,
            "{meta!r} must be an object, as the bot writes it.",
            code="meta_not_object",
            meta=META_KEY,
        )
    meta = cast(JsonObject, found)
    size = len(json.dumps(meta, ensure_ascii=False))
    if size > LARGEST_META:
        raise ParameterError(
            META_KEY,
            "{meta!r} has {size} characters; at most {most} are accepted.",
            code="meta_too_large",
            meta=META_KEY,
            size=size,
            most=LARGEST_META,
        )
    read = {name: meta[name] for name in _CHECKS if meta.get(name) is not None}
    for name, value in read.items():
        fits, wanted = _CHECKS[name]
        if not fits(value):
            raise _wrong(name, wanted)
    if "creator_id" in read and "guild_id" not in read:
        raise ParameterError(
            META_KEY,
            "{meta!r} has a `creator_id` but no `guild_id`; give both or neither.",
            code="meta_lacks_guild",
            meta=META_KEY,
        )
    return read


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_zone(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        zone_of(value)
    except TriggerError:
        return False
    return True


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        from_iso(value)
    except (ValueError, OverflowError):
        return False
    return True


def _is_trigger(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    trigger = cast(JsonObject, value)
    return isinstance(trigger.get("type"), str) and isinstance(trigger.get("args"), dict)


def _is_text(longest: int | None) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= (longest or 0)


def _short_text(most: int | None) -> Sentence:
    return Sentence("a text of at most {most} characters", "expected_short_text", most=most)


_ID_TEXT = Sentence("an ID as a text of digits", "expected_id_text")
_INSTANT = Sentence("a moment such as 2026-01-01T00:00:00Z", "expected_instant")

# Read as: a key of ``_meta``, whether it may hold a value other than null, and how an error says it.
_CHECKS: dict[str, tuple[Callable[[Any], bool], Sentence]] = {
    "guild_id": (_is_id, _ID_TEXT),
    "creator_id": (_is_id, _ID_TEXT),
    "timezone": (_is_zone, Sentence("the name of a time zone, such as Europe/Berlin", "expected_zone")),
    "name": (_is_text(NAME.longest), _short_text(NAME.longest)),
    "meta": (lambda value: isinstance(value, dict), Sentence("a JSON object", "expected_object")),
    "trigger": (_is_trigger, Sentence("a trigger with its `type` and `args`", "expected_trigger")),
    "created_at": (_is_instant, _INSTANT),
    "anchor_at": (_is_instant, _INSTANT),
    "schedule_id": (_is_text(LONGEST_JOB_ID), _short_text(LONGEST_JOB_ID)),
}


def _wrong(name: str, wanted: Sentence) -> ParameterError:
    return ParameterError(
        META_KEY,
        "{name!r} in {meta!r} must be {wanted}.",
        code="meta_value_wrong",
        name=name,
        meta=META_KEY,
        wanted=wanted,
    )
