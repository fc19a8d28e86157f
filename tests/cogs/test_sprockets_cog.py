"""Sprockets come and go while the bot runs."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import sprockets
from bot.config import Settings
from tests.support.foreign_guild import Foreign
from tests.support.world import World, a_world, said

PLAIN = '''
"""A sprocket to the plain contract: registers in on_ready, unregisters in cog_unload."""
from discord.ext import commands

async def wave(bot, params):
    """Wave to a channel.

    Params:
        channel_id: int - Where to wave
    """
    channel = bot.get_channel(params["channel_id"])
    message = await channel.send("WORD")
    return {"success": True, "message_id": message.id}

def count(bot, params: dict) -> dict:
    """Count, without async."""
    return {"success": True, "count": len(params)}

class WavingSprocket(commands.Cog):
    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        cog = self.bot.get_cog("ScheduleZeroCog")
        cog.register_sprocket("wave", wave)
        cog.register_sprocket("count", count)

    def cog_unload(self):
        cog = self.bot.get_cog("ScheduleZeroCog")
        cog.unregister_sprocket("wave")
        cog.unregister_sprocket("count")

async def setup(bot):
    await bot.add_cog(WavingSprocket(bot))
'''

TYPED = '''
"""A sprocket with a typed job."""
from schedulezero.methods.spec import in_channel
from schedulezero.methods.typed import ChannelId, job
from sprockets.kit.cog import RegisteringCog, by_name

@job(needs=in_channel("channel_id", "send_messages"))
async def hail(bot, channel_id: ChannelId) -> dict:
    """Hail a channel."""
    return {"success": True}

class WavingSprocket(RegisteringCog):
    jobs = by_name(hail)

async def setup(bot):
    await bot.add_cog(WavingSprocket(bot))
'''

PYCORD = """
import discord
from discord.ext import commands

class OldSprocket(commands.Cog):
    def __init__(self, bot: discord.Bot):
        self.bot = bot

    @discord.slash_command(name="old")
    async def old(self, ctx: discord.ApplicationContext):
        await ctx.respond("hi")

def setup(bot):
    bot.add_cog(OldSprocket(bot))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that the package of sprockets reaches into, as a checkout's own does."""
    sprockets.__path__.append(str(tmp_path))
    yield tmp_path
    sprockets.__path__.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("sprockets.") and "waving" in name]:
        del sys.modules[name]


async def slash(world: World, command: str, name: str) -> str:
    return said(await world.owner.slash(world.channel, command, name=name))


@pytest.mark.long
async def test_a_method_can_be_scheduled_as_soon_as_it_is_loaded_and_not_after(
    world: World, folder: Path
) -> None:
    (folder / "waving_sprocket.py").write_text(PLAIN.replace("WORD", "o/"))
    suggested = await world.owner.autocomplete(world.channel, "load_sprocket", "name", "wav")
    assert [choice["value"] for choice in suggested] == ["waving"]
    assert "It provides: `count`, `wave`." in await slash(world, "load_sprocket", "waving")
    await world.handler.refresh()

    job_id = await world.create(world.admin, "wave", {"channel_id": [world.channel]}, "every monday at 9")
    await world.admin.slash(world.channel, "schedule run", job=job_id)
    assert (await world.message_in(world.channel, "o/")).content == "o/"
    assert (await world.run("count", {"a": 1, "b": 2}))["count"] == 2

    assert "Unloaded **waving**" in await slash(world, "unload_sprocket", "waving")
    refused = said(await world.admin.slash(world.channel, "schedule create", job="wave"))
    assert "There is no kind of job called “wave”" in refused
    assert "no job method 'wave'" in (await world.run("wave", {"channel_id": 1}))["error"]
    card = said(await world.admin.slash(world.channel, "schedule show", job=job_id))
    assert "sprocket isn't loaded" in card


async def test_a_reload_takes_up_changes_and_keeps_the_old_one_on_an_error(
    world: World, folder: Path
) -> None:
    file = folder / "waving_sprocket.py"
    file.write_text(PLAIN.replace("WORD", "first"))
    await slash(world, "load_sprocket", "waving")
    file.write_text(PLAIN.replace("WORD", "second, and longer"))
    assert "Reloaded **waving**. It provides: `count`, `wave`." in await slash(
        world, "reload_sprocket", "waving"
    )
    await world.run("wave", {"channel_id": world.channel.id})
    assert await world.message_in(world.channel, "second")

    file.write_text("import nothing_of_that_name\n")
    said_ = await slash(world, "reload_sprocket", "waving")
    assert "couldn't be loaded: ModuleNotFoundError: No module named 'nothing_of_that_name'" in said_
    assert (await world.run("count", {}))["success"] is True


async def test_every_job_is_shown_under_the_sprocket_that_brought_it(world: World, folder: Path) -> None:
    package = folder / "waving_sprocket"
    package.mkdir()
    jobs, cog, rest = TYPED.partition("class WavingSprocket")
    (package / "jobs.py").write_text(jobs)
    (package / "__init__.py").write_text(
        "from sprockets.kit.cog import RegisteringCog, by_name\n"
        f"from sprockets.waving_sprocket.jobs import hail\n\n{cog}{rest}"
    )
    assert "It provides: `hail`" in await slash(world, "load_sprocket", "waving")
    panel = said(await world.owner.slash(world.channel, "sprockets"))
    shown = re.findall(r"`(\w+)`", panel)
    # What other jobs plan is not offered.
    assert sorted(shown) == sorted(world.handler.sprockets.keys() - {"announce_event"})
    assert panel.index("**roles**") < panel.index("`give_role_for`") < panel.index("**threads**")
    assert "`hail`" in panel[panel.index("**waving**") :]


async def test_a_permission_that_discord_does_not_have_is_told_at_once(world: World, folder: Path) -> None:
    file = folder / "waving_sprocket.py"
    file.write_text(TYPED)
    await slash(world, "load_sprocket", "waving")
    file.write_text(TYPED.replace("send_messages", "sent_messages"))
    told = await slash(world, "reload_sprocket", "waving")
    assert "hail: Discord has no permission 'sent_messages'; did you mean 'send_messages'?" in told
    assert (await world.run("hail", {"channel_id": world.channel.id}))["success"] is True


async def test_a_sprocket_that_does_not_import_is_refused_with_its_last_line(
    world: World, folder: Path
) -> None:
    (folder / "waving_sprocket.py").write_text("def broken(:\n")
    assert "couldn't be loaded: SyntaxError" in await slash(world, "load_sprocket", "waving")
    (folder / "waving_sprocket.py").write_text("x = 1\n")
    assert "couldn't be loaded" in await slash(world, "load_sprocket", "waving")
    assert (await world.run("send_dm", {}))["error"].startswith("send_dm needs 'user_id'")


async def test_one_that_is_written_for_pycord_is_refused_with_its_edits(world: World, folder: Path) -> None:
    (folder / "waving_sprocket.py").write_text(PYCORD)
    text = await slash(world, "load_sprocket", "waving")
    assert "is written for py-cord" in text
    for edit in (
        "line 6: `discord.Bot`: use commands.Bot",
        "line 9: `discord.slash_command`: use @app_commands.command()",
        "line 10: `discord.ApplicationContext`",
        "line 13: make it `async def setup(bot)`.",
        "line 14: write `await bot.add_cog(…)`.",
    ):
        assert edit in text
    assert "sprockets.waving_sprocket" not in sys.modules


@pytest.mark.parametrize(
    "name",
    [
        "os",
        "../bot/cli",
        "sprockets.example",
        "example_sprocket",
        "discord_side",
        "",
        "a" * 1000,
        "cogs.admin_cog",
    ],
)
async def test_a_name_that_is_no_sprocket_is_refused_without_importing_it(world: World, name: str) -> None:
    text = await slash(world, "load_sprocket", name or " ")
    assert "There is no sprocket" in text and "announcement, calendar, channels, composer, events" in text


async def test_loading_twice_and_unloading_what_is_not_loaded(world: World) -> None:
    assert "is already loaded" in await slash(world, "load_sprocket", "example")
    assert "Unloaded" in await slash(world, "unload_sprocket", "example")
    assert "isn't loaded" in await slash(world, "unload_sprocket", "example")
    assert "isn't loaded" in await slash(world, "reload_sprocket", "example")
    assert "question" not in world.plain.available_commands(world.channel)
    assert "It provides: `question_of_the_day`." in await slash(world, "load_sprocket", "example")
    assert "question" in world.plain.available_commands(world.channel)


async def test_the_overview(world: World) -> None:
    text = said(await world.owner.slash(world.channel, "sprockets"))
    assert "**announcement** " in text
    assert "`send_announcement` Post a message in a channel" in text
    assert "`/load_sprocket` loads one" in text
    text = said(await world.moderator.slash(world.channel, "sprockets"))
    assert "Post a message in a channel" in text
    assert "/load_sprocket" not in text and "send_announcement" not in text


async def test_the_owners_commands_are_offered_in_their_own_servers_only(world: World) -> None:
    elsewhere = Foreign(world)
    await world.env.settle()
    assert "load_sprocket" in world.owner.available_commands(world.channel)
    assert "load_sprocket" not in elsewhere.eve.available_commands(elsewhere.channel)
    # The server changes hands, also while the bot is away.
    backend = world.env.backend
    backend.edit_guild(world.guild.id, {"owner_id": world.admin.id})
    await world.env.settle()
    assert "load_sprocket" not in world.admin.available_commands(world.channel)
    assert "schedule list" in world.admin.available_commands(world.channel)


@pytest.mark.long
async def test_one_more_server_can_be_named(settings: Settings) -> None:
    async with a_world(settings) as world:
        elsewhere = Foreign(world)
        world.bot.services = replace(world.bot.services, owner_guild=elsewhere.guild.id)
        await world.bot.get_cog("SprocketsCog").on_ready()  # type: ignore[union-attr]
        await world.env.settle()
        assert "load_sprocket" in elsewhere.eve.available_commands(elsewhere.channel)
        # Both are noted if they come at once.
        memory, both = world.bot.memory, {world.guild.id, elsewhere.guild.id}
        await memory.put("owner-commands", "guilds", {"ids": []})
        sprockets_cog = world.bot.get_cog("SprocketsCog")
        owners = vars(sprockets_cog)["_guilds"]
        await asyncio.gather(*(owners.place(guild) for guild in world.bot.guilds if guild.id in both))
        noted = await memory.kept("owner-commands", "guilds")
        assert noted is not None and set(noted["ids"]) == set(map(str, both))
        result = await elsewhere.eve.slash(elsewhere.channel, "load_sprocket", name="example")
        assert said(result) == "Only the bot's owner may do this."
