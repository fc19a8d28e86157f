"""How long the bot takes to be ready, and the command line to answer, beside importing discord.py alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import REPETITIONS, Figure, Row
from tests.support.discord_server import DiscordServer
from tests.support.installation import Installation

ROOT = Path(__file__).parent.parent


def _seconds(*arguments: str) -> Figure:
    figures: list[float] = []
    for _ in range(REPETITIONS + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
        figures.append(time.perf_counter() - began)
    return Figure(tuple(figures[1:]))  # the first one brings the files into memory


async def _ready() -> Figure:
    """From the start of the process until the server answers and knows the handler with its jobs."""
    figures: list[float] = []
    for _ in range(REPETITIONS + 1):
        async with DiscordServer() as discord:
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                async with Installation(discord, Path(folder)):
                    figures.append(time.perf_counter() - began)
    return Figure(tuple(figures[1:]))


def rows() -> list[Row]:
    """The lines of the results."""
    # As an installation, the checkout has its compiled modules, as discord.py does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    imported = _seconds("-c", "import discord")
    empty = _seconds("-c", "pass")
    helped = _seconds("-m", "bot", "--help")
    ready = asyncio.run(_ready())
    baseline = f"`import discord` {imported.text(' s')}"
    ratio: Callable[[Figure], float] = lambda figure: figure.median / imported.median  # noqa: E731
    return [
        Row(
            "start of `run` to ready", ready.text(" s"), baseline, f"{ratio(ready):.1f}×", "≤ 3×",
            ratio(ready) <= 3,
            "ready: logged in at a simulated Discord over sockets, server up, handler and jobs registered",
        ),
        Row(
            "`schedulezero-bot --help`", helped.text(" s"), baseline, f"{ratio(helped):.2f}×", "≤ 0.5×",
            ratio(helped) <= 0.5, f"it does not import discord; Python alone takes {empty.text(' s')}",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for row in rows():
        print(row)
