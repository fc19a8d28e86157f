"""Who may schedule what: the person and the bot each need the right to do it by hand.

Pure over discord.py's objects: nothing is fetched. A job function declares its needs
(`schedulezero.methods.needs`); one that declares none but names channels needs what posting there
takes, because a job that names a channel does something in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from schedulezero.methods import Kind, MethodSpec, Need

_POSTING = ("view_channel", "send_messages")

# Read as: Discord's name of a permission, and what its settings call it where that differs.
_NAMES = {
    "manage_guild": "Manage Server",
    "mention_everyone": "Mention @everyone, @here and All Roles",
    "view_channel": "View Channel",
}


def problems(
    spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild, member: discord.Member
) -> list[str]:
    """What stands against this job, each a sentence with the remedy; empty when nothing does.

    Parameters:
        spec: what the method declares.
        params: what it will get.
        guild: where the job is made.
        member: who makes it.
    """
    found: list[str] = []
    for need in _needs(spec):
        if need.when is not None and not params.get(need.when):
            continue
        if need.permission == "mention_everyone" and _anybody_may_ping(spec, need, params, guild):
            continue
        if need.role is not None:
            found += _role_problems(params.get(need.role), guild, member)
        if need.channel is None:
            found += _guild_problems(need, guild, member)
        else:
            for channel_id in _ids(params.get(need.channel)):
                found += _channel_problems(need, channel_id, guild, member)
    for parameter in spec.parameters:
        if parameter.kind is Kind.ROLE and _unknown_role(params.get(parameter.name), guild):
            found.append("The role is not one of this server.")
    return list(dict.fromkeys(found))


def _needs(spec: MethodSpec) -> Sequence[Need]:
    if spec.needs:
        return spec.needs
    return [
        Need(permission, channel=parameter.name)
        for parameter in spec.parameters
        if parameter.kind in (Kind.CHANNEL, Kind.CHANNELS)
        for permission in _POSTING
    ]


def _anybody_may_ping(spec: MethodSpec, need: Need, params: Mapping[str, Any], guild: discord.Guild) -> bool:
    """Whether the ping is of a role that everybody may ping."""
    parameter = spec.parameter(need.when or "")
    if parameter is None or parameter.kind is not Kind.ROLE:
        return False
    role = _role(params.get(parameter.name), guild)
    return role is not None and role.mentionable


def _ids(value: Any) -> list[int]:
    items = value if isinstance(value, list) else [value]
    return [int(item) for item in items if str(item).isdigit()]


def _channel_problems(need: Need, channel_id: int, guild: discord.Guild, member: discord.Member) -> list[str]:
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None:
        return [f"The channel {channel_id} is not one of this server, or I cannot see it."]
    permission = need.permission
    if permission == "send_messages" and isinstance(channel, discord.Thread):
        permission = "send_messages_in_threads"
    found: list[str] = []
    if not need.bot_only and not getattr(channel.permissions_for(member), permission):
        found.append(f"You may not do this in {channel.mention}: you lack *{_name(permission)}*.")
    if not getattr(channel.permissions_for(guild.me), permission):
        found.append(f"I may not do this in {channel.mention}: give my role *{_name(permission)}* there.")
    return found


def _guild_problems(need: Need, guild: discord.Guild, member: discord.Member) -> list[str]:
    found: list[str] = []
    if not need.bot_only and not getattr(member.guild_permissions, need.permission):
        found.append(f"You lack the permission *{_name(need.permission)}* in this server.")
    if not getattr(guild.me.guild_permissions, need.permission):
        found.append(f"I lack the permission *{_name(need.permission)}*: give it to my role.")
    return found


def _role_problems(role_id: Any, guild: discord.Guild, member: discord.Member) -> list[str]:
    role = _role(role_id, guild)
    if role is None:
        return ["The role is not one of this server."]
    if role.managed or role.is_default():
        return [f"{role.mention} cannot be given or taken by hand."]
    found: list[str] = []
    if member.id != guild.owner_id and role >= member.top_role:
        found.append(f"You may only give roles below your own; {role.mention} is not.")
    if role >= guild.me.top_role:
        found.append(f"I may only give roles below my own: move mine above {role.mention}.")
    return found


def _unknown_role(role_id: Any, guild: discord.Guild) -> bool:
    return role_id is not None and _role(role_id, guild) is None


def _role(role_id: Any, guild: discord.Guild) -> discord.Role | None:
    return guild.get_role(int(role_id)) if str(role_id).isdigit() else None


def _name(permission: str) -> str:
    return _NAMES.get(permission, permission.replace("_", " ").title())
