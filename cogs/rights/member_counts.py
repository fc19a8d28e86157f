"""Ask Discord how many members a guild has, for texts that tell it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import discord

from cogs.background.discord_troubles import TROUBLES
from schedulezero.methods.members import is_kept_up_to_date, note_count, noted_count, tells_members

log = logging.getLogger(__name__)


async def count_members(client: discord.Client, guild: discord.Guild, texts: Iterable[Any]) -> None:
    """Ask for a guild's number of members if a text has ``{members}`` and the number isn't known.

    If Discord can't be asked, the last known number is told.

    Parameters:
        client: The client that asks.
        guild: The guild.
        texts: Values of a job, of which some may be texts.
    """
    if is_kept_up_to_date(guild) or noted_count(guild.id) is not None or not tells_members(texts):
        return
    try:
        counted = await client.fetch_guild(guild.id, with_counts=True)
    except TROUBLES as error:
        log.info("the members of guild %s cannot be counted: %s", guild.id, error)
        return
    if counted.approximate_member_count is not None:
        note_count(guild.id, counted.approximate_member_count)
