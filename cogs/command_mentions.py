"""Slash commands in texts, which a click opens: ``</schedule create:123>`` instead of ``/schedule create``.

Discord shows such a mention in messages, not in the titles, labels and placeholders of forms and buttons
(https://discord.com/developers/docs/reference#message-formatting). The ids are Discord's, known once
`cogs.command_sync` has compared or sent the list; until then, and for commands of single guilds, the text
stays in code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_CHAT_INPUT = 1
_SUBCOMMAND, _GROUP = 1, 2
_IN_CODE = re.compile(r"`/([\w-]+(?: [\w-]+)*)((?: [\w-]+:)*)`")

_ids: dict[str, str] = {}


def learn(listed: Iterable[Mapping[str, Any]]) -> None:
    """Take over the ids of the global commands, as Discord lists them.

    A subcommand is mentioned with the id of its command, and a command that has subcommands only with one.
    """
    _ids.clear()
    for command in listed:
        if command.get("type", _CHAT_INPUT) == _CHAT_INPUT:
            _ids.update(dict.fromkeys(_names(command), str(command["id"])))


def mention_of(name: str) -> str:
    """Return the mention of a command such as ``schedule create``; its name in code if its id isn't known."""
    known = _ids.get(name)
    return f"</{name}:{known}>" if known is not None else f"`/{name}`"


def with_mentions(text: str) -> str:
    """Return a text with the commands in it that stand in code, such as ``/schedule create``, as mentions.

    Options behind a command, such as ``/schedule create job:``, stay in code beside it.
    """

    def mentioned(part: re.Match[str]) -> str:
        if part[1] not in _ids:
            return part[0]
        return f"{mention_of(part[1])} `{part[2].strip()}`" if part[2] else mention_of(part[1])

    return _IN_CODE.sub(mentioned, text)


def _names(command: Mapping[str, Any]) -> list[str]:
    parts = [item for item in command.get("options") or () if item.get("type") in (_SUBCOMMAND, _GROUP)]
    if not parts:
        return [str(command["name"])]
    return [f"{command['name']} {name}" for item in parts for name in _names(item)]
