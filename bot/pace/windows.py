"""Discord's rate limits for one route: as many requests as a window has left, and no long wait inside a call.

discord.py's own `Ratelimit` has an option that refuses long waits, but it refuses all requests in a window
that ends late, even if Discord would take them: of a limit of 50 in five minutes, it would use one. It also
holds back the answer to a window's last request until the next window, longer than a call of a job may take.

Here a request is refused, with `discord.RateLimited`, only if the window has nothing left and the next one is
too far away. A job that is refused so is run again then.
(https://discord.com/developers/docs/topics/rate-limits#header-format)
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Ratelimit

LONGEST_WAIT_SECONDS = 20.0
"""How long a request waits for its window; a call of a job may take 25 seconds."""


class Window(Ratelimit):
    """The rate limit of one bucket; requests leave in the order in which they came.

    Parameters:
        longest: how many seconds a request may wait.
    """

    def __init__(self, longest: float = LONGEST_WAIT_SECONDS) -> None:
        super().__init__(None)
        self._longest = longest
        self._alarm: asyncio.TimerHandle | None = None

    async def acquire(self) -> None:
        """Wait until this request may leave; raise RateLimited if that takes too long."""
        self._last_request = self._loop.time()
        turn: asyncio.Future[Any] = self._loop.create_future()
        self._pending_requests.append(turn)
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.outgoing -= 1  # it was let through in the same turn of the loop
                self.remaining += 1
            self._grant()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.outgoing -= 1
        if self.expires is None:
            self.reset()  # Discord named no limit
        self._grant()

    def update(self, response: aiohttp.ClientResponse, *, use_clock: bool = False) -> None:
        """Take over what an answer tells; Discord may not have counted the requests under way yet."""
        super().update(response, use_clock=use_clock)
        self.remaining = max(int(response.headers.get("X-Ratelimit-Remaining", 0)) - (self.outgoing - 1), 0)

    def is_expired(self) -> bool:
        """Return whether the window is over."""
        return self.expires is not None and self._loop.time() >= self.expires

    def _grant(self) -> None:
        """Let requests through, refuse those that would wait too long, and wake up for the rest."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self.is_expired():
            self.reset()
        while self._pending_requests and self.remaining > 0:
            turn = self._pending_requests.popleft()
            if not turn.done():
                self.remaining -= 1
                self.outgoing += 1
                turn.set_result(None)
        if not self._pending_requests or self.expires is None:
            return  # without a known end, the answer to a request under way goes on from here
        left = self.expires - self._loop.time()
        if left <= self._longest:
            self._alarm = self._loop.call_at(self.expires, self._grant)
            return
        while self._pending_requests:
            turn = self._pending_requests.popleft()
            if not turn.done():
                turn.set_exception(discord.RateLimited(left))


def keep_to_windows(http: HTTPClient) -> None:
    """Let a client use `Window` for all of its limits."""
    buckets: dict[str, Ratelimit] = http._buckets  # pyright: ignore[reportPrivateUsage]

    def get_ratelimit(key: str) -> Ratelimit:
        if key not in buckets:
            buckets[key] = Window()
            http._try_clear_expired_ratelimits()  # pyright: ignore[reportPrivateUsage]
        return buckets[key]

    http.get_ratelimit = get_ratelimit  # type: ignore[method-assign]
