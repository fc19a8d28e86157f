"""Conditions of a post: only if a channel was quiet for so long, or had so many messages since the last post.

The bot's own messages, its webhooks' and those that Discord writes itself don't count. What was found is a
step, so that a run that is called again after it posted doesn't count its own post's answers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands

from schedulezero import instants
from schedulezero.errors import Forbidden
from schedulezero.handler.steps import step
from schedulezero.instants import to_iso
from schedulezero.sentences import Sentence, present_fields, read_sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.last_posts import last_post
from sprockets.kit.lookups import Place, Sendable
from sprockets.kit.posting import may_look_back

_MOST_LOOKED_AT = 1000
"""Ten requests. So many messages of the bot's own in the quiet time hide what is older."""


async def may_post(
    bot: commands.Bot,
    channel: Place,
    quiet_for: timedelta | None = None,
    messages_since: int | None = None,
) -> Sentence | None:
    """Return None if the current run may post in a channel, else why it doesn't; decided once in the run.

    Parameters:
        bot: The bot.
        channel: Where it would post.
        quiet_for: For how long nobody may have written.
        messages_since: How many messages must have come since the job's last post there. A first post, before
            which there is none, needs none.
    """
    if isinstance(channel, discord.ForumChannel) or (quiet_for is None and messages_since is None):
        return None

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        if not may_look_back(channel):
            raise Forbidden(
                "I can't see what was written in #{channel}. Give my role *Read Message History* there.",
                code="history_hidden",
                channel=channel.name,
            )
        async with asking_discord(
            Sentence("read the messages in #{channel}", "doing_see_written", channel=channel.name)
        ):
            why = await _written_lately(bot, channel, quiet_for) if quiet_for is not None else None
            if why is None and messages_since is not None:
                why = await _too_few_since(bot, channel, messages_since)
        return present_fields("why", why) if why is not None else {}

    return read_sentence(await step(f"may-post:{channel.id}", look), "why")


async def _written_lately(bot: commands.Bot, channel: Sendable, quiet_for: timedelta) -> Sentence | None:
    since = discord.Object(discord.utils.time_snowflake(instants.now() - quiet_for))
    async for message in channel.history(limit=_MOST_LOOKED_AT, after=since, oldest_first=False):
        if is_by_others(bot, message):
            return Sentence(
                "Nothing was posted in #{channel}, because someone wrote there ({at}).",
                "not_quiet",
                channel=channel.name,
                at=to_iso(message.created_at),
            )
    return None


async def _too_few_since(bot: commands.Bot, channel: Sendable, wanted: int) -> Sentence | None:
    last = await last_post(bot, channel.id)
    if last is None:
        return None
    count = 0
    async for message in channel.history(
        limit=None, after=discord.Object(last.message_id), oldest_first=True
    ):
        count += is_by_others(bot, message)
        if count >= wanted:
            return None
    return Sentence(
        "Nothing was posted in #{channel}. Messages since the last post: {count} of {wanted}.",
        "too_few_messages",
        channel=channel.name,
        count=count,
        wanted=wanted,
    )


def is_by_others(bot: commands.Bot, message: discord.Message) -> bool:
    """Return whether a message is neither the bot's own, nor its webhook's, nor Discord's."""
    assert bot.user is not None
    own = message.author.id == bot.user.id or message.application_id == bot.application_id
    return not message.is_system() and not own
