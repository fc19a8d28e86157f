"""Who can write in a channel, by Discord's rules, and which overwrites a lock must change. Pure.

The rules are those of https://discord.com/developers/docs/topics/permissions: a member's base permissions,
then the overwrite of @everyone, then the denials and the grants of all their roles together, then their own.

Which roles a person bears is mostly unknown (without the members intent), so a lock must hold for every
combination: no role that isn't a moderators' role may grant anything, and no person either. What moderators
and the bot could write before the lock, it grants to their roles and to the bot by overwrites of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import discord

_MANAGE = discord.Permissions(manage_messages=True, manage_channels=True).value
_ADMIN = discord.Permissions(administrator=True).value
WRITING = discord.Permissions(
    send_messages=True, send_messages_in_threads=True, create_public_threads=True, create_private_threads=True
).value
_TALKING = discord.Permissions(send_messages=True, connect=True, speak=True).value
_ON_STAGE = discord.Permissions(send_messages=True, connect=True, speak=True, request_to_speak=True).value


def closed_in(kind: discord.ChannelType) -> int:
    """Return the permissions that a lock takes away in a channel of this type."""
    if kind is discord.ChannelType.voice:
        return _TALKING
    if kind is discord.ChannelType.stage_voice:
        return _ON_STAGE
    if kind is discord.ChannelType.category:
        return WRITING | _TALKING | _ON_STAGE
    return WRITING


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A channel's permissions for one role or person, as sets of bits."""

    id: int
    is_role: bool
    allow: int = 0
    deny: int = 0

    def closed(self, bits: int) -> Overwrite:
        return replace(self, allow=self.allow & ~bits, deny=self.deny | bits)

    def opened(self, bits: int) -> Overwrite:
        return replace(self, allow=self.allow | bits, deny=self.deny & ~bits)


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an overwrite of their own, or the bot."""

    id: int
    role_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """What decides who can write in a channel.

    Attributes:
        guild_id: also the id of @everyone.
        roles: role id → permissions in the server.
        overwrites: the channel's overwrites.
        people: the members among the people who have overwrites.
        me: the bot; a lock must not keep it from what it could write.
        mine: the role that only the bot bears; None if it has none.
    """

    guild_id: int
    roles: Mapping[int, int]
    overwrites: tuple[Overwrite, ...]
    people: Mapping[int, Person]
    me: Person
    mine: int | None = None

    def permissions(self, person: Person) -> int:
        """Return a person's permissions in the channel."""
        base = self.roles.get(self.guild_id, 0)
        for role_id in person.role_ids:
            base |= self.roles.get(role_id, 0)
        if base & _ADMIN:
            return ~0
        by_id = {item.id: item for item in self.overwrites}
        if (everyone := by_id.get(self.guild_id)) is not None:
            base = base & ~everyone.deny | everyone.allow
        worn = [by_id[role_id] for role_id in person.role_ids - {self.guild_id} if role_id in by_id]
        base = base & ~_union(item.deny for item in worn) | _union(item.allow for item in worn)
        if (own := by_id.get(person.id)) is not None:
            base = base & ~own.deny | own.allow
        return base

    def with_changes(self, changes: Iterable[Overwrite]) -> Place:
        """Return the place with some overwrites replaced or added."""
        by_id = {item.id: item for item in self.overwrites} | {item.id: item for item in changes}
        return replace(self, overwrites=tuple(by_id.values()))

    def overwrite(self, target_id: int, *, is_role: bool) -> Overwrite:
        """Return the overwrite of a role or person; an empty one if there is none."""
        found = next((item for item in self.overwrites if item.id == target_id), None)
        return found or Overwrite(target_id, is_role)


def to_close(place: Place, closing: int) -> list[Overwrite]:
    """Return the overwrites to set so that only moderators and the bot can write; empty if that is so.

    Moderators are those who may manage messages or the channel itself. Their roles and the bot can write
    afterwards what they could write before, and no more. Their overwrites come first, so that a lock that is
    interrupted shuts out nobody who should keep writing, and its repetition finds what they could write.

    Parameters:
        place: the channel.
        closing: the permissions to take away.
    """
    everyone = place.overwrite(place.guild_id, is_role=True).closed(closing)
    roles = [
        item.closed(closing)
        for item in place.overwrites
        if item.is_role
        and item.id not in (place.guild_id, place.mine)
        and item.allow & closing
        and not _is_moderators(item, place)
    ]
    shut = place.with_changes([everyone, *roles])
    moderators: list[Overwrite] = []
    for role_id in moderator_roles(place):
        bearer = Person(0, frozenset({role_id}))
        lost = place.permissions(bearer) & ~shut.permissions(bearer) & closing
        if lost:
            moderators.append(place.overwrite(role_id, is_role=True).opened(lost))
    shut = shut.with_changes(moderators)
    people = [
        item.closed(closing)
        for item in place.overwrites
        if not item.is_role and item.id != place.me.id and _may_write(item, shut, closing)
    ]
    lost = place.permissions(place.me) & closing & ~shut.permissions(place.me)
    mine = [place.overwrite(place.me.id, is_role=False).opened(lost)] if lost else []
    present = {item.id: item for item in place.overwrites}
    return [item for item in (*mine, *moderators, everyone, *roles, *people) if present.get(item.id) != item]


def moderator_roles(place: Place) -> list[int]:
    """Return the roles that make their bearers moderators here; administrators can write without them."""
    return [
        role_id
        for role_id, permissions in place.roles.items()
        if role_id not in (place.guild_id, place.mine)
        and not permissions & _ADMIN
        and _manages(permissions, place.overwrite(role_id, is_role=True), place)
    ]


def _manages(permissions: int, role: Overwrite, place: Place) -> bool:
    """Return whether a role lets everybody who bears it manage here, whatever else they bear."""
    denied = _union(item.deny for item in place.overwrites if item.is_role)
    return bool((permissions & ~denied | role.allow) & _MANAGE)


def _is_moderators(role: Overwrite, place: Place) -> bool:
    """Return whether everybody who bears a role is a moderator or administrator here."""
    base = place.roles.get(role.id, 0) | place.roles.get(place.guild_id, 0)
    return bool(base & _ADMIN) or _manages(base, role, place)


def _may_write(own: Overwrite, shut: Place, closing: int) -> bool:
    """Return whether a person with an overwrite can still write and isn't a moderator."""
    person = shut.people.get(own.id)
    if person is None:  # left, and may come back
        return bool(own.allow & closing)
    allowed = shut.permissions(person)
    return bool(allowed & closing) and not allowed & _MANAGE


def _union(values: Iterable[int]) -> int:
    found = 0
    for value in values:
        found |= value
    return found


def still_writing(place: Place, closing: int) -> Collection[int]:
    """Return the ids of the roles and people through whom somebody other than a moderator can write."""
    return [item.id for item in to_close(place, closing) if item.id != place.me.id]


def writing_moderators(place: Place, closing: int) -> list[int]:
    """Return the moderators' roles whose bearers can write in the channel as it is."""
    return [
        role_id
        for role_id in moderator_roles(place)
        if place.permissions(Person(0, frozenset({role_id}))) & closing
    ]
