"""What a lock is about: one channel or thread, a category with its channels, or the whole server."""

from __future__ import annotations

import discord
from discord.ext import commands

from schedulezero.handler.run_context import current_run
from schedulezero.methods.members import member_of
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.locks import lock_of, stands
from sprockets.kit.lookups import GuildChannel


def about_of(channel: GuildChannel, whole_server: bool) -> str:
    """Return what such a lock is about, for its ending."""
    return f"lock:server:{channel.guild.id}" if whole_server else f"lock:{channel.id}"


def called(channel: GuildChannel, whole_server: bool) -> str:
    """Return what people call what is locked."""
    if whole_server:
        return Sentence("The server {name}", "called_server", name=channel.guild.name)
    if isinstance(channel, discord.CategoryChannel):
        return Sentence("The category {name}", "called_category", name=channel.name)
    return f"#{channel.name}"


def unlocking(channel: GuildChannel, whole_server: bool) -> Sentence:
    """Return the name of the job that ends such a lock."""
    if whole_server:
        return Sentence("Unlock the server {name}", "ending_unlocks_server", name=channel.guild.name)
    if isinstance(channel, discord.CategoryChannel):
        return Sentence("Unlock the category {name}", "ending_unlocks_category", name=channel.name)
    return Sentence("Unlock #{channel}", "ending_unlocks", channel=channel.name)


def all_in(channel: GuildChannel, whole_server: bool) -> list[GuildChannel]:
    """Return the channels that a lock is about, categories with what is in them."""
    if whole_server:
        return list(channel.guild.channels)
    if isinstance(channel, discord.CategoryChannel):
        return [channel, *channel.channels]
    return [channel]


async def locked_about(bot: commands.Bot, guild: discord.Guild, about: str) -> list[GuildChannel]:
    """Return the channels that a lock with that reason closed."""
    found: list[GuildChannel] = []
    for place in guild.channels:
        lock = await lock_of(bot, place.id, guild.id)
        if lock is not None and about in lock.reasons:
            found.append(place)
    return found


async def standing_about(bot: commands.Bot, places: list[GuildChannel], about: str) -> bool:
    """Return whether an earlier run locked one of these channels for that reason, and it still is locked."""
    run_id = current_run().run_id
    for place in places:
        lock = await lock_of(bot, place.id, place.guild.id)
        earlier = lock is not None and (run_id is None or lock.run_id != run_id)
        if lock is not None and earlier and about in lock.reasons and stands(lock, place):
            return True
    return False


async def lockable(
    bot: commands.Bot, channel: GuildChannel, whole_server: bool
) -> tuple[list[GuildChannel], list[str]]:
    """Return the channels to lock, and the names of those where the bot or the job's creator may not."""
    found = all_in(channel, whole_server)
    if len(found) == 1:
        return found, []  # checked before the run
    creator_id, people = current_run().creator_id, [channel.guild.me]
    if creator_id is not None:
        async with asking_discord(
            Sentence("look for the member {user_id}", "doing_find_member", user_id=creator_id)
        ):
            people.append(await member_of(channel.guild, int(creator_id)))
    places: list[GuildChannel] = []
    refused: list[str] = []
    for place in found:
        rights = [place.permissions_for(person) for person in people]
        may = all(item.view_channel and item.manage_channels and item.manage_roles for item in rights)
        if may:
            places.append(place)
        else:
            refused.append(place.name)
    return places, refused
