"""How many sessions Discord still lets the bot start, and the wait until there are enough.

Discord allows a bot a number of IDENTIFYs a day, 1,000 for most. Beyond it, it ends all sessions and resets
the bot's token (https://discord.com/developers/docs/events/gateway#identifying). ``GET /gateway/bot`` tells
how many are left (https://discord.com/developers/docs/events/gateway#session-start-limit-object). A reserve
stays untouched, so that a bot that is restarted over and over never loses its token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Route

log = logging.getLogger(__name__)

RESERVE = 50
"""How many session starts are left to a person who looks for the fault."""
_SHORTEST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(minutes=10)
"""After so long the number is read again; Discord may have granted more."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 300.0


@dataclass(frozen=True, slots=True)
class SessionStarts:
    """What Discord tells about the bot's connections.

    Attributes:
        shards: how many shards it recommends.
        total: how many sessions the bot may start a day.
        remaining: how many of them are left.
        reset_after: in how long they are all there again.
    """

    shards: int
    total: int
    remaining: int
    reset_after: timedelta

    def spare(self, wanted: int) -> bool:
        """Return whether ``wanted`` sessions may be started without touching the reserve."""
        return self.remaining - wanted >= min(RESERVE, self.total - wanted)


def read_starts(data: Any) -> SessionStarts:
    """Read the answer of ``GET /gateway/bot``."""
    limit = data["session_start_limit"]
    return SessionStarts(
        shards=max(1, int(data["shards"])),
        total=int(limit["total"]),
        remaining=int(limit["remaining"]),
        reset_after=timedelta(milliseconds=int(limit["reset_after"])),
    )


async def fetch_starts(http: HTTPClient) -> SessionStarts:
    """Ask Discord for the bot's session starts; raises what discord.py raises."""
    return read_starts(await http.request(Route("GET", "/gateway/bot")))


async def until_spare(http: HTTPClient, wanted: Callable[[SessionStarts], int]) -> SessionStarts:
    """Wait until enough sessions may be started, and return what Discord told last.

    Parameters:
        http: The bot's HTTP client, logged in.
        wanted: Returns how many sessions are about to be started.

    Raises LoginFailure if Discord doesn't accept the token any more.
    """
    while True:
        starts = await _told(http)
        if starts.spare(count := wanted(starts)):
            return starts
        log.warning(
            "Discord lets the bot start %s of %s more sessions today. It wants to start %s, and never "
            "touches the last %s, because Discord resets the token of a bot that starts too many. It waits "
            "until they are renewed in %s. Look in the log why it started so often.",
            starts.remaining, starts.total, count, RESERVE, _told_span(starts.reset_after),
        )  # fmt: skip
        wait = min(max(starts.reset_after, _SHORTEST_WAIT), _LONGEST_WAIT)
        await asyncio.sleep(wait.total_seconds())


async def _told(http: HTTPClient) -> SessionStarts:
    """Return what Discord tells, asking again for as long as it doesn't answer."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return await fetch_starts(http)
        except discord.RateLimited as error:
            why, wait = "it asks to wait", max(pause, error.retry_after)
        except discord.HTTPException as error:
            if error.status == 401:
                raise discord.LoginFailure("the token was reset") from error
            why, wait = f"it answered with status {error.status}", pause
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            why, wait = type(error).__name__, pause
        log.warning("Discord doesn't tell how many sessions may be started (%s); asked again", why)
        await asyncio.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _told_span(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))
