"""Finds channels, guilds, roles, members and messages, only in the guild of the run."""

from __future__ import annotations

from typing import Any

import discord

from schedulezero.errors import Gone, JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.methods.members import member_of
from schedulezero.methods.message_links import read_message_link
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord

Sendable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel
Place = Sendable | discord.ForumChannel
"""Where a post can go: a forum gets a new post with it."""
GuildChannel = discord.abc.GuildChannel | discord.Thread


async def channel_of(bot: discord.Client, channel_id: int) -> Sendable:
    """Return the channel or thread with that id, if messages can be posted in it.

    Raises JobFailed if there is none, if it accepts no messages, or if it belongs to another guild than the
    job.
    """
    channel = await guild_channel_of(bot, channel_id)
    if not isinstance(channel, Sendable):
        raise JobFailed(
            "I can't post messages in {channel}. Choose a text channel.",
            retry=False,
            code="cannot_post_in",
            channel=channel,
        )
    return channel


async def place_of(bot: discord.Client, channel_id: int) -> Place:
    """Return the channel, thread or forum with that id, if a post can go there; raises as `channel_of`."""
    channel = await guild_channel_of(bot, channel_id)
    return channel if isinstance(channel, discord.ForumChannel) else await channel_of(bot, channel_id)


async def guild_channel_of(bot: discord.Client, channel_id: int) -> GuildChannel:
    """Return the channel or thread with that id, of any kind.

    Raises JobFailed if there is none, or if it belongs to another guild than the job.
    """
    channel: Any = bot.get_channel(channel_id)
    if channel is None:
        try:
            async with asking_discord(
                Sentence("see the channel {channel_id}", "doing_see_channel", channel_id=channel_id)
            ):
                channel = await bot.fetch_channel(channel_id)
        except Gone as error:
            raise Gone(
                "The channel {channel_id} no longer exists.",
                pause=True,
                code="channel_missing",
                channel_id=channel_id,
            ) from error
    expect_guild(getattr(channel, "guild", None))
    return channel


async def find_message(bot: discord.Client, link: str) -> discord.Message:
    """Return the message that a link leads to.

    Raises JobFailed if there is none, or if it belongs to another guild than the job.
    """
    found = read_message_link(link)
    if found is None:
        raise JobFailed("That isn't a message link.", retry=False, code="not_a_message_link")
    channel = await channel_of(bot, found.channel_id)
    async with asking_discord(Sentence("find the post", "doing_find_post")):
        return await channel.fetch_message(found.message_id)


def expect_guild(guild: discord.Guild | None) -> None:
    """Raise JobFailed if the current run's job belongs to another guild than this one."""
    wanted = current_run().guild_id
    if wanted is not None and (guild is None or str(guild.id) != wanted):
        raise JobFailed(
            "The job acts on something outside the server it belongs to.",
            retry=False,
            code="job_of_another_guild",
        )


def guild_of(bot: discord.Client, guild_id: int) -> discord.Guild:
    """Return the guild with that id.

    Raises JobFailed if the bot isn't in it, or if the job belongs to another guild.
    """
    guild = bot.get_guild(guild_id)
    if guild is None:
        raise JobFailed(
            "I'm no longer in the server {guild_id}.",
            retry=False,
            code="bot_left_guild",
            guild_id=guild_id,
        )
    expect_guild(guild)
    return guild


def in_own_guild(bot: discord.Client) -> discord.Guild:
    """Return the guild of the run's job. Raises JobFailed if the job belongs to none."""
    guild_id = current_run().guild_id
    if guild_id is None:
        raise JobFailed("This job doesn't belong to a server.", retry=False, code="job_without_guild")
    return guild_of(bot, int(guild_id))


async def expect_member(bot: discord.Client, user_id: int) -> discord.Member | None:
    """Raise JobFailed if the job belongs to a guild and this person isn't a member of it.

    Returns the member; None for a job without a guild.
    """
    guild_id = current_run().guild_id
    if guild_id is None:
        return None
    guild = guild_of(bot, int(guild_id))
    try:
        async with asking_discord(
            Sentence("look for the member {user_id}", "doing_find_member", user_id=user_id)
        ):
            return await member_of(guild, user_id)
    except Gone as error:
        raise not_here(user_id) from error


def not_here(user_id: int) -> JobFailed:
    """Return the failure of a job about somebody who isn't in its guild."""
    return JobFailed("{user_id} isn't in this server.", retry=False, code="user_not_here", user_id=user_id)


def role_of(guild: discord.Guild, role_id: int) -> discord.Role:
    """Return the role with that id. Raises JobFailed if the guild has none."""
    role = guild.get_role(role_id)
    if role is None:
        raise JobFailed(
            "The role {role_id} no longer exists.", retry=False, code="role_missing", role_id=role_id
        )
    return role
