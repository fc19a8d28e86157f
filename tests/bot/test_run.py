"""``run`` as a process of its own, on a simulated Discord behind sockets."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from bot.config import Settings
from tests.support.command_line import ROOT, environment, line
from tests.support.discord_server import DiscordServer

pytestmark = pytest.mark.long


@pytest_asyncio.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as running:
        yield running


@asynccontextmanager
async def running(
    settings: Settings, discord: DiscordServer, *arguments: str, **extra: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """``schedulezero-bot run`` on the simulated Discord; killed at the end, if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.bot_process", discord.address, "run", *arguments,
        cwd=ROOT, env=environment(settings, DISCORD_TOKEN="simulated", COLUMNS="60", **extra),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_run_shows_its_screen_with_the_invite_link(settings: Settings, discord: DiscordServer) -> None:
    async with running(settings, discord) as process:
        for subject in ("server", "database", "sprockets", "servers"):
            shown = await line(process, f" {subject} ")
            assert "ok" in shown, shown
        await line(process, "Ctrl-C")
        link = await line(process, "Invite me: ")  # whole, however narrow the terminal is
        assert re.search(r"https://discord\.com/oauth2/authorize\?client_id=\d+&\S*permissions=\d+\n$", link)
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0
        assert b"Traceback" not in err and b"ERROR" not in err, err.decode()


async def test_no_warning_of_the_library_leaks(settings: Settings, discord: DiscordServer) -> None:
    async with running(settings, discord) as process:
        await line(process, "Ctrl-C")
        doctor = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.bot_process", discord.address, "doctor",
            cwd=ROOT, env=environment(settings, DISCORD_TOKEN="simulated"),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(doctor.communicate(), 60)
        assert b"ok    token: accepted" in out and err == b"", (out, err)
        assert f"bot running (process {process.pid})".encode() in out
        process.terminate()
        _, said = await asyncio.wait_for(process.communicate(), 60)
        assert b"voice" not in said and b"intent" not in said, said


async def test_a_screen_that_cannot_be_shown_is_logged_at_once_and_the_bot_runs_on(
    settings: Settings, discord: DiscordServer
) -> None:
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.bot_process", discord.address, "run",
        cwd=ROOT, env=environment(settings, DISCORD_TOKEN="simulated"),
        stdin=asyncio.subprocess.PIPE, stdout=write, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(write)
    os.close(read)  # whoever read the output is gone
    try:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            while b"the screen cannot be shown" not in (text := await process.stderr.readline()):
                assert text, "it ended"
        assert process.returncode is None
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0 and b"Traceback" not in err, err.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
