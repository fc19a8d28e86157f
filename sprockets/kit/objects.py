"""Finds the objects that a job takes as parameters, such as ``channel: discord.TextChannel``.

Each is looked up when the job runs, in the run's own guild. One that is gone fails the run with a sentence.
"""

from __future__ import annotations

from typing import Any

import discord

from schedulezero.errors import JobFailed
from schedulezero.methods.discord_classes import finds_objects
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.lookups import find_message, guild_channel_of, guild_of, in_own_guild, role_of
from sprockets.kit.members import member_of
from sprockets.kit.messages import colour_of


@finds_objects
async def _find(bot: Any, classes: tuple[type, ...], value: Any) -> Any:
    if issubclass(classes[0], discord.abc.GuildChannel | discord.Thread):
        channel = await guild_channel_of(bot, value)
        if not isinstance(channel, classes):
            raise JobFailed(
                "This job doesn't work in {channel}, which is the wrong kind of channel.",
                retry=False,
                code="channel_of_another_kind",
                channel=channel,
            )
        return channel
    if discord.Member in classes:
        return await member_of(bot, value)
    if issubclass(classes[0], discord.User):
        return bot.get_user(value) or await _fetched_user(bot, value)
    if issubclass(classes[0], discord.Role):
        return role_of(in_own_guild(bot), value)
    if issubclass(classes[0], discord.Guild):
        return guild_of(bot, value)
    if issubclass(classes[0], discord.Message):
        return await find_message(bot, value)
    return colour_of(value)


async def _fetched_user(bot: discord.Client, user_id: int) -> discord.User:
    async with asking_discord(Sentence("look up the person {user_id}", "doing_find_person", user_id=user_id)):
        return await bot.fetch_user(user_id)
