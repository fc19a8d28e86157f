"""ScheduleZeroCog: runs the handler alongside the bot, and registers sprockets.

The names of the cog and its members are a contract with third-party sprockets:
``bot.get_cog("ScheduleZeroCog")`` has `register_sprocket`, `unregister_sprocket` and `handler` with
``sprockets``, ``start()`` and ``stop()``.

The handler starts once the bot is ready: a job that runs before the guilds are known would not find its
channel. Sprockets may register earlier; the server waits until then.
"""

from __future__ import annotations

import asyncio
import logging

from discord.ext import commands

from cogs.background.success_pings import GoodRuns
from cogs.rights.run_guard import RunGuard
from cogs.services import Services
from cogs.sprocket_loading.watching import Watch
from schedulezero.handler.handler import Handler
from schedulezero.methods.spec import JobFunction

log = logging.getLogger(__name__)


class ScheduleZeroCog(commands.Cog):
    """Run a ZeroMQ handler while the cog is loaded."""

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
        self.watch = Watch(bot, self.handler.sprockets, self.handler.unregister_sprocket)

    def register_sprocket(self, name: str, function: JobFunction) -> None:
        """Add a job method under a name and tell the server at once."""
        before = self.handler.sprockets.get(name)
        if before is not None and getattr(before, "__module__", None) != getattr(
            function, "__module__", None
        ):
            log.warning("the job %r of %s takes the place of another one", name, function.__module__)
        self.handler.register_sprocket(name, function)

    def unregister_sprocket(self, name: str) -> None:
        """Remove a job method."""
        self.handler.unregister_sprocket(name)

    async def cog_load(self) -> None:
        self.watch.begin()
        if self.bot.is_ready():
            self.handler.start()

    async def cog_unload(self) -> None:
        self.watch.end()
        self.handler.stop()
        await self._good_runs.close()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        # Sprockets register in listeners of this same event, which run in this turn of the loop; one turn
        # later they are all registered, and the server gets them together.
        await asyncio.sleep(0)
        self.handler.start()  # also called after a reconnect, when it already runs
