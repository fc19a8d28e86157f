"""discord.py's own ways to load, unload and reload an extension register and unregister its jobs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from discord.ext import commands

import sprockets
from cogs.services import Refused
from cogs.sprocket_loading import loader
from schedulezero.methods.host import registry_of
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
    assert f"Registered with {len(world.handler.sprockets)} kinds of job: " in text
    assert "`ring`" in text and "`send_announcement`" in text


async def test_the_bots_own_methods_are_back_when_the_cog_is_gone(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        await world.bot.remove_cog("ScheduleZeroCog")
    assert "add_cog" not in vars(world.bot) and "load_extension" not in vars(world.bot)
    assert not caplog.records


CLAIM = "“bell” already provides the job `ring`. Unload it before you load “other”."


@pytest.mark.parametrize("first", [BELL, WITHOUT_A_COG, BY_A_LISTENER])
@pytest.mark.parametrize("second", [BELL, WITHOUT_A_COG, BY_A_LISTENER])
async def test_a_job_stays_with_the_sprocket_that_has_it(
    world: World, bell: Path, first: str, second: str
) -> None:
    bell.write_text(first.replace("WORD", "ding"))
    other = "sprockets.other_sprocket"
    text = second.replace("WORD", "dong").replace("BellSprocket", "OtherSprocket")
    (bell.parent / "other_sprocket.py").write_text(text)
    await world.bot.load_extension(NAME)
    with pytest.raises(commands.ExtensionFailed) as refused:
        await world.bot.load_extension(other)
    assert str(refused.value.original) == CLAIM
    with pytest.raises(Refused) as refused_too:
        await loader.load(world.bot, "other")
    assert str(refused_too.value) == CLAIM
    assert other not in world.bot.extensions and await word(world) == "ding"
    await world.bot.reload_extension(NAME)
    assert await word(world) == "ding"
    await world.bot.unload_extension(NAME)
    assert "ring" not in world.handler.sprockets
    await world.bot.load_extension(other)
    assert await word(world) == "dong"
    await world.bot.unload_extension(other)
    assert "ring" not in world.handler.sprockets


async def test_of_two_that_were_loaded_before_the_bot_was_ready_the_first_keeps_its_job(
    world: World, bell: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bell.write_text(BELL.replace("WORD", "ding"))
    other = "sprockets.other_sprocket"
    unloading = "\n    async def cog_unload(self):\n        "
    unloading += 'self.bot.get_cog("ScheduleZeroCog").unregister_sprocket("ring")\n\nasync def setup'
    text = BELL.replace("WORD", "dong").replace("BellSprocket", "OtherSprocket")
    (bell.parent / "other_sprocket.py").write_text(text.replace("\nasync def setup", unloading))
    with monkeypatch.context() as before:
        before.setattr(world.bot, "is_ready", lambda: False)
        await world.bot.load_extension(NAME)
        await world.bot.load_extension(other)
    for listener in list(world.bot.extra_events["on_ready"]):
        if listener.__module__ in (NAME, other):
            await listener()  # as discord.py does
    assert await word(world) == "ding" and CLAIM in caplog.text
    await world.bot.unload_extension(other)
    assert await word(world) == "ding"
    await world.bot.unload_extension(NAME)
    assert "ring" not in world.handler.sprockets


async def test_a_setup_that_fails_leaves_no_job_behind(world: World, bell: Path) -> None:
    bell.write_text(f"{WITHOUT_A_COG}    1 / 0\n")
    with pytest.raises(commands.ExtensionFailed, match="ZeroDivisionError"):
        await world.bot.load_extension(NAME)
    assert "ring" not in world.handler.sprockets


async def test_a_job_may_be_registered_twice_and_by_the_bot_itself(world: World, bell: Path) -> None:
    twice = 'bot.get_cog("ScheduleZeroCog").register_sprocket("ring", lambda bot, params: {})'
    bell.write_text(BELL.replace("    await bot", f"    {twice}\n    await bot"))
    await world.bot.load_extension(NAME)
    assert await word(world) == "WORD"

    async def ring(bot: Any, params: dict[str, Any]) -> dict[str, Any]:
        return {"success": True, "word": "mine"}

    registry = registry_of(world.bot)
    assert registry is not None
    registry.register_sprocket("ring", ring)
    assert await word(world) == "mine"


async def test_a_reload_of_one_whose_listener_always_fails_leaves_it_loaded(
    world: World, bell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell.write_text(BELL.replace("BellSprocket.heard += 1", 'raise RuntimeError("no bell")'))
    with monkeypatch.context() as before:
        before.setattr(world.bot, "is_ready", lambda: False)
        await world.bot.load_extension(NAME)
    with pytest.raises(commands.ExtensionFailed, match="no bell"):
        await world.bot.reload_extension(NAME)
    assert NAME in world.bot.extensions and "BellSprocket" in world.bot.cogs
    bell.write_text(BELL)
    await world.bot.reload_extension(NAME)
    assert await word(world) == "WORD"


@pytest.mark.parametrize("source", [BELL, WITHOUT_A_COG, BY_A_LISTENER])
async def test_a_reload_that_cannot_be_set_up_keeps_the_jobs(world: World, bell: Path, source: str) -> None:
    bell.write_text(source)
    await world.bot.load_extension(NAME)
    bell.write_text("async def setup(bot):\n    1 / 0\n")
    with pytest.raises(commands.ExtensionFailed, match="ZeroDivisionError"):
        await world.bot.reload_extension(NAME)
    assert NAME in world.bot.extensions and await word(world) == "WORD"
