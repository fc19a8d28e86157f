"""ScheduleZeroCog: the handler's life beside the bot, and the registry of sprockets.

The name of the cog and the names of its members are a contract with everyone's sprockets:
``bot.get_cog("ScheduleZeroCog")`` has `register_sprocket`, `unregister_sprocket` and `handler` with
``sprockets``, ``start()`` and ``stop()``.

The handler starts when the bot is ready and not before: a job that runs while the guilds are still
unknown would find no channel. Sprockets may register before that; the server waits meanwhile.
"""

from __future__ import annotations

import asyncio
import logging

from discord.ext import commands

from cogs.background.success_pings import GoodRuns
from cogs.rights.run_guard import RunGuard
from cogs.services import Services
from schedulezero.handler.handler import Handler
from schedulezero.methods.spec import JobFunction

log = logging.getLogger(__name__)


class ScheduleZeroCog(commands.Cog):
    """Runs a ZeroMQ handler for as long as it is loaded."""

    def __init__(self, bot: commands.Bot, services: Services) -> None:
        self.bot = bot
        self._good_runs = GoodRuns(allow_private=services.private_calls)
        self.handler = Handler(
            bot,
            services.handler_id,
            services.handler_address,
            services.server_address,
            journal=services.journal,
            guard=RunGuard(bot),
            after=self._good_runs,
            keys=services.keys,
            shards=services.shards,
        )

    def register_sprocket(self, name: str, function: JobFunction) -> None:
        """Adds a job method under a name; the server learns of it at once."""
        before = self.handler.sprockets.get(name)
        if before is not None and getattr(before, "__module__", None) != getattr(
            function, "__module__", None
        ):
            log.warning("the job %r of %s takes the place of another one", name, function.__module__)
        self.handler.register_sprocket(name, function)

    def unregister_sprocket(self, name: str) -> None:
        """Removes a job method."""
        self.handler.unregister_sprocket(name)

    async def cog_load(self) -> None:
        if self.bot.is_ready():
            self.handler.start()

    async def cog_unload(self) -> None:
        self.handler.stop()
        await self._good_runs.close()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        # Sprockets register in listeners of this same event, which run in this turn of the loop;
        # one turn later they are all there, and the server hears of them at once.
        await asyncio.sleep(0)
        self.handler.start()  # again after a reconnect: then it runs already
