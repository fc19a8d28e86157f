"""Open posts in forums and media channels, as the bot or by a webhook, once per run.

A forum post is a thread with a first message. Neither has a nonce, so an attempt that may have opened one is
always looked for among the forum's threads, by its title and its first message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands

from schedulezero.compose import limits
from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.methods.members import member_of
from schedulezero.sentences import Sentence
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.comparing import alike
from sprockets.kit.messages import text_for
from sprockets.kit.outgoing import Outgoing, is_of
from sprockets.kit.posting import CLOCK_SKEW
from sprockets.kit.webhooks import Face, read_plan, shown_to, webhook_in


@dataclass(frozen=True, slots=True)
class Titled:
    """What a forum post has beside its message."""

    title: str
    tags: list[discord.ForumTag]


def title_for(guild: discord.Guild, title: str) -> str:
    """Return a thread's title for the current run, cut to the length that Discord takes."""
    return text_for(guild, title)[: limits.THREAD_TITLE.most]


async def open_post(
    forum: discord.ForumChannel, titled: Titled, said: Outgoing, *, key: str | None = None
) -> dict[str, Any]:
    """Open a forum post as the bot, once in the current run; returns its ids and link.

    Parameters:
        forum: Where to create it.
        titled: Its title and tags.
        said: Its first message.
        key: Names the step within the run.
    """

    async def do(plan: dict[str, Any]) -> dict[str, Any]:
        async with (
            said.arguments(read_plan(plan), forum.id) as arguments,
            asking_discord(Sentence("post in {place}", "doing_post", place=f"#{forum.name}")),
        ):
            made = await forum.create_thread(
                name=plan["name"], applied_tags=titled.tags, reason=REASON, **arguments
            )
        return _opened(made.thread, made.message.id)

    async def find(plan: dict[str, Any], since: datetime) -> dict[str, Any] | None:
        me = forum.guild.me.id
        return await _found(forum, plan, since, me, None)

    plan = {"name": titled.title, **said.plan()}
    return await step(key or f"post:{forum.id}", do, plan=plan, find=find)


async def open_post_as(
    bot: commands.Bot, forum: discord.ForumChannel, face: Face, titled: Titled, said: Outgoing
) -> dict[str, Any]:
    """Open a forum post under another name, once in the current run; returns its ids and link."""
    webhook = await webhook_in(bot, forum)

    async def do(plan: dict[str, Any]) -> dict[str, Any]:
        async with (
            said.arguments(plan, forum.id) as arguments,
            asking_discord(
                Sentence("post in #{channel} through a webhook", "doing_post_by_webhook", channel=forum.name)
            ),
        ):
            sent = await webhook.send(
                **arguments,
                **face.arguments(),
                thread_name=plan["name"],
                applied_tags=titled.tags,
                wait=True,
            )
        # Discord answers with the first message, whose channel is the new thread.
        where = sent.channel.id
        return _place(forum.guild.id, where, sent.id)

    async def find(plan: dict[str, Any], since: datetime) -> dict[str, Any] | None:
        return await _found(forum, plan, since, webhook.id, webhook)

    plan = {"name": titled.title, **said.plan()}
    return await step(f"as:{forum.id}", do, plan=plan, find=find)


async def _found(
    forum: discord.ForumChannel,
    plan: dict[str, Any],
    since: datetime,
    author_id: int,
    webhook: discord.Webhook | None,
) -> dict[str, Any] | None:
    """Return the forum post that an earlier attempt opened, or None."""
    journal = current_run().journal
    assert journal is not None
    async with asking_discord(
        Sentence("look for threads in #{channel}", "doing_find_threads", channel=forum.name)
    ):
        for thread in await forum.guild.active_threads():
            made_at = thread.created_at or discord.utils.snowflake_time(thread.id)
            recent = thread.parent_id == forum.id and made_at > since - CLOCK_SKEW
            if not recent or not alike(thread.name, plan["name"]):
                continue
            first = await _first_message(thread)
            if first is None:  # deleted since, or the bot may not read it
                if thread.owner_id == author_id and not await journal.knows_message(str(thread.id)):
                    return _opened(thread, thread.id)
                continue
            if first.author.id != author_id or await journal.knows_message(str(first.id)):
                continue
            shown = await shown_to(webhook, first, thread) if webhook is not None else first
            if shown is None or is_of(read_plan(plan), shown):
                return _opened(thread, first.id)
    return None


async def _first_message(thread: discord.Thread) -> discord.Message | None:
    try:
        return await anext(thread.history(limit=1, oldest_first=True), None)
    except discord.Forbidden:
        return None


def _opened(thread: discord.Thread, message_id: int) -> dict[str, Any]:
    return _place(thread.guild.id, thread.id, message_id)


def _place(guild_id: int, thread_id: int, message_id: int) -> dict[str, Any]:
    """Return ids and the link as a job's result; see `sprockets.kit.posting.posted`."""
    return {
        "channel_id": str(thread_id),
        "guild_id": str(guild_id),
        "url": f"https://discord.com/channels/{guild_id}/{thread_id}",
        "message_id": str(message_id),
    }


async def tags_of(forum: discord.ForumChannel, names: str) -> list[discord.ForumTag]:
    """Return the named tags; raise JobFailed if one is missing, or is not for those who would set it."""
    found: list[discord.ForumTag] = []
    for name in (part.strip() for part in names.split(",")):
        if not name:
            continue
        tag = next((tag for tag in forum.available_tags if tag.name.casefold() == name.casefold()), None)
        if tag is None:
            there = [tag.name for tag in forum.available_tags]
            if not there:
                raise JobFailed(
                    "#{name} has no tag “{name2}”: it has no tags at all.",
                    retry=False,
                    code="forum_without_tags",
                    name=forum.name,
                    name2=name,
                )
            raise JobFailed(
                "#{name} has no tag “{name2}”. Its tags: {there}.",
                retry=False,
                code="forum_tag_missing",
                name=forum.name,
                name2=name,
                there=there,
            )
        if tag not in found:
            found.append(tag)
    if forum.flags.require_tag and not found:
        raise JobFailed("Posts in #{name} need a tag.", retry=False, code="forum_needs_tag", name=forum.name)
    if len(found) > limits.FORUM_TAGS.most:
        raise JobFailed(
            "A post can have at most {most} tags, not {count}.",
            retry=False,
            code="forum_tags_too_many",
            most=limits.FORUM_TAGS.most,
            count=len(found),
        )
    if kept := next((tag for tag in found if tag.moderated), None):
        await _expect_moderators(forum, kept)
    return found


async def _expect_moderators(forum: discord.ForumChannel, tag: discord.ForumTag) -> None:
    """Raise JobFailed unless the bot and the job's creator may set a tag that is for moderators."""
    creator_id = current_run().creator_id
    people = [forum.guild.me]
    if creator_id is not None:
        async with asking_discord(
            Sentence("look for the member {user_id}", "doing_find_member", user_id=creator_id)
        ):
            people.append(await member_of(forum.guild, int(creator_id)))
    for person in people:
        if not forum.permissions_for(person).manage_threads:
            raise JobFailed(
                "Only moderators may set the tag “{tag}”, and {who} doesn't have *Manage Threads* in "
                "#{name}.",
                retry=False,
                code="forum_tag_moderated",
                tag=tag.name,
                who=person.mention,
                name=forum.name,
            )
