"""More post jobs: polls, posts under another name and avatar, and editing or deleting earlier posts."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.compose import limits
from schedulezero.errors import Gone, JobFailed
from schedulezero.methods.markup import escaped
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelId, Duration, LongText, MessageLink, Text, Url, job
from schedulezero.sentences import Sentence
from sprockets.kit import webhooks
from sprockets.kit.asking import asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.lookups import channel_of, find_message
from sprockets.kit.messages import embed_of, expect_texts, fitting, mentions, silenced, text_for, turn_for
from sprockets.kit.outgoing import Outgoing
from sprockets.kit.posting import post, posted
from sprockets.kit.results import success
from sprockets.kit.webhooks import Face, expect_name, own_webhook, webhook_home


@job(
    needs=in_channel("channel_id", "send_messages", "send_polls"),
    variables=("question",),
    resumable=True,
    instead="send_post",
)
async def send_poll(
    bot: commands.Bot,
    channel_id: ChannelId,
    question: Annotated[Text, Field(max_length=limits.POLL_QUESTION.most)],
    answers: LongText,
    lasts: Annotated[
        Duration,
        Field(ge=timedelta(hours=limits.POLL_HOURS.least), le=timedelta(hours=limits.POLL_HOURS.most)),
    ] = timedelta(days=1),
    several: bool = False,
) -> dict[str, Any]:
    """Ask people a question with a poll.

    Params:
        channel_id: Where to ask
        question: What to ask
        answers: The answers to choose from, one per line, at most 10
        lasts: How long the poll is open, from 1 hour to 32 days
        several: Let people pick more than one answer
    """
    channel = await channel_of(bot, channel_id)
    poll = discord.Poll(
        question=fitting(text_for(channel.guild, question), limits.POLL_QUESTION.most, "question"),
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
    expect_texts(channel.guild, question, limits.POLL_QUESTION.most, "question")
    _answers(answers)


@send_poll.preview
async def _poll_preview(bot: commands.Bot, channel_id: int, question: str, answers: str, **_: Any) -> str:
    """Return the poll's answers as people will read them."""
    return "\n".join(f"○ {escaped(answer)}" for answer in _answers(answers))


def _answers(text: str) -> list[str]:
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(found) <= limits.POLL_ANSWERS.most:
        raise JobFailed(
            "A poll needs 1 to {most_answers} answers, one per line; this one has {count}.",
            retry=False,
            code="poll_answers",
            most_answers=limits.POLL_ANSWERS.most,
            count=len(found),
        )
    for answer in found:
        if len(answer) > limits.POLL_ANSWER.most:
            raise JobFailed(
                "The answer “{answer}…” has {length} characters; Discord allows {longest_answer}.",
                retry=False,
                code="poll_answer_too_long",
                answer=answer[:40],
                length=len(answer),
                longest_answer=limits.POLL_ANSWER.most,
            )
    return found


@job(
    needs=in_channel("channel_id", "send_messages", "manage_webhooks"),
    variables=("message",),
    pings=("message",),
    resumable=True,
    instead="send_post",
)
async def send_as(
    bot: commands.Bot,
    channel_id: ChannelId,
    name: Annotated[Text, Field(max_length=limits.WEBHOOK_NAME.most)],
    message: Annotated[LongText, Field(max_length=4000)],
    avatar_url: Url | None = None,
) -> dict[str, Any]:
    """Post under another name and avatar.

    Params:
        channel_id: Where to post
        name: The name to post under
        message: What to say
        avatar_url: Address of the picture to show beside the name
    """
    channel = await channel_of(bot, channel_id)
    expect_name(name)
    text, silent = silenced(text_for(channel.guild, message))
    fitting(text, limits.TEXT.most, "message")
    allowed = mentions(turn_for(message), channel=channel)
    said = Outgoing(content=text, silent=silent, allowed_mentions=allowed)
    return {"success": True, **await webhooks.send_as(bot, channel, Face(name, avatar_url), said)}


@send_as.check
async def _check_as(bot: commands.Bot, channel_id: int, name: str, message: str, **_: Any) -> None:
    channel = await channel_of(bot, channel_id)
    webhook_home(channel)
    expect_name(name)
    expect_texts(channel.guild, message, limits.TEXT.most, "message", silent=True)


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
    text: Annotated[LongText, Field(max_length=limits.TEXT.most)] = "",
    title: Annotated[Text, Field(max_length=limits.EMBED_TITLE.most)] = "",
    description: Annotated[LongText, Field(max_length=4000)] = "",
) -> dict[str, Any]:
    """Edit one of my earlier messages.

    Params:
        message_url: The post's link: right-click the post and choose Copy Message Link
        text: The new text; leave it out to keep the current one
        title: The new title of the post's embed; leave it out to keep the current one
        description: The new description of the post's embed; leave it out to keep the current one
    """
    found = await find_message(bot, message_url)
    guild = found.guild
    assert guild is not None
    _expect_change(text, title, description)
    changes: dict[str, Any] = {}
    if text:
        changes["content"] = fitting(text_for(guild, text), limits.TEXT.most, "text")
    if title or description:
        new = {"title": text_for(guild, title), "description": text_for(guild, description)}
        changes["embeds"] = _embeds(found, {name: value for name, value in new.items() if value})
    quiet = discord.AllowedMentions.none()
    async with asking_discord(Sentence("edit my post", "doing_edit_mine")):
        if found.webhook_id is None and found.author == bot.user:
            changed = await found.edit(**changes, allowed_mentions=quiet)
            return {"success": True, **posted(changed)}
        webhook = await own_webhook(bot, found)
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


@edit_post.check
async def _check_edit(bot: commands.Bot, message_url: str, text: str, title: str, description: str) -> None:
    found = await find_message(bot, message_url)
    assert found.guild is not None
    _expect_change(text, title, description)
    parts = (
        (text, limits.TEXT.most, "text"),
        (title, limits.EMBED_TITLE.most, "title"),
        (description, limits.EMBED_DESCRIPTION.most, "description"),
    )
    for written, most, where in parts:
        if written:
            expect_texts(found.guild, written, most, where)
    if title or description:
        _own_embeds(found)
    if found.webhook_id is not None or found.author != bot.user:
        async with asking_discord(Sentence("check my post", "doing_see_mine")):
            await own_webhook(bot, found)


def _expect_change(text: str, title: str, description: str) -> None:
    if not (text or title or description):
        raise JobFailed(
            "There is nothing to change. Enter new text, or a new title or description.",
            retry=False,
            code="nothing_to_edit",
        )


@job(
    needs=in_channel("message_url", "read_message_history", "manage_messages"),
    resumable=True,
)
async def delete_post(bot: commands.Bot, message_url: MessageLink) -> dict[str, Any]:
    """Delete one of my earlier messages.

    Params:
        message_url: The post's link: right-click the post and choose Copy Message Link
    """
    try:
        found = await find_message(bot, message_url)
        async with asking_discord(Sentence("delete the post", "doing_delete_post")):
            await found.delete()
    except Gone:
        return success(Sentence("The post was already gone.", "post_gone_already"))
    return success(Sentence("The post was deleted.", "post_deleted"), channel_id=str(found.channel.id))


@delete_post.check
async def _check_delete(bot: commands.Bot, message_url: str) -> None:
    await find_message(bot, message_url)


class PostsSprocket(RegisteringCog):
    """Registers the post jobs."""

    jobs = by_name(send_poll, send_as, edit_post, delete_post)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(PostsSprocket(bot))
