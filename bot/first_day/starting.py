"""Starts the real bot for a first day, with a server, a database and ports of its own that go with it.

It logs in and identifies once, as `run` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord

from bot.app import ScheduleZeroBot, create_bot
from bot.config import Settings
from bot.first_day.answers import Answers
from bot.first_day.folder import database_in, working_folder
from bot.health.unreachable import why_unreachable
from cogs.config.config import DEFAULT_SPROCKETS
from cogs.config.limit_settings import NO_LIMIT_SETTINGS
from cogs.services import handler_of
from schedulezero.background import run_in_background
from schedulezero.wire.addresses import free_ports

_SECONDS = 120.0


class NotStarted(Exception):
    """The bot didn't start; the message says why.

    Parameters:
        refused: Whether Discord refused it, rather than the network or a signal.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@asynccontextmanager
async def started(
    settings: Settings, token: str, answers: Answers, stop: asyncio.Event
) -> AsyncIterator[tuple[ScheduleZeroBot, asyncio.Task[None]]]:
    """Start the bot, and stop it at the end; yields it with its connection. Raises NotStarted.

    Parameters:
        settings: The owner's settings.
        token: The bot's token.
        answers: Watches its requests.
        stop: Ends the wait.
    """
    with working_folder() as folder:
        bot = create_bot(apart(settings, folder))
        assert bot.http.http_trace is not None
        answers.watch(bot.http.http_trace)
        tasks: list[asyncio.Task[Any]] = []
        stopping = run_in_background(stop.wait(), "the wait for a signal")

        def begin(work: Coroutine[Any, Any, object], what: str) -> asyncio.Task[Any]:
            tasks.append(run_in_background(work, what, passed_on=(Exception,)))
            return tasks[-1]

        try:
            await _first(begin(bot.login(token), "the login"), None, stopping)
            connecting = begin(bot.connect(), "the bot")
            await _first(begin(_ready(bot), "the wait for the bot"), connecting, stopping)
            yield bot, connecting
        finally:
            await bot.close()
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.wait((*tasks, stopping))


async def _ready(bot: ScheduleZeroBot) -> None:
    await bot.wait_until_ready()
    handler = handler_of(bot)
    await handler.wait_bound()
    await handler.refresh()


async def _first(
    work: asyncio.Task[Any], beside: asyncio.Task[Any] | None, stopping: asyncio.Task[Any]
) -> None:
    """Wait for the work; raises NotStarted if it fails, or if something else ends first."""
    tasks = [task for task in (work, beside, stopping) if task is not None]
    await asyncio.wait(tasks, timeout=_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    ended = next((task for task in (work, beside) if task is not None and task.done()), None)
    if stopping.done():
        raise NotStarted("stopped before it was ready")
    if ended is None:
        raise NotStarted(f"the bot wasn't ready within {_SECONDS:.0f} s")
    error = ended.exception()
    if error is None and ended is work:
        return
    raise NotStarted(_why(error), refused=_is_refusal(error)) from error


def _is_refusal(error: BaseException | None) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status < 500 and error.status != 429
    return isinstance(error, discord.ConnectionClosed | discord.PrivilegedIntentsRequired)


def _why(error: BaseException | None) -> str:
    if isinstance(error, discord.ConnectionClosed):
        return f"Discord closed the connection with code {error.code}"
    if isinstance(error, discord.HTTPException):
        return f"Discord answered with {error.status}, code {error.code}: {error.text}"
    if isinstance(error, aiohttp.ClientError | OSError):
        return f"Discord can't be reached ({why_unreachable(error)})"
    return str(error) if error is not None else "Discord ended the connection"


def apart(settings: Settings, folder: Path) -> Settings:
    """Return settings for a bot with a server, ports and a database of its own, and all built-in jobs."""
    handler, registration, rest = free_ports(3)
    return settings.model_copy(
        update={
            "server": "embedded",
            "database": str(database_in(folder)),
            "keys": str(folder / "keys"),
            "handler_id": "first-day",
            "handler_port": handler,
            "handler_host": "127.0.0.1",
            "server_address": f"tcp://127.0.0.1:{registration}",
            "api_endpoint": f"http://127.0.0.1:{rest}",
            "api_token": None,
            "tls_certificate": None,
            "tls_key": None,
            "tls_authority": None,
            "behind_proxy": False,
            "require_token": False,
            "requests_per_second": 0.0,
            "metrics_port": None,
            "owner_guild": None,
            "log_channel": None,
            "sprockets": DEFAULT_SPROCKETS,
            "limits": NO_LIMIT_SETTINGS,
        }
    )
