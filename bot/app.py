"""The bot: starts its parts in order and stops them in reverse order.

server (if embedded) → memory → REST client → cogs → sprockets → commands. `run`, the demo and the tests all
build the bot with `create_bot`.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import discord
from discord.ext import commands

from bot.clusters import Cluster
from bot.config import ConfigError, Settings
from bot.pace.kept_requests import KeptRequests
from bot.pace.pace import FOR_ALL, FOR_JOBS, Pace
from bot.pace.session_starts import SessionStarts, until_spare
from bot.pace.shared_pace import SharedPace
from bot.pace.windows import keep_to_windows
from cogs.admin_cog import AdminCog
from cogs.alerts_cog import AlertsCog
from cogs.audit_cog import AuditCog
from cogs.background.gateway import GatewayWatch
from cogs.background.invalid_requests import HOLD_AT, InvalidRequests
from cogs.background.supervisor import Kept, Supervisor
from cogs.command_sync import CommandSync
from cogs.commands_cog import CommandsCog
from cogs.debts_cog import DebtsCog
from cogs.desk.kit.replies import answer_error
from cogs.feeds_cog import FeedsCog
from cogs.files_cog import FilesCog
from cogs.guilds_cog import GuildsCog
from cogs.hosting import claim_file, keys_of, memory_of
from cogs.language import CommandTranslator
from cogs.menus_cog import MenusCog
from cogs.places_of_use import IN_SERVERS
from cogs.reminders_cog import RemindersCog
from cogs.schedulezero_cog import ScheduleZeroCog
from cogs.services import Refused, Services
from cogs.sprocket_loading import loader
from cogs.sprockets_cog import SprocketsCog
from schedulezero import instants
from schedulezero.background import run_in_background
from schedulezero.client.client import Client
from schedulezero.errors import DatabaseUnavailable, PortTaken, ServerFailure
from schedulezero.handler.journal import Journal, journal_of
from schedulezero.server.service import ServerConfig, listen
from schedulezero.server.thread import ServerThread
from schedulezero.storage import sqlite_lock
from schedulezero.storage.database import is_postgres_setting, sqlite_path
from schedulezero.when.language.parse import warm_up
from schedulezero.wire.port_owner import said_of_owner

log = logging.getLogger(__name__)

# The bot never joins voice channels, so discord.py's warnings about missing voice packages are noise.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

_WARM_UP_AFTER_SECONDS = 2.0
_ONE = Cluster(1, 1)

_LONGEST_LIMIT_SECONDS = 30.0  # the smallest value that discord.py accepts

# discord.py's two kinds of bot share no public base class; the type checker sees the one that cogs name.
if TYPE_CHECKING:
    _ShardedBot = commands.Bot
else:
    _ShardedBot = commands.AutoShardedBot


class ScheduleZeroBot(_ShardedBot):
    """A discord.py bot that schedules jobs, over as many connections to Discord as its guilds need.

    Without ``shard_count`` it opens as many as Discord recommends when it connects.
    """

    def __init__(
        self, settings: Settings, cluster: Cluster, now: Callable[[], datetime], **connections: Any
    ) -> None:
        intents = intents_of(settings)
        # Processes that use SQLite share no database to lease from, so each one keeps to its even share.
        shared = cluster.count > 1 and is_postgres_setting(settings.database)
        self._shared_pace = (
            SharedPace(settings.database, settings.handler_id, cluster.count) if shared else None
        )
        # Discord counts them by address, and all processes of a bot may share one.
        invalid = InvalidRequests(max(HOLD_AT // cluster.count, 1))
        pace = self._shared_pace or Pace(FOR_JOBS // cluster.count or 1, FOR_ALL // cluster.count or 1)
        super().__init__(
            # discord.py wants a prefix. There are no text commands: nothing of ours reads messages, and a bot
            # without message intents gets none.
            command_prefix=commands.when_mentioned,
            intents=intents,
            # Without the Members intent Discord tells no changes of members, so those kept would be old.
            member_cache_flags=discord.MemberCacheFlags(joined=intents.members, voice=False),
            max_messages=None,
            help_command=None,
            allowed_mentions=discord.AllowedMentions.none(),
            activity=discord.CustomActivity("/schedule create"),
            # For the commands of sprockets that don't say where they can be used.
            allowed_installs=IN_SERVERS.installs,
            allowed_contexts=IN_SERVERS.contexts,
            http_trace=pace.trace(invalid),
            # Discord allows two changes of a channel's name in ten minutes, and tells so only by refusing the
            # third (https://github.com/discord/discord-api-docs/issues/2190). A job that waited that long
            # would exceed the server's time limit; a job that learns how long to wait is run again then.
            max_ratelimit_timeout=_LONGEST_LIMIT_SECONDS,
            **connections,
        )
        keep_to_windows(self.http)
        self.settings = settings
        self.cluster = cluster
        self.asks_for_shards = self.shard_count is None
        """Whether it opens as many connections as Discord recommends at its start."""
        self._now = now
        self._handler_port = cluster.port(settings.handler_port)
        # The bot authenticates to the embedded server with a token that lives as long as this process.
        own = secrets.token_urlsafe(32) if settings.server == "embedded" else None
        given = settings.api_token.get_secret_value() if settings.api_token is not None else None
        self._own_token = own
        self.memory = memory_of(settings)
        supervisor = Supervisor()
        self.services = Services(
            client=Client(settings.api_endpoint, own or given, settings.tls_authority),
            memory=self.memory,
            commands=CommandSync(self.memory, supervisor),
            supervisor=supervisor,
            journal=Journal(journal_of(settings.database)),
            handler_id=settings.handler_id,
            handler_address=settings.handler_address_at(self._handler_port),
            server_address=settings.server_address,
            timezone=settings.timezone,
            keys=keys_of(settings),
            owner_guild=settings.owner_guild,
            private_calls=settings.private_calls,
            forget_after_days=settings.forget_after_days,
            calendar_url=settings.calendar_url,
            limits=settings.limits.limits(),
            invalid_requests=invalid,
            shards=cluster.shards(settings.shards or cluster.count) if cluster.count > 1 else None,
            cluster=str(cluster) if cluster.count > 1 else "",
            leads=cluster.leads,
        )
        self._kept_requests = KeptRequests(invalid, self.memory, self.services.cluster)
        self._saving_requests: Kept | None = None
        self.server: ServerThread | None = None
        self.failure: ServerFailure | None = None
        """Why the bot has ended by itself: its server failed. None otherwise."""
        self._watching: asyncio.Task[None] | None = None
        self._warming_up: asyncio.Task[None] | None = None
        self._taken_apart = False
        self._claim: sqlite_lock.Claim | None = None

    async def setup_hook(self) -> None:
        """Start everything except the handler, which starts when the bot is ready."""
        expect_free(self._handler_port)
        GatewayWatch(self)
        if self.settings.is_plain_beyond_this_machine:
            log.warning(
                "plain_zeromq: registrations at %s and calls to %s are not encrypted; anybody on the network "
                "path can read and forge them",
                self.settings.server_address,
                self.services.handler_address,
            )
        if self.settings.server == "embedded":
            config = server_config(
                self.settings, own_token=self._own_token, failing=self.services.supervisor.failing
            )
            self.server = ServerThread(config, self._now)
            await self.server.start()
            self._watching = run_in_background(self._end_with(self.server), "the wait for the server's end")
        await self.claim_database()
        await asyncio.gather(self.memory.open(), self.services.journal.open())
        await self._kept_requests.restore()
        keep = self.services.supervisor.keep
        self._saving_requests = keep(
            "saving the invalid requests", lambda: self._kept_requests.keep_saving(self.services.waiting)
        )
        handler_cog = ScheduleZeroCog(self, self.services)
        await self.add_cog(handler_cog)
        await self.add_cog(AdminCog(self))
        await self.add_cog(MenusCog(self))
        await self.add_cog(RemindersCog(self))
        await self.add_cog(AlertsCog(self))
        await self.add_cog(GuildsCog(self))
        await self.add_cog(DebtsCog(self))
        await self.add_cog(FilesCog(self))
        await self.add_cog(FeedsCog(self))
        await self.add_cog(AuditCog(self))
        await self.add_cog(CommandsCog(self))
        sprockets_cog = SprocketsCog(self)
        await self.add_cog(sprockets_cog)
        sprockets_cog.offer_to_owners_only()
        for sentence in loader.replaced():
            log.info("%s", sentence)
        for name in self.settings.sprockets:
            try:
                await loader.load(self, loader.present_name(name))
            except Refused as error:
                # A broken sprocket must not prevent the others from loading.
                log.error("%s", error.message)
            except Exception:
                log.exception("the sprocket %s could not be loaded", name)
        self._warming_up = run_in_background(self._warm_up(), "warming up the phrases")
        self.tree.error(answer_error)
        await self.tree.set_translator(CommandTranslator())

    async def connect(self, *, reconnect: bool = True) -> None:
        """Connect to Discord, once enough sessions may be started."""
        starts = await until_spare(self.http, self._sessions)
        if self.shard_count is None:
            self.shard_count = starts.shards
        await super().connect(reconnect=reconnect)

    def _sessions(self, starts: SessionStarts) -> int:
        """Return how many sessions the bot is about to start, in all its processes."""
        return self.shard_count or starts.shards

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait until this bot may start another session: one per five seconds across all its processes."""
        if not initial:  # `connect` has looked; a session that is lost over and over uses them up as well
            await until_spare(self.http, lambda _: 1)
        if self._shared_pace is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            await self._shared_pace.may_connect()

    async def close(self) -> None:
        """Stop everything. Calling it twice is safe."""
        if not self._taken_apart:
            self._taken_apart = True
            if isinstance(cog := self.get_cog("ScheduleZeroCog"), ScheduleZeroCog):
                handler = cog.handler
                # First, so that the server sees the handler go offline rather than lose its jobs.
                handler.stop()
                await handler.wait_stopped()
            if self._warming_up is not None:
                self._warming_up.cancel()
            if not isinstance(self.loop, asyncio.AbstractEventLoop):
                await self._async_setup_hook()  # `login` does this; what it prepares is needed to close
            await super().close()
            if self._saving_requests is not None:
                await self._saving_requests.close()
                await self._save_requests()
            await self.services.client.close()
            await self.services.journal.close()
            await self.memory.close()
            if self._shared_pace is not None:
                await self._shared_pace.close()
            if self.server is not None:
                await self.server.stop()
            if self._claim is not None:
                self._claim.release()

    async def _end_with(self, server: ServerThread) -> None:
        """Close the bot when its server fails: without it, nothing would be scheduled."""
        try:
            await self.services.waiting.idle(server.ended())
        except ServerFailure as failure:
            log.critical("%s", failure.message)
            self.failure = failure
            await self.close()

    async def _save_requests(self) -> None:
        try:
            await self._kept_requests.save()
        except DatabaseUnavailable as error:
            log.warning("the count of invalid requests could not be saved: %s", error)

    async def claim_database(self) -> None:
        """Claim the SQLite file for this process, or for this cluster, unless it is claimed already.

        Raises DatabaseInUse if another bot runs on it, and DatabaseUnusable if the file can't be used.
        """
        if self._claim is None and not is_postgres_setting(self.settings.database):
            cluster = self.cluster.number if self.cluster.count > 1 else None
            self._claim = await asyncio.to_thread(claim_file, sqlite_path(self.settings.database), cluster)

    async def _warm_up(self) -> None:
        """Load the data that parsing dates needs, once the bot has nothing more urgent to do."""
        await self.services.waiting.idle(self._quiet_moment())
        await asyncio.to_thread(warm_up)

    async def _quiet_moment(self) -> None:
        await self.wait_until_ready()
        await asyncio.sleep(_WARM_UP_AFTER_SECONDS)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("the event %s failed", event_method)


def intents_of(settings: Settings) -> discord.Intents:
    """Return the intents to identify with: guilds, and those that a sprocket of one's own was given.

    Guilds bring channels, threads, roles and the bot's own member
    (https://discord.com/developers/docs/events/gateway#list-of-intents); commands and clicks need no intent.
    Message Content isn't among them: over HTTP it is enough that the application has it
    (https://discord.com/developers/docs/events/gateway#http-restrictions), and Discord closes the connection
    of a bot that asks for it without having it.
    """
    return discord.Intents(guilds=True, **dict.fromkeys(settings.intents, True))


def server_config(
    settings: Settings, *, own_token: str | None = None, failing: list[str] | None = None
) -> ServerConfig:
    """Return the embedded server's configuration.

    Parameters:
        settings: The bot's settings.
        own_token: The token with which the bot authenticates to the server in its own process.
        failing: The names of the bot's parts that are away; the server's health tells of them.
    """
    return ServerConfig(
        api_endpoint=settings.api_endpoint,
        server_address=settings.server_address,
        database=settings.database,
        timezone=settings.timezone,
        require_token=settings.require_token,
        own_token=own_token,
        requests_per_second=settings.requests_per_second,
        tls_certificate=settings.tls_certificate,
        tls_key=settings.tls_key,
        behind_proxy=settings.behind_proxy,
        keys=settings.keys,
        require_keys=settings.require_keys,
        history_days=settings.history_days,
        limits=settings.limits.limits(),
        failing=[] if failing is None else failing,
    )


def expect_free(handler_port: int) -> None:
    """Raise PortTaken if the handler's port can't be used, as when another program listens there."""
    try:
        listen(f"http://127.0.0.1:{handler_port}").close()
    except PortTaken as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno != errno.EADDRINUSE:
            raise PortTaken(
                f"The handler cannot listen on port {handler_port} ({cause.strerror}). Set another "
                "`handler_port`, such as 5000."
            ) from error
        raise PortTaken(
            f"The handler cannot listen on port {handler_port}: {said_of_owner(handler_port)} does. Stop it "
            "(another copy of the bot?), or set another `handler_port`."
        ) from error


def create_bot(
    settings: Settings, cluster: Cluster | None = None, now: Callable[[], datetime] = instants.now
) -> ScheduleZeroBot:
    """Return the bot, ready to start. With ``server: embedded`` it also starts and stops its server.

    Parameters:
        settings: The bot's settings.
        cluster: Its share of the shards, if other processes run the rest of the bot.
        now: Returns the present instant for the embedded server; tests pass their own clock.
    """
    cluster = cluster or _ONE
    loader.look_around()
    count = settings.shards or (cluster.count if cluster.count > 1 else None)
    if count is None:
        return ScheduleZeroBot(settings, cluster, now)
    if count < cluster.count:
        raise ConfigError(
            f"`shards` is {count}, too few for {cluster.count} clusters; set it to that or more."
        )
    ids = sorted(cluster.shards(count).ids)
    return ScheduleZeroBot(settings, cluster, now, shard_count=count, shard_ids=ids)
