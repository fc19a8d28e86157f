"""More post jobs: polls, posts under another name and avatar, and editing or deleting earlier posts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.errors import Gone, JobFailed, Uncertain
from schedulezero.handler.steps import step
from schedulezero.methods.markup import escaped
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelId, Duration, LongText, MessageLink, Text, Url, job
from schedulezero.sentences import Sentence
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.comparing import alike
from sprockets.kit.lookups import Sendable, channel_of, find_message
from sprockets.kit.messages import (
    MOST_TEXT,
    embed_of,
    expect_texts,
    fitting,
    mentions,
    silenced,
    text_for,
)
from sprockets.kit.posting import look_back, post, posted
from sprockets.kit.results import success

_MOST_ANSWERS = 10
_LONGEST_ANSWER = 55
_LONGEST_QUESTION = 300
_WEBHOOK = "ScheduleZero"
_WITH_WEBHOOKS = discord.TextChannel | discord.VoiceChannel | discord.ForumChannel
_FORBIDDEN_NAMES = re.compile(r"discord|clyde|```|^(everyone|here)$", re.IGNORECASE)


@job(
    needs=in_channel("channel_id", "send_messages", "send_polls"),
    variables=("question",),
    resumable=True,
)
async def send_poll(
    bot: commands.Bot,
    channel_id: ChannelId,
    question: Annotated[Text, Field(max_length=_LONGEST_QUESTION)],
    answers: LongText,
    lasts: Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=32))] = timedelta(days=1),
    several: bool = False,
) -> dict[str, Any]:
    """Ask people with a poll.

    Params:
        channel_id: Where to ask
        question: What to ask
        answers: The answers to choose from, one on each line, at most 10
        lasts: How long the poll is open, from 1 hour to 32 days
        several: Let people pick more than one answer
    """
    channel = await channel_of(bot, channel_id)
    poll = discord.Poll(
        question=fitting(text_for(channel.guild, question), _LONGEST_QUESTION, "question"),
        # Discord counts a poll's length in whole hours.
        duration=timedelta(hours=max(round(lasts / timedelta(hours=1)), 1)),
        multiple=several,
    )
    for answer in _answers(answers):
        poll.add_answer(text=answer)
    quiet = discord.AllowedMentions.none()
    return {"success": True, **await post(channel, f"#{channel.name}", poll=poll, allowed_mentions=quiet)}


@send_poll.check
async def _check_poll(bot: commands.Bot, channel_id: int, question: str, answers: str, **_: Any) -> None:
    channel = await channel_of(bot, channel_id)
    expect_texts(channel.guild, question, _LONGEST_QUESTION, "question")
    _answers(answers)


@send_poll.preview
async def _poll_preview(bot: commands.Bot, channel_id: int, question: str, answers: str, **_: Any) -> str:
    """Return the poll's answers as people will read them."""
    return "\n".join(f"○ {escaped(answer)}" for answer in _answers(answers))


def _answers(text: str) -> list[str]:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(found) <= _MOST_ANSWERS:
        raise JobFailed(
            "A poll takes 1 to {most_answers} answers, each on a line of its own, not {count}.",
            retry=False,
            code="poll_answers",
            most_answers=_MOST_ANSWERS,
            count=len(found),
        )
    for answer in found:
        if len(answer) > _LONGEST_ANSWER:
            raise JobFailed(
                "The answer “{answer}…” has {length} characters; Discord takes {longest_answer}.",
                retry=False,
                code="poll_answer_too_long",
                answer=answer[:40],
                length=len(answer),
                longest_answer=_LONGEST_ANSWER,
            )
    return found


@job(
    needs=in_channel("channel_id", "send_messages", "manage_webhooks"),
    variables=("message",),
    pings=("message",),
    resumable=True,
)
async def send_as(
    bot: commands.Bot,
    channel_id: ChannelId,
    name: Annotated[Text, Field(max_length=80)],
    message: Annotated[LongText, Field(max_length=4000)],
    avatar_url: Url | None = None,
) -> dict[str, Any]:
    """Post under another name and avatar.

    Params:
        channel_id: Where to post
        name: The name to post under
        message: What to say
        avatar_url: Address of the picture to show beside it
    """
    channel = await channel_of(bot, channel_id)
    _expect_name(name)
    text, silent = silenced(text_for(channel.guild, message))
    fitting(text, MOST_TEXT, "message")
    async with asking_discord(f"post in #{channel.name} by a webhook"):
        webhook = await _webhook(bot, channel)

    async def send(plan: dict[str, Any]) -> dict[str, Any]:
        extra: dict[str, Any] = {"thread": channel} if isinstance(channel, discord.Thread) else {}
        async with asking_discord(f"post in #{channel.name} by a webhook"):
            sent = await webhook.send(
                plan["text"],
                username=name,
                avatar_url=avatar_url or discord.utils.MISSING,
                allowed_mentions=mentions(message, channel=channel),
                silent=silent,
                wait=True,
                **extra,
            )
        return posted(sent, channel)

    async def find(plan: dict[str, Any], since: datetime) -> dict[str, Any] | None:
        async def is_it(message: discord.Message) -> bool:
            return alike(plan["text"], await _content(webhook, message, channel))

        found = await look_back(channel, since, lambda item: item.webhook_id == webhook.id, is_it)
        return posted(found, channel) if found is not None else None

    return {"success": True, **await step(f"as:{channel.id}", send, plan={"text": text}, find=find)}


@send_as.check
async def _check_as(bot: commands.Bot, channel_id: int, name: str, message: str, **_: Any) -> None:
    channel = await channel_of(bot, channel_id)
    _webhook_home(channel)
    _expect_name(name)
    expect_texts(channel.guild, message, MOST_TEXT, "message", silent=True)


def _expect_name(name: str) -> None:
    """Raise JobFailed for a name that Discord refuses: https://discord.com/developers/docs/resources/webhook"""
    if _FORBIDDEN_NAMES.search(name.strip()) or not name.strip():
        raise JobFailed(
            "Discord doesn't accept the name “{name}”. Choose another one.",
            retry=False,
            code="name_refused",
            name=name,
        )


async def _webhook(bot: commands.Bot, channel: Sendable) -> discord.Webhook:
    """Return our webhook in a channel, creating it if there is none. A thread uses its parent's webhook."""
    home = _webhook_home(channel)
    for webhook in await home.webhooks():
        if _is_ours(bot, webhook):
            return webhook
    return await home.create_webhook(name=_WEBHOOK, reason=REASON)


async def _content(webhook: discord.Webhook, message: discord.Message, channel: Sendable) -> str:
    """Return what our webhook posted. Raises Uncertain if Discord doesn't show it.

    An application without the Message Content flag sees the messages of its own webhooks without content
    (https://github.com/discord/discord-api-docs/issues/5411), unless it asks by the webhook's token.
    """
    if message.content:
        return message.content
    extra: dict[str, Any] = {"thread": channel} if isinstance(channel, discord.Thread) else {}
    try:
        content = (await webhook.fetch_message(message.id, **extra)).content
    except discord.NotFound:
        return ""  # deleted since: somebody has seen it
    except discord.Forbidden:
        content = ""
    if not content:
        raise Uncertain(
            "I was stopped while I posted, and Discord doesn't show me whether I did.",
            code="posting_hidden",
        )
    return content


def _webhook_home(channel: Sendable) -> discord.TextChannel | discord.VoiceChannel | discord.ForumChannel:
    """Return the channel that has the webhooks for posts in a channel or thread."""
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    if not isinstance(home, _WITH_WEBHOOKS):
        raise JobFailed(
            "Posts in #{name} can't use another name.",
            retry=False,
            code="no_posts_under_name",
            name=channel.name,
        )
    return home


def _is_ours(bot: commands.Bot, webhook: discord.Webhook) -> bool:
    creator, me = webhook.user, bot.user
    return bool(webhook.token and creator is not None and me is not None and creator.id == me.id)


@job(
    # The post may belong to a job that somebody else scheduled.
    needs=(
        *in_channel("message_url", "read_message_history"),
        Need("manage_messages", channel="message_url", of="person"),
    ),
    variables=("text", "title", "description"),
    resumable=True,
)
async def edit_post(
    bot: commands.Bot,
    message_url: MessageLink,
    text: Annotated[LongText, Field(max_length=2000)] = "",
    title: Annotated[Text, Field(max_length=256)] = "",
    description: Annotated[LongText, Field(max_length=4000)] = "",
) -> dict[str, Any]:
    """Edit one of my earlier posts.

    Params:
        message_url: The post's link: right-click it, then Copy Message Link
        text: The new text; leave it out to keep the present one
        title: The new heading of its embed; leave it out to keep the present one
        description: The new text of its embed; leave it out to keep the present one
    """
    found = await find_message(bot, message_url)
    guild = found.guild
    assert guild is not None
    _expect_change(text, title, description)
    changes: dict[str, Any] = {}
    if text:
        changes["content"] = fitting(text_for(guild, text), MOST_TEXT, "text")
    if title or description:
        new = {"title": text_for(guild, title), "description": text_for(guild, description)}
        changes["embeds"] = _embeds(found, {name: value for name, value in new.items() if value})
    quiet = discord.AllowedMentions.none()
    async with asking_discord("change my post"):
        if found.webhook_id is None and found.author == bot.user:
            changed = await found.edit(**changes, allowed_mentions=quiet)
            return {"success": True, **posted(changed)}
        webhook = await _own_webhook(bot, found)
        if isinstance(found.channel, discord.Thread):
            changes["thread"] = found.channel
        await webhook.edit_message(found.id, **changes, allowed_mentions=quiet)
    return {"success": True, **posted(found)}


def _embeds(found: discord.Message, changes: dict[str, str]) -> list[discord.Embed]:
    """Return the embeds of a post, with the first one of them changed; what isn't edited stays."""
    own = _own_embeds(found)
    return [embed_of({**own[0].to_dict(), **changes}), *own[1:]]


def _own_embeds(found: discord.Message) -> list[discord.Embed]:
    """Return the embeds that somebody gave a post; raise JobFailed if there are none."""
    # Discord itself makes the embeds of other types, from links in the text.
    own = [embed for embed in found.embeds if embed.type in (None, "rich")]
    if not own:
        raise JobFailed(
            "The post has no embed, so it has no title or description. Change its text instead.",
            retry=False,
            code="post_without_embed",
        )
    return own


async def _own_webhook(bot: commands.Bot, found: discord.Message) -> discord.Webhook:
    """Return our webhook that posted a message. Raises JobFailed if it isn't by one of ours."""
    channel = found.channel
    home = channel.parent if isinstance(channel, discord.Thread) else channel
    if found.webhook_id is not None and isinstance(home, _WITH_WEBHOOKS):
        for webhook in await home.webhooks():
            if webhook.id == found.webhook_id and _is_ours(bot, webhook):
                return webhook
    raise JobFailed(
        "I can only edit my own posts, and this one is by someone else.", retry=False, code="not_my_post"
    )


@edit_post.check
async def _check_edit(bot: commands.Bot, message_url: str, text: str, title: str, description: str) -> None:
    found = await find_message(bot, message_url)
    assert found.guild is not None
    _expect_change(text, title, description)
    parts = ((text, MOST_TEXT, "text"), (title, 256, "title"), (description, 4096, "description"))
    for written, most, where in parts:
        if written:
            expect_texts(found.guild, written, most, where)
    if title or description:
        _own_embeds(found)
    if found.webhook_id is not None or found.author != bot.user:
        async with asking_discord("look at my post"):
            await _own_webhook(bot, found)


def _expect_change(text: str, title: str, description: str) -> None:
    if not (text or title or description):
        raise JobFailed(
            "There is nothing to change. Give a new text, title or description.",
            retry=False,
            code="nothing_to_edit",
        )


@job(
    needs=in_channel("message_url", "read_message_history", "manage_messages"),
    resumable=True,
)
async def delete_post(bot: commands.Bot, message_url: MessageLink) -> dict[str, Any]:
    """Delete an earlier post.

    Params:
        message_url: The post's link: right-click it, then Copy Message Link
    """
    try:
        found = await find_message(bot, message_url)
        async with asking_discord("delete the post"):
            await found.delete()
    except Gone:
        return success(Sentence("It was gone already.", "post_gone_already"))
    return success(Sentence("The post is deleted.", "post_deleted"), channel_id=str(found.channel.id))


@delete_post.check
async def _check_delete(bot: commands.Bot, message_url: str) -> None:
    await find_message(bot, message_url)


class PostsSprocket(RegisteringCog):
    """Registers the post jobs."""

    jobs = by_name(send_poll, send_as, edit_post, delete_post)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(PostsSprocket(bot))
