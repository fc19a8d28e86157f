"""Offer the commands of the bot's owners in the owners' own servers only.

Discord shows a global command to the administrators of every server. So these commands belong to single
servers: those that an owner of the bot owns (team members count), and the one set as ``owner_guild``. A
server loses them when its ownership changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.services import services_of

_KIND, _KEY = "owner-commands", "guilds"


class OwnerGuilds:
    """Place commands in the servers of the bot's owners.

    Parameters:
        bot: the bot.
        offered: the commands; they are removed from the global ones.
    """

    def __init__(self, bot: commands.Bot, offered: Sequence[app_commands.Command[Any, Any, Any]]) -> None:
        self._bot = bot
        self._offered = offered
        self._placing = asyncio.Lock()
        for command in offered:
            bot.tree.remove_command(command.name)

    @property
    def _key(self) -> str:
        return f"{_KEY} {services_of(self._bot).cluster}".strip()  # each process handles its own guilds

    async def place_all(self) -> None:
        """Add the commands where they belong, and remove them where they no longer do.

        Raises one of `cogs.background.discord_troubles.TROUBLES` if Discord may take them later.
        """
        kept = await services_of(self._bot).memory.kept(_KIND, self._key) or {"ids": []}
        for guild in list(self._bot.guilds):
            if str(guild.id) in kept["ids"] or await self._belongs(guild):
                await self._place(guild)  # even if they are already there: the commands may have changed

    async def place(self, guild: discord.Guild) -> None:
        """Add the commands to one server or remove them, unless nothing needs to change.

        Raises one of `cogs.background.discord_troubles.TROUBLES` if Discord may take them later.
        """
        kept = await services_of(self._bot).memory.kept(_KIND, self._key) or {"ids": []}
        if (str(guild.id) in kept["ids"]) != await self._belongs(guild):
            await self._place(guild)

    async def _place(self, guild: discord.Guild) -> None:
        async with self._placing:  # what is noted is about all guilds
            await self._place_now(guild)

    async def _place_now(self, guild: discord.Guild) -> None:
        memory = services_of(self._bot).memory
        kept = await memory.kept(_KIND, self._key) or {"ids": []}
        wanted = await self._belongs(guild)
        self._bot.tree.clear_commands(guild=guild)
        if wanted:
            for command in self._offered:
                self._bot.tree.add_command(command, guild=guild)
        offered = await services_of(self._bot).commands.offered(self._bot, guild.id)
        if offered.again_at is not None:
            raise ConnectionError("Discord doesn't take the owner's commands now")
        if offered.refusal is not None:
            return  # the log says why
        ids = {*kept["ids"], str(guild.id)} if wanted else set(kept["ids"]) - {str(guild.id)}
        await memory.put(_KIND, self._key, {"ids": sorted(ids)})

    async def _belongs(self, guild: discord.Guild) -> bool:
        if guild.id == services_of(self._bot).owner_guild:
            return True
        assert self._bot.user is not None
        await self._bot.is_owner(self._bot.user)  # makes discord.py fetch the owners, once
        owners = self._bot.owner_ids or {self._bot.owner_id}
        return guild.owner_id in owners
