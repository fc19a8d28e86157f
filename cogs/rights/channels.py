"""Ask Discord what the cache does not know about a job's channels and recipient.

Archived threads: Discord sends a bot only active ones, but a job may name an archived one, if only to open
it. The members of a private thread. And whether the recipient of a job's direct message is a member.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import discord

from cogs.language import t
from cogs.rights.rights import Channel, addressee_of, doors, named_channels
from schedulezero.methods.members import cached_member, member_of
from schedulezero.methods.spec import MethodSpec


def unknown_channels(guild: discord.Guild, spec: MethodSpec, params: Mapping[str, Any]) -> list[int]:
    """Return the ids of the channels that a job names and that are not in the cache."""
    named = named_channels(spec, params)
    return [channel_id for channel_id in named if guild.get_channel_or_thread(channel_id) is None]


class SeenChannels:
    """Look up such channels, each once.

    Parameters:
        client: the client that asks Discord.
        guild: the guild to which the channels must belong.
        known: channels that need no lookup even if they are not in the cache.
        most: the most requests; a file of made-up ids must not cost a thousand.
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
        """Return the channels that a job names that exist, are in this guild, and are visible to the bot.

        Raises:
            discord.HTTPException: if Discord's answer is neither yes nor no.
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
        """Return the private threads that a job names and a member is in, if only membership lets them in.

        If the budget of requests is used up, the answer is no.

        Raises:
            discord.HTTPException: if Discord's answer is neither yes nor no.
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
        """Return why a job's recipient cannot get its messages; None if no reason is known.

        Raises:
            discord.HTTPException: if Discord's answer is neither yes nor no.
        """
        person = addressee_of(spec, params)
        if person is None:
            return None
        if person not in self._people:
            member = cached_member(self._guild, person)
            if member is None and self._left <= 0:
                return None  # the run checks again
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
            return await member_of(self._guild, user_id)
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
