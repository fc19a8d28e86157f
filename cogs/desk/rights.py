"""Who may schedule what, and who may change what was scheduled.

The person and the bot each need the right to do it by hand.

Pure over discord.py's objects: nothing is fetched. A job function declares its needs
(`schedulezero.methods.needs`); one that declares none but names channels needs what posting there
takes, because a job that names a channel does something in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import discord

from cogs.desk.language import t
from cogs.good_runs import ping_of
from schedulezero.guild_settings import GuildSettings
from schedulezero.message_links import read_message_link
from schedulezero.methods import MethodSpec, Need
from schedulezero.model import Job
from schedulezero.outgoing import CALLING
from schedulezero.parameters import Kind, kind_of

Channel = discord.abc.GuildChannel | discord.Thread

MANAGERS = "managers"
"""Under this key of its meta a job keeps the roles that may change it."""
_POSTING = ("view_channel", "send_messages")

# Read as: a permission in a channel, and the one that stands for it in a thread.
_IN_THREADS = {"send_messages": "send_messages_in_threads", "manage_channels": "manage_threads"}
# Read as: Discord's name of a permission, and what its settings call it where that differs.
_NAMES = {
    "manage_guild": "Manage Server",
    "mention_everyone": "Mention @everyone, @here and All Roles",
    "view_channel": "View Channel",
}


def problems(
    spec: MethodSpec,
    params: Mapping[str, Any],
    guild: discord.Guild,
    member: discord.Member | None,
    *,
    absent: bool = False,
    known: Mapping[int, Channel] = MappingProxyType({}),
    me: discord.Member | None = None,
) -> list[str]:
    """What stands against this job, each a sentence with the remedy; empty when nothing does.

    Parameters:
        spec: what the method declares.
        params: what it will get.
        guild: where the job is made.
        member: who makes it; None looks at the bot's own rights only.
        absent: whether to speak about the member and not to them.
        known: channels that are not in the cache.
        me: the bot in this guild, where the cache does not know it.
    """
    found: list[str] = []
    around = _Around(guild, me or guild.me, member, absent, known)
    for need in _needs(spec):
        if need.when is not None and not params.get(need.when):
            continue
        if need.permission == "mention_everyone" and _anybody_may_ping(spec, need, params, guild):
            continue
        if need.role is not None and params.get(need.role) is not None:
            found += _role_problems(params.get(need.role), around)
        if need.channel is None:
            found += _guild_problems(need, around)
        else:
            for channel_id in _ids(params.get(need.channel)):
                found += _channel_problems(need, channel_id, around)
    if ping_of(spec, params) is not None:
        found += _ping_problems(around)
    found += strangers(spec, params, guild, known)
    return list(dict.fromkeys(found))


def strangers(
    spec: MethodSpec,
    params: Mapping[str, Any],
    guild: discord.Guild,
    known: Mapping[int, Channel] = MappingProxyType({}),
) -> list[str]:
    """What a job names that does not belong to its guild, each a sentence; empty when nothing does.

    Parameters that a method does not declare are judged by their names.
    """
    found: list[str] = []
    for name, value in params.items():
        kind = _kind(spec, name)
        if kind in (Kind.CHANNEL, Kind.CHANNELS):
            found += [
                t("The channel {id} is not one of this server, or I cannot see it.", id=channel_id)
                for channel_id in _ids(value)
                if _channel(channel_id, guild, known) is None
            ]
        elif kind is Kind.MESSAGE and value is not None:
            link = read_message_link(value)
            if link is None or link.guild_id != guild.id:
                found.append(t("The link is not one of a message in this server."))
        elif kind is Kind.ROLE and value is not None and _role(value, guild) is None:
            found.append(t("The role is not one of this server."))
        elif kind is Kind.GUILD and value is not None and str(value) != str(guild.id):
            found.append(t("The job names another server than its own."))
    return found


def named_channels(spec: MethodSpec, params: Mapping[str, Any]) -> list[int]:
    """The ids of all channels that a job names."""
    kinds = (Kind.CHANNEL, Kind.CHANNELS, Kind.MESSAGE)
    return [item for name, value in params.items() if _kind(spec, name) in kinds for item in _ids(value)]


def may_schedule(member: discord.Member, settings: GuildSettings) -> bool:
    """Whether a member may schedule at all: they manage the server, or have a role that may."""
    if member.guild_permissions.manage_guild:
        return True
    return bool({str(role.id) for role in member.roles} & set(settings.manager_role_ids))


def _kind(spec: MethodSpec, name: str) -> Kind:
    declared = spec.parameter(name)
    return declared.kind if declared is not None else kind_of(name, "")


def _channel(channel_id: int, guild: discord.Guild, known: Mapping[int, Channel]) -> Channel | None:
    return guild.get_channel_or_thread(channel_id) or known.get(channel_id)


@dataclass(frozen=True, slots=True)
class _Around:
    """Where rights are looked at, and whose; see `problems`."""

    guild: discord.Guild
    me: discord.Member
    member: discord.Member | None
    absent: bool
    known: Mapping[int, Channel]


# Read as: a job that needs one of these acts on many, and waits for a second person where a guild asks so.
_RISKY = frozenset(
    {"mention_everyone", "manage_messages", "manage_channels", "manage_roles", "kick_members", "ban_members"}
)


def is_risky(spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild) -> bool:
    """Whether a job pings everyone, deletes, locks, or gives and takes roles."""
    for need in spec.needs:
        if need.permission not in _RISKY or (need.when is not None and not params.get(need.when)):
            continue
        if need.permission != "mention_everyone" or not _anybody_may_ping(spec, need, params, guild):
            return True
    return False


def stands_against_moving(
    spec: MethodSpec | None, job: Job, channel_id: str, member: discord.Member, *, approval: bool
) -> str | None:
    """Why a job may not be moved to another channel; None when it may.

    Parameters:
        spec: what its method declares; None when it is not loaded.
        job: what is to be moved.
        channel_id: where to.
        member: who moves it.
        approval: whether the guild asks for a second person, who would have to look at it again.
    """
    name = discord.utils.escape_markdown(job.title)[:60]
    if spec is None or "channel_id" not in job.params:
        return t("“{name}” has no single channel.", name=name)
    params = {**job.params, "channel_id": channel_id}
    if approval and is_risky(spec, params, member.guild):
        return t("“{name}” needs approval: edit it instead.", name=name)
    against = problems(spec, params, member.guild, member)
    return f"“{name}”: {against[0]}" if against else None


def may_manage(job: Job, member: discord.Member) -> bool:
    """Whether a member may change a job: all may, or its creator, administrators and its roles only."""
    roles = {str(item) for item in job.meta.get(MANAGERS) or ()}
    if not roles or str(member.id) == job.creator_id or member.guild_permissions.administrator:
        return True
    return bool(roles & {str(role.id) for role in member.roles})


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
    if (link := read_message_link(value)) is not None:
        return [link.channel_id]
    return [int(item) for item in items if str(item).isdigit()]


def _channel_problems(need: Need, channel_id: int, around: _Around) -> list[str]:
    member = around.member
    channel = _channel(channel_id, around.guild, around.known)
    if channel is None:
        return [t("The channel {id} is not one of this server, or I cannot see it.", id=channel_id)]
    if need.only_in not in (None, channel.type.name):
        return []
    if not channel.permissions_for(around.me).view_channel:
        # What Discord tells the bot of such a channel is made up, so nothing is said of people's rights there
        # (https://discord.com/developers/docs/resources/channel, obfuscated channels).
        return [_bot_lacks("view_channel", channel)]
    permission = need.permission
    if isinstance(channel, discord.Thread):
        permission = _IN_THREADS.get(permission, permission)
    found: list[str] = []
    if member and need.of != "bot" and not getattr(channel.permissions_for(member), permission):
        found.append(
            t(
                "{who}, who made this job, may not do this in {channel}: they lack *{permission}*.",
                who=member.mention,
                channel=channel.mention,
                permission=permission_name(permission),
            )
            if around.absent
            else t(
                "You may not do this in {channel}: you lack *{permission}*.",
                channel=channel.mention,
                permission=permission_name(permission),
            )
        )
    if need.of != "person" and not getattr(channel.permissions_for(around.me), permission):
        found.append(_bot_lacks(permission, channel))
    return found


def _bot_lacks(permission: str, channel: Channel) -> str:
    return t(
        "I may not do this in {channel}: give my role *{permission}* there.",
        channel=channel.mention,
        permission=permission_name(permission),
    )


def _guild_problems(need: Need, around: _Around) -> list[str]:
    found: list[str] = []
    member, lacking = around.member, permission_name(need.permission)
    if member and need.of != "bot" and not getattr(member.guild_permissions, need.permission):
        if around.absent:
            found.append(
                t(
                    "{who}, who made this job, lacks the permission *{permission}* in this server.",
                    who=member.mention,
                    permission=lacking,
                )
            )
        else:
            found.append(t("You lack the permission *{permission}* in this server.", permission=lacking))
    if need.of != "person" and not getattr(around.me.guild_permissions, need.permission):
        found.append(t("I lack the permission *{permission}*: give it to my role.", permission=lacking))
    return found


def _ping_problems(around: _Around) -> list[str]:
    """What stands against a call after each good run: it takes what a job that calls an address takes."""
    member, permission = around.member, CALLING.permission
    if member is None or getattr(member.guild_permissions, permission):
        return []
    lacking = permission_name(permission)
    if around.absent:
        return [
            t(
                "{who}, who made this job, lacks the permission *{permission}* in this server. "
                "The call after each good run takes it.",
                who=member.mention,
                permission=lacking,
            )
        ]
    return [
        t(
            "You lack the permission *{permission}* in this server. The call after each good run takes it.",
            permission=lacking,
        )
    ]


def _role_problems(role_id: Any, around: _Around) -> list[str]:
    guild, member = around.guild, around.member
    role = _role(role_id, guild)
    if role is None:
        return [t("The role is not one of this server.")]
    if role.managed or role.is_default():
        return [t("{role} cannot be given or taken by hand.", role=role.mention)]
    found: list[str] = []
    if member and member.id != guild.owner_id and role >= member.top_role:
        if around.absent:
            found.append(
                t(
                    "{who}, who made this job, may only give roles below their own; {role} is not.",
                    who=member.mention,
                    role=role.mention,
                )
            )
        else:
            found.append(t("You may only give roles below your own; {role} is not.", role=role.mention))
    if role >= around.me.top_role:
        found.append(t("I may only give roles below my own: move mine above {role}.", role=role.mention))
    return found


def _role(role_id: Any, guild: discord.Guild) -> discord.Role | None:
    return guild.get_role(int(role_id)) if str(role_id).isdigit() else None


def permission_name(permission: str) -> str:
    """What Discord's settings call a permission."""
    return _NAMES.get(permission, permission.replace("_", " ").title())
