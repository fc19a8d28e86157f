"""The names that a person can mean here: roles, people, channels, emojis and the bot's commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import discord
from discord import app_commands

from cogs.desk.kit.context import Desk
from cogs.rights.rights import Channel
from schedulezero.compose.typed_text import Directory, directory_of


async def directory_here(desk: Desk, found: Iterable[discord.Member] = ()) -> Directory:
    """Return the names that a person can mean here.

    Parameters:
        desk: who types, and where.
        found: members that are not in the cache.
    """
    guild = desk.guild
    members = {member.id: member for member in (*guild.members, *found)}
    return directory_of(
        roles=[(role.id, role.name) for role in guild.roles if not role.is_default()],
        members=[
            (item.id, [name for name in (item.nick, item.global_name) if name], item.name)
            for item in members.values()
        ],
        channels=[(channel.id, channel.name) for channel in _visible(guild, desk.member)],
        emojis=[(emoji.id, emoji.name, emoji.animated) for emoji in guild.emojis if emoji.available],
        commands=await _commands(desk),
    )


def _visible(guild: discord.Guild, member: discord.Member) -> Iterator[Channel]:
    """Yield the channels and threads that a person sees, so that no name tells of another."""
    for channel in (*guild.channels, *guild.threads):
        if isinstance(channel, discord.CategoryChannel):
            continue
        if isinstance(channel, discord.Thread) and channel.parent is None:
            continue  # the rights in it are unknown
        rights = channel.permissions_for(member)
        private = isinstance(channel, discord.Thread) and channel.is_private()
        seen = rights.view_channel and channel.permissions_for(guild.me).view_channel
        if seen and (not private or rights.manage_threads):
            yield channel


async def _commands(desk: Desk) -> list[tuple[str, str]]:
    """Return the id and the whole name of each of the bot's commands that can be mentioned.

    A group can't: https://discord.com/developers/docs/reference#message-formatting-formats
    """
    bot, found = desk.bot, list[tuple[str, str]]()
    for place in (None, desk.guild):
        ids = (await desk.services.commands.state(bot, place.id if place else None)).ids
        for command in bot.tree.walk_commands(guild=place):
            top = command.qualified_name.partition(" ")[0]
            if isinstance(command, app_commands.Command) and f"{top}:1" in ids:
                found.append((ids[f"{top}:1"], command.qualified_name))
    return found
