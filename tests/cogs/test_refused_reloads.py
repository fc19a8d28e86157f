"""A reload that is refused, for whatever reason, leaves the old sprocket at work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dateutil.parser  # noqa: F401 - brings a finder, and the bot loads it in the background
import pytest

import sprockets
from bot.config import Settings
from cogs.services import Refused
from cogs.sprocket_loading import loader, swap
from tests.conftest import until
from tests.support.world import World, a_world

NAME = "sprockets.lasting_sprocket"

GOOD = '''
from discord.ext import commands
from sprockets.lasting_sprocket import words

async def chime(bot, params):
    """Chime."""
    return {"success": True, "word": words.WORD}

class LastingSprocket(commands.Cog):
    heard = []

    def __init__(self, bot):
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self):
        self.bot.get_cog("ScheduleZeroCog").register_sprocket("chime", chime)

    @commands.Cog.listener()
    async def on_message(self, message):
        self.heard.append(message.id)

    @commands.command()
    async def lasting(self, ctx):
        pass

    def cog_unload(self):
        self.bot.get_cog("ScheduleZeroCog").unregister_sprocket("chime")

async def setup(bot):
    await bot.add_cog(LastingSprocket(bot))
'''

SECOND = """
class Second(commands.Cog):
    @commands.Cog.listener()
    async def on_message(self, message):
        pass
"""

SETUP = "async def setup(bot):\n    await bot.add_cog(LastingSprocket(bot))\n"

# Read as: why a reload is refused, the new source, and what the refusal says.
REFUSALS = {
    "a syntax error": ("def broken(:\n", "SyntaxError"),
    "an import error": ("import nothing_of_that_name\n" + GOOD, "ModuleNotFoundError"),
    "an error when it is imported": (GOOD + "1 / 0\n", "ZeroDivisionError"),
    "the end of the program": ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
    "the end of the program in setup": (
        GOOD.replace(SETUP, SETUP + "    raise SystemExit(4)\n"),
        "SystemExit: 4",
    ),
    "a skipped test": ("import pytest\npytest.skip('gone', allow_module_level=True)\n", "Skipped: gone"),
    "a cancellation when it is imported": (
        "import asyncio\nraise asyncio.CancelledError\n",
        "CancelledError",
    ),
    "an interrupt of its own": ("raise KeyboardInterrupt('mine')\n", "KeyboardInterrupt: mine"),
    "an interrupt of its own in setup": (
        GOOD.replace(SETUP, SETUP + "    raise KeyboardInterrupt('mine')\n"),
        "KeyboardInterrupt: mine",
    ),
    "an exception that cannot be shown": (
        "class Odd(BaseException):\n    def __str__(self): raise ValueError\nraise Odd\n",
        "Odd",
    ),
    "a cancellation in setup": (
        GOOD.replace(SETUP, SETUP + "    import asyncio\n    raise asyncio.CancelledError\n"),
        "CancelledError",
    ),
    "a setup that ignores its cancellation": (
        GOOD.replace(
            SETUP,
            SETUP + "    import asyncio\n    ends = asyncio.get_running_loop().time() + 3\n"
            "    while asyncio.get_running_loop().time() < ends:\n        try:\n"
            "            await asyncio.sleep(3)\n        except asyncio.CancelledError:\n            pass\n",
        ),
        "wasn't ready after 0.2 s",
    ),
    "a listener that ends the program": (
        GOOD.replace("self.bot.get_cog", "raise SystemExit(5); self.bot.get_cog", 1),
        "SystemExit: 5",
    ),
    "a cog whose removal ends the program": (
        GOOD.replace("def cog_unload(self):\n", "def cog_unload(self):\n        raise SystemExit(6)\n")
        .replace(SETUP, SETUP + "    raise ValueError('half way')\n"),
        "SystemExit: 6",
    ),
    "bytes that are no text": ("x = '\udcff'\n", "SyntaxError"),
    "no setup": (GOOD.replace("async def setup", "async def set_up"), "setup"),
    "a setup that fails": (GOOD.replace(SETUP, SETUP + "    raise ValueError('half way')\n"), "half way"),
    "a setup that takes too long": (
        GOOD.replace(SETUP, SETUP + "    import asyncio\n    await asyncio.Event().wait()\n"),
        "wasn't ready after 0.2 s",
    ),
    "a cog whose name is taken": (
        GOOD.replace(SETUP, SETUP + "    await bot.add_cog(type('AdminCog', (commands.Cog,), {})())\n"),
        "AdminCog",
    ),
    "a job of another sprocket": (GOOD.replace('("chime"', '("send_dm"'), "`send_dm`"),
    "a listener that fails": (
        GOOD.replace("self.bot.get_cog", "1 / 0; self.bot.get_cog", 1),
        "ZeroDivisionError",
    ),
    "a wrong declaration": (
        "from sprockets.kit import ChannelId, RegisteringCog, by_name, in_channel, job\n"
        "@job(needs=in_channel('channel_id', 'sent_messages'))\n"
        "async def chime(bot, channel_id: ChannelId) -> dict:\n    '''Chime.'''\n    return {}\n"
        "class LastingSprocket(RegisteringCog):\n    jobs = by_name(chime)\n" + SETUP,
        "no permission 'sent_messages'",
    ),
    "py-cord": ("import discord\n" + GOOD.replace("async def setup", "def setup"), "written for py-cord"),
    "a second cog, then a failure": (
        GOOD + SECOND + SETUP.replace("Lasting", "Second").replace("SecondSprocket(bot)", "Second()")
        + "    raise KeyError('late')\n",
        "late",
    ),
}  # fmt: skip


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A sprocket of two files, which is loaded by none yet."""
    sprockets.__path__.append(str(tmp_path))
    folder = tmp_path / "lasting_sprocket"
    folder.mkdir()
    (folder / "__init__.py").write_text(GOOD)
    (folder / "words.py").write_text('WORD = "ding"\n')
    yield folder
    sprockets.__path__.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]


@contextmanager
def hurried(never_ends: bool) -> Iterator[None]:
    """Give up soon on a sprocket that never ends; any other may take long on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        if never_ends:
            patch.setattr(swap, "LONGEST_SECONDS", 0.2)
        yield


def state(world: World) -> dict[str, Any]:
    """What a sprocket may leave behind in a bot, without the objects that a restart makes new."""
    bot: Any = world.bot
    return {
        "jobs": {name: function.__name__ for name, function in world.handler.sprockets.items()},
        "cogs": sorted(bot.cogs),
        "listeners": {
            event: sorted(f"{item.__module__}.{item.__qualname__}" for item in items)
            for event, items in bot.extra_events.items()
            if items
        },
        "commands": sorted(command.name for command in bot.commands),
        "slash": sorted(command.qualified_name for command in bot.tree.walk_commands()),
        "extensions": dict(bot.extensions),
        "modules": {name: item for name, item in sys.modules.items() if name.startswith("sprockets")},
        "path": list(sys.path),
        "finders": [
            item for item in sys.meta_path if type(item).__module__.startswith(("cogs", "sprockets"))
        ],
    }


def write(package: Path, source: str) -> None:
    (package / "__init__.py").write_bytes(source.encode("utf-8", "surrogateescape"))


@pytest.mark.long
async def test_a_refused_reload_leaves_the_old_one_at_work(settings: Settings, package: Path) -> None:
    async with a_world(settings.model_copy(update={"intents": ("guild_messages",)})) as world:
        await _refused_reload(world, package)


async def _refused_reload(world: World, package: Path) -> None:
    await loader.load(world.bot, "lasting")
    before = state(world)
    (package / "words.py").write_text('WORD = "another, longer word"\n')
    for reason, (source, says) in REFUSALS.items():
        write(package, "import sys\nsys.path.insert(0, '/nowhere')\n" + source)
        with hurried("wasn't ready" in says), pytest.raises(Refused) as caught:
            await loader.reload(world.bot, "lasting")
        assert says in caught.value.message, reason
        assert state(world) == before, reason
        assert await world.run("chime", {}) == {"success": True, "word": "ding"}, reason
    heard = sys.modules[NAME].LastingSprocket.heard
    heard.clear()
    await world.admin.send(world.channel, "one message")
    await until(lambda: heard)
    await world.env.settle()
    assert len(heard) == 1
    # And when the fault is mended, the new one takes its place.
    (package / "__init__.py").write_text(GOOD + f"# {'mended ' * 40}\n")
    await loader.reload(world.bot, "lasting")
    assert (await world.run("chime", {}))["word"] == "another, longer word"
    assert state(world)["listeners"] == before["listeners"]


@pytest.mark.long
async def test_a_refused_load_leaves_nothing_behind(world: World, package: Path) -> None:
    before = state(world)
    for reason, (source, says) in REFUSALS.items():
        write(package, "import sys\nsys.path.insert(0, '/nowhere')\n" + source)
        with hurried("wasn't ready" in says), pytest.raises(Refused) as caught:
            await loader.load(world.bot, "lasting")
        assert says in caught.value.message, reason
        assert state(world) == before, reason


async def test_an_unload_whose_cog_fails_leaves_nothing_behind(world: World, package: Path) -> None:
    before = state(world)
    source = GOOD.replace("def cog_unload(self):", "def cog_unload(self):\n        1 / 0")
    (package / "__init__.py").write_text(source + "async def teardown(bot):\n    1 / 0\n")
    await loader.load(world.bot, "lasting")
    assert "chime" in world.handler.sprockets
    await loader.reload(world.bot, "lasting")
    assert (await world.run("chime", {}))["success"] is True
    await loader.unload(world.bot, "lasting")
    assert state(world) == before


async def test_an_unload_that_ends_the_program_or_never_ends_is_over_all_the_same(
    world: World, package: Path
) -> None:
    before = state(world)
    for last in ("raise SystemExit(7)", "await __import__('asyncio').Event().wait()"):
        source = GOOD.replace("    def cog_unload(self):", f"    async def cog_unload(self):\n        {last}")
        write(package, source)
        await loader.load(world.bot, "lasting")
        with hurried("wait()" in last):
            await loader.unload(world.bot, "lasting")
        assert state(world) == before, last


async def test_a_bot_starts_with_bad_sprockets_beside_good_ones(settings: Settings, package: Path) -> None:
    folder = package.parent
    (folder / "latin_sprocket.py").write_bytes(
        "# -*- coding: latin-1 -*-\n# Grüße\n".encode("latin-1")
        + GOOD.replace("from sprockets.lasting_sprocket import words\n", "")
        .replace("words.WORD", "'Grüße'").replace("Lasting", "Latin").replace("lasting", "latin")
        .encode("latin-1")
    )  # fmt: skip
    write(package, "raise __import__('asyncio').CancelledError\n")
    names = (*settings.sprockets, "lasting", "latin")
    async with a_world(settings.model_copy(update={"sprockets": names})) as world:
        assert (await world.run("chime", {}))["word"] == "Grüße"
        assert "latin" in loader.loaded(world.bot)
        assert "lasting" not in loader.loaded(world.bot)
        assert "send_announcement" in world.handler.sprockets
