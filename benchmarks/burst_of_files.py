"""A burst of posts with files: how much memory the bot takes over idle, and how long its loop is held.

    python -m benchmarks.burst_of_files [POSTS]

POSTS (200) jobs fall due in the same second, each with one of a few kept files of 8 MB. The bot is a process
of its own, which reads them from its database and sends them to a simulated Discord behind sockets. It beats
every 5 ms on its loop, and notes how long the loop's thread worked between two beats.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import yaml

from benchmarks.figures import Figure, Row
from cogs.memory import Memory
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation, soon

POSTS = 200
FILES = 5
FILE_BYTES = 8_000_000
MOST_MEGABYTES = 150
MOST_MILLISECONDS = 50
_CHUNK = 64 * 1024
_SETTLED_SECONDS = 300


async def _content(number: int) -> AsyncIterator[bytes]:
    chance = Random(number)
    for _ in range(0, FILE_BYTES, _CHUNK):
        yield chance.randbytes(_CHUNK)


async def measure(posts: int) -> tuple[float, float]:
    """Return the megabytes over idle, and the milliseconds for which the loop was held at most."""
    async with DiscordServer() as discord:
        with tempfile.TemporaryDirectory(prefix="schedulezero-files-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            built = Installation(discord, folder)
            settings = yaml.safe_load(built.config.read_text())
            built.config.write_text(
                yaml.safe_dump({**settings, "sprockets": "announcement,moderation,composer"})
            )
            held = folder / "held"
            os.environ["HELD_LOOP"] = str(held)
            memory = Memory(str(built.database))
            await memory.open()
            kept = [
                await memory.files.keep(
                    str(discord.guild.id), str(discord.creator.id), "a.bin", _content(number)
                )
                for number in range(FILES)
            ]
            await memory.close()
            async with built:
                at = soon(posts / 20 + 3)
                jobs = [
                    await built.schedule(
                        "send_post",
                        {
                            "channel_ids": [str(discord.channels[number % 3].id)],
                            "text": f"{number}",
                            "files": [{"file": kept[number % FILES].digest, "name": "a.bin"}],
                        },
                        at,
                    )
                    for number in range(posts)
                ]
                before = built.peak_memory("run")
                held.touch()
                outcomes = await built.outcomes(jobs, _SETTLED_SECONDS)
                assert set(outcomes.values()) == {"succeeded"}, outcomes
                assert sum(discord.posts().values()) == posts
                over = (built.peak_memory("run") - before) / 1e6
                return over, float(held.read_text() or 0) * 1000


def rows(posts: int = POSTS) -> list[Row]:
    """The line of the results."""
    over, held = asyncio.run(measure(posts))
    return [
        Row(
            f"{posts} posts with files of 8 MB, due at once",
            f"{Figure((over,)).text(' MB')} over idle, loop held {Figure((held,)).text(' ms')}",
            f"{posts * FILE_BYTES / 1e6:,.0f} MB of files",
            f"{over / (posts * FILE_BYTES / 1e6):.3f}×",
            f"≤ {MOST_MEGABYTES} MB, < {MOST_MILLISECONDS} ms",
            over <= MOST_MEGABYTES and held < MOST_MILLISECONDS,
        )
    ]


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS):
        print(row)
