"""Reads what our bot sends inside a job's params to a server that has no other place for it.

A published server stores a job's method and params, and nothing else. So the bot puts the job's guild,
creator and time zone into the params, under ``_meta``; at each call they take the place of the ``context``
that our own server sends. The job function never gets them.

Whoever can make such a server call us can also leave ``_meta`` out, and then the call acts with the bot's own
rights. ``_meta`` only narrows them: to its guild, and to what its creator may do. A malformed one is refused,
because the rights that were meant are unknown. If a call's ``context`` names a guild or a creator, ``_meta``
is ignored.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, cast

from schedulezero.errors import ParameterError, TriggerError
from schedulezero.methods.spec import META_KEY
from schedulezero.model import JsonObject
from schedulezero.when.calendar.triggers import zone_of
from schedulezero.wire.protocol import Call

LARGEST_META = 32 * 1024
"""Maximum length of ``_meta`` in characters, as JSON."""

_ID = re.compile(r"[0-9]{1,20}", re.ASCII)

# Read as: a key of ``_meta``, what it may hold other than null, and how an error says it.
_TYPES: dict[str, tuple[type, str]] = {
    "guild_id": (str, "an id as a text of digits"),
    "creator_id": (str, "an id as a text of digits"),
    "timezone": (str, "the name of a time zone, such as Europe/Berlin"),
    "name": (str, "a text"),
    "meta": (dict, "an object"),
    "trigger": (dict, "an object"),
    "created_at": (str, "a text"),
}
_IDS = ("guild_id", "creator_id")


def with_meta(call: Call) -> Call:
    """Return a call without ``_meta`` in its params, and with its guild, creator and zone in the context.

    Raises ParameterError if ``_meta`` is malformed.
    """
    if META_KEY not in call.params:
        return call
    params = {name: value for name, value in call.params.items() if name != META_KEY}
    if any(call.context.get(name) is not None for name in _IDS):
        return replace(call, params=params)
    return replace(call, params=params, context={**call.context, **_read(call.params[META_KEY])})


def _read(found: Any) -> JsonObject:
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
    for name, (kind, wanted) in _TYPES.items():
        value = meta.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or (name in _IDS and _ID.fullmatch(str(value)) is None):
            raise _wrong(name, wanted)
    if meta.get("timezone") is not None:
        try:
            zone_of(meta["timezone"])
        except TriggerError as error:
            raise _wrong("timezone", _TYPES["timezone"][1]) from error
    if meta.get("creator_id") is not None and meta.get("guild_id") is None:
        raise ParameterError(
            META_KEY,
            "{meta!r} names a creator without a guild; name both, or neither.",
            code="meta_lacks_guild",
            meta=META_KEY,
        )
    return {name: meta[name] for name in (*_IDS, "timezone") if meta.get(name) is not None}


def _wrong(name: str, wanted: str) -> ParameterError:
    return ParameterError(
        META_KEY,
        "{name!r} in {meta!r} must be {wanted}.",
        code="meta_value_wrong",
        name=name,
        meta=META_KEY,
        wanted=wanted,
    )
