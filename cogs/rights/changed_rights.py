"""Whether a change of a channel, a role or a member may change what the bot may do. Pure."""

from __future__ import annotations

import discord


def channel_changes_rights(before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> bool:
    """Return whether a change of a channel may change what the bot may do there."""
    return before.overwrites != after.overwrites


def role_changes_rights(before: discord.Role, after: discord.Role) -> bool:
    """Return whether a change of a role may change what the bot may do."""
    return (before.permissions, before.position) != (after.permissions, after.position)


def member_changes_rights(before: discord.Member, after: discord.Member) -> bool:
    """Return whether a change of a member is one of the bot itself, and of what it may do."""
    changed = before.roles != after.roles or before.timed_out_until != after.timed_out_until
    return after == after.guild.me and changed
