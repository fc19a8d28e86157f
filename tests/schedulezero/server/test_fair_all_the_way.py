"""A guild's single post passes another's thousands on the whole way: runs, slots, channel and limiter.

The server, its database, the wire and the handler are real. Discord's limits pass on a clock that the test
moves, and the post falls due a second after the others have begun to leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.pace.pace import FOR_JOBS, Pace
from bot.pace.windows import Window
from schedulezero.handler.run_context import current_run
from schedulezero.server.service import ServerConfig
from tests.support.clocks import LoopClock, stopped_clock
from tests.support.fair import COOL, HOT, Discord, due, serving
from tests.support.runs import client_of, due_now

STEP = 1 / FOR_JOBS
MOST_LATE = 2.0
CHANNEL_LIMIT, CHANNEL_SECONDS = 5, 5.0


class Channel:
    """A channel of Discord's, which takes so many posts in so many seconds and tells of it.

    https://discord.com/developers/docs/topics/rate-limits#header-format
    """

    def __init__(self) -> None:
        self.window = Window()
        self._since = -CHANNEL_SECONDS
        self._taken = 0

    def headers(self, now: float) -> dict[str, str]:
        """Take a post and return the headers of the answer."""
        if now - self._since >= CHANNEL_SECONDS:
            self._since, self._taken = now, 0
        self._taken += 1
        assert self._taken <= CHANNEL_LIMIT, "Discord would say 429"
        return {
            "X-Ratelimit-Limit": str(CHANNEL_LIMIT),
            "X-Ratelimit-Remaining": str(CHANNEL_LIMIT - self._taken),
            "X-Ratelimit-Reset-After": str(self._since + CHANNEL_SECONDS - now),
        }


class LimitedDiscord(Discord):
    """Posts through the channel's window and the bot's limiter.

    Parameters:
        channel_of: returns the channel of a run.
        retry_after: what the hot guild's posts are answered with in place of that; None if they aren't.
    """

    def __init__(self, channel_of: Callable[[str], str], retry_after: float | None = None) -> None:
        super().__init__()
        self._channel_of = channel_of
        self._retry_after = retry_after
        self._channels: dict[str, Channel] = {}
        self._pace = Pace()
        self.posted: dict[str, list[float]] = {HOT: [], COOL: []}

    async def post(self, context: Any, params: dict[str, Any]) -> dict[str, Any]:
        run, clock = current_run(), asyncio.get_running_loop().time
        guild_id = run.guild_id or ""
        async with self.asked:
            self.asking[guild_id] += 1
            self.asked.notify_all()
        if guild_id == HOT and self._retry_after is not None:
            return {"success": False, "error": "Wait.", "retry_after": self._retry_after}
        channel = self._channels.setdefault(self._channel_of(run.job_id or ""), Channel())
        async with channel.window:
            await self._pace.turn(run.scheduled_at.timestamp(), guild_id)
            self.posted[guild_id].append(clock())
            answer = cast(Any, SimpleNamespace(headers=channel.headers(clock())))
            channel.window.update(answer)
        return {"success": True}


async def move(clock: LoopClock, seconds: float, over: Callable[[], bool] = lambda: False) -> None:
    """Move the clock on, one request of the limiter at a time, at most so far."""
    until = clock.seconds + seconds
    while clock.seconds < until and not over():
        clock.seconds += STEP
        for _ in range(10):
            await asyncio.sleep(0)


CASES = [
    pytest.param(1500, lambda job_id: job_id.partition("-")[0], None, id="in one channel"),
    pytest.param(3000, lambda job_id: job_id, None, id="in as many channels"),
    pytest.param(500, lambda job_id: job_id, 600.0, id="told to wait"),
]


@pytest.mark.parametrize(("count", "channel_of", "retry_after"), CASES)
async def test_a_single_post_a_second_later_is_late_by_little(
    server_config: ServerConfig, count: int, channel_of: Callable[[str], str], retry_after: float | None
) -> None:
    await due(server_config, HOT, count, datetime.now(UTC) - timedelta(seconds=1))
    discord = LimitedDiscord(channel_of, retry_after)
    async with serving(server_config, discord), client_of(server_config) as api:
        await discord.has_asked(HOT, 100)
        with stopped_clock() as clock:
            await move(clock, 1.0)
            fell_due = clock.seconds
            await due_now(api, handler_id="h", method="post", guild_id=COOL)
            async with discord.asked:
                await discord.asked.wait_for(lambda: discord.asking[COOL] > 0)
            await move(clock, 3 * MOST_LATE, lambda: bool(discord.posted[COOL]))
            assert discord.posted[COOL], "it hasn't left"
            assert discord.posted[COOL][0] - fell_due <= MOST_LATE
    assert bool(discord.posted[HOT]) is (retry_after is None)
