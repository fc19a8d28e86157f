"""discord.py's own ways to load, unload and reload an extension register and unregister its jobs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from discord.ext import commands

import sprockets
from cogs.sprocket_loading import loader
from tests.support.world import World, said

NAME = "sprockets.bell_sprocket"
BELL = '''
from discord.ext import commands

async def ring(bot, params):
    """Ring."""
    return {"success": True, "word": "WORD"}

class BellSprocket(commands.Cog):
    heard = 0

    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        BellSprocket.heard += 1
        self.bot.get_cog("ScheduleZeroCog").register_sprocket("ring", ring)

async def setup(bot):
    await bot.add_cog(BellSprocket(bot))
'''
WITHOUT_A_COG = '''
async def ring(bot, params):
    """Ring."""
    return {"success": True, "word": "WORD"}

async def setup(bot):
    bot.get_cog("ScheduleZeroCog").register_sprocket("ring", ring)
'''
BY_A_LISTENER = '''
async def ring(bot, params):
    """Ring."""
    return {"success": True, "word": "WORD"}

async def setup(bot):
    @bot.listen()
    async def on_ready():
        bot.get_cog("ScheduleZeroCog").register_sprocket("ring", ring)
'''


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Path]:
    """The file of a sprocket that never unregisters its job."""
    sprockets.__path__.append(str(tmp_path))
    file = tmp_path / "bell_sprocket.py"
    file.write_text(BELL)
    yield file
    sprockets.__path__.remove(str(tmp_path))
    sys.modules.pop(NAME, None)


async def word(world: World) -> str:
    return (await world.run("ring", {})).get("word", "")


@pytest.mark.parametrize("source", [BELL, WITHOUT_A_COG, BY_A_LISTENER])
async def test_each_of_them_while_the_bot_runs(world: World, bell: Path, source: str) -> None:
    bell.write_text(source.replace("WORD", "ding"))
    await world.bot.load_extension(NAME)
    assert await word(world) == "ding"
    bell.write_text(source.replace("WORD", "dong"))
    await world.bot.reload_extension(NAME)
    assert await word(world) == "dong"
    assert loader.loaded(world.bot).count("bell") == 1
    await world.bot.unload_extension(NAME)
    assert "ring" not in world.handler.sprockets


async def test_a_listener_is_called_once_for_each_load(world: World, bell: Path) -> None:
    await loader.load(world.bot, "bell")
    assert sys.modules[NAME].BellSprocket.heard == 1
    await world.bot.reload_extension(NAME)
    assert sys.modules[NAME].BellSprocket.heard == 1
    await loader.reload(world.bot, "bell")
    assert sys.modules[NAME].BellSprocket.heard == 1


async def test_a_job_that_a_new_version_leaves_out_is_gone(world: World, bell: Path) -> None:
    bell.write_text(WITHOUT_A_COG.replace("ring", "toll"))
    await world.bot.load_extension(NAME)
    bell.write_text(WITHOUT_A_COG)
    await world.bot.reload_extension(NAME)
    assert "ring" in world.handler.sprockets and "toll" not in world.handler.sprockets


async def test_a_reload_that_fails_keeps_the_jobs_of_the_old_one(world: World, bell: Path) -> None:
    await world.bot.load_extension(NAME)
    bell.write_text(BELL.replace("BellSprocket.heard += 1", "1 / 0"))
    with pytest.raises(commands.ExtensionFailed, match="ZeroDivisionError"):
        await world.bot.reload_extension(NAME)
    assert await word(world) == "WORD"
    await world.bot.unload_extension(NAME)
    with pytest.raises(commands.ExtensionFailed, match="ZeroDivisionError"):
        await world.bot.load_extension(NAME)
    assert NAME not in world.bot.extensions and "BellSprocket" not in world.bot.cogs


@pytest.mark.long
async def test_a_cog_that_is_added_and_removed_by_itself(world: World, bell: Path) -> None:
    await world.bot.load_extension(NAME)
    cog = await world.bot.remove_cog("BellSprocket")
    assert cog is not None and "ring" not in world.handler.sprockets
    await world.bot.add_cog(cog)
    assert await word(world) == "WORD"


async def test_a_built_in_sprocket(world: World) -> None:
    name = loader.extension("roles")
    before = set(world.handler.sprockets)
    await world.bot.unload_extension(name)
    assert "give_role_for" not in world.handler.sprockets
    await world.bot.load_extension(name)
    await world.bot.reload_extension(name)
    assert set(world.handler.sprockets) == before


async def test_an_extension_that_is_no_sprocket_hears_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greeter.py").write_text(BELL.replace("BellSprocket", "Greeter"))
    monkeypatch.syspath_prepend(str(tmp_path))
    await world.bot.load_extension("greeter")
    assert sys.modules["greeter"].Greeter.heard == 0
    await world.bot.unload_extension("greeter")


async def test_reload_lists_what_it_registered(world: World, bell: Path) -> None:
    await world.bot.load_extension(NAME)
    await world.bot.reload_extension(NAME)
    text = said(await world.owner.slash(world.channel, "schedule reload"))
    assert f"Registered with {len(world.handler.sprockets)} jobs: " in text
    assert "`ring`" in text and "`send_announcement`" in text


async def test_the_bots_own_methods_are_back_when_the_cog_is_gone(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await world.bot.remove_cog("ScheduleZeroCog")
    assert "add_cog" not in vars(world.bot) and "load_extension" not in vars(world.bot)
    assert not caplog.records
