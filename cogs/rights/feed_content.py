"""What the calendar feeds of a guild show: the bot knows Discord's channels, the server doesn't."""

from __future__ import annotations

from collections.abc import Iterable

import discord

from cogs.rights.public_jobs import everybody_sees
from cogs.rights.rights import channel_params
from schedulezero.methods.spec import MethodSpec
from schedulezero.model.feed import Shown

_USUAL = ("channel_id", "channel_ids")
"""Params that name channels whether or not a method declares them."""
_MOST_CHANNELS = 5000


def shown_in(guild: discord.Guild, specs: Iterable[MethodSpec], zone: str) -> Shown:
    """Return what every member of a guild may see: channels by name, and where methods name theirs.

    Parameters:
        guild: the guild.
        specs: the job methods that it may schedule.
        zone: its IANA zone.
    """
    visible = [channel for channel in (*guild.channels, *guild.threads) if everybody_sees(guild, channel)]
    methods = {spec.name: channel_params(spec) for spec in specs}
    return Shown(
        name=guild.name,
        timezone=zone,
        channels={str(channel.id): channel.name for channel in visible[:_MOST_CHANNELS]},
        # A method without any is named, too: the server knows that its parts tell nobody of a job.
        methods={name: list(dict.fromkeys((*own, *_USUAL))) if own else [] for name, own in methods.items()},
    )
