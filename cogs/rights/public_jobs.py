"""Decide which jobs may be posted publicly: those whose channels everyone in the guild can see. Pure.

A job that names no channel (a direct message, a role, a web call) or a private thread is visible only to
people who may schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord

from cogs.rights.rights import named_channels
from schedulezero.methods.spec import MethodSpec


def is_public(spec: MethodSpec | None, params: Mapping[str, Any], guild: discord.Guild) -> bool:
    """Return whether everyone may see a job or a run; if in doubt, it is not public.

    Parameters:
        spec: what its method declares; None if it is not loaded.
        params: its params, unconverted.
        guild: the guild that it belongs to.
    """
    named = named_channels(spec, params) if spec is not None else []
    return bool(named) and all(
        everybody_sees(guild, guild.get_channel_or_thread(channel_id)) for channel_id in named
    )


def everybody_sees(guild: discord.Guild, channel: discord.abc.GuildChannel | discord.Thread | None) -> bool:
    """Return whether every member of a guild can see a channel of it."""
    if isinstance(channel, discord.Thread) and (channel.is_private() or channel.parent is None):
        return False
    return channel is not None and channel.permissions_for(guild.default_role).view_channel
