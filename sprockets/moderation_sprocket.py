"""Moderation: cleaning up, giving and taking roles, locking a channel and unlocking it as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands

from schedulezero.errors import JobFailed
from schedulezero.methods import Need, needs
from sprockets.discord_side import Sendable, channel_of, failure, guild_of, partly, role_of
from sprockets.registering import RegisteringCog, by_name

REASON = "ScheduleZero: scheduled job"
_BULK = 100
_BULK_AGE = timedelta(days=14) - timedelta(minutes=5)  # Discord refuses older ones; keep a margin
_MOST_LOOKED_AT = 2000
_MOST_DELETED = 1000
_LOCKED = ("send_messages", "send_messages_in_threads", "create_public_threads", "create_private_threads")
_NOTE = "lockdown"


@needs(
    Need("view_channel", channel="channel_id"),
    Need("read_message_history", channel="channel_id"),
    Need("manage_messages", channel="channel_id"),
)
async def cleanup_messages(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Delete messages in a channel; pinned ones stay.

    Params:
        channel_id: int - Where to clean up
        limit: int - How many to delete at most (default 100)
        age_days: float - Only those older than so many days (optional)
        user_id: int - Only those of this person (optional)
        contains: str - Only those that contain this text (optional)
    """
    channel = await channel_of(bot, params["channel_id"])
    limit = params.get("limit", 100)
    if not 1 <= limit <= _MOST_DELETED:
        raise JobFailed(f"limit must be from 1 to {_MOST_DELETED}, not {limit}.", retry=False)
    contains = str(params.get("contains") or "").casefold()
    if contains and not bot.intents.message_content:
        raise JobFailed(
            "To look at what messages say I need the Message Content intent: switch it on in Discord's "
            "developer portal and set `message_content: true` in the configuration.",
            retry=False,
        )
    before = None
    if params.get("age_days"):
        before = discord.utils.utcnow() - timedelta(days=params["age_days"])
    found: list[discord.Message] = []
    try:
        async for message in channel.history(limit=_MOST_LOOKED_AT, before=before):
            if message.pinned or (params.get("user_id") and message.author.id != params["user_id"]):
                continue
            if contains and contains not in message.content.casefold():
                continue
            found.append(message)
            if len(found) == limit:
                break
        deleted = await _delete(channel, found)
    except discord.HTTPException as error:
        raise failure(error, f"delete messages in #{channel.name}") from error
    return {"success": True, "deleted": deleted, "message": f"{deleted} messages deleted"}


async def _delete(channel: Sendable, found: list[discord.Message]) -> int:
    """Deletes messages, in bulk where Discord admits it; returns how many there still were."""
    newest_old = discord.utils.utcnow() - _BULK_AGE
    recent = [message for message in found if message.created_at > newest_old]
    old = [message for message in found if message.created_at <= newest_old]
    deleted = 0
    for start in range(0, len(recent), _BULK):
        chunk = recent[start : start + _BULK]
        await channel.delete_messages(chunk, reason=REASON)
        deleted += len(chunk)
    for message in old:
        try:
            await channel.get_partial_message(message.id).delete()
        except discord.NotFound:
            continue  # somebody else deleted it first
        deleted += 1
    return deleted


@needs(Need("manage_roles", role="role_id"))
async def add_role_scheduled(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Give people a role.

    Params:
        guild_id: int - The server
        user_ids: list - Who gets it
        role_id: int - Which role
    """
    return await _change_role(bot, params, give=True)


@needs(Need("manage_roles", role="role_id"))
async def remove_role_scheduled(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Take a role from people.

    Params:
        guild_id: int - The server
        user_ids: list - Who loses it
        role_id: int - Which role
    """
    return await _change_role(bot, params, give=False)


async def _change_role(bot: commands.Bot, params: dict[str, Any], *, give: bool) -> dict[str, Any]:
    guild = guild_of(bot, params["guild_id"])
    role = role_of(guild, params["role_id"])
    if role >= guild.me.top_role or role.managed or role.is_default():
        raise JobFailed(
            f"I cannot manage the role {role.name}: move my own role above it in the server's settings.",
            retry=False,
        )
    done: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for user_id in dict.fromkeys(params["user_ids"]):
        try:
            member = guild.get_member(user_id) or await guild.fetch_member(user_id)
            change = member.add_roles if give else member.remove_roles
            await change(role, reason=REASON)
        except discord.NotFound:
            failed.append({"user_id": str(user_id), "error": f"{user_id} is not in this server."})
        except discord.HTTPException as error:
            reason = failure(error, f"change the roles of {user_id}").message
            failed.append({"user_id": str(user_id), "error": reason})
        else:
            done.append({"user_id": str(user_id)})
    return partly(done, failed, "people")


@needs(
    Need("view_channel", channel="channel_id"),
    Need("manage_channels", channel="channel_id"),
    Need("manage_roles", channel="channel_id"),
)
async def lockdown_channel(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Lock a channel: nobody but its moderators can write there.

    Params:
        channel_id: int - Which channel
        reason: str - Why, for the audit log and the people in the channel (optional)
    """
    channel = await _lockable(bot, params["channel_id"])
    reason = _reason(params)
    closing = _to_close(channel)
    found = {
        str(target.id): [value.value for value in channel.overwrites_for(target).pair()] for target in closing
    }
    # What was found is kept before anything changes; a second lock keeps what the first one found.
    memory: Any = getattr(bot, "memory")  # noqa: B009 - the bot's own attribute, not discord.py's
    first = await memory.keep(_NOTE, str(channel.id), {"overwrites": found})
    try:
        if first and params.get("reason"):
            await channel.send(
                f"🔒 This channel is locked: {params['reason']}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
        for target in closing:
            overwrite = channel.overwrites_for(target)
            overwrite.update(**dict.fromkeys(_LOCKED, False))
            await channel.set_permissions(target, overwrite=overwrite, reason=reason)
    except discord.HTTPException as error:
        raise failure(error, f"lock #{channel.name}") from error
    return {"success": True, "channel_id": str(channel.id), "message": f"#{channel.name} is locked"}


@needs(
    Need("view_channel", channel="channel_id"),
    Need("manage_channels", channel="channel_id"),
    Need("manage_roles", channel="channel_id"),
)
async def unlock_channel(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Unlock a channel, with the permissions that it had before it was locked.

    Params:
        channel_id: int - Which channel
        reason: str - Why, for the audit log and the people in the channel (optional)
    """
    channel = await _lockable(bot, params["channel_id"])
    reason = _reason(params)
    memory: Any = getattr(bot, "memory")  # noqa: B009
    note = await memory.kept(_NOTE, str(channel.id))
    try:
        if note is not None:
            await _restore(channel, note["overwrites"], reason)
        else:
            overwrite = channel.overwrites_for(channel.guild.default_role)
            overwrite.update(**dict.fromkeys(_LOCKED, None))
            await _set(channel, channel.guild.default_role, overwrite, reason)
        if params.get("reason"):
            await channel.send(
                f"🔓 This channel is open again: {params['reason']}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
    except discord.HTTPException as error:
        raise failure(error, f"unlock #{channel.name}") from error
    await memory.forget(_NOTE, str(channel.id))
    said = f"#{channel.name} is open again"
    if note is None:
        said += "; I had not locked it, so I only cleared what keeps @everyone from writing"
    return {"success": True, "channel_id": str(channel.id), "message": said}


async def _restore(channel: discord.TextChannel, found: dict[str, list[int]], reason: str) -> None:
    """Puts the locked permissions back as they were found; others may have changed since and stay."""
    for role_id, (allow, deny) in found.items():
        role = channel.guild.get_role(int(role_id))
        if role is None:
            continue  # deleted meanwhile
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
        raise JobFailed(f"#{channel.name} cannot be locked; only text channels can.", retry=False)
    return channel


def _to_close(channel: discord.TextChannel) -> list[discord.Role]:
    """The roles whose writing a lock must end: everyone, and those that the channel lets write.

    Roles that may manage messages are its moderators and keep writing.
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


def _reason(params: dict[str, Any]) -> str:
    given = str(params.get("reason") or "").strip()
    return (f"{REASON}: {given}" if given else REASON)[:512]


class ModerationSprocket(RegisteringCog):
    """Registers the moderation jobs."""

    jobs = by_name(
        cleanup_messages, add_role_scheduled, remove_role_scheduled, lockdown_channel, unlock_channel
    )


async def setup(bot: commands.Bot) -> None:
    """Loads the sprocket."""
    await bot.add_cog(ModerationSprocket(bot))
