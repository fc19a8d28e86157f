"""Testing sprockets: pytest fixtures with the real bot, handler, server and database in a simulated guild.

    pytest_plugins = ["schedulezero.testing"]

    async def test_it(guild: SimulatedGuild) -> None:
        await guild.load("welcome")
        answer = await guild.run("welcome", {"channel_id": guild.channel.id})
        assert answer["success"] is True and guild.posted()[-1].content == "Welcome!"

None of our code is replaced; simcord simulates Discord. Needs
``pip install 'schedulezero-discord[testing]'``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio
import simcord
import zmq
import zmq.asyncio
from pydantic import BaseModel

from bot.app import ScheduleZeroBot, create_bot
from bot.config import Settings
from bot.demo.demo import WallClock, simulated
from bot.demo.demo_guild import let_do_what_it_asks
from bot.demo.patient_env import PatientEnv
from bot.testing_troubles import expect_known, expect_params, what_came
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from cogs.services import handler_of
from cogs.sprocket_loading import loader
from schedulezero import instants
from schedulezero.handler import endable
from schedulezero.handler.handler import Handler
from schedulezero.methods.sprocket_settings import save_settings, settings_of
from schedulezero.model import Job, Run, RunState
from schedulezero.when.language.parse import understand, warm_up
from schedulezero.wire.addresses import free_ports

SECONDS = 15.0
"""How many seconds any wait may take before the test fails."""


class MovedClock:
    """The system's clock as the embedded server sees it; tests can move it forward."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        return instants.now() + self.offset


@dataclass
class SimulatedGuild:
    """A guild with a channel and four people with different rights.

    Attributes:
        env: The simulated Discord, for anything that this class doesn't offer.
        bot: The real bot in it.
        settings: The bot's settings.
        guild, channel: Where everything happens.
        admin, moderator, plain, owner: An administrator, a person with Manage Server, a person without
            rights, and the bot's owner.
    """

    env: simcord.Env
    bot: ScheduleZeroBot
    settings: Settings
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    admin: simcord.MemberActor
    moderator: simcord.MemberActor
    plain: simcord.MemberActor
    owner: simcord.MemberActor
    clock: MovedClock = field(default_factory=MovedClock)

    @property
    def handler(self) -> Handler:
        """The bot's handler."""
        return handler_of(self.bot)

    async def ready(self) -> None:
        """Wait until the server knows the handler and all its jobs."""
        await self.handler.wait_bound()
        await self.handler.refresh()

    async def load(self, name: str) -> list[str]:
        """Load a sprocket as ``/load_sprocket`` does and return the jobs that it added.

        People can use its commands from then on.
        """
        commands = self.bot.services.commands
        before = await commands.mark(self.bot)
        brought = await loader.load(self.bot, name)
        if await commands.mark(self.bot) != before:
            await commands.offered(self.bot)
        await self.env.settle()
        await self.ready()
        self.invite()
        return brought

    def invite(self) -> None:
        """Give the bot's role exactly the permissions in its invite link, as after an invite."""
        let_do_what_it_asks(self.env, self.bot, self.guild)

    async def run(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        guild: simcord.GuildHandle | None = None,
        creator: simcord.MemberActor | None = None,
        seconds: float = SECONDS,
    ) -> dict[str, Any]:
        """Call a job over the wire as the server would and return its response.

        Parameters:
            method: The job.
            params: Its parameters.
            guild: The guild to which the job belongs; this one by default.
            creator: The person in whose name it runs, whose rights are checked; by default, only the bot's
                rights are.
            seconds: How long the job may take before the test fails.

        Raises TypeError for a parameter that a typed job doesn't have.
        """
        expect_params(self.handler.sprockets, method, params)
        context = {"guild_id": str((guild or self.guild).id)}
        if creator is not None:
            context["creator_id"] = str(creator.id)
        return await self.call({"method": method, "params": params, "context": context}, seconds)

    async def call(self, message: Mapping[str, Any], seconds: float = SECONDS) -> dict[str, Any]:
        """Send the handler a message as it would come from the server, and return its response."""
        context = zmq.asyncio.Context()
        socket: Any = context.socket(zmq.REQ)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            keys = self.handler.keys
            if keys is not None and keys.peer is not None and keys.cover(self.handler.address):
                keys.speak_to(socket, keys.public)  # the embedded server uses the handler's key
            socket.connect(self.handler.address)
            await socket.send(json.dumps(message).encode())
            async with self._within(seconds, f"{message.get('method')} gave no answer"):
                answer = json.loads(await socket.recv())
        finally:
            socket.close(0)
            context.term()
        await self.env.settle()
        return answer

    async def configure(self, sprocket: str, **values: Any) -> None:
        """Change a loaded sprocket's settings in this guild, as *Configure…* in ``/sprockets`` does.

        The other settings stay as they are. Raises pydantic's ValidationError for a value that doesn't fit,
        and TypeError for a setting that the sprocket doesn't have.
        """
        model = getattr(loader.cog_of(self.bot, sprocket), "settings", None)
        assert isinstance(model, type) and issubclass(model, BaseModel), f"{sprocket} has no settings"
        expect_known(values, model.model_fields, f"{sprocket} has no setting")
        present = await settings_of(self.bot, sprocket, model, str(self.guild.id))
        changed = model(**{**present.model_dump(), **values})
        await save_settings(self.bot, sprocket, model, str(self.guild.id), changed.model_dump(mode="json"))

    async def schedule(
        self,
        method: str,
        params: Mapping[str, Any],
        when: str,
        *,
        creator: simcord.MemberActor | None = None,
    ) -> Job:
        """Schedule a job in words, such as ``in 2 hours``, as the administrator or another creator."""
        expect_params(self.handler.sprockets, method, params)
        understood = understand(when, zone="UTC", locale="en-GB", now=self.clock())
        return await self.bot.services.client.create(
            Job(
                id="",
                handler_id=self.settings.handler_id,
                method=method,
                params=params,
                trigger=understood.trigger,
                guild_id=str(self.guild.id),
                creator_id=str((creator or self.admin).id),
                timezone=understood.zone,
            )
        )

    async def outcome(self, job: Job, number: int = 1, *, seconds: float = SECONDS) -> Run:
        """Wait until a run of a job has ended, and return it with its state, result and error.

        Parameters:
            job: The job, as `schedule` returns it.
            number: Which of its runs, counted from 1.
            seconds: How long to wait before the test fails.
        """
        async with self._within(seconds, f"run {number} of {job.method} ({job.id}) hasn't ended"):
            while True:
                found = await self.bot.services.client.runs(job.guild_id, job_id=job.id)
                for run in found.runs:
                    if run.number == number and run.state is not RunState.QUEUED:
                        await self.env.settle()
                        return run
                await asyncio.sleep(0.02)

    async def advance(self, **span: float) -> None:
        """Move the server's clock forward, for example by ``hours=2``; jobs that fall due run as usual."""
        self.clock.offset += timedelta(**span)
        assert self.bot.server is not None
        self.bot.server.look()

    def posted(self, channel: simcord.ChannelHandle | None = None) -> list[discord.Message]:
        """Return what the bot has posted in a channel so far, the oldest first."""
        return [
            message
            for message in (channel or self.channel).history()
            if message.author.id == self.env.backend.bot_user.id
            and message.type is discord.MessageType.default
            and not message.flags.ephemeral
        ]

    async def message_in(self, channel: simcord.ChannelHandle, containing: str = "") -> discord.Message:
        """Return the bot's newest message in a channel that contains the text; wait until there is one."""
        what = f"no message that contains {containing!r} was posted in #{channel.name}"
        async with self._within(SECONDS, what, channel):
            while True:
                found = [message for message in self.posted(channel) if containing in _text_of(message)]
                if found:
                    return found[-1]
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def _within(
        self, seconds: float, what: str, channel: simcord.ChannelHandle | None = None
    ) -> AsyncIterator[None]:
        """Bound a wait; a TimeoutError then says what didn't come, and what came instead."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            posts = None if channel is None else [_text_of(message) for message in self.posted(channel)]
            came = await what_came(self.bot, self.guild.id, posts)
            raise TimeoutError(f"{what} within {seconds:g} s. {came}") from None

    async def restart_bot(self) -> None:
        """End the bot as if its process had ended, as far as one process can, and start a new one."""
        await self.bot.close()
        self.bot = create_bot(self.settings, now=self.clock)
        simulated(self.bot, self.env)
        self.bot.owner_id = self.owner.id
        await self.env.restart_bot(self.bot)
        await self.ready()


class _Warnings(logging.Handler):
    """Makes the handler's warnings about a job's function those of its test, which pytest shows."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(record.getMessage())

    def __enter__(self) -> None:
        endable.log.addHandler(self)

    def __exit__(self, *_: object) -> None:
        endable.log.removeHandler(self)
        for text in self._texts:
            warnings.warn(text, RuntimeWarning, stacklevel=1)


def _text_of(message: discord.Message) -> str:
    return message.content + "".join(str(embed.to_dict()) for embed in message.embeds)


@asynccontextmanager
async def simulated_guild(
    settings: Settings, kind: type[SimulatedGuild] = SimulatedGuild
) -> AsyncIterator[Any]:
    """Build a guild around a new bot, and shut it down afterwards.

    Parameters:
        settings: The bot's settings.
        kind: The class to build; a subclass may offer more.
    """
    await asyncio.to_thread(_warm_up)
    clock = MovedClock()
    bot = create_bot(settings, now=clock)
    env = PatientEnv(bot, shard_count=bot.shard_count or 1, settle_timeout=SECONDS)
    simulated(bot, env)
    env.backend.clock = WallClock()  # type: ignore[assignment]
    with _Warnings():
        try:
            await env.start()
            built = await _furnish(env, bot, settings, clock, kind)
            yield built
            bot = built.bot
            env.raise_errors()
        finally:
            await bot.close()
            await env.shutdown()


@cache
def _warm_up() -> None:
    """Load what the bot loads as it starts; or else whatever settles in the meantime waits for it."""
    warm_up()


async def _furnish(
    env: simcord.Env, bot: ScheduleZeroBot, settings: Settings, clock: MovedClock, kind: type[SimulatedGuild]
) -> SimulatedGuild:
    bot_owner = env.create_user("bot-owner")
    bot.owner_id = bot_owner.id
    guild = env.create_guild("Moonbase", owner=bot_owner)
    permissions = discord.Permissions
    admins = guild.create_role("Admins", permissions=permissions(administrator=True))
    moderators = guild.create_role("Moderators", permissions=permissions(manage_guild=True))
    owner = guild.add_member(bot_owner, roles=[admins])
    built = kind(
        env=env,
        bot=bot,
        settings=settings,
        guild=guild,
        channel=guild.create_text_channel("general"),
        admin=guild.add_member(env.create_user("ada"), roles=[admins]),
        moderator=guild.add_member(env.create_user("mo"), roles=[moderators]),
        plain=guild.add_member(env.create_user("pia")),
        owner=owner,
        clock=clock,
    )
    await env.settle()
    await built.ready()
    built.invite()
    return built


def free_settings(database: str) -> Settings:
    """Return settings with free ports, tables in that database, and no limits on jobs and runs."""
    handler, registration, rest = free_ports(3)
    return Settings(
        handler_port=handler,
        server_address=f"tcp://127.0.0.1:{registration}",
        api_endpoint=f"http://127.0.0.1:{rest}",
        database=database,
        limits=NO_LIMIT_SETTINGS,
    )


@pytest.fixture
def bot_settings(tmp_path: Path) -> Settings:
    """The bot's settings in a test; override this fixture to change them."""
    return free_settings(str(tmp_path / "schedulezero.db"))


@pytest_asyncio.fixture
async def guild(bot_settings: Settings) -> AsyncIterator[SimulatedGuild]:
    """The real bot in a simulated guild, ready to use."""
    async with simulated_guild(bot_settings) as built:
        yield built
