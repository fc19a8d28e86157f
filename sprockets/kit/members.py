"""Finds a member of the run's own guild, as they are now."""

from __future__ import annotations

import discord

from schedulezero.errors import Gone
from schedulezero.methods.members import member_of as current_member
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.lookups import in_own_guild, not_here


async def member_of(bot: discord.Client, user_id: int, guild: discord.Guild | None = None) -> discord.Member:
    """Return a member in their current state, with their roles and nickname.

    Parameters:
        bot: The bot.
        user_id: The member's id.
        guild: Their guild; by default that of the run's job.

    Raises JobFailed if the person isn't in the guild, or if the job belongs to no guild and none is given.
    """
    guild = guild if guild is not None else in_own_guild(bot)
    try:
        async with asking_discord(
            Sentence("look for the member {user_id}", "doing_find_member", user_id=user_id)
        ):
            return await current_member(guild, user_id)
    except Gone as error:
        raise not_here(user_id) from error
