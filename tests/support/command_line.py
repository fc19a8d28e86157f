"""Shared test helpers: Ended, ROOT, end, end_in, environment, line."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.config import Settings

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Ended:
    status: int
    out: str
    err: str


def environment(settings: Settings, **extra: str) -> dict[str, str]:
    ours = ("DISCORD", "SCHEDULEZERO")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {
        **kept,
        "SCHEDULEZERO_HANDLER_PORT": str(settings.handler_port),
        "SCHEDULEZERO_SERVER_ADDRESS": settings.server_address,
        "SCHEDULEZERO_API_ENDPOINT": settings.api_endpoint,
        "SCHEDULEZERO_DATABASE": settings.database,
        **extra,
    }


async def start(settings: Settings, *arguments: str, **extra: str) -> asyncio.subprocess.Process:
    return await start_in(ROOT, settings, *arguments, **extra)


async def start_in(
    folder: Path, settings: Settings, /, *arguments: str, **extra: str
) -> asyncio.subprocess.Process:
    alone = () if folder == ROOT else ("-P",)  # otherwise a folder `sprockets` there would hide ours
    return await asyncio.create_subprocess_exec(
        sys.executable, *alone, "-m", "bot", *arguments,
        cwd=folder, env=environment(settings, **extra),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def end(settings: Settings, *arguments: str, **extra: str) -> Ended:
    return await end_in(ROOT, settings, *arguments, **extra)


async def end_in(folder: Path, settings: Settings, /, *arguments: str, **extra: str) -> Ended:
    process = await start_in(folder, settings, *arguments, **extra)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def line(process: asyncio.subprocess.Process, containing: str) -> str:
    """Return the first line of the process's output that contains the text."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while text := (await process.stdout.readline()).decode():
            if containing in text:
                return text
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())
