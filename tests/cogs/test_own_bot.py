"""A bot of one's own that loads our cog as an extension, then sprockets by the document's names."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest
from discord.ext import commands

from bot.config import Settings
from cogs.services import handler_of
from schedulezero.server.service import ServerConfig
from tests.support.own_bot import OwnBot, documented_folder, own_bot

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
    monkeypatch.chdir(tmp_path)
    with documented_folder(tmp_path, settings):
        yield tmp_path


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
        own.fails_on_purpose = True
        await own.slash("load_sprocket", name="broken")
        assert failed and "ValueError" in failed[0]
        assert [str(error) for error in own.env.errors] == failed
        await own.bot.unload_extension("cogs.schedulezero_cog")
        assert own.bot.tree.get_command("load_sprocket") is load_sprocket


async def test_commands_that_discord_has_no_room_for_leave_nothing_behind(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bot = OwnBot(command_prefix="!", intents=discord.Intents.default())

    async def theirs(interaction: discord.Interaction) -> None: ...

    for number in range(99):  # Discord allows 100, and we have more than one
        bot.tree.add_command(
            discord.app_commands.Command(name=f"their{number}", description="Theirs", callback=theirs)
        )
    async with own_bot("cogs.schedulezero_cog", bot=bot) as own:
        assert "is left out" in caplog.text
        ours = {type(cog).__module__ for cog in own.bot.cogs.values()}
        for listeners in own.bot.extra_events.values():
            for listener in listeners:
                cog = getattr(listener, "__self__", None)
                assert not isinstance(cog, commands.Cog) or type(cog).__module__ in ours
        await own.bot.unload_extension("cogs.schedulezero_cog")
        left = [item.name for item in own.bot.tree.get_commands()]
        assert left == [f"their{number}" for number in range(99)]


async def test_a_relative_name_without_a_package_is_refused_as_ever(folder: Path) -> None:
    async with own_bot("cogs.schedulezero_cog") as own:
        for work in (own.bot.load_extension, own.bot.unload_extension, own.bot.reload_extension):
            with pytest.raises(commands.ExtensionError):
                await work(".nowhere")


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
    await bot.close()


@pytest.mark.long
async def test_a_taken_port_is_said_with_the_remedy(
    folder: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.handler_port))
        taken.listen()
        with pytest.raises(OSError):
            async with own_bot("cogs.schedulezero_cog"):
                pass
    assert "no job can run" in caplog.text and "another `handler_port`" in caplog.text


async def test_a_second_bot_on_one_database_is_refused(folder: Path) -> None:
    async with own_bot("cogs.schedulezero_cog"):
        second = OwnBot(command_prefix="!", intents=discord.Intents.default())
        with pytest.raises(commands.ExtensionFailed, match="has a bot already"):
            await second.load_extension("cogs.schedulezero_cog")
        assert not hasattr(second, "services")
        await second.close()
