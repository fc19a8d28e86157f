"""A post that stays its channel's last message: noted, and posted again below what others wrote.

A channel has at most one such post, the newest. It moves by a copy of the message below the others, whose
original is deleted once the copy is there. Both are steps of a run of their own, named after the message that
moves: a process that dies in between goes on with the same copy. The copy pings and notifies nobody.

It stays until its job posts again, is cancelled, paused or over, or no longer posts in the channel, or
somebody deletes the message. A job that
runs only once is over at once, and its post stays until somebody deletes it or the job.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands

from schedulezero.errors import ClientError, Gone, JobFailed, NotFound
from schedulezero.handler.journal import Journal
from schedulezero.handler.run_context import RunContext, current_run, running
from schedulezero.handler.steps import nonce, step
from schedulezero.methods.host import host_of
from schedulezero.methods.note_kinds import STICKY
from schedulezero.model import JobState
from schedulezero.model.part import part_of
from schedulezero.sentences import Sentence
from sprockets.kit.asking import asking_discord
from sprockets.kit.comparing import alike
from sprockets.kit.copying import content_of, size_of
from sprockets.kit.last_posts import Post, change_post
from sprockets.kit.lookups import GuildChannel, guild_channel_of
from sprockets.kit.own_posts import delete_own, own_webhook
from sprockets.kit.posting import look_back, posted
from sprockets.kit.turns import turn

log = logging.getLogger(__name__)

MOST_BYTES = 10 * 1024 * 1024
"""The most that the files of such a post may have together: they are loaded and sent again each time."""
SET = "sticky_post"
"""discord.py's name of the event that a channel has such a post: its listeners get the channel's id."""
_AGAIN_SECONDS = 60.0
_ENDED = frozenset({JobState.CANCELLED, JobState.PAUSED, JobState.PENDING})


@dataclass(frozen=True, slots=True)
class Sticky:
    """A channel's post that stays its last message.

    Attributes:
        guild_id: the channel's guild.
        job_id: the job that posted it.
        post: the message, as it is now.
        part: the part of the job that posted it; None for the job's own runs.
    """

    guild_id: int
    job_id: str
    post: Post
    part: str | None = None

    def to_note(self) -> dict[str, Any]:
        """Return it as a note."""
        note = {"guild_id": str(self.guild_id), "job_id": self.job_id, "post": self.post.to_json()}
        return {**note, **({"part": self.part} if self.part is not None else {})}

    @classmethod
    def from_note(cls, note: dict[str, Any]) -> Sticky:
        """Return what `to_note` wrote."""
        return cls(int(note["guild_id"]), note["job_id"], Post.from_json(note["post"]), note.get("part"))


async def sticky_in(bot: object, channel_id: int) -> Sticky | None:
    """Return a channel's post that stays the last message; None if there is none."""
    note = await host_of(bot).memory.kept(STICKY, str(channel_id))
    return Sticky.from_note(note) if note is not None else None


async def make_sticky(bot: commands.Bot, channel: GuildChannel, post: Post) -> None:
    """Keep a post of the current run the last message of its channel, from now on.

    Raises JobFailed if its files are too large to be sent again and again.
    """
    job_id = current_run().job_id
    if job_id is None:
        return  # a call outside a run has no job with which it could end
    place: Any = channel
    async with asking_discord(
        Sentence("check the post in #{channel}", "doing_see_post", channel=channel.name)
    ):
        size = await size_of(await place.fetch_message(post.message_id))
    if size > MOST_BYTES:
        raise JobFailed(
            "The post in #{channel} won't be kept as the last message: its files total more than {most} MB.",
            retry=False,
            code="sticky_too_large",
            channel=channel.name,
            most=MOST_BYTES // 2**20,
        )
    async with turn(_turn(channel.id)):
        known = await sticky_in(bot, channel.id)
        if known is None or known.post.message_id < post.message_id:
            note = Sticky(channel.guild.id, job_id, post, current_run().part).to_note()
            await host_of(bot).memory.put(STICKY, str(channel.id), note)
    bot.dispatch(SET, channel.id)


async def end_sticky(bot: commands.Bot, channel_id: int) -> None:
    """Let the post of the current run's job, or of its part, stay where it is, if it moved so far."""
    known, run = await sticky_in(bot, channel_id), current_run()
    if known is not None and (known.job_id, known.part) == (run.job_id, run.part):
        async with turn(_turn(channel_id)):
            await host_of(bot).memory.forget(STICKY, str(channel_id))


async def move_down(bot: commands.Bot, channel_id: int, last_id: int, journal: Journal) -> Sticky | None:
    """Post a channel's sticky post again below what others wrote; None if there is none any more.

    Raises JobFailed if Discord or the server can't be asked now, or a right is missing; calling it again
    continues.

    Parameters:
        bot: The bot.
        channel_id: The channel.
        last_id: The last message that is known in it; nothing moves if the post is that or comes later.
        journal: Where the steps are recorded.
    """
    async with turn(_turn(channel_id)):
        known = await sticky_in(bot, channel_id)
        if known is None or known.post.message_id >= last_id:
            return known
        guild_id = str(known.guild_id)
        run = RunContext(
            run_id=f"sticky:{channel_id}:{known.post.message_id}",
            job_id=known.job_id,
            guild_id=guild_id,
            journal=journal,
            part=known.part,
        )
        with running(run):
            # The first answer counts: a move that has begun comes to its end.
            if (await step("over", lambda _: _over(bot, channel_id, known)))["over"]:
                return await _forget(bot, channel_id)
            try:
                channel: Any = await guild_channel_of(bot, channel_id)
                copied = await _copy_once(bot, channel, known.post)
            except Gone as error:
                log.info("the last message of channel %s stays where it is: %s", channel_id, error)
                return await _forget(bot, channel_id)
            moved = replace(known, post=Post.of(copied))
            await step("delete", lambda _: _delete(bot, known.post, channel.name))
            await change_post(bot, channel_id, known.guild_id, known.post, moved.post)
            await host_of(bot).memory.put(STICKY, str(channel_id), moved.to_note())
            return moved


async def _forget(bot: object, channel_id: int) -> None:
    await host_of(bot).memory.forget(STICKY, str(channel_id))


async def _over(bot: object, channel_id: int, sticky: Sticky) -> dict[str, Any]:
    """Return whether a sticky post's job is over, or posts in its channel no more.

    Raises JobFailed if the server can't be asked.
    """
    try:
        job = await host_of(bot).services.client.job(sticky.job_id, str(sticky.guild_id))
    except NotFound:
        return {"over": True}
    except ClientError as error:
        raise JobFailed(error.message, retry_after=_AGAIN_SECONDS) from error
    once = job.trigger.type == "date"
    if sticky.part is not None:
        part = part_of(job.parts, sticky.part)
        if part is None:
            return {"over": True}
        job = replace(job, params=part.params)
    if job.channel_ids and str(channel_id) not in job.channel_ids:
        return {"over": True}
    return {"over": job.state in _ENDED or (job.state is JobState.FINISHED and not once)}


async def _delete(bot: commands.Bot, post: Post, name: str) -> dict[str, Any]:
    return {
        "deleted": await delete_own(
            bot,
            post,
            Sentence("delete the previous post in #{channel}", "doing_delete_previous", channel=name),
        )
    }


async def _copy_once(bot: commands.Bot, channel: Any, post: Post) -> dict[str, Any]:
    """Post a copy of a message, once in the current run, and return its ids."""
    doing = Sentence("post in {place}", "doing_post", place=f"#{channel.name}")
    async with asking_discord(doing):
        webhook = await own_webhook(bot, post.webhook_id)
    if webhook is None and post.webhook_id is not None:
        raise Gone("Someone deleted my webhook in #{channel}.", code="webhook_gone", channel=channel.name)
    extra: dict[str, Any] = {"thread": channel} if isinstance(channel, discord.Thread) else {}

    async def original() -> discord.Message:
        async with asking_discord(doing):
            if webhook is None:
                return await channel.fetch_message(post.message_id)
            # By its token, Discord shows what a webhook wrote, whatever intents the bot has.
            return await webhook.fetch_message(post.message_id, **extra)

    async def do(_: dict[str, Any]) -> dict[str, Any]:
        message = await original()
        async with asking_discord(doing):
            content = await content_of(message)
        async with asking_discord(doing):
            if webhook is None:
                sent = await channel.send(**content, nonce=nonce("copy") or "")
            else:
                face = {
                    "username": message.author.display_name,
                    "avatar_url": message.author.display_avatar.url,
                }
                sent = await webhook.send(wait=True, **face, **content, **extra)
        return posted(sent, channel)

    async def find(_: dict[str, Any], since: datetime) -> dict[str, Any] | None:
        message = await original()

        def mine(item: discord.Message) -> bool:
            by = item.webhook_id == webhook.id if webhook is not None else item.author == message.author
            return by and item.id > post.message_id

        async def is_it(item: discord.Message) -> bool:
            # The content of a webhook's message may be hidden here.
            return webhook is not None or alike(message.content, item.content)

        found = await look_back(channel, since, mine, is_it)
        return posted(found, channel) if found is not None else None

    return await step("copy", do, find=find)


def _turn(channel_id: int) -> str:
    return f"sticky:{channel_id}"
