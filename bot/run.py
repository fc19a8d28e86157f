"""Runs the bot on Discord until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any

import aiohttp
import discord

from bot.app import ScheduleZeroBot, create_bot
from bot.clusters import Cluster
from bot.config import Settings
from bot.health.screen import show_screen
from bot.health.unreachable import why_unreachable
from bot.observing import observe, serving_metrics
from bot.refusals import DiscordRefuses, DiscordUnusable
from bot.token_form import how_it_differs
from schedulezero.background import run_in_background
from schedulezero.errors import ScheduleZeroError

log = logging.getLogger(__name__)

_TOKEN = (
    "Discord does not accept the token in DISCORD_TOKEN; copy a new one from "
    "https://discord.com/developers/applications."
)
_SHARDS = (
    "The bot is in so many servers that it needs more shards; raise `shards`, or remove it with one cluster."
)
_REFUSALS = {
    4004: _TOKEN,
    4010: "Discord knows no such shard; set `shards` to the same number in all clusters.",
    4011: _SHARDS,
    4012: "Discord's gateway has done away with the version that this bot speaks; update it.",
    4013: "Discord knows no such intents; update the bot.",
}
"""Close codes after which reconnecting doesn't help: authentication failed, invalid shard, sharding required,
invalid API version, invalid intents; 4014 is an exception of discord.py's own
(https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes).
"""
_SHARDING_REQUIRED = 4011
_PRIVILEGED = ("members", "presences", "message_content")


Beside = Callable[[ScheduleZeroBot, asyncio.Event], Coroutine[Any, Any, None]]
"""Runs alongside the bot until the event is set."""


async def run(
    settings: Settings,
    token: str,
    stop: asyncio.Event,
    cluster: Cluster | None = None,
    beside: Beside | None = None,
) -> int:
    """Run the bot until ``stop`` is set and return the process's exit status.

    Parameters:
        settings: The bot's settings.
        token: The bot's token.
        stop: Ends it.
        cluster: Its share of the shards, if other processes run the rest of the bot.
        beside: Runs alongside the bot.

    Raises DiscordUnusable (DiscordRefuses if a retry can't help), PortTaken or DatabaseUnusable. Each message
    is one sentence.
    """
    observe()
    port = settings.metrics_port
    async with serving_metrics(port, settings.handler_host) if port is not None else nullcontext():
        return await _run(settings, token, stop, cluster, beside)


def keep_what_is_loaded() -> None:
    """Exempt everything loaded so far from garbage collection; it stays as long as the process does.

    A full collection visits every object while it holds the GIL, which blocks the event loop: for 150 ms with
    the 220,000 objects of our modules, and hardly at all without them.
    """
    gc.collect()
    gc.freeze()


async def _run(
    settings: Settings, token: str, stop: asyncio.Event, cluster: Cluster | None, beside: Beside | None
) -> int:
    bot = create_bot(settings, cluster)
    keep_what_is_loaded()
    try:
        await bot.claim_database()  # before any request to Discord: a second bot stops here
    except ScheduleZeroError:
        await bot.close()
        raise
    running = run_in_background(bot.start(token), "the bot", passed_on=(Exception,))
    stopping = run_in_background(stop.wait(), "the wait for a signal")
    besides = [run_in_background(show_screen(bot, stop), "the screen at the start")]
    if beside is not None:
        besides.append(run_in_background(beside(bot, stop), "what runs beside the bot"))
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            log.info("stopping")
            return 0
        try:
            await running
        except discord.LoginFailure as error:
            raise DiscordRefuses(_TOKEN + how_it_differs(token)) from error
        except discord.PrivilegedIntentsRequired as error:
            privileged = ", ".join(name for name in settings.intents if name in _PRIVILEGED)
            raise DiscordRefuses(
                f"Discord does not grant a privileged intent that `intents` asks for ({privileged}): switch "
                "it on in the developer portal under Bot, or remove it from `intents`."
            ) from error
        except discord.ConnectionClosed as error:
            if error.code == _SHARDING_REQUIRED and bot.asks_for_shards:
                raise DiscordUnusable(
                    "The bot is in so many servers by now that it needs more shards. The next start asks "
                    "Discord how many."
                ) from error
            if error.code in _REFUSALS:
                raise DiscordRefuses(_REFUSALS[error.code]) from error
            raise DiscordUnusable(
                f"Discord closed the connection with code {error.code}; try again in a moment."
            ) from error
        except discord.HTTPException as error:
            raise DiscordUnusable(
                f"Discord answered with status {error.status}; try again in a moment."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise DiscordUnusable(
                f"Discord can't be reached ({why_unreachable(error)}). Is the network up?"
                + how_it_differs(token)
            ) from error
        if bot.failure is not None:
            raise bot.failure
        return 0
    finally:
        stopping.cancel()
        for task in besides:
            task.cancel()
        await asyncio.wait(besides)
        await bot.close()
        running.cancel()
        await asyncio.wait((running,))
