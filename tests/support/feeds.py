"""A server of calendars on this machine, which a test changes between looks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web
from multidict import CIMultiDict


def stamped(at: datetime) -> str:
    """Return an instant as a calendar writes it."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def event(uid: str, at: datetime, *more: str, title: str = "Board games") -> str:
    """Return one event of a calendar."""
    return "\n".join([f"UID:{uid}", f"SUMMARY:{title}", f"DTSTART:{stamped(at)}", *more])


class Feed:
    """A calendar at an address.

    Attributes:
        events: Its events.
        answer: What it answers in place of them: a status, or a body.
        silent: Whether it doesn't answer at all.
        statuses: The statuses that it answered with.
        asked: The headers of the requests.
    """

    def __init__(self) -> None:
        self.port = 0
        self.events: list[str] = []
        self.answer: int | bytes | None = None
        self.silent = False
        self.statuses: list[int] = []
        self.asked: list[CIMultiDict[str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/private-S3CRET/basic.ics?key=S3CRET"

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(CIMultiDict(request.headers))
        if self.silent:
            await asyncio.Event().wait()
        response = self._response(request)
        self.statuses.append(response.status)
        return response

    def _response(self, request: web.Request) -> web.Response:
        if isinstance(self.answer, int):
            return web.Response(status=self.answer)
        if self.answer is not None:
            return web.Response(body=self.answer)
        body = self.text().encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": etag, "Content-Type": "text/calendar"})

    def text(self) -> str:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN"]
        for each in self.events:
            lines += ["BEGIN:VEVENT", *each.splitlines(), "END:VEVENT"]
        return "\r\n".join([*lines, "END:VCALENDAR", ""])


@asynccontextmanager
async def a_feed(*events: str) -> AsyncIterator[Feed]:
    """Serve a calendar on loopback."""
    feed = Feed()
    feed.events = list(events)
    app = web.Application()
    app.router.add_get("/{path:.*}", feed.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    feed.port = runner.addresses[0][1]
    try:
        yield feed
    finally:
        await runner.cleanup()
