"""A Discord of one route over real sockets, which answers as it is told, for discord.py's own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from discord.http import HTTPClient, Route

from bot.pace.windows import keep_to_windows


@dataclass
class LimitingDiscord:
    """What Discord answers, and what it was asked.

    Attributes:
        http: discord.py's client, logged in.
        headers: the headers of each answer.
        status, body: its status and JSON.
        asked: the paths that were asked for.
    """

    http: HTTPClient
    headers: dict[str, str] = field(default_factory=dict[str, str])
    status: int = 200
    body: dict[str, Any] = field(default_factory=lambda: {"id": "1"})
    asked: list[str] = field(default_factory=list[str])

    async def ask(self, channel_id: int = 1) -> Any:
        """Ask for a channel."""
        return await self.http.request(Route("GET", "/channels/{channel_id}", channel_id=channel_id))

    def window(self, limit: int, remaining: int, reset_after: float) -> None:
        """Tell of a window with each answer.

        https://discord.com/developers/docs/topics/rate-limits#header-format
        """
        self.headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset-After": str(reset_after),
            "X-RateLimit-Bucket": "abc",
        }

    def too_many(self, retry_after: float, scope: str = "user") -> None:
        """Answer 429 from now on; ``Via`` is what Discord's own has, and a ban's has not."""
        self.status, self.headers = 429, {"Via": "1.1 google", "X-RateLimit-Scope": scope}
        self.body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}


@asynccontextmanager
async def limiting_discord(
    monkeypatch: pytest.MonkeyPatch, trace: aiohttp.TraceConfig | None = None
) -> AsyncIterator[LimitingDiscord]:
    """Serve such a Discord, and log a client in."""
    http = HTTPClient(asyncio.get_running_loop(), http_trace=trace, max_ratelimit_timeout=30.0)
    keep_to_windows(http)
    stand_in = LimitingDiscord(http)

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/users/@me"):
            return web.json_response({"id": "1", "username": "bot"})
        stand_in.asked.append(request.path)
        # Without a charset: discord.py looks for the plain type.
        text = web.json_response(stand_in.body).body
        return web.Response(
            body=text,
            status=stand_in.status,
            content_type="application/json",
            headers=stand_in.headers,
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    monkeypatch.setattr(Route, "BASE", f"http://127.0.0.1:{port}")
    try:
        await http.static_login("simulated")
        yield stand_in
    finally:
        await http.close()
        await runner.cleanup()
