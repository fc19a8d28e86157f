"""Channel permissions, slow mode and names: what a lock and its undoing rely on."""

from __future__ import annotations

import discord

from bot.first_day.assumption import assumes
from bot.first_day.findings import NotTried, expect
from bot.first_day.place import MARK
from bot.first_day.visit import Visit

_CHANNEL = "/resources/channel"
_ONE = "/channels/{channel_id}"
_OVERWRITE = "/channels/{channel_id}/permissions/{overwrite_id}"
_SEND = discord.Permissions(send_messages=True).value
_MISSING = (50013,)
# Permissions for channels that the invite link never gives.
_FOREIGN = ("priority_speaker", "deafen_members", "send_tts_messages", "use_soundboard")


async def _overwrite(visit: Visit, channel: int) -> tuple[int, int] | None:
    found = await visit.ask("GET", _ONE, channel_id=channel)
    return next(
        (
            (int(item["allow"]), int(item["deny"]))
            for item in found["permission_overwrites"]
            if str(item["id"]) == str(visit.guild_id)
        ),
        None,
    )


@assumes(
    "locks.set_and_removed",
    "Permissions of a channel are kept as they are set, and go when they are removed",
    "lockdown_channel, unlock_channel",
    f"{_CHANNEL}#edit-channel-permissions",
)
async def _set_and_removed(visit: Visit) -> str:
    channel = await visit.place.text("lock")
    ids = {"channel_id": channel, "overwrite_id": visit.guild_id}
    await visit.ask("PUT", _OVERWRITE, json={"type": 0, "allow": "0", "deny": str(_SEND)}, **ids)
    came = await _overwrite(visit, channel)
    expect(came == (0, _SEND), f"allowed and denied {came}")
    await visit.ask("DELETE", _OVERWRITE, **ids)
    came = await _overwrite(visit, channel)
    expect(came is None or came == (0, 0), f"allowed and denied {came} after the removal")
    return "set and removed"


@assumes(
    "locks.foreign_bit",
    "The bot can't set a permission in a channel that it doesn't have itself",
    "lockdown_channel says which one it lacks",
    f"{_CHANNEL}#edit-channel-permissions",
)
async def _foreign_bit(visit: Visit) -> str:
    mine = visit.guild.me.guild_permissions
    absent = next((name for name in _FOREIGN if not getattr(mine, name)), None)
    if absent is None:
        raise NotTried("the bot has every permission that was looked for")
    allow = discord.Permissions(**{absent: True}).value
    body = {"type": 0, "allow": str(allow), "deny": "0"}
    return await visit.refused(
        _MISSING,
        "PUT",
        _OVERWRITE,
        json=body,
        channel_id=await visit.place.text("lock"),
        overwrite_id=visit.guild_id,
    )


@assumes(
    "locks.own_managed_role",
    "The bot can't change its own role, which is not below itself",
    "role jobs say which role is too high",
    "/topics/permissions#permission-hierarchy",
)
async def _own_managed_role(visit: Visit) -> str:
    highest = visit.guild.me.top_role
    path = "/guilds/{guild_id}/roles/{role_id}"
    body = {"name": highest.name, "mentionable": highest.mentionable}
    return await visit.refused(_MISSING, "PATCH", path, json=body, role_id=highest.id)


@assumes(
    "locks.name_normalised",
    "A text channel's name becomes lower case with dashes",
    "set_channel_text reports the name as Discord has it",
    f"{_CHANNEL}#channel-object",
)
async def _name_normalised(visit: Visit) -> str:
    channel = await visit.place.text("named")
    came = await visit.ask("PATCH", _ONE, channel_id=channel, json={"name": f"{MARK} In 3 Days"})
    expect(came["name"] == f"{MARK}-in-3-days", came["name"])
    return came["name"]


@assumes(
    "locks.slow_mode",
    "Slow mode takes 21,600 seconds at most",
    "set_slowmode",
    f"{_CHANNEL}#modify-channel",
)
async def _slow_mode(visit: Visit) -> str:
    channel = await visit.place.text("slow")
    came = await visit.ask("PATCH", _ONE, channel_id=channel, json={"rate_limit_per_user": 21600})
    expect(came["rate_limit_per_user"] == 21600, came["rate_limit_per_user"])
    return await visit.refused(
        (50035,), "PATCH", _ONE, json={"rate_limit_per_user": 21601}, channel_id=channel
    )


@assumes(
    "locks.two_factor",
    "In a server that asks moderators for 2FA, the app owner's 2FA is needed: 60003",
    "moderation jobs",
    "/topics/oauth2#two-factor-authentication-requirement",
)
async def _two_factor(visit: Visit) -> str:
    if visit.guild.mfa_level is discord.MFALevel.disabled:
        raise NotTried("this server doesn't ask moderators for 2FA; try it in one that does")
    channel = await visit.place.text("lock")
    try:
        await visit.ask("PATCH", _ONE, channel_id=channel, json={"rate_limit_per_user": 1})
    except discord.HTTPException as error:
        expect(error.code == 60003, f"refused with {error.status}, code {error.code}")
        return "the app's owner has no 2FA: refused with 60003"
    return "the app's owner has 2FA: accepted"


ASSUMPTIONS = (_set_and_removed, _foreign_bit, _own_managed_role, _name_normalised, _slow_mode, _two_factor)
