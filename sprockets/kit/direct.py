"""Direct messages: one request for each, because the channel of each person is remembered.

Discord asks bots not to open direct messages en masse, and may stop those that do
(https://discord.com/developers/docs/resources/user#create-dm). The channel of two never changes its id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import discord
from discord.ext import commands

from schedulezero.errors import Gone
from schedulezero.methods.host import host_of
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord

T = TypeVar("T")
_CHANNELS = "dm-channel"

# i18n: completes “post in {place}”, for the person whose direct messages they are
YOUR_DIRECT_MESSAGES = Sentence("your direct messages", "place_your_direct_messages")
"""The channel's name in errors that the person reads."""


def direct_messages_of(user_id: int) -> Sentence:
    """Return the name of a person's direct messages in errors that others read."""
    # i18n: completes “post in {place}”
    return Sentence("the direct messages of {user_id}", "place_direct_messages", user_id=user_id)


async def in_direct_messages(
    bot: commands.Bot, user_id: int, doing: str, work: Callable[[discord.abc.Messageable], Awaitable[T]]
) -> T:
    """Do something in the direct messages with a person, and return its result.

    Opens them only if they weren't before, or if Discord doesn't know the channel any more. Raises what
    `asking_discord` does.

    Parameters:
        bot: The bot.
        user_id: The person.
        doing: What the job is doing, for the error's sentence, such as ``remind you``.
        work: Gets the channel and posts in it. It is called again with another channel if it raises Gone.
    """
    notes, person = host_of(bot).memory, str(user_id)
    kept = await notes.kept(_CHANNELS, person)
    if kept is not None:
        try:
            return await work(bot.get_partial_messageable(int(kept["channel_id"])))
        except Gone:
            await notes.forget(_CHANNELS, person)
    async with asking_discord(doing):
        opened = await bot.create_dm(discord.Object(user_id))
    await notes.put(_CHANNELS, person, {"channel_id": str(opened.id)})
    return await work(opened)
