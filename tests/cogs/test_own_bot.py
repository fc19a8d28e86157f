"""A bot of one's own that loads our cog as an extension, then sprockets by the document's names."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import discord
import pytest
import simcord
import yaml
from discord.ext import commands
from simcord.backend.errors import SetupError

import cogs.sprockets
import sprockets
from bot.config import Settings
from bot.demo.demo import SimulatedWaiting, WallClock
from bot.demo.demo_guild import let_do_what_it_asks
from cogs.services import Waiting, handler_of
from schedulezero.server.service import ServerConfig
from tests.support.world import said

CUSTOM = '''
from discord.ext import commands

async def my_custom_job(bot, params):
    """Custom."""
    message = await bot.get_channel(params["channel_id"]).send("custom")
    return {"message_id": message.id}

class CustomSprocket(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        self.bot.get_cog("ScheduleZeroCog").register_sprocket("my_custom_job", my_custom_job)

    def cog_unload(self):
        if cog := self.bot.get_cog("ScheduleZeroCog"):
            cog.unregister_sprocket("my_custom_job")

async def setup(bot):
    await bot.add_cog(CustomSprocket(bot))
'''


@pytest.fixture
def folder(
    tmp_path: Path, settings: Settings, server: ServerConfig, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder in which the bot is started, with the document's layout."""
    (tmp_path / "config").mkdir()
    (tmp_path / "cogs" / "sprockets").mkdir(parents=True)
    (tmp_path / "sprockets").mkdir()
    kept = settings.model_dump(include={"handler_port", "server_address", "api_endpoint"})
    text = {**kept, "handler_id": "my-discord-bot", "database": str(tmp_path / "bot.db")}
    (tmp_path / "config" / "schedulezero.yaml").write_text(yaml.safe_dump(text))
    monkeypatch.chdir(tmp_path)
    paths = {package: list(package.__path__) for package in (cogs.sprockets, sprockets)}
    yield tmp_path
    for package, path in paths.items():
        package.__path__ = path
    for name in [name for name in sys.modules if name.endswith("custom_sprocket")]:
        del sys.modules[name]


@dataclass
class Own:
    """A bot of one's own in a simulated guild."""

    env: simcord.Env
    bot: commands.Bot
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    owner: simcord.MemberActor

    async def slash(self, command: str, **options: Any) -> str:
        return said(await self.owner.slash(self.channel, command, **options))


class OwnBot(commands.Bot):
    extensions_at_start: tuple[str, ...] = ()

    async def setup_hook(self) -> None:
        for name in self.extensions_at_start:
            await self.load_extension(name)


@asynccontextmanager
async def own_bot(*extensions: str, bot: OwnBot | None = None) -> AsyncIterator[Own]:
    bot = bot or OwnBot(command_prefix="!", intents=discord.Intents.default())
    bot.extensions_at_start = extensions
    env = simcord.Env(bot, settle_timeout=15)
    env.backend.clock = WallClock()  # type: ignore[assignment]

    async def idle(awaitable: Awaitable[Any]) -> Any:
        try:
            return await SimulatedWaiting(env).idle(awaitable)
        except SetupError:
            return await awaitable  # begun by the test, and so nothing that the simulator waits for

    waiting = mock.patch.object(Waiting, "idle", staticmethod(idle))
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
        env.raise_errors()
    finally:
        await bot.close()
        await env.shutdown()
        waiting.stop()


DOCUMENTED = (
    "cogs.schedulezero_cog",
    "cogs.sprockets.announcement_sprocket",
    "cogs.sprockets.moderation_sprocket",
    "cogs.sprockets.custom_sprocket",
)


async def test_the_documents_names(folder: Path) -> None:
    (folder / "cogs" / "sprockets" / "custom_sprocket.py").write_text(CUSTOM)
    async with own_bot(*DOCUMENTED) as own:
        jobs = handler_of(own.bot).sprockets
        assert {"send_announcement", "cleanup_messages", "my_custom_job"} <= set(jobs)
        registered = handler_of(own.bot).registered
        assert registered is not None and set(registered.methods) == set(jobs)
        panel = await own.slash("sprockets")
        assert "**custom** cogs/sprockets" in panel and "**announcement**" in panel
        assert "`my_custom_job`" in await own.slash("schedule reload")


@pytest.mark.parametrize("place", ["cogs/sprockets", "sprockets"])
async def test_load_sprocket_finds_either_place(folder: Path, place: str) -> None:
    (folder / place / "custom_sprocket.py").write_text(CUSTOM)
    async with own_bot("cogs.schedulezero_cog") as own:
        assert "It provides: `my_custom_job`." in await own.slash("load_sprocket", name="custom")
        assert "Reloaded" in await own.slash("reload_sprocket", name="custom")
        assert "Unloaded" in await own.slash("unload_sprocket", name="custom")


async def test_an_owners_file_wins_over_a_built_in(folder: Path) -> None:
    (folder / "sprockets" / "example_sprocket.py").write_text(CUSTOM)
    async with own_bot("cogs.schedulezero_cog") as own:
        assert "It provides: `my_custom_job`." in await own.slash("load_sprocket", name="example")
        panel = await own.slash("sprockets")
        assert "“example” of sprockets takes the place of schedulezero-discord's own." in panel


async def test_our_cog_is_loaded_unloaded_and_reloaded_while_the_bot_runs(folder: Path) -> None:
    (folder / "cogs" / "sprockets" / "custom_sprocket.py").write_text(CUSTOM)
    async with own_bot(*DOCUMENTED) as own:
        before = set(handler_of(own.bot).sprockets)
        await own.bot.reload_extension("cogs.schedulezero_cog")
        await handler_of(own.bot).refresh()
        assert set(handler_of(own.bot).sprockets) == before
        await own.bot.unload_extension("cogs.schedulezero_cog")
        assert "ScheduleZeroCog" not in own.bot.cogs and "AdminCog" not in own.bot.cogs
        assert not hasattr(own.bot, "services") and own.bot.tree.get_command("schedule") is None
        await own.bot.load_extension("cogs.schedulezero_cog")
        assert set(handler_of(own.bot).sprockets) == before


async def test_a_command_of_the_bots_own_stays(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    bot = OwnBot(command_prefix="!", intents=discord.Intents.default())
    failed: list[str] = []

    @bot.tree.command(name="load_sprocket", description="Mine")
    async def load_sprocket(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"mine: {name}")
        if name == "broken":
            raise ValueError(name)

    @bot.tree.error
    async def on_error(interaction: discord.Interaction, error: discord.app_commands.AppCommandError) -> None:
        failed.append(str(error))

    async with own_bot("cogs.schedulezero_cog", bot=bot) as own:
        assert await own.slash("load_sprocket", name="x") == "mine: x"
        assert "the bot has a command /load_sprocket of its own" in caplog.text
        await own.slash("load_sprocket", name="broken")
        assert failed and "ValueError" in failed[0]
        await own.bot.unload_extension("cogs.schedulezero_cog")
        assert own.bot.tree.get_command("load_sprocket") is load_sprocket


async def test_a_taken_attribute_and_a_wrong_setting_are_said(folder: Path) -> None:
    bot = OwnBot(command_prefix="!", intents=discord.Intents.default())
    bot.memory = {}  # type: ignore[attr-defined]
    with pytest.raises(commands.ExtensionFailed, match="the bot has an attribute `memory`"):
        await bot.load_extension("cogs.schedulezero_cog")
    del bot.memory  # type: ignore[attr-defined]
    (folder / "config" / "schedulezero.yaml").write_text("handler_port: 0\n")
    with pytest.raises(commands.ExtensionFailed, match=r"'handler_port' in .* is 0: it must be 1 or more"):
        await bot.load_extension("cogs.schedulezero_cog")
    assert not hasattr(bot, "services")
    await asyncio.sleep(0)
    await bot.close()
