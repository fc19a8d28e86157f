"""Post under another name and face, by the bot's own webhook in a channel, once per run.

A webhook's messages have no nonce, so an attempt that may have posted is always looked for in the channel.
https://discord.com/developers/docs/resources/webhook
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands

from schedulezero.compose import limits
from schedulezero.compose.expecting import expect_within
from schedulezero.errors import JobFailed, Uncertain
from schedulezero.handler.steps import step
from schedulezero.sentences import Sentence
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.lookups import Place, Sendable
from sprockets.kit.outgoing import Outgoing, is_of
from sprockets.kit.posting import look_back, posted
from sprockets.kit.turns import turn

_WEBHOOK = "ScheduleZero"
Home = discord.TextChannel | discord.VoiceChannel | discord.ForumChannel
"""A channel that can have webhooks."""
_FORBIDDEN_NAMES = re.compile(r"discord|clyde|```|^(everyone|here)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Face:
    """Under which name a post appears, and with which picture beside it."""

    name: str
    avatar_url: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return what discord.py's method takes for it."""
        return {"username": self.name, **({"avatar_url": self.avatar_url} if self.avatar_url else {})}


async def send_as(bot: commands.Bot, channel: Sendable, face: Face, said: Outgoing) -> dict[str, Any]:
    """Post a message under another name, once in the current run; returns its ids and link."""
    webhook = await webhook_in(bot, channel)

    async def do(plan: dict[str, Any]) -> dict[str, Any]:
        async with said.arguments(read_plan(plan), channel.id) as arguments:
            if isinstance(channel, discord.Thread):
                arguments["thread"] = channel
            async with asking_discord(
                Sentence(
                    "post in #{channel} through a webhook", "doing_post_by_webhook", channel=channel.name
                )
            ):
                sent = await webhook.send(**arguments, **face.arguments(), wait=True)
        return posted(sent, channel)

    async def find(plan: dict[str, Any], since: datetime) -> dict[str, Any] | None:
        async def is_it(message: discord.Message) -> bool:
            shown = await shown_to(webhook, message, channel)
            return shown is not None and is_of(read_plan(plan), shown)

        found = await look_back(channel, since, lambda item: item.webhook_id == webhook.id, is_it)
        return posted(found, channel) if found is not None else None

    return await step(f"as:{channel.id}", do, plan=said.plan(), find=find)


def read_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan, also one that a version before noted."""
    return {"content": plan.get("text"), **plan}


def expect_name(name: str) -> None:
    """Raise JobFailed for a name that Discord refuses: https://discord.com/developers/docs/resources/webhook"""
    if _FORBIDDEN_NAMES.search(name.strip()) or not name.strip():
        raise JobFailed(
            "Discord doesn't accept the name “{name}”. Choose another one.",
            retry=False,
            code="name_refused",
            name=name,
        )
    expect_within(limits.WEBHOOK_NAME, len(name))


async def webhook_in(bot: commands.Bot, channel: Place) -> discord.Webhook:
    """Return our webhook in a channel, creating it if there is none. A thread uses its parent's webhook."""
    home = webhook_home(channel)
    async with (
        turn(f"webhook:{home.id}"),
        asking_discord(
            Sentence("post in #{channel} through a webhook", "doing_post_by_webhook", channel=channel.name)
        ),
    ):
        for webhook in await home.webhooks():
            if is_ours(bot, webhook):
                return webhook
        return await home.create_webhook(name=_WEBHOOK, reason=REASON)


async def shown_to(
    webhook: discord.Webhook, message: discord.Message, channel: Sendable
) -> discord.Message | None:
    """Return our webhook's message with what it says; None if it is deleted since: somebody has seen it.

    An application without the Message Content flag sees the messages of its own webhooks without content
    (https://github.com/discord/discord-api-docs/issues/5411), unless it asks by the webhook's token. Raises
    Uncertain if Discord doesn't show it.
    """
    if _says_something(message):
        return message
    extra: dict[str, Any] = {"thread": channel} if isinstance(channel, discord.Thread) else {}
    found: discord.Message | None = None
    try:
        found = await webhook.fetch_message(message.id, **extra)
    except discord.NotFound:
        return None
    except discord.Forbidden:
        found = None  # as if it showed nothing
    if found is None or not _says_something(found):
        raise Uncertain(
            "I was stopped while posting, and Discord doesn't show me whether the post went out.",
            code="posting_hidden",
        )
    return found


def _says_something(message: discord.Message) -> bool:
    return bool(
        message.content or message.embeds or message.attachments or message.components or message.poll
    )


def webhook_home(channel: Place) -> Home:
    """Return the channel that has the webhooks for posts in a channel or thread; raises JobFailed if none."""
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    if not isinstance(home, Home):
        raise JobFailed(
            "Posts in #{name} can't use another name.",
            retry=False,
            code="no_posts_under_name",
            name=channel.name,
        )
    return home


def is_ours(bot: commands.Bot, webhook: discord.Webhook) -> bool:
    """Return whether a webhook is one that the bot made, and can post by."""
    creator, me = webhook.user, bot.user
    return bool(webhook.token and creator is not None and me is not None and creator.id == me.id)


async def own_webhook(bot: commands.Bot, found: discord.Message) -> discord.Webhook:
    """Return our webhook that posted a message. Raises JobFailed if it isn't by one of ours."""
    channel = found.channel
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    if found.webhook_id is not None and isinstance(home, Home):
        for webhook in await home.webhooks():
            if webhook.id == found.webhook_id and is_ours(bot, webhook):
                return webhook
    raise JobFailed(
        "I can only edit my own posts, and this one is by someone else.", retry=False, code="not_my_post"
    )
