"""Where the commands of the bot's owners are offered: in their own servers, and nowhere else.

Discord shows a global command to the administrators of every server. So these are commands of single
servers: those that belong to an owner of the bot (a team's members count), and the one that
``owner_guild`` names. A server that changes hands loses them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from cogs.services import services_of

log = logging.getLogger(__name__)

_KIND, _KEY = "owner-commands", "guilds"


class OwnerGuilds:
    """Places commands in the servers of the bot's owners.

    Parameters:
        bot: whose owners.
        offered: the commands; they leave the global ones.
    """

    def __init__(self, bot: commands.Bot, offered: Sequence[app_commands.Command[Any, Any, Any]]) -> None:
        self._bot = bot
        self._offered = offered
        for command in offered:
            bot.tree.remove_command(command.name)

    @property
    def _key(self) -> str:
        return f"{_KEY} {services_of(self._bot).cluster}".strip()  # each process places for its own guilds

    async def place_all(self) -> None:
        """Offers the commands where they belong, and takes them from where they no longer do."""
        kept = await services_of(self._bot).memory.kept(_KIND, self._key) or {"ids": []}
        for guild in list(self._bot.guilds):
            if str(guild.id) in kept["ids"] or await self._belongs(guild):
                await self._place(guild)  # also where they are: they may have changed

    async def place(self, guild: discord.Guild) -> None:
        """Offers the commands in one server, or takes them from it, unless all is as it should be."""
        kept = await services_of(self._bot).memory.kept(_KIND, self._key) or {"ids": []}
        if (str(guild.id) in kept["ids"]) != await self._belongs(guild):
            await self._place(guild)

    async def _place(self, guild: discord.Guild) -> None:
        memory = services_of(self._bot).memory
        kept = await memory.kept(_KIND, self._key) or {"ids": []}
        wanted = await self._belongs(guild)
        self._bot.tree.clear_commands(guild=guild)
        if wanted:
            for command in self._offered:
                self._bot.tree.add_command(command, guild=guild)
        try:
            await self._bot.tree.sync(guild=guild)
        except discord.HTTPException as error:
            log.warning("the owner's commands could not be placed in guild %s: %s", guild.id, error)
            return
        ids = {*kept["ids"], str(guild.id)} if wanted else set(kept["ids"]) - {str(guild.id)}
        await memory.put(_KIND, self._key, {"ids": sorted(ids)})

    async def _belongs(self, guild: discord.Guild) -> bool:
        if guild.id == services_of(self._bot).owner_guild:
            return True
        assert self._bot.user is not None
        await self._bot.is_owner(self._bot.user)  # discord.py asks who the owners are, once
        owners = self._bot.owner_ids or {self._bot.owner_id}
        return guild.owner_id in owners
