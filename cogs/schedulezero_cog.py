"""ScheduleZeroCog: runs the handler alongside the bot, and registers sprockets.

The names of the cog and its members are a contract with third-party sprockets:
``bot.get_cog("ScheduleZeroCog")`` has `register_sprocket`, `unregister_sprocket` and `handler` with
``sprockets``, ``start()`` and ``stop()``.

``await bot.load_extension("cogs.schedulezero_cog")`` brings ScheduleZero into a bot of one's own, with all of
its commands. The program ``schedulezero-bot`` adds its cogs itself, see `bot.app`.

The handler starts once the bot is ready: a job that runs before the guilds are known would not find its
channel. Sprockets may register earlier; the server waits until then.
"""

# ruff: noqa: E402 - the library is checked before the imports that fail with another one

from __future__ import annotations

import asyncio
import logging
from weakref import WeakKeyDictionary

from discord.ext import commands

from cogs.discord_library import expect_discord_py

expect_discord_py()

from cogs.admin_cog import AdminCog
from cogs.alerts_cog import AlertsCog
from cogs.audit_cog import AuditCog
from cogs.background.success_pings import GoodRuns
from cogs.background.supervisor import Kept
from cogs.commands_cog import CommandsCog
from cogs.debts_cog import DebtsCog
from cogs.desk.kit.replies import answer_error
from cogs.feeds_cog import FeedsCog
from cogs.files_cog import FilesCog
from cogs.guilds_cog import GuildsCog
from cogs.hosting import Hosted
from cogs.language import CommandTranslator
from cogs.menus_cog import MenusCog
from cogs.no_repeats import withhold_repeats
from cogs.reminders_cog import RemindersCog
from cogs.rights.run_guard import RunGuard
from cogs.services import Services
from cogs.settled_debts import SettledDebts
from cogs.sprocket_loading.loader import look_around
from cogs.sprocket_loading.owners import Owners
from cogs.sprocket_loading.watching import Watch
from cogs.sprockets_cog import SprocketsCog
from schedulezero.handler.handler import Handler
from schedulezero.handler.invocation import Invocation
from schedulezero.methods.spec import JobFunction

log = logging.getLogger(__name__)

_PART = "the handler's thread"

_hosted: WeakKeyDictionary[commands.Bot, tuple[Hosted, Handler]] = WeakKeyDictionary()


class ScheduleZeroCog(commands.Cog):
    """Run a ZeroMQ handler while the cog is loaded."""

    def __init__(self, bot: commands.Bot, services: Services) -> None:
        self.bot = bot
        self._live_cards = services.live_cards
        self._good_runs = GoodRuns(allow_private=services.private_calls)
        self._settled = SettledDebts(services.memory)
        self.handler = Handler(
            bot,
            services.handler_id,
            services.handler_address,
            services.server_address,
            journal=services.journal,
            guard=RunGuard(bot),
            after=self._note_good_run,
            moved=services.live_cards.moved,
            wait=lambda seconds, event: services.waiting.at_most(seconds, event),
            keys=services.keys,
            shards=services.shards,
        )
        self._owners = Owners(bot, self.handler.sprockets)
        self.watch = Watch(bot, self.handler.sprockets, self.handler, self._owners)
        self._supervisor = services.supervisor
        self._running: Kept | None = None

    def _note_good_run(self, invocation: Invocation) -> None:
        self._good_runs(invocation)
        self._settled(invocation)

    def register_sprocket(self, name: str, function: JobFunction) -> None:
        """Add a job method under a name and tell the server at once.

        A job that another loaded sprocket provides stays with it. Raises Refused while a sprocket is loaded
        or reloaded, which makes that fail; at other times, it is logged.
        """
        if self._owners.claim(name, function):
            self.handler.register_sprocket(name, function)

    def unregister_sprocket(self, name: str) -> None:
        """Remove a job method, unless a sprocket does that to another one's."""
        if self._owners.may_remove(name):
            self.handler.unregister_sprocket(name)

    async def cog_load(self) -> None:
        self.watch.begin()
        if self.bot.is_ready():
            withhold_repeats(self.bot)
            self._start()

    async def cog_unload(self) -> None:
        self.watch.end()
        self.handler.stop()
        if self._running is not None:
            await self._running.close()
        await self._good_runs.close()
        await self._settled.close()
        await self._live_cards.close()

    def _start(self) -> None:
        self.handler.start()
        if self._running is None:
            self._running = self._supervisor.keep(_PART, self._keep_running)

    async def _keep_running(self) -> None:
        self.handler.start()
        failing = self._supervisor.failing
        if _PART in failing:
            failing.remove(_PART)
        error = await self._supervisor.waiting.idle(self.handler.wait_failed())
        failing.append(_PART)
        raise error  # and the supervisor calls this again

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        # Sprockets register in listeners of this same event, which run in this turn of the loop; one turn
        # later they are all registered, and the server gets them together.
        await asyncio.sleep(0)
        withhold_repeats(self.bot)
        self._start()  # also called after a reconnect, when it already runs
        try:
            await self.handler.wait_bound()
        except OSError:
            log.error(
                "no job can run, because the handler cannot listen on %s: stop the program that does, or set "
                "another `handler_port`",
                self.handler.address,
            )


async def setup(bot: commands.Bot) -> None:
    """Bring ScheduleZero into a bot of one's own: its services, its cogs and their commands."""
    look_around()
    hosted = Hosted(bot)
    await hosted.open()
    try:
        handler_cog, sprockets_cog = ScheduleZeroCog(bot, hosted.services), SprocketsCog(bot)
        ours = [
            handler_cog, AdminCog(bot), MenusCog(bot), RemindersCog(bot), AlertsCog(bot), AuditCog(bot),
            GuildsCog(bot), DebtsCog(bot), FilesCog(bot), FeedsCog(bot), CommandsCog(bot),
            sprockets_cog,
        ]  # fmt: skip
    except BaseException:
        await hosted.close()
        raise
    _hosted[bot] = hosted, handler_cog.handler
    try:
        for cog in ours:
            await hosted.add_cog(cog)
        sprockets_cog.offer_to_owners_only()
        await handler_cog.watch.greet()
        hosted.answer_errors(answer_error)
        if bot.tree.translator is None:
            await bot.tree.set_translator(CommandTranslator())
        if bot.is_ready():
            for cog in ours:  # the event doesn't fire again
                if (on_ready := getattr(cog, "on_ready", None)) is not None:
                    await on_ready()
    except BaseException:
        await teardown(bot)
        raise


async def teardown(bot: commands.Bot) -> None:
    """Remove everything that `setup` added."""
    if bot not in _hosted:
        return
    hosted, handler = _hosted.pop(bot)
    await hosted.remove_cogs()
    handler.stop()
    await handler.wait_stopped()
    await hosted.close()
