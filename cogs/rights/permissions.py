"""The Discord permissions that the bot needs: those that its jobs declare, and a few for its own messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import discord

from schedulezero.methods.spec import MethodSpec

# Needed whatever the jobs are: for the bot's own panels and alerts, and to find what it posted before it was
# stopped.
_ALWAYS = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "embed_links",
    "attach_files",
    "read_message_history",
)


def wanted(specs: Iterable[MethodSpec]) -> dict[str, list[MethodSpec]]:
    """Return each needed permission with the jobs that need it; the bot's own needs have no jobs."""
    found: dict[str, list[MethodSpec]] = {name: [] for name in _ALWAYS}
    for spec in specs:
        for need in spec.needs:
            if need.of == "person":
                continue
            jobs = found.setdefault(need.permission, [])
            if spec not in jobs:
                jobs.append(spec)
    return found


def lacking(held: discord.Permissions, needed: Mapping[str, list[MethodSpec]]) -> list[str]:
    """Return the needed permissions that are not held."""
    return [name for name in needed if not getattr(held, name)]


def invited(specs: Iterable[MethodSpec]) -> discord.Permissions:
    """Return the permissions that the invite link grants."""
    return discord.Permissions(**dict.fromkeys(wanted(specs), True))


def invite(client_id: int, specs: Iterable[MethodSpec]) -> str:
    """Return an invite link with exactly the permissions that the bot and its jobs need."""
    return discord.utils.oauth_url(
        client_id, permissions=invited(specs), scopes=("bot", "applications.commands")
    )
