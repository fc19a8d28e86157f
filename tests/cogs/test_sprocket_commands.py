"""Slash commands that a sprocket brings reach Discord when it is loaded, reloaded or unloaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sprockets
from bot.config import Settings
from cogs.sprocket_loading import loader
from tests.conftest import until
from tests.support.command_lists import Lists, Refused, command_lists, leaf
from tests.support.world import World, a_world, said

NAME = "sprockets.waver_sprocket"
WAVER = """
from discord import app_commands

from sprockets.kit import RegisteringCog

class WaverSprocket(RegisteringCog):
    @app_commands.command(name="wave", description="Wave")
    async def wave(self, interaction, hand: str):
        await interaction.response.send_message("o/")

async def setup(bot):
    await bot.add_cog(WaverSprocket(bot))
"""
CHANGED = WAVER.replace('description="Wave"', 'description="Wave at everybody"')


@pytest.fixture
def waver(tmp_path: Path) -> Iterator[Path]:
    sprockets.__path__.append(str(tmp_path))
    file = tmp_path / "waver_sprocket.py"
    file.write_text(WAVER)
    yield file
    sprockets.__path__.remove(str(tmp_path))
    sys.modules.pop(NAME, None)


@pytest.fixture
def lists() -> Iterator[Lists]:
    with command_lists() as noted:
        yield noted


def offered(world: World) -> str | None:
    """Return how Discord describes the command; None if it doesn't have it."""
    found = world.env.backend.commands[None].get(("wave", 1))
    return found["description"] if found is not None else None


async def settled(world: World) -> None:
    """Wait until nothing is being offered any more, after a change that has been offered."""
    await world.env.settle()
    await until(lambda: "offering the commands" not in world.bot.services.supervisor.parts, 20)


async def test_by_the_owners_commands(lists: Lists, settings: Settings, waver: Path) -> None:
    async with a_world(settings) as world:
        assert len(lists.sent) == 1
        await world.owner.slash(world.channel, "load_sprocket", name="waver")
        assert offered(world) == "Wave"
        waver.write_text(CHANGED)
        await world.owner.slash(world.channel, "reload_sprocket", name="waver")
        assert offered(world) == "Wave at everybody"
        await world.owner.slash(world.channel, "unload_sprocket", name="waver")
        assert offered(world) is None
        await settled(world)
        assert len(lists.sent) == 4  # one for each change


async def test_by_whatever_loads_it(lists: Lists, settings: Settings, waver: Path) -> None:
    async with a_world(settings) as world:
        await loader.load(world.bot, "waver")  # as `dev` does
        await until(lambda: offered(world) == "Wave", 20)
        waver.write_text(CHANGED)
        await loader.reload(world.bot, "waver")
        await until(lambda: offered(world) == "Wave at everybody", 20)
        await loader.unload(world.bot, "waver")
        await until(lambda: offered(world) is None, 20)
        await world.bot.load_extension(NAME)  # as a bot's own code does
        await until(lambda: offered(world) is not None, 20)
        await world.bot.reload_extension(NAME)
        await world.bot.unload_extension(NAME)
        await until(lambda: offered(world) is None, 20)
        await settled(world)
        assert len(lists.sent) <= 7


async def test_a_change_of_anything_else_is_not_sent(lists: Lists, settings: Settings, waver: Path) -> None:
    async with a_world(settings) as world:
        await loader.load(world.bot, "waver")
        await until(lambda: offered(world) == "Wave", 20)
        await loader.reload(world.bot, "waver")
        waver.write_text(CHANGED)
        await loader.reload(world.bot, "waver")
        await until(lambda: offered(world) == "Wave at everybody", 20)
        await settled(world)
        assert len(lists.sent) == 3


async def test_a_reload_never_takes_the_commands_away(lists: Lists, settings: Settings, waver: Path) -> None:
    async with a_world(settings) as world:
        await loader.load(world.bot, "waver")
        await until(lambda: offered(world) == "Wave", 20)
        waver.write_text(CHANGED)
        await loader.reload(world.bot, "waver")
        await until(lambda: offered(world) == "Wave at everybody", 20)
        await settled(world)
    # Nor does the end of the bot, which unloads everything.
    assert [any(item["name"] == "wave" for item in sent) for sent in lists.sent] == [False, True, True]


async def test_a_refusal_is_told_to_the_owner(lists: Lists, settings: Settings, waver: Path) -> None:
    def judge(sent: list[dict[str, object]]) -> None:
        for place, item in enumerate(sent):
            if item.get("description") == "Wave at everybody":
                raise Refused(
                    400, 50035, "Invalid Form Body", {str(place): {"description": leaf("Not that.")}}
                )

    lists.judge = judge
    async with a_world(settings) as world:
        await world.owner.slash(world.channel, "load_sprocket", name="waver")
        waver.write_text(CHANGED)
        told = said(await world.owner.slash(world.channel, "reload_sprocket", name="waver"))
        assert "“wave”" in told and "Not that." in told
        assert offered(world) == "Wave"
        waver.write_text(WAVER + "\n")
        told = said(await world.owner.slash(world.channel, "reload_sprocket", name="waver"))
        assert "⚠️" not in told
