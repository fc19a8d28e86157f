"""Permissions that Discord takes away along with another one. Pure over discord.py's objects.

Whoever may not connect to a voice or stage channel may not manage it either, nor do anything else that takes
being there, whatever their roles allow
(https://discord.com/developers/docs/topics/permissions#implicit-permissions). discord.py counts with that.
"""

from __future__ import annotations

import discord

_BY_CONNECTING = discord.Permissions.voice() | discord.Permissions(manage_channels=True, manage_roles=True)


def lacking_in(
    channel: discord.abc.GuildChannel | discord.Thread, member: discord.Member, permission: str
) -> str | None:
    """Return the permission to give to a member who lacks one in a channel; None if they have it."""
    held = channel.permissions_for(member)
    if getattr(held, permission):
        return None
    voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    taken = voice and not held.connect and held.view_channel and getattr(_BY_CONNECTING, permission)
    return "connect" if taken else permission
