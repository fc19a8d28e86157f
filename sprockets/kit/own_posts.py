"""Deletes the bot's own posts and its webhooks' posts, and nothing else."""

from __future__ import annotations

from typing import Any

import discord
from discord.ext import commands

from schedulezero.errors import Forbidden, Gone
from sprockets.kit.asking import asking_discord
from sprockets.kit.last_posts import Post
from sprockets.kit.lookups import guild_channel_of


async def delete_own(bot: commands.Bot, post: Post, doing: str) -> bool:
    """Delete one of the bot's posts; return False if it was gone already.

    Discord lets everyone delete their own messages. A webhook's post is deleted with the webhook's token,
    which takes no permission, either; to get it takes *Manage Webhooks*
    (https://discord.com/developers/docs/resources/webhook#delete-webhook-message).

    Parameters:
        bot: The bot.
        post: What to delete; the caller knows that the bot posted it.
        doing: What the job is doing, for the error's sentence.
    """
    try:
        channel: Any = await guild_channel_of(bot, post.channel_id)
        async with asking_discord(doing):
            webhook = await own_webhook(bot, post.webhook_id)
            if webhook is None:
                await channel.get_partial_message(post.message_id).delete()
            else:
                extra: dict[str, Any] = {"thread": channel} if isinstance(channel, discord.Thread) else {}
                await webhook.delete_message(post.message_id, **extra)
    except Gone:
        return False
    return True


async def own_webhook(bot: commands.Bot, webhook_id: int | None) -> discord.Webhook | None:
    """Return a webhook of the bot's with its token; None for none, and if somebody deleted it."""
    if webhook_id is None:
        return None
    try:
        webhook = await bot.fetch_webhook(webhook_id)
    except discord.NotFound:
        return None  # what it posted is deleted like anyone else's message
    if webhook.token is None:
        raise Forbidden("The webhook that posted the message isn't mine.", code="webhook_not_mine")
    return webhook
