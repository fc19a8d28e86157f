"""Moderation jobs: delete messages, lock channels, and unlock them with their previous permissions."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import aiohttp
import discord
from discord.ext import commands
from pydantic import Field

from schedulezero import instants
from schedulezero.errors import DatabaseUnavailable, Gone, JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.instants import from_iso, to_iso
from schedulezero.methods.discord_classes import Channels
from schedulezero.methods.host import host_of
from schedulezero.methods.lasting import Lasting, end_of
from schedulezero.methods.parameters import Kind
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelId, LongText, MemberId, MemberIds, RoleId, Text, job
from schedulezero.said_values import said_moment
from schedulezero.sentences import Sentence, all_in_a_row, counted
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cleaning import MOST_LOOKED_AT, Cleaning, Wanted, public_threads
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.content import can_read_content
from sprockets.kit.follow_up import call_off, debt_about, follow_up, owed, waiting
from sprockets.kit.lock_places import (
    about_of,
    all_in,
    called,
    lockable,
    locked_about,
    standing_about,
    unlocking,
)
from sprockets.kit.lock_words import lock_outcome, unlock_outcome, who_writes
from sprockets.kit.locks import (
    Lock,
    begins,
    clear,
    forget,
    lock,
    lock_of,
    moderators_of,
    note_lifted,
    stands,
    unlock,
)
from sprockets.kit.lookups import GuildChannel, Sendable, channel_of, guild_channel_of
from sprockets.kit.posting import post
from sprockets.kit.results import success
from sprockets.kit.several import CHANNELS, for_each, partly

log = logging.getLogger(__name__)

_MOST_DELETED = 10_000
_OLDEST_DAYS = 36_500
_LOCKED = ("send_messages", "send_messages_in_threads", "create_public_threads", "create_private_threads")
Reason = Annotated[LongText, Field(max_length=1900)]  # it is posted with some text around it
_LONGEST_LOCK = timedelta(days=366)
_MOST_TOLD = 10
LockableId = Annotated[
    int,
    Kind.CHANNEL,
    Channels((
        "text", "news", "voice", "stage_voice", "forum", "category", "public_thread",
        "private_thread", "news_thread",
    )),
]  # fmt: skip
# In a channel, a bot can only deny and allow permissions that it has in the server
# (https://discord.com/developers/docs/resources/channel#edit-channel-permissions).
_LOCKING = (
    *in_channel("channel_id", "manage_channels", "manage_roles"),
    *(Need(permission, of="bot") for permission in _LOCKED),
    *(Need(permission, when="whole_server") for permission in ("manage_channels", "manage_roles")),
)


@job(
    needs=in_channel("channel_id", "read_message_history", "manage_messages"),
    resumable=True,
)
async def cleanup_messages(
    bot: commands.Bot,
    channel_id: ChannelId,
    limit: Annotated[int, Field(ge=1, le=_MOST_DELETED)] = 100,
    age_days: Annotated[float, Field(ge=0, le=_OLDEST_DAYS)] | None = None,
    user_id: MemberId | None = None,
    contains: Text = "",
    keep_user_ids: MemberIds | None = None,
    keep_role_id: RoleId | None = None,
    keep_bots: bool = False,
    keep_files: bool = False,
    threads: bool = False,
) -> dict[str, Any]:
    """Delete messages in a channel; pinned ones stay.

    Params:
        channel_id: Where to clean up
        limit: Delete at most this many messages
        age_days: Only messages older than this many days
        user_id: Only from this person
        contains: Only messages that contain this text
        keep_user_ids: Keep messages from these people
        keep_role_id: Keep messages from members with this role
        keep_bots: Keep messages from bots
        keep_files: Keep messages with a file
        threads: Clean up the channel's public threads as well
    """
    channel = await channel_of(bot, channel_id)
    await _expect_readable(bot, contains)

    async def begin(_: dict[str, Any]) -> dict[str, Any]:
        more = await public_threads(channel) if threads else []
        return {"until": to_iso(_until(channel, age_days)), "threads": [str(thread.id) for thread in more]}

    begun = await step("begin", begin)
    kept = tuple(keep_user_ids or ())
    wanted = Wanted(from_iso(begun["until"]), user_id, contains, kept, keep_role_id, keep_bots, keep_files)
    work = Cleaning(wanted, limit)
    failed: list[dict[str, str]] = []
    for place_id in (channel_id, *map(int, begun["threads"])):
        if work.is_over:
            break
        try:
            await work.clean(await channel_of(bot, place_id))
        except JobFailed as error:
            if error.retry or len(begun["threads"]) == 0:
                raise
            failed.append({"channel_id": str(place_id), "error": error.message})
    if failed and not work.deleted and len(failed) > len(begun["threads"]):
        return partly([], failed, CHANNELS)
    return _cleaned(work, failed)


def _cleaned(work: Cleaning, failed: list[dict[str, str]]) -> dict[str, Any]:
    said = all_in_a_row(
        counted(
            "{count} message deleted.", "{count} messages deleted.", "messages_deleted", count=work.deleted
        ),
        Sentence("{count} couldn't be deleted.", "messages_stuck", count=work.stuck) if work.stuck else None,
        Sentence("Only the newest {most} messages were checked.", "messages_looked_at", most=MOST_LOOKED_AT)
        if work.looked_at >= MOST_LOOKED_AT
        else None,
        *(
            Sentence(
                "In {channel}: {error}",
                "failed_in_channel",
                channel=f"<#{item['channel_id']}>",
                error=item["error"],
            )
            for item in failed[:_MOST_TOLD]
        ),
    )
    more = {"partial": True, "failed": failed} if failed else {}
    return success(said, deleted=work.deleted, **more)


@cleanup_messages.check
async def _check_clean_up(bot: commands.Bot, channel_id: int, contains: str, **_: Any) -> None:
    await channel_of(bot, channel_id)
    await _expect_readable(bot, contains)


@cleanup_messages.preview
async def _clean_up_preview(bot: commands.Bot, channel_id: int, limit: int, **_: Any) -> str:
    """Return how many messages each run deletes at most."""
    return counted(
        "Each run deletes at most one message, the newest.",
        "Each run deletes at most {count} messages, the newest first.",
        "would_delete_at_most",
        count=limit,
    )


@cleanup_messages.dry_run
async def _would_clean_up(
    bot: commands.Bot,
    channel_id: int,
    limit: int = 100,
    age_days: float | None = None,
    user_id: int | None = None,
    contains: str = "",
    keep_user_ids: list[int] | None = None,
    keep_role_id: int | None = None,
    keep_bots: bool = False,
    keep_files: bool = False,
    threads: bool = False,
) -> str:
    """Return how many messages would be deleted now, and the age of the oldest."""
    channel = await channel_of(bot, channel_id)
    await _expect_readable(bot, contains)
    until = _until(channel, age_days)
    kept = tuple(keep_user_ids or ())
    work = Cleaning(Wanted(until, user_id, contains, kept, keep_role_id, keep_bots, keep_files), limit)
    found: list[int] = []
    for place in (channel, *(await public_threads(channel) if threads else ())):
        async with asking_discord(
            Sentence("look for messages in #{channel}", "doing_find_messages", channel=place.name)
        ):
            found += [message.id async for message in work.found_in(place)]
    if not found:
        return Sentence(
            "There is nothing to delete in {channel} at the moment.",
            "nothing_to_delete",
            channel=channel.mention,
        )
    return counted(
        "{count} message in {channel} would be deleted now. It was posted {oldest}.",
        "{count} messages in {channel} would be deleted now. The oldest was posted {oldest}.",
        "would_delete",
        count=len(found),
        channel=channel.mention,
        oldest=discord.utils.format_dt(discord.utils.snowflake_time(min(found)), "R"),
    )


def _until(channel: Sendable, age_days: float | None) -> datetime:
    """Return before which instant messages were posted that are old enough."""
    if age_days:
        return instants.now() - timedelta(days=age_days)
    newest = discord.utils.snowflake_time(channel.last_message_id or 0)
    return max(instants.now(), newest + timedelta(milliseconds=1))  # our clock may be behind


async def _expect_readable(bot: commands.Bot, contains: str) -> None:
    if not contains:
        return
    async with asking_discord(Sentence("check whether I'm allowed to read messages", "doing_see_intent")):
        readable = await can_read_content(bot)
    if not readable:
        raise JobFailed(
            "To read message text, I need the Message Content intent. Switch it on in "
            "Discord's developer portal under Bot.",
            retry=False,
            code="needs_message_content",
        )


@job(needs=_LOCKING, resumable=True)
async def lockdown_channel(
    bot: commands.Bot,
    channel_id: LockableId,
    lasts: Lasting = "",
    reason: Reason = "",
    whole_server: bool = False,
) -> dict[str, Any]:
    """Lock a channel, a thread, a category or the whole server: only moderators can write there.

    Params:
        channel_id: What to lock; a category includes all its channels
        lasts: How long, such as 8 hours or until 7. Leave it out to lock until someone unlocks it
        reason: The reason, for the audit log and the people in the channel
        whole_server: Lock every channel in the server
    """
    run = current_run()
    channel = await guild_channel_of(bot, channel_id)
    about = about_of(channel, whole_server)
    places, refused = await lockable(bot, channel, whole_server)
    if refused:  # its ending may open only what this lock closed
        about += f":by:{run.creator_id}"
    noted, until, stays = _noted(reason), None, False
    if lasts.strip():
        ends = _end(lasts, run.scheduled_at, run.timezone)
        if ends <= instants.now():
            return success(
                Sentence(
                    "Nothing was locked, because the end of this lock has already passed ({until}).",
                    "lock_over",
                    until=to_iso(ends),
                ),
                channel_id=str(channel.id),
            )
        params: dict[str, Any] = {"channel_id": str(channel.id), "reason": ""}
        if whole_server:
            params["whole_server"] = True
        already = await standing_about(bot, places, about)
        stays = already and await debt_about(bot, about) is None and await waiting(bot, about) is None
        if not stays:  # otherwise it lasts until somebody unlocks it: the later end counts
            name = unlocking(channel, whole_server)
            after = await follow_up(bot, about, "unlock_channel", params, ends, name, stands=already)
            until = after["at"]

    async def look(_: dict[str, Any]) -> dict[str, Any]:
        return {"archived": isinstance(channel, discord.Thread) and channel.archived}

    found = await step("found", look)  # a post in an archived thread opens it
    if reason and not whole_server and await begins(bot, channel):
        said = Sentence("🔒 Locked: {reason}", "post_locked", reason=reason)
        await _say(bot, channel, said)

    async def one(place: GuildChannel) -> dict[str, Any]:
        return asdict(await lock(bot, place, about, noted, archived=found["archived"])) | {"name": place.name}

    results = await for_each(places, one)
    done = [item for item in results if isinstance(item, dict)]
    failed = [
        (place.name, item) for place, item in zip(places, results, strict=True) if isinstance(item, JobFailed)
    ]
    if not lasts.strip():
        await call_off(bot, about)  # this lock is until further notice
    if not done:
        raise failed[0][1] if failed else _nothing(refused)
    whole = lock_outcome(called(channel, whole_server), until, done, failed, refused, stays=stays)
    more: dict[str, Any] = {}
    if whole.partial:
        more = {
            "partial": True,
            "failed": [{"channel": name, "error": error.message} for name, error in failed],
            "not_closed": [item for item in done if item["open_to"] or item["unable"]],
        }
    return success(whole.said, channel_id=str(channel.id), **more)


@lockdown_channel.check
async def _check_lock(bot: commands.Bot, channel_id: int, lasts: str, **_: Any) -> None:
    await guild_channel_of(bot, channel_id)
    if lasts.strip():
        _end(lasts, instants.now(), current_run().timezone)


@lockdown_channel.preview
async def _lock_preview(
    bot: commands.Bot, channel_id: int, lasts: str, whole_server: bool = False, **_: Any
) -> str:
    """Return until when the next lock holds, and who can write meanwhile, as far as one channel tells."""
    channel, run = await guild_channel_of(bot, channel_id), current_run()
    ends = _end(lasts, run.scheduled_at, run.timezone) if lasts.strip() else None
    return all_in_a_row(
        Sentence(
            "The next lock ends on {date} ({zone}), {when}.",
            "lock_would_end",
            when=discord.utils.format_dt(ends, "R"),
            date=said_moment(ends.astimezone(ZoneInfo(run.timezone))),
            zone=run.timezone,
        )
        if ends is not None
        else Sentence("It stays locked until someone unlocks it.", "lock_would_stay"),
        who_writes(await moderators_of([channel]), isinstance(channel, discord.Thread)),
    )


def _end(lasts: str, begins_at: datetime, zone: str) -> datetime:
    """Return when a lock ends; raise JobFailed if its length isn't a time, or is too long.

    It is the instant that was said, counted from when the run was due, to the second.
    """
    ends = end_of(lasts, begins_at.replace(microsecond=0), zone)
    if ends is None or ends - begins_at > _LONGEST_LOCK:
        raise JobFailed(
            "“{lasts}” isn't a valid length for a lock. Enter a length of up to a year, such as *8 "
            "hours* or *until 7*.",
            retry=False,
            code="lock_lasts_unusable",
            lasts=lasts,
        )
    return ends


@job(needs=_LOCKING, resumable=True)
async def unlock_channel(
    bot: commands.Bot, channel_id: LockableId, reason: Reason = "", whole_server: bool = False
) -> dict[str, Any]:
    """Unlock a channel, a thread, a category or the server, and restore its earlier permissions.

    Params:
        channel_id: What to unlock; a category includes all its channels
        reason: The reason, for the audit log and the people in the channel
        whole_server: Unlock every channel that I locked
    """
    debt = await owed(bot)
    try:
        channel = await guild_channel_of(bot, channel_id)
    except Gone:
        await forget(bot, channel_id)
        guild = bot.get_guild(int(current_run().guild_id or 0))
        if debt is None or guild is None or not guild.channels:
            raise
        channel = guild.channels[0]  # stands for its guild: what the lock closed there may remain
        if not await locked_about(bot, guild, debt.about):
            said = Sentence(
                "The channel no longer exists, so there is nothing to unlock.", "channel_gone_not_unlocked"
            )
            return success(said)
    noted, about = _noted(reason), debt.about if debt is not None else None
    places = all_in(channel, whole_server)
    if debt is None and len(places) > 1 and not await _ends_own_lock(bot, channel_id, reason, whole_server):
        places, _ = await lockable(bot, channel, whole_server)
    single = not whole_server and not isinstance(channel, discord.CategoryChannel)
    if about is not None and (not single or channel.id != channel_id):
        # Wherever they are now: a channel may have left its category, and a category may be gone.
        places = await locked_about(bot, channel.guild, about)

    async def recall(_: dict[str, Any]) -> dict[str, Any]:
        found = [(place, await lock_of(bot, place.id, place.guild.id)) for place in places]
        return {str(place.id): lock.to_note() for place, lock in found if lock is not None}

    # Recalled once per run: the notes are deleted at the end, and resuming after that must not open more.
    notes = await step("recall", recall)
    if not notes and debt is None and single and not isinstance(channel, discord.Thread):
        await clear(bot, channel, noted)
    elif not notes and debt is None and isinstance(channel, discord.Thread):
        async with asking_discord(Sentence("unlock #{channel}", "doing_unlock", channel=channel.name)):
            await channel.edit(archived=False, locked=False, reason=noted)

    async def one(place: GuildChannel) -> dict[str, Any]:
        note = Lock.from_note(notes[str(place.id)], place.guild.id)
        return {"became": await unlock(bot, place, note, about, noted)}

    locked = [place for place in places if str(place.id) in notes]
    results = await for_each(locked, one)
    if failures := [item for item in results if isinstance(item, JobFailed) and not isinstance(item, Gone)]:
        raise failures[0]
    became = [item["became"] for item in results if isinstance(item, dict)]
    if debt is None:
        await call_off(bot, about_of(channel, whole_server))
    said = unlock_outcome(
        called(channel, whole_server),
        became,
        alone=single,
        plain=debt is None,
        thread=isinstance(channel, discord.Thread),
    )
    if reason and single and ("open" in became or not notes):
        told = Sentence("🔓 Open again: {reason}", "post_unlocked", reason=reason)
        await _say(bot, channel, told)
    return success(said, channel_id=str(channel.id))


@unlock_channel.settles
async def _ends_own_lock(
    bot: commands.Bot, channel_id: int, reason: str = "", whole_server: bool = False
) -> bool:
    """Return whether what stands there are only locks by whoever scheduled this unlock, to end them."""
    channel: Any = bot.get_channel(channel_id)
    if channel is None or str(channel.guild.id) != current_run().guild_id:
        return False
    locks = [(place, await lock_of(bot, place.id, place.guild.id)) for place in all_in(channel, whole_server)]
    standing = [lock for place, lock in locks if lock is not None and stands(lock, place)]
    return bool(standing) and all(lock.by == [current_run().creator_id] for lock in standing)


def _nothing(refused: list[str]) -> JobFailed:
    return JobFailed(
        "None of the {count} channels could be locked: either I or the job's creator lacks permissions "
        "there.",
        retry=False,
        code="nothing_locked",
        count=len(refused),
    )


async def _say(bot: commands.Bot, channel: GuildChannel, said: Sentence) -> None:
    """Post to the people in a channel, once per run, if the bot can write there."""
    if not isinstance(channel, Sendable):
        return
    mine = channel.permissions_for(channel.guild.me)
    if mine.send_messages_in_threads if isinstance(channel, discord.Thread) else mine.send_messages:
        quiet = discord.AllowedMentions.none()
        text = await host_of(bot).services.said_in(channel.guild, said)
        await post(channel, f"#{channel.name}", content=text, allowed_mentions=quiet)


def _noted(reason: str) -> str:
    """Return a reason in the form for Discord's audit log."""
    return (f"{REASON}: {reason.strip()}" if reason.strip() else REASON)[:512]


class ModerationSprocket(RegisteringCog):
    """Registers the moderation jobs."""

    jobs = by_name(
        cleanup_messages,
        lockdown_channel,
        unlock_channel,
    )

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, _: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Let a lock's saved permissions die when somebody lifts it by hand."""
        try:
            await note_lifted(self.bot, after)
        except (discord.DiscordException, aiohttp.ClientError, OSError, DatabaseUnavailable) as error:
            log.warning("whether the lock of #%s was lifted can't be told: %s", after.name, error)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """Let the lock of a thread die when somebody lifts it by hand."""
        try:
            if await lock_of(self.bot, payload.thread_id, payload.guild_id) is None:
                return
            thread: Any = await self.bot.fetch_channel(payload.thread_id)
            await note_lifted(self.bot, thread)
        except (discord.DiscordException, aiohttp.ClientError, OSError, DatabaseUnavailable) as error:
            log.warning(
                "whether the lock of thread %s was lifted can't be told: %s", payload.thread_id, error
            )

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Forget the lock of a channel that is gone."""
        try:
            await forget(self.bot, channel.id)
        except DatabaseUnavailable as error:
            log.warning("the lock of the deleted channel #%s stays noted: %s", channel.name, error)


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ModerationSprocket(bot))
