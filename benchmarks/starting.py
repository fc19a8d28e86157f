"""What it takes until the bot is ready, and the command line answers, beside importing discord.py alone.

All is processor time, of all threads of a process: what else the machine does lengthens no figure. The bound
of a start is importing the libraries that every start needs, with nothing of ours.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import REPETITIONS, Figure, Row, processor_seconds
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation

ROOT = Path(__file__).parent.parent
_LIBRARIES = (
    "aiohttp.web, discord.ext.commands, prometheus_client, pydantic_settings, sqlalchemy.dialects.sqlite",
    "yaml",
    "zmq",
)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _seconds(*arguments: str) -> Figure:
    figures: list[float] = []
    for _ in range(REPETITIONS + 1):
        before = _of_children()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
        figures.append(_of_children() - before)
    return Figure(tuple(figures[1:]))  # the first one brings the files into memory


async def _ready() -> Figure:
    """From the start of the process until the server answers and knows the handler with its jobs."""
    figures: list[float] = []
    for _ in range(REPETITIONS + 1):
        async with DiscordServer() as discord:
            with tempfile.TemporaryDirectory() as folder:
                async with Installation(discord, Path(folder)) as installation:
                    figures.append(processor_seconds(installation.pid("run")))
    return Figure(tuple(figures[1:]))


def rows() -> list[Row]:
    """The lines of the results."""
    # As an installation, the checkout has its compiled modules, as discord.py does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    imported = _seconds("-c", "import discord")
    bound = _seconds("-c", f"import gc; gc.disable(); import {', '.join(_LIBRARIES)}")
    empty = _seconds("-c", "pass")
    helped = _seconds("-m", "bot", "--help")
    ready = asyncio.run(_ready())
    baseline = f"`import discord` {imported.text(' s')}"
    ratio: Callable[[Figure], float] = lambda figure: figure.median / imported.median  # noqa: E731
    return [
        Row(
            "start of `run` to ready", ready.text(" s"), baseline, f"{ratio(ready):.1f}×", "≤ 3×",
            ratio(ready) <= 3,
            "processor time; ready: logged in at a simulated Discord over sockets, server up, handler and "
            "jobs registered. The bound, importing what every start needs of libraries, is "
            f"{bound.text(' s')}, {ratio(bound):.1f}×",
        ),
        Row(
            "`schedulezero-bot --help`", helped.text(" s"), baseline, f"{ratio(helped):.2f}×", "≤ 0.5×",
            ratio(helped) <= 0.5, f"it does not import discord; Python alone takes {empty.text(' s')}",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row)
