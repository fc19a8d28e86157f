"""Decide which jobs may be posted publicly: those whose channels everyone in the guild can see. Pure.

A job that names no channel (a direct message, a role, a web call) or a private thread is visible only to
people who may schedule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def has_hidden_part(
    parts: Iterable[tuple[MethodSpec | None, Mapping[str, Any]]], guild: discord.Guild
) -> bool:
    """Return whether a part of a job posts where not everyone may see it; if in doubt, one does.

    A part that names no channel, such as a web call, shows nobody anything, so it hides nothing.

    Parameters:
        parts: what the method of each declares, None if it is not loaded, and its params.
        guild: the guild that the job belongs to.
    """
    return any(
        spec is None or (bool(named_channels(spec, params)) and not is_public(spec, params, guild))
        for spec, params in parts
    )


def everybody_sees(guild: discord.Guild, channel: discord.abc.GuildChannel | discord.Thread | None) -> bool:
    """Return whether every member of a guild can see a channel of it."""
    if isinstance(channel, discord.Thread) and (channel.is_private() or channel.parent is None):
        return False
    return channel is not None and channel.permissions_for(guild.default_role).view_channel
