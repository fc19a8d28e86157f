"""A bot that isn't ours in a simulated guild, started in a folder with the architecture document's layout."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import discord
import simcord
import yaml
from discord.ext import commands

import cogs.sprockets
import sprockets
from bot.config import Settings
from bot.demo.demo import WallClock
from bot.demo.demo_guild import let_do_what_it_asks
from bot.demo.patient_env import PatientEnv
from bot.demo.simulated_waiting import SimulatedWaiting
from cogs.background.waiting import Waiting
from cogs.services import handler_of
from tests.support.peers import tell
from tests.support.world import said

_pool = ThreadPoolExecutor(2, "test-peer")


@contextmanager
def documented_folder(folder: Path, settings: Settings, **more: Any) -> Iterator[Path]:
    """Make the document's folders and configuration; the packages of sprockets are as before afterwards."""
    (folder / "config").mkdir()
    (folder / "cogs" / "sprockets").mkdir(parents=True)
    (folder / "sprockets").mkdir()
    kept = settings.model_dump(include={"handler_port", "server_address", "api_endpoint"})
    values = {**kept, "handler_id": "my-discord-bot", "database": str(folder / "bot.db"), **more}
    (folder / "config" / "schedulezero.yaml").write_text(yaml.safe_dump(values))
    paths = {package: list(package.__path__) for package in (cogs.sprockets, sprockets)}
    modules = set(sys.modules)
    yield folder
    for package, path in paths.items():
        package.__path__ = path
    for name in set(sys.modules) - modules:
        if name.endswith("_sprocket"):
            del sys.modules[name]


@dataclass
class Own:
    """A bot of one's own in a simulated guild."""

    env: simcord.Env
    bot: commands.Bot
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    owner: simcord.MemberActor
    fails_on_purpose: bool = False

    async def slash(self, command: str, **options: Any) -> str:
        return said(await self.owner.slash(self.channel, command, **options))

    async def run(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Call a job over the wire as the server would and return its response."""
        call = json.dumps({"method": method, "params": dict(params)}).encode()
        # In a thread of its own: the simulator takes the pool's threads for the bot's work.
        answer = await asyncio.wrap_future(_pool.submit(tell, handler_of(self.bot).address, call, seconds=60))
        await self.env.settle()
        return answer

    def posted(self) -> list[str]:
        """The texts of the bot's messages in the channel, the oldest first."""
        own = self.env.backend.bot_user.id
        return [item.content for item in self.channel.history() if item.author.id == own]

    async def until_posted(self, text: str) -> None:
        """Wait until the bot has posted a text in the channel."""
        async with asyncio.timeout(60):
            while not any(text in item for item in self.posted()):
                await asyncio.sleep(0.02)


class OwnBot(commands.Bot):
    extensions_at_start: tuple[str, ...] = ()

    async def setup_hook(self) -> None:
        for name in self.extensions_at_start:
            await self.load_extension(name)


@asynccontextmanager
async def own_bot(*extensions: str, bot: OwnBot | None = None) -> AsyncIterator[Own]:
    bot = bot or OwnBot(command_prefix="!", intents=discord.Intents.default())
    bot.extensions_at_start = extensions
    env = PatientEnv(bot, settle_timeout=15)
    env.backend.clock = WallClock()  # type: ignore[assignment]

    simulated = SimulatedWaiting(env)
    waiting = mock.patch.multiple(
        Waiting,
        idle=staticmethod(simulated.idle),
        sleep=staticmethod(simulated.sleep),
        at_most=staticmethod(simulated.at_most),
    )
    waiting.start()
    try:
        await env.start()
        person = env.create_user("owner")
        bot.owner_id = person.id
        guild = env.create_guild("Moonbase", owner=person)
        admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        own = Own(
            env, bot, guild, guild.create_text_channel("general"), guild.add_member(person, roles=[admins])
        )
        await env.settle()
        await handler_of(bot).wait_bound()
        await handler_of(bot).refresh()
        let_do_what_it_asks(env, bot, guild)  # type: ignore[arg-type]
        yield own
        if not own.fails_on_purpose:
            env.raise_errors()
    finally:
        await bot.close()
        await env.shutdown()
        waiting.stop()
