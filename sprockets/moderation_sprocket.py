"""Moderation jobs: delete messages, lock a channel, and unlock it with its previous permissions."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from schedulezero.errors import JobFailed
from schedulezero.handler.run_context import current_run
from schedulezero.handler.steps import step
from schedulezero.methods.host import host_of
from schedulezero.methods.spec import Need, in_channel
from schedulezero.methods.typed import ChannelId, LongText, MemberId, Text, job
from sprockets.kit.asking import REASON, asking_discord
from sprockets.kit.cog import RegisteringCog, by_name
from sprockets.kit.lookups import Sendable, channel_of
from sprockets.kit.posting import post

_BULK = 100
_BULK_AGE = timedelta(days=14) - timedelta(minutes=5)  # Discord refuses older ones; keep a margin
_MOST_LOOKED_AT = 2000
_MOST_DELETED = 1000
_LOCKED = ("send_messages", "send_messages_in_threads", "create_public_threads", "create_private_threads")
Reason = Annotated[LongText, Field(max_length=1900)]  # it is posted with some text around it
_NOTE = "lockdown"
# In a channel, a bot can only deny and allow permissions that it has in the server
# (https://discord.com/developers/docs/resources/channel#edit-channel-permissions).
_LOCKING = (
    *in_channel("channel_id", "manage_channels", "manage_roles"),
    *(Need(permission, of="bot") for permission in _LOCKED),
)


@job(
    needs=in_channel("channel_id", "read_message_history", "manage_messages"),
    resumable=True,
)
async def cleanup_messages(
    bot: commands.Bot,
    channel_id: ChannelId,
    limit: Annotated[int, Field(ge=1, le=_MOST_DELETED)] = 100,
    age_days: Annotated[float, Field(ge=0)] | None = None,
    user_id: MemberId | None = None,
    contains: Text = "",
) -> dict[str, Any]:
    """Delete messages in a channel; pinned ones stay.

    Params:
        channel_id: Where to clean up
        limit: Delete at most this many
        age_days: Only messages older than this many days
        user_id: Only from this person
        contains: Only messages that contain this text
    """
    channel = await channel_of(bot, channel_id)

    async def choose(_: dict[str, Any]) -> dict[str, Any]:
        return {"found": await _to_delete(bot, channel, limit, age_days, user_id, contains)}

    async with asking_discord(f"delete messages in #{channel.name}"):
        # Chosen once per run: resuming after a crash must not choose more messages.
        chosen = await step("choose", choose)
        deleted = await _delete(channel, [int(item) for item in chosen["found"]])
    return {"success": True, "deleted": deleted, "message": f"{deleted} messages deleted"}


@cleanup_messages.dry_run
async def _would_clean_up(
    bot: commands.Bot,
    channel_id: int,
    limit: int = 100,
    age_days: float | None = None,
    user_id: int | None = None,
    contains: str = "",
) -> str:
    """Return how many messages would be deleted now, and the age of the oldest."""
    channel = await channel_of(bot, channel_id)
    async with asking_discord(f"look for messages in #{channel.name}"):
        found = await _to_delete(bot, channel, limit, age_days, user_id, contains)
    if not found:
        return f"There is nothing to delete in {channel.mention} now."
    oldest = discord.utils.format_dt(discord.utils.snowflake_time(int(found[-1])), "R")
    return f"{len(found)} messages in {channel.mention} would be deleted now, the oldest one from {oldest}."


async def _to_delete(
    bot: commands.Bot,
    channel: Sendable,
    limit: int,
    age_days: float | None,
    user_id: int | None,
    contains: str,
) -> list[str]:
    """Return the ids of the messages to delete, the newest first."""
    if contains and not bot.intents.message_content:
        raise JobFailed(
            "To read message text I need the Message Content intent. Switch it on in Discord's developer "
            "portal and set `message_content: true` in the configuration.",
            retry=False,
            code="needs_message_content",
        )
    before = discord.utils.utcnow() - timedelta(days=age_days) if age_days else None
    found: list[str] = []
    async for message in channel.history(limit=_MOST_LOOKED_AT, before=before):
        if message.pinned or (user_id and message.author.id != user_id):
            continue
        if contains and contains.casefold() not in message.content.casefold():
            continue
        found.append(str(message.id))
        if len(found) == limit:
            break
    return found


async def _delete(channel: Sendable, found: list[int]) -> int:
    """Delete messages, in bulk where Discord allows it, and return how many were deleted."""
    newest_old = discord.utils.time_snowflake(discord.utils.utcnow() - _BULK_AGE)
    recent = [item for item in found if item > newest_old]
    for start in range(0, len(recent), _BULK):
        chunk = [discord.Object(item) for item in recent[start : start + _BULK]]

        async def bulk(_: dict[str, Any], chunk: list[discord.Object] = chunk) -> dict[str, Any]:
            await channel.delete_messages(chunk, reason=REASON)
            return {"deleted": len(chunk)}

        await step(f"bulk:{start}", bulk)
    gone = 0
    for item in found:
        if item <= newest_old:
            try:
                await channel.get_partial_message(item).delete()
            except discord.NotFound:
                gone += 1  # somebody else deleted it first
    return len(found) - gone


@job(needs=_LOCKING, resumable=True)
async def lockdown_channel(bot: commands.Bot, channel_id: ChannelId, reason: Reason = "") -> dict[str, Any]:
    """Lock a channel, so that only its moderators can write there.

    Params:
        channel_id: Which channel
        reason: The reason, for the audit log and the people in the channel
    """
    channel = await _lockable(bot, channel_id)
    noted = _noted(reason)
    closing = _to_close(channel)
    found = {
        str(target.id): [value.value for value in channel.overwrites_for(target).pair()] for target in closing
    }
    # Save the current permissions before anything changes; a second lock keeps what the first one saved.
    memory = host_of(bot).memory
    run_id = current_run().run_id
    first = await memory.keep(_NOTE, str(channel.id), {"overwrites": found, "run_id": run_id})
    kept = await memory.kept(_NOTE, str(channel.id))
    going_on = run_id is not None and kept is not None and kept.get("run_id") == run_id
    if (first or going_on) and reason:
        await _say(channel, f"🔒 This channel is locked: {reason}")
    async with asking_discord(f"lock #{channel.name}"):
        for target in closing:
            overwrite = channel.overwrites_for(target)
            overwrite.update(**dict.fromkeys(_LOCKED, False))
            await channel.set_permissions(target, overwrite=overwrite, reason=noted)
    return {"success": True, "channel_id": str(channel.id), "message": f"#{channel.name} is locked"}


@job(needs=_LOCKING, resumable=True)
async def unlock_channel(bot: commands.Bot, channel_id: ChannelId, reason: Reason = "") -> dict[str, Any]:
    """Unlock a channel and restore the permissions it had before the lock.

    Params:
        channel_id: Which channel
        reason: The reason, for the audit log and the people in the channel
    """
    channel = await _lockable(bot, channel_id)
    noted = _noted(reason)
    memory = host_of(bot).memory

    async def recall(_: dict[str, Any]) -> dict[str, Any]:
        return {"note": await memory.kept(_NOTE, str(channel.id))}

    # Recalled once per run: the note is deleted at the end, and resuming after that must not open more.
    note = (await step("recall", recall))["note"]
    async with asking_discord(f"unlock #{channel.name}"):
        if note is not None:
            await _restore(channel, note["overwrites"], noted)
        else:
            overwrite = channel.overwrites_for(channel.guild.default_role)
            overwrite.update(**dict.fromkeys(_LOCKED, None))
            await _set(channel, channel.guild.default_role, overwrite, noted)
    if reason:
        await _say(channel, f"🔓 This channel is open again: {reason}")
    await memory.forget(_NOTE, str(channel.id))
    said = f"#{channel.name} is open again"
    if note is None:
        said += "; I had not locked it, so I only cleared what keeps @everyone from writing"
    return {"success": True, "channel_id": str(channel.id), "message": said}


async def _say(channel: discord.TextChannel, text: str) -> None:
    """Post to the people in a channel, once per run."""
    quiet = discord.AllowedMentions.none()
    await post(channel, f"#{channel.name}", content=text, allowed_mentions=quiet)


async def _restore(channel: discord.TextChannel, found: dict[str, list[int]], reason: str) -> None:
    """Restore the locked permissions to their saved values; others may have changed since and stay."""
    for role_id, (allow, deny) in found.items():
        role = channel.guild.get_role(int(role_id))
        if role is None:
            continue  # deleted in the meantime
        before = discord.PermissionOverwrite.from_pair(discord.Permissions(allow), discord.Permissions(deny))
        overwrite = channel.overwrites_for(role)
        overwrite.update(**{name: getattr(before, name) for name in _LOCKED})
        await _set(channel, role, overwrite, reason)


async def _set(
    channel: discord.TextChannel, role: discord.Role, overwrite: discord.PermissionOverwrite, reason: str
) -> None:
    kept = None if overwrite.is_empty() else overwrite
    await channel.set_permissions(role, overwrite=kept, reason=reason)


async def _lockable(bot: commands.Bot, channel_id: int) -> discord.TextChannel:
    channel = await channel_of(bot, channel_id)
    if not isinstance(channel, discord.TextChannel):
        raise JobFailed(
            "#{name} can't be locked: only text channels can.",
            retry=False,
            code="channel_cannot_be_locked",
            name=channel.name,
        )
    return channel


def _to_close(channel: discord.TextChannel) -> list[discord.Role]:
    """Return the roles that a lock must stop from writing: everyone, and those that the channel lets write.

    Roles that may manage messages are moderators and keep writing.
    """
    closing = [channel.guild.default_role]
    for target, overwrite in channel.overwrites.items():
        if (
            isinstance(target, discord.Role)
            and not target.is_default()
            and overwrite.send_messages
            and not (target.permissions.manage_messages or overwrite.manage_messages)
            and target not in channel.guild.me.roles
        ):
            closing.append(target)
    return closing


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


async def setup(bot: commands.Bot) -> None:
    """Load the sprocket."""
    await bot.add_cog(ModerationSprocket(bot))
