"""Keep discord.py from repeating requests that Discord may have carried out already.

After a 5xx or a reset connection, discord.py sends a request again, up to five times, before it tells
anyone. A message carries a nonce by which Discord knows it again. A thread, an event and a webhook's post
don't, and a repeated one would stand there twice. For those, the first such answer becomes the caller's
error, and the job's next attempt looks for what the first one did. Answers of 429 are repeated as ever:
nothing was done.
"""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import discord

# Read as: a path to which a POST makes something new, and carries no nonce.
_MAKES = re.compile(
    r"/api/v\d+/("
    r"channels/\d+/(messages/\d+/)?threads"
    r"|channels/\d+/webhooks"
    r"|guilds/\d+/scheduled-events"
    r"|webhooks/\d+/[^/]+"
    r")$"
)
_OUTAGE = 500


def withhold_repeats(bot: discord.Client) -> None:
    """Send such requests of a logged-in bot once each. Calling it twice does no more."""
    session: Any = bot.http._HTTPClient__session  # type: ignore[attr-defined] - discord.py has no other way in
    if isinstance(session, aiohttp.ClientSession) and _TRACE not in session.trace_configs:
        session.trace_configs.append(_TRACE)


async def _answered(_session: Any, _context: Any, done: aiohttp.TraceRequestEndParams) -> None:
    if done.response.status >= _OUTAGE and _makes(done):
        raise discord.DiscordServerError(done.response, await done.response.text())


async def _broken(_session: Any, _context: Any, broken: aiohttp.TraceRequestExceptionParams) -> None:
    if isinstance(broken.exception, OSError) and _makes(broken):
        # discord.py repeats after a reset, which it knows by the error's number.
        raise aiohttp.ClientConnectionError(str(broken.exception)) from broken.exception


def _makes(request: aiohttp.TraceRequestEndParams | aiohttp.TraceRequestExceptionParams) -> bool:
    return request.method == "POST" and _MAKES.search(request.url.path) is not None


def _trace() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()
    config.on_request_end.append(_answered)
    config.on_request_exception.append(_broken)
    config.freeze()
    return config


_TRACE = _trace()
