"""Check the rights of a job: the person and the bot each need the right to do by hand what it does.

Pure over discord.py's objects: nothing is fetched. A job function declares its needs
(`schedulezero.methods.spec.needs`); a function that declares none but names channels needs the rights to post
there, because a job that names a channel does something in it.

Params arrive unconverted and are converted once, by the rules of the function that gets them
(`read_params`); a value that cannot be converted is always a finding. `deciding` decides whether a person may
act on a job.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

import discord

from cogs.background.success_pings import ping_of
from cogs.guild_settings import GuildSettings
from cogs.rights.implicit import lacking_in
from cogs.rights.threads import bot_locked_out, for_its_members, locks_out, said_locked, said_outside
from cogs.rights.timeouts import bot_timed_out, said_timed_out
from schedulezero.compose.typed_text import typed_people, typed_roles
from schedulezero.methods.message_links import read_message_link
from schedulezero.methods.nested_texts import texts_in
from schedulezero.methods.parameters import Kind, kind_of
from schedulezero.methods.permission_names import permission_words
from schedulezero.methods.spec import MethodSpec, Need
from schedulezero.methods.values import ReadParams, read_params
from schedulezero.sentences import Sentence
from schedulezero.web.outgoing import CALLING

Channel = discord.abc.GuildChannel | discord.Thread

_POSTING = ("view_channel", "send_messages")

# Read as: a permission in a channel, its counterpart in a thread.
_IN_THREADS = {"send_messages": "send_messages_in_threads", "manage_channels": "manage_threads"}


class Of(Enum):
    """The subject of a finding."""

    PERSON = auto()
    """The person lacks a right."""
    BOT = auto()
    """The bot lacks a right."""
    UNSEEN = auto()
    """The bot cannot see a channel, so rights in it are unknown."""
    JOB = auto()
    """The job itself: a value that cannot be converted, or that belongs to another server."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason against a job: a sentence with the remedy, and its subject."""

    of: Of
    text: Sentence


def findings(
    spec: MethodSpec,
    params: Mapping[str, Any],
    guild: discord.Guild,
    member: discord.Member | None,
    *,
    absent: bool = False,
    known: Mapping[int, Channel] = MappingProxyType({}),
    joined: Collection[int] = frozenset(),
    me: discord.Member | None = None,
) -> list[Finding]:
    """Return the reasons against this job; an empty list if there are none.

    Parameters:
        spec: what the method declares.
        params: the job's params, unconverted.
        guild: the guild of the job.
        member: the job's creator; None to check only the bot's own rights.
        absent: whether the sentences speak about the member instead of to them.
        known: channels that are not in the cache.
        joined: the private threads that the member is known to be in; see `doors`.
        me: the bot's member in this guild, if it is not in the cache.
    """
    read = read_params(spec, params)
    around = _Around(guild, me or guild.me, member, absent, known)
    found = [Finding(Of.JOB, error.message) for error in read.errors.values()]
    for need in _needs(spec):
        if need.of == "invite":
            continue  # the job looks
        if need.when is not None and not read.values.get(need.when):
            continue
        if need.permission == "mention_everyone" and _anybody_may_ping(spec, need, read, guild):
            continue
        if need.role is not None and (role_id := read.values.get(need.role)) is not None:
            found += _role_problems(role_id, around)
        if need.channel is None:
            found += _guild_problems(need, around)
        else:
            for channel_id in _channel_ids(read.values.get(need.channel)):
                found += _channel_problems(need, channel_id, around)
    if ping_of(spec, params) is not None:
        found += _ping_problems(around)
    person = addressee_of(spec, params)
    if member is not None and person not in (None, member.id):
        found += _addressee_problems(member, absent=absent)
    if member is not None:
        closed = [door for door in doors(spec, params, member, known) if door.id not in joined]
        found += [Finding(Of.PERSON, said_outside(door, member, absent=absent)) for door in closed]
    found += _strangers(spec, read, guild, known)
    return list(dict.fromkeys(found))


def problems(
    spec: MethodSpec,
    params: Mapping[str, Any],
    guild: discord.Guild,
    member: discord.Member | None,
    *,
    known: Mapping[int, Channel] = MappingProxyType({}),
    joined: Collection[int] = frozenset(),
    me: discord.Member | None = None,
) -> list[Sentence]:
    """Return the sentences of `findings`, whatever their subject."""
    found = findings(spec, params, guild, member, known=known, joined=joined, me=me)
    return list(dict.fromkeys(item.text for item in found))


def strangers(
    spec: MethodSpec,
    params: Mapping[str, Any],
    guild: discord.Guild,
    known: Mapping[int, Channel] = MappingProxyType({}),
) -> list[Sentence]:
    """Return a sentence for each value of a job that is not from its guild, or cannot be read.

    Parameters that a method does not declare are classified by their names.
    """
    read = read_params(spec, params)
    found = [error.message for error in read.errors.values()]
    return [*found, *(item.text for item in _strangers(spec, read, guild, known))]


def _strangers(
    spec: MethodSpec, read: ReadParams, guild: discord.Guild, known: Mapping[int, Channel]
) -> list[Finding]:
    found: list[Finding] = []
    for name, value in read.values.items():
        kind = _kind(spec, name)
        if kind is Kind.MESSAGE and (link := read_message_link(value)) and link.guild_id != guild.id:
            found.append(
                Finding(
                    Of.JOB,
                    Sentence("That link doesn't point to a message in this server.", "message_not_here"),
                )
            )
        elif kind in (Kind.CHANNEL, Kind.CHANNELS, Kind.MESSAGE):
            found += [
                _unseen(channel_id)
                for channel_id in _channel_ids(value)
                if _channel(channel_id, guild, known) is None
            ]
        elif kind in (Kind.ROLE, Kind.ROLES) and not _are_here(value, guild):
            found.append(Finding(Of.JOB, Sentence("The role isn't in this server.", "role_not_here")))
        elif kind is Kind.GUILD and value != guild.id:
            found.append(
                Finding(
                    Of.JOB,
                    Sentence("The job names a server other than its own.", "names_another_guild"),
                )
            )
    return found


def _are_here(value: Any, guild: discord.Guild) -> bool:
    """Return whether a role's id, or each of several, is that of a role of the guild."""
    return all(guild.get_role(role_id) is not None for role_id in _ids(value))


def named_channels(spec: MethodSpec, params: Mapping[str, Any]) -> list[int]:
    """Return the ids of all channels that a job names."""
    kinds = (Kind.CHANNEL, Kind.CHANNELS, Kind.MESSAGE)
    values = read_params(spec, params).values
    named = [value for name, value in values.items() if _kind(spec, name) in kinds]
    return [channel_id for value in named for channel_id in _channel_ids(value)]


def channel_params(spec: MethodSpec) -> list[str]:
    """Return the names of the params in which a job's channels are named."""
    kinds = (Kind.CHANNEL, Kind.CHANNELS, Kind.MESSAGE)
    return [parameter.name for parameter in spec.parameters if parameter.kind in kinds]


def addressee_of(spec: MethodSpec, params: Mapping[str, Any]) -> int | None:
    """Return the person to whom a job writes directly; None if it writes to no one."""
    person = read_params(spec, params).values.get(spec.addressee) if spec.addressee else None
    return person if isinstance(person, int) else None


def doors(
    spec: MethodSpec,
    params: Mapping[str, Any],
    member: discord.Member,
    known: Mapping[int, Channel] = MappingProxyType({}),
) -> list[discord.Thread]:
    """Return the private threads that a job names and that a member may enter only if added to them.

    A thread's permissions are its parent's, which do not say who is in it. The cache does not know either:
    without the members intent, Discord reports only the bot's own membership. `SeenChannels.joined` asks.
    """
    found: list[discord.Thread] = []
    for channel_id in dict.fromkeys(named_channels(spec, params)):
        channel = _channel(channel_id, member.guild, known)
        if isinstance(channel, discord.Thread) and for_its_members(channel, member):
            found.append(channel)
    return found


def may_schedule(member: discord.Member, settings: GuildSettings) -> bool:
    """Return whether a member may schedule at all: they manage the server, or have a role that may."""
    if member.guild_permissions.manage_guild:
        return True
    return bool({str(role.id) for role in member.roles} & set(settings.manager_role_ids))


def _kind(spec: MethodSpec, name: str) -> Kind:
    declared = spec.parameter(name)
    return declared.kind if declared is not None else kind_of(name, "")


def channels_of(
    spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild, known: Mapping[int, Channel]
) -> list[Channel]:
    """Return the channels that a job names, as far as they are known."""
    found = [_channel(channel_id, guild, known) for channel_id in named_channels(spec, params)]
    return [channel for channel in found if channel is not None]


def _channel(channel_id: int, guild: discord.Guild, known: Mapping[int, Channel]) -> Channel | None:
    channel = guild.get_channel_or_thread(channel_id) or known.get(channel_id)
    # If a thread's parent is unknown, so are all rights in it.
    return None if isinstance(channel, discord.Thread) and channel.parent is None else channel


@dataclass(frozen=True, slots=True)
class _Around:
    """Where rights are checked, and whose; see `problems`."""

    guild: discord.Guild
    me: discord.Member
    member: discord.Member | None
    absent: bool
    known: Mapping[int, Channel]


_MANY = 10
"""A job whose texts mention more people than this pings many."""
# A job that needs one of these affects many people, and waits for a second person if the guild requires it.
_RISKY = frozenset(
    {"mention_everyone", "manage_messages", "manage_channels", "manage_roles", "kick_members", "ban_members"}
)


PINGS_OR_DELETES = frozenset({"mention_everyone", "manage_messages", "kick_members", "ban_members"})
"""Those of the risky permissions whose use nothing takes back."""


def is_risky(
    spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild, among: frozenset[str] = _RISKY
) -> bool:
    """Return whether a job pings many, deletes, locks, kicks, bans, or changes channels or roles.

    Parameters:
        spec: the job's method.
        params: its params.
        guild: where it runs.
        among: the permissions that count.
    """
    read = read_params(spec, params)
    texts = [value for value in read.values.values() if isinstance(value, str)]
    people = {person for text in (*texts, *pinging_texts(spec, params)) for person in typed_people(text)}
    if len(people) > _MANY:
        return True
    if any(not role.mentionable for role in pinged_roles(spec, params, guild)):
        return True
    for need in spec.needs:
        if need.permission not in among:
            continue
        # A value that cannot be converted is refused elsewhere; here it counts as risky.
        if need.when is not None and not read.values.get(need.when) and need.when not in read.errors:
            continue
        if need.permission != "mention_everyone" or not _anybody_may_ping(spec, need, read, guild):
            return True
    return False


def pinging_texts(spec: MethodSpec, params: Mapping[str, Any]) -> list[str]:
    """Return the texts of a job that ping whom they mention, those of a layout one by one."""
    return [text for name in spec.pings for text in texts_in(params.get(name))]


def pinged_roles(spec: MethodSpec, params: Mapping[str, Any], guild: discord.Guild) -> list[discord.Role]:
    """Return the roles of a guild that a job's texts mention where a mention can ping."""
    named = [role_id for text in pinging_texts(spec, params) for role_id in typed_roles(text)]
    found = [guild.get_role(role_id) for role_id in dict.fromkeys(named)]
    return [role for role in found if role is not None and not role.is_default()]


def may_ping_any_role(channel: Channel, member: discord.Member) -> bool:
    """Return whether a member may ping every role in a channel, also those that not everyone may mention."""
    return lacking_in(channel, member, "mention_everyone") is None


def pings_beyond(
    spec: MethodSpec, params: Mapping[str, Any], member: discord.Member, known: Mapping[int, Channel]
) -> list[Sentence]:
    """Return why a member may not let somebody else's job ping the roles in its texts; empty if they may."""
    if all(role.mentionable for role in pinged_roles(spec, params, member.guild)):
        return []
    named = channels_of(spec, params, member.guild, known)
    return [_you_lack("mention_everyone", item) for item in named if not may_ping_any_role(item, member)]


def _needs(spec: MethodSpec) -> Sequence[Need]:
    if spec.needs:
        return spec.needs
    return [
        Need(permission, channel=parameter.name)
        for parameter in spec.parameters
        if parameter.kind in (Kind.CHANNEL, Kind.CHANNELS)
        for permission in _POSTING
    ]


def _anybody_may_ping(spec: MethodSpec, need: Need, read: ReadParams, guild: discord.Guild) -> bool:
    """Return whether the ping is of a role, or of roles, that everyone may ping."""
    parameter = spec.parameter(need.when or "")
    kinds = (Kind.ROLE, Kind.ROLES)
    if parameter is None or parameter.kind not in kinds or parameter.name not in read.values:
        return False
    roles = [guild.get_role(role_id) for role_id in _ids(read.values[parameter.name])]
    # Discord's menus offer @everyone as a role; pinging that takes the right, whatever its settings say.
    return all(role is not None and role.mentionable and not role.is_default() for role in roles)


def _channel_ids(value: Any) -> list[int]:
    """Return the channels that a converted value names: an id, several, or a message's link."""
    if (link := read_message_link(value)) is not None:
        return [link.channel_id]
    return _ids(value)


def _ids(value: Any) -> list[int]:
    """Return the ids in a converted value: one, or several."""
    items: list[Any] = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, int)]


def _unseen(channel_id: int) -> Finding:
    # Whoever reads this may see it.
    said = Sentence(
        "The channel {id} isn't in this server, or I can't see it.",
        "channel_not_here",
        id=f"<#{channel_id}>",
    )
    return Finding(Of.UNSEEN, said)


def _channel_problems(need: Need, channel_id: int, around: _Around) -> list[Finding]:
    member = around.member
    channel = _channel(channel_id, around.guild, around.known)
    if channel is None:
        return [_unseen(channel_id)]
    if need.only_in not in (None, channel.type.name):
        return []
    if not channel.permissions_for(around.me).view_channel:
        # What Discord sends about such a channel is made up, so it says nothing about people's rights there
        # (https://discord.com/developers/docs/resources/channel, obfuscated channels).
        return [Finding(Of.UNSEEN, _bot_lacks("view_channel", channel))]
    permission = need.permission
    if isinstance(channel, discord.Thread):
        permission = _IN_THREADS.get(permission, permission)
    found: list[Finding] = []
    theirs = lacking_in(channel, member, permission) if member is not None and need.of != "bot" else None
    if member and need.of != "bot" and locks_out(channel, need.permission, member):
        found.append(Finding(Of.PERSON, said_locked(channel, member, absent=around.absent)))
    if member and theirs is not None:
        said = (
            said_timed_out(member, absent=around.absent)
            if member.is_timed_out()
            else Sentence(
                "{who}, who created this job, can't do this in {channel}: they don't have "
                "*{permission}* there.",
                "creator_lacks_in_channel",
                who=member.mention,
                channel=channel.mention,
                permission=permission_words(theirs),
            )
            if around.absent
            else _you_lack(theirs, channel)
        )
        found.append(Finding(Of.PERSON, said))
    if need.of == "person":
        return found
    mine = lacking_in(channel, around.me, permission)
    if mine is not None:
        # A timeout takes nearly all permissions away, whatever the roles allow.
        timed_out = around.me.is_timed_out()
        said = bot_timed_out(around.me) if timed_out else _bot_lacks(mine, channel)
        found.append(Finding(Of.BOT, said))
    elif locks_out(channel, need.permission, around.me):
        found.append(Finding(Of.BOT, bot_locked_out(channel)))
    return found


def _you_lack(permission: str, channel: Channel) -> Sentence:
    return Sentence(
        "You can't do this in {channel}: you don't have *{permission}* there.",
        "you_lack_in_channel",
        channel=channel.mention,
        permission=permission_words(permission),
    )


def _bot_lacks(permission: str, channel: Channel) -> Sentence:
    return Sentence(
        "I can't do this in {channel}. Give my role *{permission}* there.",
        "bot_lacks_in_channel",
        channel=channel.mention,
        permission=permission_words(permission),
    )


def _guild_problems(need: Need, around: _Around) -> list[Finding]:
    found: list[Finding] = []
    member, lacking = around.member, permission_words(need.permission)
    if member and need.of != "bot" and not getattr(member.guild_permissions, need.permission):
        said = (
            said_timed_out(member, absent=around.absent)
            if member.is_timed_out()
            else Sentence(
                "{who}, who created this job, doesn't have the *{permission}* permission in this server.",
                "creator_lacks",
                who=member.mention,
                permission=lacking,
            )
            if around.absent
            else Sentence(
                "You don't have the *{permission}* permission in this server.", "you_lack", permission=lacking
            )
        )
        found.append(Finding(Of.PERSON, said))
    if need.of != "person" and not getattr(around.me.guild_permissions, need.permission):
        said = (
            bot_timed_out(around.me)
            if around.me.is_timed_out()
            else Sentence(
                "I don't have the *{permission}* permission. Give it to my role.",
                "bot_lacks",
                permission=lacking,
            )
        )
        found.append(Finding(Of.BOT, said))
    return found


def _ping_problems(around: _Around) -> list[Finding]:
    """Check a call after each good run: it needs the same right as a job that calls an address."""
    member, permission = around.member, CALLING.permission
    if member is None or getattr(member.guild_permissions, permission):
        return []
    lacking = permission_words(permission)
    said = (
        Sentence(
            "{who}, who created this job, doesn't have the *{permission}* permission in this server. "
            "Calling a URL after each successful run requires it.",
            "creator_lacks_for_call",
            who=member.mention,
            permission=lacking,
        )
        if around.absent
        else Sentence(
            "You don't have the *{permission}* permission in this server. Calling a URL after each "
            "successful run requires it.",
            "you_lack_for_call",
            permission=lacking,
        )
    )
    return [Finding(Of.PERSON, said)]


def _addressee_problems(member: discord.Member, *, absent: bool) -> list[Finding]:
    """Check a message to another person: it needs the same right as a job that calls an address."""
    if getattr(member.guild_permissions, CALLING.permission):
        return []
    lacking = permission_words(CALLING.permission)
    said = (
        Sentence(
            "{who}, who created this job, doesn't have the *{permission}* permission in "
            "this server. Direct messages to other people need it.",
            "creator_lacks_for_message",
            who=member.mention,
            permission=lacking,
        )
        if absent
        else Sentence(
            "You don't have the *{permission}* permission in this server. Direct messages "
            "to other people need it.",
            "you_lack_for_message",
            permission=lacking,
        )
    )
    return [Finding(Of.PERSON, said)]


def _not_by_hand(role: discord.Role) -> Sentence | None:
    """Say why Discord lets nobody give or take a role by hand; None if it does.

    https://discord.com/developers/docs/topics/permissions#role-object-role-tags-structure
    """
    if role.is_default():
        return Sentence("@everyone can't be assigned: every member has it.", "role_is_everyone")
    if not role.managed:
        return None
    if role.is_bot_managed():
        return Sentence(
            "{role} can't be assigned: it is a bot's own role.", "role_is_bots", role=role.mention
        )
    if role.is_premium_subscriber():
        return Sentence(
            "{role} can't be assigned: Discord gives it to the server's boosters.",
            "role_is_boosters",
            role=role.mention,
        )
    return Sentence(
        "{role} can't be assigned: an integration manages it.", "role_is_managed", role=role.mention
    )


def _role_problems(role_id: int, around: _Around) -> list[Finding]:
    guild, member = around.guild, around.member
    role = guild.get_role(role_id)
    if role is None:
        return [Finding(Of.JOB, Sentence("The role isn't in this server.", "role_not_here"))]
    if (said := _not_by_hand(role)) is not None:
        return [Finding(Of.JOB, said)]
    found: list[Finding] = []
    if member and member.id != guild.owner_id and role >= member.top_role:
        said = (
            Sentence(
                "{who}, who created this job, can only assign roles below their own, and {role} isn't "
                "one of them.",
                "role_not_below_creators",
                who=member.mention,
                role=role.mention,
            )
            if around.absent
            else Sentence(
                "You can only assign roles below your own, and {role} isn't one of them.",
                "role_not_below_yours",
                role=role.mention,
            )
        )
        found.append(Finding(Of.PERSON, said))
    if role >= around.me.top_role:
        said = Sentence(
            "I can only assign roles below my own. Move mine above {role}.",
            "role_not_below_mine",
            role=role.mention,
        )
        found.append(Finding(Of.BOT, said))
    return found


def posting_in(channel: object) -> str:
    """Return the permission needed to post in a channel."""
    return _IN_THREADS["send_messages"] if isinstance(channel, discord.Thread) else "send_messages"
