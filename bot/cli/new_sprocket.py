"""Writes a small sprocket with its test as a starting point."""

from __future__ import annotations

import builtins
import keyword
import os
import re
from pathlib import Path

from bot.config import DEFAULT_SPROCKETS
from schedulezero.errors import ScheduleZeroError

_SPROCKET = '''"""{title}: what the jobs of this sprocket do."""

from __future__ import annotations

from typing import Annotated, Any

import discord
from discord.ext import commands
from pydantic import Field

from sprockets.kit import ChannelId, LongText, RegisteringCog, by_name
from sprockets.kit import channel_of, in_channel, job, post, text_for


@job(
    needs=in_channel("channel_id", "send_messages"),
    variables=("message",),
    resumable=True,
)
async def {name}(
    bot: commands.Bot, channel_id: ChannelId, message: Annotated[LongText, Field(max_length=2000)]
) -> dict[str, Any]:
    """Say something in a channel.

    Params:
        channel_id: Where to say it
        message: What to say
    """
    channel = await channel_of(bot, channel_id)
    text = text_for(channel.guild, message)
    quiet = discord.AllowedMentions.none()
    sent = await post(channel, f"#{{channel.name}}", content=text, allowed_mentions=quiet)
    return {{"success": True, **sent}}


class {camel}Sprocket(RegisteringCog):
    """Registers the jobs of this sprocket."""

    jobs = by_name({name})


async def setup(bot: commands.Bot) -> None:
    """Loads the sprocket."""
    await bot.add_cog({camel}Sprocket(bot))
'''

_TEST = '''"""The {name} sprocket in a simulated guild.

Run it with: python -m pytest -p schedulezero.testing
"""

from __future__ import annotations

import pytest

from schedulezero.testing import SimulatedGuild

pytestmark = pytest.mark.asyncio


async def test_it_posts(guild: SimulatedGuild) -> None:
    await guild.load("{name}")
    answer = await guild.run("{name}", {{"channel_id": guild.channel.id, "message": "Hello"}})
    assert answer["success"] is True, answer
    assert guild.posted()[-1].content == "Hello"


async def test_it_runs_when_it_is_due(guild: SimulatedGuild) -> None:
    await guild.load("{name}")
    await guild.schedule("{name}", {{"channel_id": guild.channel.id, "message": "On time"}}, "in 2 hours")
    await guild.advance(hours=2)
    await guild.message_in(guild.channel, "On time")
'''


_IN_THE_TEMPLATES = frozenset(
    [
        "annotations",
        "by_name",
        "channel_of",
        "commands",
        "discord",
        "guild",
        "in_channel",
        "job",
        "post",
        "setup",
        "text_for",
    ]
)
"""Names that the templates use for something else."""


class NoSuchName(ScheduleZeroError):
    """The name can't be used for a sprocket."""


class CannotWrite(ScheduleZeroError):
    """The sprocket's files can't be written."""


def write_sprocket(name: str, folder: Path) -> list[Path]:
    """Write ``sprockets/<name>_sprocket.py`` and ``tests/test_<name>_sprocket.py``.

    Parameters:
        name: The name of the sprocket and of its first job.
        folder: Where both folders are, or are created.

    Returns the paths of the files. Raises NoSuchName, before writing anything, if the name can't be used, and
    CannotWrite if the folder isn't writable; in that case neither file is left behind.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or keyword.iskeyword(name):
        raise NoSuchName(
            f"{name[:50]!r} cannot be a sprocket's name; use small letters, digits and _, such as "
            "`birthday_wishes`."
        )
    if name in _IN_THE_TEMPLATES or hasattr(builtins, name) or name in DEFAULT_SPROCKETS:
        raise NoSuchName(f"{name!r} means something else already; choose another name, such as my_{name}.")
    filled = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "camel": name.title().replace("_", ""),
    }
    files = {
        folder / "sprockets" / f"{name}_sprocket.py": _SPROCKET.format(**filled),
        folder / "tests" / f"test_{name}_sprocket.py": _TEST.format(**filled),
    }
    for file in files:
        if os.path.lexists(file):
            raise NoSuchName(f"There is {file} already; choose another name, or change that file.")
    written: list[Path] = []
    try:
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            with file.open("x", encoding="utf-8") as new:
                written.append(file)
                new.write(text)
    except OSError as error:
        for file in written:
            file.unlink(missing_ok=True)
        raise CannotWrite(
            f"The sprocket cannot be written to {folder.resolve()} ({error.strerror}: {error.filename}); go "
            "to a folder where you may write, such as the one where you start the bot."
        ) from error
    return list(files)
