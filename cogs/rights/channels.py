"""What the cache does not know of the channels that a job names, asked of Discord.

Threads that sleep until somebody writes: Discord tells a bot of active ones only, and a job may name an
archived one all the same, if only to open it. Who is in a private thread. And whether the person whom a job
writes to is a member.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import discord

from cogs.language import t
from cogs.rights.rights import Channel, addressee_of, doors, named_channels
from schedulezero.methods.spec import MethodSpec


def unknown_channels(guild: discord.Guild, spec: MethodSpec, params: Mapping[str, Any]) -> list[int]:
    """The ids of the channels that a job names and that are not in the cache."""
    named = named_channels(spec, params)
    return [channel_id for channel_id in named if guild.get_channel_or_thread(channel_id) is None]


class SeenChannels:
    """Looks such channels up, each once.

    Parameters:
        client: asks Discord.
        guild: whose channels they must be.
        known: channels that need not be looked up, where there is no cache.
        most: how many may be looked up; a file of made-up ids is not to cost a thousand requests.
    """

    def __init__(
        self,
        client: discord.Client,
        guild: discord.Guild,
        *,
        known: Mapping[int, Channel] = MappingProxyType({}),
        most: int = 50,
    ) -> None:
        self._client, self._guild, self._left = client, guild, most
        self._answers: dict[int, Channel | None] = dict(known)
        self._people: dict[int, discord.Member | None] = {}
        self._joined: dict[tuple[int, int], bool] = {}

    async def of(self, spec: MethodSpec, params: Mapping[str, Any]) -> dict[int, Channel]:
        """Those that a job names, that are there, in this guild, and that I may see.

        Raises:
            discord.HTTPException: where Discord answers neither yes nor no.
        """
        found: dict[int, Channel] = {}
        for channel_id in unknown_channels(self._guild, spec, params):
            if channel_id not in self._answers and self._left > 0:
                self._left -= 1
                self._answers[channel_id] = await self._ask(channel_id)
            if (channel := self._answers.get(channel_id)) is not None:
                found[channel_id] = channel
        return found

    async def joined(
        self, member: discord.Member, spec: MethodSpec, params: Mapping[str, Any]
    ) -> frozenset[int]:
        """The private threads that a job names and in which a member is, where only that lets them in.

        What was not asked, because too much was, counts as a no.

        Raises:
            discord.HTTPException: where Discord answers neither yes nor no.
        """
        found: set[int] = set()
        known = {key: channel for key, channel in self._answers.items() if channel is not None}
        for thread in doors(spec, params, member, known):
            key = (thread.id, member.id)
            if key not in self._joined and self._left > 0:
                self._left -= 1
                self._joined[key] = await _is_in(thread, member)
            if self._joined.get(key):
                found.add(thread.id)
        return frozenset(found)

    async def unreachable(self, spec: MethodSpec, params: Mapping[str, Any]) -> str | None:
        """Why the person whom a job writes to gets nothing from it; None where nothing is known against it.

        Raises:
            discord.HTTPException: where Discord answers neither yes nor no.
        """
        person = addressee_of(spec, params)
        if person is None:
            return None
        if person not in self._people:
            member = self._guild.get_member(person)
            if member is None and self._left <= 0:
                return None  # the run looks again
            if member is None:
                self._left -= 1
                member = await self._member(person)
            self._people[person] = member
        member = self._people[person]
        if member is None:
            return t("{who} isn't in this server.", who=f"<@{person}>")
        return (
            t("{who} is a bot, and bots can't receive direct messages.", who=member.mention)
            if member.bot
            else None
        )

    async def _member(self, user_id: int) -> discord.Member | None:
        try:
            return await self._guild.fetch_member(user_id)
        except discord.NotFound:
            return None

    async def _ask(self, channel_id: int) -> Channel | None:
        try:
            channel: Any = await self._client.fetch_channel(channel_id)
        except (discord.NotFound, discord.Forbidden):
            return None
        return channel if getattr(channel, "guild", None) == self._guild else None


async def _is_in(thread: discord.Thread, member: discord.Member) -> bool:
    try:
        await thread.fetch_member(member.id)
    except (discord.NotFound, discord.Forbidden):
        return False
    return True
