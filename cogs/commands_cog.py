"""CommandsCog: offers the bot's commands on Discord once it is ready."""

from __future__ import annotations

from discord.ext import commands

from cogs.services import services_of


class CommandsCog(commands.Cog):
    """Offer the global commands while the cog is loaded; one process does it for all."""

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if self._services.leads:
            self._services.commands.offer(self.bot)

    async def cog_unload(self) -> None:
        await self._services.commands.close()
