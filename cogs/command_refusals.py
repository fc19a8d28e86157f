"""Why Discord refuses a list of commands, and when it may take it. Pure.

A list is taken whole or not at all
(https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord

from cogs.background.discord_troubles import TROUBLES
from cogs.language import t
from schedulezero.errors import ScheduleZeroError

Payload = list[dict[str, Any]]

_INVALID_FORM = 50035
_DAILY_LIMIT = 30034
"""Both of https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes."""
_DAILY_LIMIT_SECONDS = 3600.0
"""Discord doesn't tell when its limit of 200 new commands a day ends."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 10.0, 3600.0
_MOST_SAID = 200
_USER_INSTALL, _PRIVATE_CHANNEL = 1, 2


class Cause(StrEnum):
    """What keeps Discord from taking a list."""

    INVALID = "invalid"
    DAILY_LIMIT = "daily_limit"
    RATE_LIMIT = "rate_limit"
    FORBIDDEN = "forbidden"
    AWAY = "away"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused list.

    Attributes:
        cause: what kept Discord from taking it.
        said: Discord's own words about it.
        command: the command that it names; empty if it names none.
        field: which part of the command.
        install: whether it names where a command may be installed or used.
        retry_after: after how many seconds it may be taken; None if only a change helps.
    """

    cause: Cause
    said: str = ""
    command: str = ""
    field: str = ""
    install: bool = False
    retry_after: float | None = None

    def to_json(self) -> dict[str, str]:
        """Return what `told` needs."""
        return {"cause": self.cause, "said": self.said, "command": self.command, "field": self.field}


def fingerprint(payload: Payload) -> str:
    """Return a hash of a list of commands."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def for_a_guild(payload: Payload) -> Payload:
    """Return a guild's own commands without the fields that only global ones have."""
    only_global = ("integration_types", "contexts", "dm_permission")
    return [{key: value for key, value in item.items() if key not in only_global} for item in payload]


def without_user_install(payload: Payload) -> Payload | None:
    """Return the list for an app that nobody can add to themselves; None if it is that already."""
    if not any(_USER_INSTALL in (item.get("integration_types") or ()) for item in payload):
        return None
    return [
        {
            **item,
            "integration_types": [kind for kind in item["integration_types"] if kind != _USER_INSTALL],
            "contexts": [place for place in item["contexts"] or () if place != _PRIVATE_CHANNEL],
        }
        if _USER_INSTALL in (item.get("integration_types") or ())
        else item
        for item in payload
    ]


def refusal_of(error: Exception, payload: Payload, attempt: int) -> Refusal:
    """Return why an attempt failed.

    Parameters:
        error: what it raised.
        payload: the list.
        attempt: its number, from 0; the pauses grow with it.
    """
    pause = min(_FIRST_PAUSE_SECONDS * 2 ** min(attempt, 20), _LONGEST_PAUSE_SECONDS)
    if isinstance(error, discord.RateLimited):
        return Refusal(Cause.RATE_LIMIT, retry_after=max(error.retry_after, 1.0))
    if isinstance(error, discord.HTTPException):
        said = error.text[:_MOST_SAID]
        if error.code == _DAILY_LIMIT:
            return Refusal(Cause.DAILY_LIMIT, said, retry_after=_DAILY_LIMIT_SECONDS)
        if error.code == _INVALID_FORM:
            return _invalid(error, payload)
        if error.status == 429:
            return Refusal(Cause.RATE_LIMIT, said, retry_after=pause)
        if error.status >= 500:
            return Refusal(Cause.AWAY, said, retry_after=pause)
        return Refusal(Cause.FORBIDDEN, said or str(error.status))
    if isinstance(error, (*TROUBLES, ScheduleZeroError)):
        return Refusal(Cause.AWAY, type(error).__name__, retry_after=pause)
    return Refusal(Cause.FAULT, type(error).__name__)


def _invalid(error: discord.HTTPException, payload: Payload) -> Refusal:
    # discord.py keeps the tree of errors (https://discord.com/developers/docs/reference#error-messages), but
    # shows its text only.
    found = list(_leaves(getattr(error, "_errors", None) or {}))
    if not found:
        return Refusal(Cause.INVALID, error.text[:_MOST_SAID])
    install = any({"integration_types", "contexts"} & set(path) for path, _ in found)
    path, said = found[0]
    command, field = _named(path, payload)
    return Refusal(Cause.INVALID, said[:_MOST_SAID], command, field, install)


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each path of the tree of errors with what Discord says about it."""
    for key, below in tree.items():
        if key == "_errors":
            for entry in below:
                yield path, str(entry.get("message", ""))
        elif isinstance(below, dict):
            yield from _leaves(below, (*path, key))


def _named(path: Sequence[str], payload: Payload) -> tuple[str, str]:
    """Return the command that a path leads to, and the rest of the path with options by their names."""
    here: Any = payload
    words: list[str] = []
    command = ""
    for key in path:
        if isinstance(here, list) and key.isdigit() and int(key) < len(here):
            here = here[int(key)]
            name = str(here.get("name", key)) if isinstance(here, dict) else key
            if not command:
                command = name
            else:
                words.append(name)
        else:
            here = here.get(key) if isinstance(here, dict) else None
            words.append(key)
    return command, ".".join(words)


def told(refusal: Mapping[str, str], when: str) -> str:
    """Say in the current language why a list was refused.

    Parameters:
        refusal: what `Refusal.to_json` returned.
        when: when it is offered again.
    """
    cause, said = refusal["cause"], refusal["said"]
    if cause == Cause.INVALID and refusal["command"]:
        return t(
            "Discord rejected the command “{command}” and kept the old list. `{field}`: {reason}",
            command=refusal["command"],
            field=refusal["field"],
            reason=said,
        )
    if cause in (Cause.INVALID, Cause.FORBIDDEN):
        return t("Discord rejected the commands and kept the old list: {reason}", reason=said)
    if cause == Cause.DAILY_LIMIT:
        return t("Discord won't accept any more new commands today. I'll try again {when}.", when=when)
    if cause == Cause.RATE_LIMIT:
        return t("Discord is asking me to wait before I change commands. I'll try again {when}.", when=when)
    if cause == Cause.AWAY:
        return t(
            "Discord couldn't accept the commands ({reason}). I'll try again {when}.", reason=said, when=when
        )
    return t("I couldn't register the commands ({reason}). My log has the details.", reason=said)
