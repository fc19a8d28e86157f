"""One limiter for all requests to Discord, below its 50 a second: people go first, then each guild in turn.

The jobs' requests are queued fairly by guild (`schedulezero.fair_queue`): a guild with many of them delays
another guild's by one at most. Within a guild, the most overdue run goes first.

It waits in aiohttp's own hook, right before a request leaves, after discord.py has waited for that channel's
limit. So a blocked channel doesn't block others, and requests that were blocked together don't leave in one
burst. Responses to interactions don't count towards Discord's limit and pass unlimited
(https://discord.com/developers/docs/topics/rate-limits#global-rate-limit).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from cogs.background.invalid_requests import InvalidRequests
from schedulezero.fair_queue import FairQueue
from schedulezero.handler.run_context import current_run
from schedulezero.metrics import note_discord

FOR_JOBS = 45
"""The most requests of jobs in any window. They leave evenly spaced, so a person waits for at most one, and
five are left for people, for delays on the way, and for a second process such as ``doctor``."""
FOR_ALL = 50
WINDOW_SECONDS = 1.0
_NOT_COUNTED = ("/interactions/", "/webhooks/")


class Pace:
    """Grants at most a fixed number of requests in any window.

    Parameters:
        for_jobs, for_all: The number of requests per window.
        window: Its length in seconds.
    """

    def __init__(
        self, for_jobs: int = FOR_JOBS, for_all: int = FOR_ALL, window: float = WINDOW_SECONDS
    ) -> None:
        self._for_jobs = for_jobs
        self._job_at = 0.0
        self._for_all = for_all
        self._window = window
        self._granted: deque[float] = deque()
        self._people: deque[asyncio.Future[float]] = deque()
        self._jobs: FairQueue[asyncio.Future[float]] = FairQueue()
        self._alarm: asyncio.TimerHandle | None = None

    async def turn(self, due: float | None, guild_id: str | None = None) -> float:
        """Wait for this request's turn and return the loop's time at that moment.

        Parameters:
            due: When a job's run was due, in seconds since the epoch: of a guild's, the earliest goes first.
                None for requests that a person waits for.
            guild_id: The guild of the run's job; jobs without one take their turn together.
        """
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        if due is None:
            self._people.append(future)
        else:
            self._jobs.push(guild_id, due, future)
        self._grant()
        return await future

    def _grant(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._granted and now - self._granted[0] >= self._window:
            self._granted.popleft()
        while self._people or self._jobs:
            job = not self._people
            possible_at = self._possible_at(job, now)
            if possible_at > now:
                if self._alarm is not None:
                    self._alarm.cancel()
                self._alarm = loop.call_at(possible_at, self._grant)
                return
            future = self._jobs.pop() if job else self._people.popleft()
            if future is not None and not future.done():  # its task may have been cancelled in the meantime
                self._granted.append(now)
                if job:
                    # Space requests evenly, so that slow responses don't push two windows into one. A
                    # slightly late timer is compensated.
                    spacing = self._window / self._for_jobs
                    self._job_at = max(self._job_at, now - spacing) + spacing
                future.set_result(now)

    def _possible_at(self, job: bool, now: float) -> float:
        """Return when the next request may leave, given the requests so far."""
        most = self._for_jobs if job else self._for_all
        room_at = self._granted[-most] + self._window if len(self._granted) >= most else now
        return max(room_at, self._job_at) if job else room_at

    def trace(self, invalid: InvalidRequests) -> aiohttp.TraceConfig:
        """Return the hook for discord.py's ``http_trace``; see `limiting`."""
        return limiting(self.turn, invalid)


def limiting(
    turn: Callable[[float | None, str | None], Awaitable[object]], invalid: InvalidRequests
) -> aiohttp.TraceConfig:
    """Return an aiohttp hook that makes each request wait for its turn right before it leaves.

    It also counts the answers that Discord bans for. While there are too many of them, the requests of jobs
    are refused with `discord.RateLimited`, so that their runs wait.

    Parameters:
        turn: waits for a request's turn.
        invalid: counts the answers.
    """
    config = aiohttp.TraceConfig()

    async def before(_session: Any, _context: Any, asked: aiohttp.TraceRequestStartParams) -> None:
        run = current_run()
        if run.run_id is not None and (wait := invalid.wait(time.time())) is not None:
            raise discord.RateLimited(wait)
        if any(part in asked.url.path for part in _NOT_COUNTED):
            return
        await turn(run.scheduled_at.timestamp() if run.run_id is not None else None, run.guild_id)

    async def after(_session: Any, _context: Any, done: aiohttp.TraceRequestEndParams) -> None:
        note_discord(done.response.status)
        scope = done.response.headers.get("X-RateLimit-Scope")
        invalid.note(done.response.status, scope, time.time())

    config.on_request_start.append(before)
    config.on_request_end.append(after)
    return config
