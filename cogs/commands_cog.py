"""CommandsCog: offers the bot's commands on Discord once it is ready, and when sprockets change them."""

from __future__ import annotations

from discord.ext import commands

from cogs.services import services_of
from cogs.sprocket_loading import loader


class CommandsCog(commands.Cog):
    """Offer the global commands while the cog is loaded.

    At the start, one process does it for all. While the bot runs, that in which a sprocket is loaded does.
    """

    def __init__(self, bot: commands.Bot) -> None:
        self.bot = bot
        self._services = services_of(bot)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if self._services.leads:
            self._services.commands.offer(self.bot)

    @commands.Cog.listener()
    async def on_sprocket_commands_changed(self) -> None:
        """Offer what a sprocket brought or took, once it is loaded or unloaded as a whole."""
        await loader.settled(self.bot)
        if self.bot.is_ready():  # else `on_ready` offers them
            await self._services.commands.offer_changes(self.bot)

    async def cog_unload(self) -> None:
        await self._services.commands.close()
