"""Thread and forum jobs: open them on time, and close or archive them on time."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import aiohttp
import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.compose import limits
from schedulezero.errors import DatabaseUnavailable, Gone, JobFailed
from schedulezero.handler.steps import step
from schedulezero.methods.annotations import Channels
from schedulezero.methods.debts import Debt
from schedulezero.methods.spec import in_channel
from schedulezero.methods.typed import ChannelId, Duration, ForumId, LongText, Text, ThreadId, job
from schedulezero.sentences import Sentence, all_in_a_row, present_fields
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.comparing import alike
from sprockets.kit.follow_up import (
    DONE,
    LIFTED,
    call_off,
    debt_about,
    follow_up,
    note_left,
    owed,
    replaced,
    watched,
)
from sprockets.kit.forums import Titled, open_post, tags_of, title_for
from sprockets.kit.locks import Lock, forget, lock_of, save
from sprockets.kit.lookups import channel_of, guild_channel_of
from sprockets.kit.messages import expect_texts, fitting, mentions, silenced, text_for, turn_for
from sprockets.kit.outgoing import Outgoing
from sprockets.kit.posting import CLOCK_SKEW, post
from sprockets.kit.results import success
from sprockets.kit.thread_flags import (
    BEFORE,
    FLAGS,
    OURS,
    Flags,
    back,
    before,
    flags_of,
    is_lifted,
    noted,
    read_flags,
    steps,
    thread_about,
)
from sprockets.kit.turns import turn

log = logging.getLogger(__name__)

Quiet = Literal["1 hour", "1 day", "3 days", "1 week"]
# How long a thread may be inactive before Discord archives it → Discord's value, in minutes.
_MINUTES: dict[Quiet, Literal[60, 1440, 4320, 10080]] = {
    "1 hour": 60, "1 day": 1440, "3 days": 4320, "1 week": 10080,
}  # fmt: skip


@job(
    needs=in_channel("channel_id", "create_public_threads", "send_messages_in_threads"),
    variables=("title", "message"),
    pings=("message",),
    resumable=True,
)
async def create_thread(
    bot: commands.Bot,
    channel_id: Annotated[ChannelId, Channels(("text", "news"))],
    title: Annotated[Text, Field(max_length=limits.THREAD_TITLE.most)],
    message: Annotated[LongText, Field(max_length=limits.TEXT.most)] = "",
    archive_after: Quiet = "1 day",
) -> dict[str, Any]:
    """Create a thread.

    Params:
        channel_id: Where to create the thread
        title: The thread's name
        message: The first message
        archive_after: Archive the thread after this long without messages
    """
    channel = await channel_of(bot, channel_id)
    if not isinstance(channel, discord.TextChannel):
        raise JobFailed(
            "I can't create threads in #{name}. Choose a text channel.",
            retry=False,
            code="no_threads_in",
            name=channel.name,
        )
    name = title_for(channel.guild, title)
    text, silent = silenced(text_for(channel.guild, message))
    fitting(text, limits.TEXT.most, "message")

    async def open_it(plan: dict[str, Any]) -> dict[str, Any]:
        async with asking_discord(
            Sentence("create a thread in #{channel}", "doing_open_thread", channel=channel.name)
        ):
            thread = await channel.create_thread(
                name=plan["name"],
                type=_type_of_threads(channel),
                auto_archive_duration=_MINUTES[archive_after],
                reason=REASON,
            )
        return _opened(thread)

    plan = {"name": name}
    result = await step("thread", open_it, plan=plan, find=lambda plan, since: _found(channel, plan, since))
    if text:
        thread = await channel_of(bot, int(result["channel_id"]))
        allowed = mentions(turn_for(message), channel=channel)
        sent = await post(thread, f"“{name}”", content=text, allowed_mentions=allowed, silent=silent)
        result = {**result, **sent}
    return {"success": True, **result}


def _type_of_threads(
    channel: discord.TextChannel,
) -> Literal[discord.ChannelType.public_thread, discord.ChannelType.news_thread]:
    """Return the type of a public thread: https://discord.com/developers/docs/topics/threads

    An announcement channel has a type of its own, and takes no other.
    """
    return discord.ChannelType.news_thread if channel.is_news() else discord.ChannelType.public_thread


@create_thread.check
async def _check_thread(bot: commands.Bot, channel_id: int, title: str, message: str, **_: Any) -> None:
    channel = await channel_of(bot, channel_id)
    expect_texts(channel.guild, title, limits.THREAD_TITLE.most, "title")
    expect_texts(channel.guild, message, limits.TEXT.most, "message", blank=True, silent=True)


@job(
    needs=in_channel("channel_id", "send_messages"),
    variables=("title", "message"),
    pings=("message",),
    resumable=True,
)
async def create_forum_post(
    bot: commands.Bot,
    channel_id: ForumId,
    title: Annotated[Text, Field(max_length=limits.THREAD_TITLE.most)],
    message: Annotated[LongText, Field(max_length=limits.TEXT.most)],
    tags: Text = "",
) -> dict[str, Any]:
    """Create a post in a forum.

    Params:
        channel_id: Which forum
        title: The title
        message: The text to post
        tags: Names of the forum's tags, separated by commas
    """
    forum = await guild_channel_of(bot, channel_id)
    if not isinstance(forum, discord.ForumChannel):
        raise JobFailed(
            "#{name} isn't a forum. Choose a forum.", retry=False, code="not_a_forum", name=forum.name
        )
    text, silent = silenced(text_for(forum.guild, message))
    fitting(text, limits.TEXT.most, "message")
    allowed = mentions(turn_for(message), channel=forum)
    said = Outgoing(content=text, silent=silent, allowed_mentions=allowed)
    titled = Titled(title_for(forum.guild, title), await tags_of(forum, tags))
    made = await open_post(forum, titled, said, key="post")
    return {"success": True, **present_fields("message", _now(titled.title, FLAGS["open"])), **made}


@create_forum_post.check
async def _check_forum_post(
    bot: commands.Bot, channel_id: int, title: str, message: str, tags: str, **_: Any
) -> None:
    forum = await guild_channel_of(bot, channel_id)
    expect_texts(forum.guild, title, limits.THREAD_TITLE.most, "title")
    expect_texts(forum.guild, message, limits.TEXT.most, "message", silent=True)
    if isinstance(forum, discord.ForumChannel):
        await tags_of(forum, tags)


@job(
    needs=in_channel("thread_id", "manage_threads"),
    resumable=True,
)
async def set_thread(
    bot: commands.Bot,
    thread_id: ThreadId,
    state: Literal["open", "closed", "archived"],
    lasts: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=365))] | None = None,
) -> dict[str, Any]:
    """Open, close or archive a thread or a forum post, for a while or until further notice.

    Params:
        thread_id: Which thread or forum post
        state: Closed means archived and locked: only moderators can reopen the thread
        lasts: How long it lasts. The previous state is then restored, unless someone changed it by hand
    """
    debt = await owed(bot)
    try:
        thread = await guild_channel_of(bot, thread_id)
    except Gone:
        if debt is None:
            raise
        return success(
            Sentence(
                "The thread no longer exists, so there is nothing to undo.", "thread_gone_nothing_to_undo"
            )
        )
    if not isinstance(thread, discord.Thread):
        raise JobFailed(
            "#{name} isn't a thread or a forum post.", retry=False, code="not_a_thread", name=thread.name
        )
    about = thread_about(thread.id)
    async with turn(f"lock:{thread.id}"):  # locks, endings and listeners wait
        async with asking_discord(
            Sentence("check the thread “{thread}”", "doing_see_thread", thread=thread.name)
        ):
            now = flags_of(await bot.fetch_channel(thread.id))
        if debt is not None:
            return await _end(bot, thread, now, debt)
        lock = await _standing_lock(bot, thread, now)
        said = _now(thread.name, FLAGS[state])
        if lasts is not None:

            async def look(_: dict[str, Any]) -> dict[str, Any]:
                earlier = await debt_about(bot, about)
                if earlier is not None and lock is not None and not lock.paused:
                    await _end_under(bot, thread, lock, earlier)
                untouched = earlier is not None and not is_lifted(earlier, now)
                found = before(earlier) if earlier and untouched else now
                ours = noted([now] if untouched else [])
                return {"before": list(found), "stands": untouched, "ours": ours}

            found = await step("flags", look)
            was = read_flags(found["before"])
            params = {"thread_id": str(thread.id), "state": _state_of(was)}
            name = _ending(thread.name, was)
            left = {"state": state, BEFORE: list(was), OURS: found["ours"]}
            after = await follow_up(
                bot, about, "set_thread", params, lasts, name, left, stands=found["stands"]
            )
            said = all_in_a_row(said, Sentence("Until {until}.", "lasts_until", until=after["at"]))
        await _change_over(bot, thread, lock, now, FLAGS[state])
        if lasts is not None:
            await note_left(bot, about, **{DONE: True, OURS: []})
        else:
            await call_off(bot, about)  # this one is for good
            if lock is not None:
                await forget(bot, thread.id)
    return success(said, **_place(thread))


async def _end(bot: commands.Bot, thread: discord.Thread, now: Flags, debt: Debt) -> dict[str, Any]:
    """Restore the state from before a change, unless a newer change or somebody's own holds by now."""
    # What was noted may be newer than the debt that the run began with.
    debt = await owed(bot) or debt
    wanted, lock = back(debt, now), await _standing_lock(bot, thread, now)
    if await replaced(bot, debt.about):
        said = _now(thread.name, now)
    elif lock is not None and not lock.paused:
        found = await _end_under(bot, thread, lock, debt)
        wanted = found if found is not None and found.locked else now  # no lock changes a locked thread
        await _change(bot, thread, debt.about, now, wanted)
        said = _now(thread.name, wanted)
    elif wanted is None:
        said = Sentence(
            "“{thread}” was changed by hand in the meantime, so it stays as it is.",
            "thread_changed_by_hand",
            thread=thread.name,
        )
    else:
        await _change(bot, thread, debt.about, now, wanted)
        said = _now(thread.name, wanted)
    if lock is not None and lock.paused and not await replaced(bot, debt.about):
        lock.paused, lock.lifted = False, wanted is None
        await save(bot, thread.id, lock)
    return success(said, **_place(thread))


async def _standing_lock(bot: commands.Bot, thread: discord.Thread, now: Flags) -> Lock | None:
    """Return the lock of a thread that holds, or would if a state for a while weren't over it."""
    lock = await lock_of(bot, thread.id, thread.guild.id)
    holds = lock is not None and not lock.lifted and (now.locked or lock.paused)
    return lock if holds else None


async def _end_under(bot: commands.Bot, thread: discord.Thread, lock: Lock, debt: Debt) -> Flags | None:
    """Let a lock that holds longer than a state for a while restore what that one found, and return it."""
    found = back(debt, Flags(lock.archived, bool(lock.thread)))
    if found is not None:
        lock.archived, lock.thread = found
        await save(bot, thread.id, lock)
    return found


async def _change_over(
    bot: commands.Bot, thread: discord.Thread, lock: Lock | None, now: Flags, wanted: Flags
) -> None:
    """Set a thread's flags; a lock that held there until now isn't lifted by hand through that."""
    pauses = lock is not None and not lock.paused
    if lock is not None and pauses:
        lock.paused = True
        await save(bot, thread.id, lock)
    try:
        await _change(bot, thread, thread_about(thread.id), now, wanted)
    except JobFailed as error:
        if lock is not None and pauses and not error.may_have_worked:
            lock.paused = False
            await save(bot, thread.id, lock)
        raise


async def _change(bot: commands.Bot, thread: discord.Thread, about: str, now: Flags, wanted: Flags) -> None:
    """Set a thread's flags, and note before each request what it may leave, so that a restart knows it."""
    debt = await debt_about(bot, about)
    ours = [now] if debt is not None and not is_lifted(debt, now) else []
    for flags in steps(now, wanted):
        await note_left(bot, about, **{OURS: noted([*ours, flags])})
        try:
            async with asking_discord(
                Sentence("change the thread “{thread}”", "doing_change_thread", thread=thread.name)
            ):
                await thread.edit(archived=flags.archived, locked=flags.locked, reason=REASON)
        except JobFailed as error:
            if not error.may_have_worked:
                await note_left(bot, about, **{OURS: noted(ours)})
            raise
        ours.append(flags)


def _now(thread: str, now: Flags) -> Sentence:
    match now:
        case Flags(True, True):
            return Sentence("“{thread}” is closed.", "thread_closed", thread=thread)
        case Flags(True, False):
            return Sentence("“{thread}” is archived.", "thread_archived", thread=thread)
        case Flags(False, True):
            return Sentence("“{thread}” is locked.", "thread_locked", thread=thread)
        case _:
            return Sentence("“{thread}” is open.", "thread_open", thread=thread)


def _ending(thread: str, before: Flags) -> Sentence:
    match before:
        case Flags(True, True):
            return Sentence("Close “{thread}” again", "ending_closes_thread", thread=thread)
        case Flags(True, False):
            return Sentence("Archive “{thread}” again", "ending_archives_thread", thread=thread)
        case Flags(False, True):
            return Sentence("Lock “{thread}” again", "ending_locks_thread", thread=thread)
        case _:
            return Sentence("Open “{thread}” again", "ending_opens_thread", thread=thread)


def _state_of(now: Flags) -> str:
    if now.locked:
        return "closed"
    return "archived" if now.archived else "open"


def _opened(thread: discord.Thread) -> dict[str, Any]:
    return {**_place(thread), **present_fields("message", _now(thread.name, FLAGS["open"]))}


def _place(thread: discord.Thread) -> dict[str, Any]:
    return {"channel_id": str(thread.id), "guild_id": str(thread.guild.id), "url": thread.jump_url}


async def _found(parent: discord.TextChannel, plan: dict[str, Any], since: datetime) -> dict[str, Any] | None:
    """Return the thread that an earlier attempt opened, or None."""
    async with asking_discord(
        Sentence("look for threads in #{channel}", "doing_find_threads", channel=parent.name)
    ):
        for thread in await parent.guild.active_threads():
            mine = thread.owner_id == parent.guild.me.id and thread.parent_id == parent.id
            made_at = thread.created_at or discord.utils.snowflake_time(thread.id)
            if mine and alike(thread.name, plan["name"]) and made_at > since - CLOCK_SKEW:
                return _opened(thread)
    return None


class ThreadsSprocket(RegisteringCog):
    """Registers the thread and forum jobs."""

    jobs = by_name(create_thread, create_forum_post, set_thread)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """Let the end of a change die when somebody changes the thread by hand."""
        about = thread_about(payload.thread_id)
        try:
            if await watched(self.bot, about) is None:
                return
            async with turn(f"lock:{payload.thread_id}"):
                debt = await watched(self.bot, about)
                # What the event says may be older than what the bot did.
                thread: Any = await self.bot.fetch_channel(payload.thread_id)
                lock = await _standing_lock(self.bot, thread, flags_of(thread))
                is_locked_over = lock is not None and not lock.paused
                if debt is not None and not is_locked_over and is_lifted(debt, flags_of(thread)):
                    await note_left(self.bot, about, **{LIFTED: True})
        except (discord.DiscordException, aiohttp.ClientError, OSError, DatabaseUnavailable) as error:
            log.warning(
                "whether the thread %s was changed by hand can't be told: %s", payload.thread_id, error
            )


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ThreadsSprocket(bot))
