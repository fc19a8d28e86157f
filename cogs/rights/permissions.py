"""Which of Discord's permissions the bot needs: exactly those that its jobs declare, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import discord

from schedulezero.methods.spec import MethodSpec

# What the bot's own panels and alerts take, whatever jobs there are, and looking for what it posted
# before it was stopped.
_ALWAYS = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "embed_links",
    "attach_files",
    "read_message_history",
)


def wanted(specs: Iterable[MethodSpec]) -> dict[str, list[MethodSpec]]:
    """Each permission that is needed, and the jobs that need it; none for what the bot itself needs."""
    found: dict[str, list[MethodSpec]] = {name: [] for name in _ALWAYS}
    for spec in specs:
        for need in spec.needs:
            if need.of == "person" or need.only_in is not None:
                continue
            jobs = found.setdefault(need.permission, [])
            if spec not in jobs:
                jobs.append(spec)
    return found


def lacking(held: discord.Permissions, needed: Mapping[str, list[MethodSpec]]) -> list[str]:
    """Those of the permissions that are needed which somebody does not have."""
    return [name for name in needed if not getattr(held, name)]


def invited(specs: Iterable[MethodSpec]) -> discord.Permissions:
    """What the bot may do where it was invited by that link."""
    return discord.Permissions(**dict.fromkeys(wanted(specs), True))


def invite(client_id: int, specs: Iterable[MethodSpec]) -> str:
    """The link that invites the bot with just the permissions that its jobs need."""
    return discord.utils.oauth_url(
        client_id, permissions=invited(specs), scopes=("bot", "applications.commands")
    )
