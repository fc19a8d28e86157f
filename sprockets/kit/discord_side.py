"""Discord helpers for sprockets: finding things, posting, and readable failures.

A failure says whether another attempt can help: a missing channel or permission is final, while the job waits
for an outage of Discord to end. `post` posts once per run, even if a process dies in between.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import discord

from schedulezero import instants
from schedulezero.errors import Forbidden, Gone, JobFailed, ParameterError, Uncertain
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import nonce, step
from schedulezero.methods.colours import parse_colour
from schedulezero.methods.message_links import read_message_link
from schedulezero.methods.variables import facts_of, render, turn

T = TypeVar("T")

Sendable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel

OUTAGE_SECONDS = 5.0
"""How many seconds a job waits for its next attempt when Discord is down and doesn't say for how long."""
_AT_ONCE = 10
"""The most requests that one job sends at the same time; more would only queue for Discord's limit."""
_NONCE_HOLDS = timedelta(minutes=2)  # Discord says "the past few minutes"
CLOCK_SKEW = timedelta(minutes=2)
REASON = "ScheduleZero: scheduled job"
"""The reason to give with each change, for Discord's audit log."""
MOST_TEXT = 2000
"""The most characters that a message can have."""
_MOST_LOOKED_AT = 500

_USER_MENTION = re.compile(r"<@!?(\d{15,20})>")


def failure(error: discord.HTTPException, doing: str) -> JobFailed:
    """Return Discord's error as the failure of a job.

    Parameters:
        error: Discord's response.
        doing: What the job was doing, such as ``post in #general``.
    """
    if isinstance(error, discord.Forbidden):
        return Forbidden(
            "I'm not allowed to {doing}: Discord says “{text}”.",
            code="discord_forbade",
            doing=doing,
            text=error.text or "forbidden",
        )
    if isinstance(error, discord.NotFound):
        return Gone("I couldn't {doing}: it no longer exists.", code="discord_gone", doing=doing)
    outage = error.status >= 500
    passes = outage or error.status == 429
    return JobFailed(
        "I couldn't {doing}: Discord says “{text}”.",
        retry=passes,
        retry_after=_told_wait(error) if passes else None,
        may_have_worked=outage,
        code="discord_refused",
        doing=doing,
        text=error.text or error.status,
    )


def _told_wait(error: discord.HTTPException) -> float:
    """Return the seconds that Discord asks to wait (its ``Retry-After``), or a default during an outage."""
    told = getattr(error.response, "headers", {}).get("Retry-After")
    try:
        return max(float(told), 0.1) if told is not None else OUTAGE_SECONDS
    except ValueError:
        return OUTAGE_SECONDS


@asynccontextmanager
async def asking_discord(doing: str) -> AsyncGenerator[None]:
    """Turn Discord's errors within this block into JobFailed.

    A missing permission or object is final. For an outage or a rate limit, the job waits without using up an
    attempt.

    Parameters:
        doing: What the job is doing, for the error's sentence, such as ``post in #general``.
    """
    try:
        yield
    except discord.HTTPException as error:
        raise failure(error, doing) from error
    except discord.RateLimited as error:
        raise JobFailed(
            "I couldn't {doing} yet: Discord asked me to wait.",
            retry_after=error.retry_after,
            code="discord_asks_to_wait",
            doing=doing,
        ) from error
    except (aiohttp.ClientError, OSError) as error:
        raise JobFailed(
            "I couldn't {doing}: Discord can't be reached.",
            retry_after=OUTAGE_SECONDS,
            may_have_worked=True,
            code="discord_unreachable",
            doing=doing,
        ) from error


async def channel_of(bot: discord.Client, channel_id: int) -> Sendable:
    """Return the channel or thread with that id, if messages can be posted in it.

    Raises JobFailed if there is none, if it accepts no messages, or if it belongs to another guild than the
    job.
    """
    channel = await guild_channel_of(bot, channel_id)
    if not isinstance(channel, Sendable):
        raise JobFailed(
            "I can't post messages in {channel}. Choose a text channel.",
            retry=False,
            code="cannot_post_in",
            channel=channel,
        )
    return channel


GuildChannel = discord.abc.GuildChannel | discord.Thread


async def guild_channel_of(bot: discord.Client, channel_id: int) -> GuildChannel:
    """Return the channel or thread with that id, of any kind.

    Raises JobFailed if there is none, or if it belongs to another guild than the job.
    """
    channel: Any = bot.get_channel(channel_id)
    if channel is None:
        try:
            async with asking_discord(f"see the channel {channel_id}"):
                channel = await bot.fetch_channel(channel_id)
        except Gone as error:
            raise JobFailed(
                "The channel {channel_id} no longer exists.",
                retry=False,
                code="channel_missing",
                channel_id=channel_id,
            ) from error
    expect_guild(getattr(channel, "guild", None))
    return channel


async def find_message(bot: discord.Client, link: str) -> discord.Message:
    """Return the message that a link leads to.

    Raises JobFailed if there is none, or if it belongs to another guild than the job.
    """
    found = read_message_link(link)
    if found is None:
        raise JobFailed("That isn't a message link.", retry=False, code="not_a_message_link")
    channel = await channel_of(bot, found.channel_id)
    async with asking_discord("find the post"):
        return await channel.fetch_message(found.message_id)


def expect_guild(guild: discord.Guild | None) -> None:
    """Raise JobFailed if the current run's job belongs to another guild than this one."""
    wanted = current_run().guild_id
    if wanted is not None and (guild is None or str(guild.id) != wanted):
        raise JobFailed(
            "The job acts on something outside the server it belongs to.",
            retry=False,
            code="job_of_another_guild",
        )


def guild_of(bot: discord.Client, guild_id: int) -> discord.Guild:
    """Return the guild with that id.

    Raises JobFailed if the bot isn't in it, or if the job belongs to another guild.
    """
    guild = bot.get_guild(guild_id)
    if guild is None:
        raise JobFailed(
            "I'm no longer in the server {guild_id}.",
            retry=False,
            code="bot_left_guild",
            guild_id=guild_id,
        )
    expect_guild(guild)
    return guild


async def expect_member(bot: discord.Client, user_id: int) -> None:
    """Raise JobFailed if the job belongs to a guild and this person isn't a member of it."""
    guild_id = current_run().guild_id
    if guild_id is None:
        return
    guild = guild_of(bot, int(guild_id))
    if guild.get_member(user_id) is not None:
        return
    try:
        async with asking_discord(f"look for the member {user_id}"):
            await guild.fetch_member(user_id)
    except Gone as error:
        raise not_here(user_id) from error


def not_here(user_id: int) -> JobFailed:
    """Return the failure of a job about somebody who isn't in its guild."""
    return JobFailed("{user_id} isn't in this server.", retry=False, code="user_not_here", user_id=user_id)


def role_of(guild: discord.Guild, role_id: int) -> discord.Role:
    """Return the role with that id. Raises JobFailed if the guild has none."""
    role = guild.get_role(role_id)
    if role is None:
        raise JobFailed(
            "The role {role_id} no longer exists.", retry=False, code="role_missing", role_id=role_id
        )
    return role


def mentions(
    text: str, *, role: discord.Role | None = None, everyone: bool = False
) -> discord.AllowedMentions:
    """Return mentions that ping the people named in the text, and the role or everyone only if asked.

    Parameters:
        text: The text as somebody wrote it, before its variables are filled in, so that a variable pings
            nobody.
        role: A role to ping.
        everyone: Whether to ping @everyone.
    """
    users = [discord.Object(int(number)) for number in dict.fromkeys(_USER_MENTION.findall(text))]
    roles: Iterable[Any] = [role] if role is not None else []
    return discord.AllowedMentions(
        everyone=everyone, roles=list(roles), users=users[:100], replied_user=False
    )


def colour_of(value: Any) -> discord.Colour:
    """Return the colour that a text such as ``#5865F2`` or ``blue`` names, or raise JobFailed."""
    found = parse_colour(value)
    if found is None:
        raise JobFailed(
            "{str!r} isn't a colour. Example: #5865F2 or blue.",
            retry=False,
            code="not_a_colour",
            str=str(value)[:40],
        )
    return discord.Colour(found)


def fitting(text: str, most: int, where: str) -> str:
    """Return the text, or raise JobFailed if it is too long for Discord.

    Parameters:
        text: The text as it is sent, with its variables filled in.
        most: How many characters Discord accepts.
        where: What the text is, for the error's sentence, such as ``message``.
    """
    if len(text) > most:
        raise JobFailed(
            "The {where} has {len} characters; Discord takes {most}.",
            retry=False,
            code="text_too_long",
            where=where,
            len=len(text),
            most=most,
        )
    return text


def embed_of(data: dict[str, Any]) -> discord.Embed:
    """Return the embed that Discord's JSON describes. Raises JobFailed if Discord would refuse it."""
    try:
        embed = discord.Embed.from_dict(data)
        if not embed or len(embed) > 6000:
            raise ValueError("it is empty or longer than 6,000 characters")
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise JobFailed(
            "The embed can't be used: {error}.", retry=False, code="embed_unusable", error=error
        ) from error
    parts = (
        ("title", embed.title, 256),
        ("description", embed.description, 4096),
        ("footer", embed.footer.text, 2048),
        *((f"name of field {number}", field.name, 256) for number, field in enumerate(embed.fields, 1)),
        *((f"value of field {number}", field.value, 1024) for number, field in enumerate(embed.fields, 1)),
    )
    for where, text, most in parts:
        fitting(text or "", most, where)
    return embed


def text_for(guild: discord.Guild, text: Any, *, shuffled: bool = False) -> str:
    """Return the text for the current run, with its variables filled in.

    A text that holds several texts, separated by lines of ``---``, uses one of them in each run.

    Parameters:
        guild: The guild that variables such as ``{members}`` are about.
        text: What somebody wrote.
        shuffled: Whether several texts are used in a random order instead of their own.
    """
    run = current_run()
    chosen = turn(str(text), run.number, shuffled=shuffled, seed=run.job_id or "")
    try:
        facts = facts_of(guild, timezone=run.timezone, number=run.number, now=instants.now())
        return render(chosen, facts)
    except ParameterError as error:
        raise JobFailed(error.message, retry=False) from error


async def post(
    channel: discord.abc.Messageable,
    name: str,
    *,
    content: str | None = None,
    embed: discord.Embed | None = None,
    poll: discord.Poll | None = None,
    view: discord.ui.View | None = None,
    allowed_mentions: discord.AllowedMentions,
    key: str | None = None,
) -> dict[str, Any]:
    """Post a message once in the current run and return its ids and link, as `posted` does.

    If an earlier call for the same run may have posted the message, this looks for it in the channel first.
    For a few minutes, Discord also recognizes the message's nonce and returns the first message.

    Parameters:
        channel: Where to post.
        name: The channel's name in errors, such as ``#general``.
        content: The message's text.
        embed: Its embed.
        poll: Its poll.
        view: Its buttons and selects.
        allowed_mentions: Whom it pings; see `mentions`.
        key: Names the message within the run. Needed only for more than one message in a channel.
    """
    fitting(content or "", MOST_TEXT, "message")
    target = await channel._get_channel()  # discord.py's own way to get a person's channel
    key = key or f"post:{target.id}"
    plan = {
        "content": content or "",
        "embed": embed.to_dict() if embed is not None else None,
        "poll": poll.question if poll is not None else None,
    }

    async def do(plan: dict[str, Any]) -> dict[str, Any]:
        extra: dict[str, Any] = {"embed": discord.Embed.from_dict(plan["embed"])} if plan["embed"] else {}
        if poll is not None:
            extra["poll"] = poll
        if view is not None:
            extra["view"] = view
        if marked := nonce(key):
            extra["nonce"] = marked
        async with asking_discord(f"post in {name}"):
            message = await target.send(plan["content"] or None, allowed_mentions=allowed_mentions, **extra)
        return posted(message)

    return await step(key, do, plan=plan, find=lambda plan, since: _posted_before(target, plan, since))


async def _posted_before(
    channel: discord.abc.Messageable, plan: dict[str, Any], since: datetime
) -> dict[str, Any] | None:
    """Return what was posted for a plan since an instant, or None. Raises Uncertain if that is unknown."""
    journal = current_run().journal
    assert journal is not None
    me = channel._state.self_id  # type: ignore[attr-defined]
    earliest = discord.Object(discord.utils.time_snowflake(since - CLOCK_SKEW))
    count = 0 if may_look_back(channel) else _MOST_LOOKED_AT
    try:
        async with asking_discord("look for what I posted"):
            async for message in channel.history(limit=_MOST_LOOKED_AT, after=earliest, oldest_first=True):
                count += 1
                mine = message.author.id == me and _is_of(plan, message)
                if mine and not await journal.knows_message(str(message.id)):
                    return posted(message)
    except JobFailed as error:
        if error.retry_after is not None:
            raise
        count = _MOST_LOOKED_AT  # the bot may not read it
    if count < _MOST_LOOKED_AT or abs(instants.now() - since) < _NONCE_HOLDS:
        return None
    raise Uncertain(
        "I was stopped while I posted, and cannot tell from the channel whether I did.",
        code="posting_uncertain",
    )


def may_look_back(channel: Any) -> bool:
    """Return whether the bot may read a channel's history; without that right, Discord returns none."""
    guild: discord.Guild | None = getattr(channel, "guild", None)
    return guild is None or channel.permissions_for(guild.me).read_message_history


def _is_of(plan: dict[str, Any], message: discord.Message) -> bool:
    """Return whether a message matches the plan. (Discord may add to an embed but keeps its text.)"""
    words = [(embed.title, embed.description) for embed in message.embeds if embed.type in (None, "rich")]
    embed = plan["embed"]
    wanted = [(embed.get("title"), embed.get("description"))] if embed else []
    if plan.get("poll") != (message.poll.question if message.poll is not None else None):
        return False
    return message.content.strip() == plan["content"].strip() and words[: len(wanted)] == wanted


def posted(message: discord.Message, channel: Sendable | None = None) -> dict[str, Any]:
    """Return a message's ids and link as a job's result. The ids are strings, as JSON clients need them.

    Parameters:
        message: The posted message.
        channel: Its channel, for a webhook's message, which doesn't know it.
    """
    guild = channel.guild if channel is not None else message.guild
    return {
        "message_id": str(message.id),
        "channel_id": str(message.channel.id),
        "guild_id": str(guild.id) if guild else None,
        "url": message.jump_url,
    }


async def for_each(
    items: Sequence[T], work: Callable[[T], Awaitable[dict[str, Any]]]
) -> list[dict[str, Any] | JobFailed]:
    """Call ``work`` for each item, ten at a time, and return each one's result or its JobFailed.

    If Discord is down or asks to wait, this starts no more items and raises JobFailed. Wrap each item's work
    in a `step`, so that the next attempt doesn't repeat the finished ones.

    Parameters:
        items: The items to work on.
        work: Does the work for one item.
    """
    turns, away = asyncio.Semaphore(_AT_ONCE), list[JobFailed]()

    async def one(item: T) -> dict[str, Any] | JobFailed:
        async with turns:
            if away:
                return away[0]
            try:
                return await work(item)
            except JobFailed as error:
                if error.retry_after is not None:
                    away.append(error)
                return error

    results = await asyncio.gather(*(one(item) for item in items))
    if away:
        raise away[0]
    return results


def partly(done: list[dict[str, Any]], failed: list[dict[str, str]], what: str) -> dict[str, Any]:
    """Return the result of a job with several parts. Raises JobFailed if none succeeded.

    Parameters:
        done: The results of the parts that succeeded.
        failed: The parts that failed, each with its ``error``.
        what: What they are, in the plural, such as ``channels``.
    """
    total = len(done) + len(failed)
    if failed and not done:
        reasons = list(dict.fromkeys(item["error"] for item in failed))
        raise JobFailed(
            "None of {total} {what}: {reasons}",
            retry=False,
            code="none_of_several",
            total=total,
            what=what,
            reasons=reasons[0] if len(reasons) == 1 else "; ".join(reasons),
        )
    result: dict[str, Any] = {"success": True, "done": done, "message": f"{len(done)} of {total} {what}"}
    if failed:
        result["partial"] = True
        result["failed"] = failed
    return result
