"""Moderation: cleaning up, giving and taking roles, locking a channel and unlocking it as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands

from schedulezero.errors import JobFailed
from schedulezero.methods import Need, needs
from schedulezero.run_context import current_run
from schedulezero.steps import resumable, step
from sprockets.discord_side import Sendable, asking_discord, channel_of, guild_of, partly, post, role_of
from sprockets.registering import RegisteringCog, by_name

REASON = "ScheduleZero: scheduled job"
_BULK = 100
_BULK_AGE = timedelta(days=14) - timedelta(minutes=5)  # Discord refuses older ones; keep a margin
_MOST_LOOKED_AT = 2000
_MOST_DELETED = 1000
_LOCKED = ("send_messages", "send_messages_in_threads", "create_public_threads", "create_private_threads")
_NOTE = "lockdown"


@resumable
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

    async def choose(_: dict[str, Any]) -> dict[str, Any]:
        found: list[str] = []
        async for message in channel.history(limit=_MOST_LOOKED_AT, before=before):
            if message.pinned or (params.get("user_id") and message.author.id != params["user_id"]):
                continue
            if contains and contains not in message.content.casefold():
                continue
            found.append(str(message.id))
            if len(found) == limit:
                break
        return {"found": found}

    async with asking_discord(f"delete messages in #{channel.name}"):
        # Chosen once for a run: going on after a crash must not choose further ones.
        chosen = await step("choose", choose)
        deleted = await _delete(channel, [int(item) for item in chosen["found"]])
    return {"success": True, "deleted": deleted, "message": f"{deleted} messages deleted"}


async def _delete(channel: Sendable, found: list[int]) -> int:
    """Deletes messages, in bulk where Discord admits it; returns how many there were."""
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


@resumable
@needs(Need("manage_roles", role="role_id"))
async def add_role_scheduled(bot: commands.Bot, params: dict[str, Any]) -> dict[str, Any]:
    """Give people a role.

    Params:
        guild_id: int - The server
        user_ids: list - Who gets it
        role_id: int - Which role
    """
    return await _change_role(bot, params, give=True)


@resumable
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

        async def change(_: dict[str, Any], user_id: int = user_id) -> dict[str, Any]:
            async with asking_discord(f"change the roles of {user_id}"):
                member = guild.get_member(user_id) or await guild.fetch_member(user_id)
                await (member.add_roles if give else member.remove_roles)(role, reason=REASON)
            return {"user_id": str(user_id)}

        try:
            done.append(await step(f"member:{user_id}", change))
        except JobFailed as error:
            if error.retry_after is not None:
                raise  # Discord is down: those that are done are not done again
            gone = isinstance(error.__cause__, discord.NotFound)
            reason = f"{user_id} is not in this server." if gone else error.message
            failed.append({"user_id": str(user_id), "error": reason})
    return partly(done, failed, "people")


@resumable
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
    run_id = current_run().run_id
    first = await memory.keep(_NOTE, str(channel.id), {"overwrites": found, "run_id": run_id})
    kept = await memory.kept(_NOTE, str(channel.id))
    going_on = run_id is not None and kept is not None and kept.get("run_id") == run_id
    if (first or going_on) and params.get("reason"):
        await _say(channel, f"🔒 This channel is locked: {params['reason']}")
    async with asking_discord(f"lock #{channel.name}"):
        for target in closing:
            overwrite = channel.overwrites_for(target)
            overwrite.update(**dict.fromkeys(_LOCKED, False))
            await channel.set_permissions(target, overwrite=overwrite, reason=reason)
    return {"success": True, "channel_id": str(channel.id), "message": f"#{channel.name} is locked"}


@resumable
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

    async def recall(_: dict[str, Any]) -> dict[str, Any]:
        return {"note": await memory.kept(_NOTE, str(channel.id))}

    # Recalled once for a run: it is forgotten at the end, and going on after that must not open more.
    note = (await step("recall", recall))["note"]
    async with asking_discord(f"unlock #{channel.name}"):
        if note is not None:
            await _restore(channel, note["overwrites"], reason)
        else:
            overwrite = channel.overwrites_for(channel.guild.default_role)
            overwrite.update(**dict.fromkeys(_LOCKED, None))
            await _set(channel, channel.guild.default_role, overwrite, reason)
    if params.get("reason"):
        await _say(channel, f"🔓 This channel is open again: {params['reason']}")
    await memory.forget(_NOTE, str(channel.id))
    said = f"#{channel.name} is open again"
    if note is None:
        said += "; I had not locked it, so I only cleared what keeps @everyone from writing"
    return {"success": True, "channel_id": str(channel.id), "message": said}


async def _say(channel: discord.TextChannel, text: str) -> None:
    """Tells the people in a channel, once in a run."""
    quiet = discord.AllowedMentions.none()
    await post(channel, f"#{channel.name}", content=text, allowed_mentions=quiet)


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
