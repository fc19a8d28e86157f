"""Watches Discord's answers for rate limits, by aiohttp's own hook, for the requests of one bot.

https://discord.com/developers/docs/topics/rate-limits#header-format
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

# Read as: a family of requests that share a kind of limit, and its method and path.
FAMILIES = {
    "posts": re.compile(r"POST .*/channels/\d+/messages$"),
    "edits": re.compile(r"PATCH .*/channels/\d+/messages/\d+$"),
    "deletions": re.compile(r"DELETE .*/channels/\d+/messages/\d+$"),
    "threads": re.compile(r"POST .*/channels/\d+/threads$"),
    "channel texts": re.compile(r"PATCH .*/channels/\d+$"),
    "locks": re.compile(r"PUT .*/channels/\d+/permissions/\d+$"),
    "webhooks": re.compile(r"POST .*/channels/\d+/webhooks$"),
    "webhook posts": re.compile(r"POST .*/webhooks/\d+/[^/]+$"),
    "events": re.compile(r"POST .*/guilds/\d+/scheduled-events$"),
    "roles": re.compile(r"PUT .*/guilds/\d+/members/\d+/roles/\d+$"),
    "direct message channels": re.compile(r"POST .*/users/@me/channels$"),
    "commands": re.compile(r"(PUT|POST) .*/applications/\d+/(guilds/\d+/)?commands$"),
}


@dataclass(frozen=True, slots=True)
class Window:
    """What Discord said about a limit with one answer; times in seconds."""

    limit: int
    remaining: int
    reset_after: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with status 429."""

    family: str
    scope: str
    retry_after: float


def family_of(method: str, path: str) -> str | None:
    """Return the family of a request, or None."""
    asked = f"{method} {path}"
    return next((name for name, pattern in FAMILIES.items() if pattern.match(asked)), None)


class Answers:
    """What Discord said about its limits so far.

    Attributes:
        windows: The longest window of each family.
        refusals: Each answer with status 429.
        count: The number of answers.
    """

    def __init__(self) -> None:
        self.windows: dict[str, Window] = {}
        self.refusals: list[Refusal] = []
        self.count = 0
        self._refused = asyncio.Event()

    def watch(self, trace: aiohttp.TraceConfig) -> None:
        """Add this to a bot's hook, before its first request."""
        trace.on_request_end.append(self._after)

    async def refused(self, after: int) -> Refusal:
        """Wait for a refusal beyond the first ``after`` ones, and return it."""
        while len(self.refusals) <= after:
            self._refused.clear()
            await self._refused.wait()
        return self.refusals[after]

    async def _after(self, _session: Any, _context: Any, done: aiohttp.TraceRequestEndParams) -> None:
        self.count += 1
        self.note(done.method, done.url.path, done.response.status, dict(done.response.headers))

    def note(self, method: str, path: str, status: int, headers: dict[str, str]) -> None:
        """Note one answer."""
        told = {name.lower(): value for name, value in headers.items()}
        family = family_of(method, path)
        try:
            if status == 429:
                wait = float(told.get("retry-after", "0"))
                self.refusals.append(Refusal(family or "others", _scope(told), wait))
                self._refused.set()
            elif family is not None and "x-ratelimit-limit" in told:
                window = Window(
                    int(told["x-ratelimit-limit"]),
                    int(told.get("x-ratelimit-remaining", "0")),
                    float(told.get("x-ratelimit-reset-after", "0")),
                )
                known = self.windows.get(family)
                if known is None or window.reset_after > known.reset_after:
                    self.windows[family] = window
        except ValueError:
            return  # a header that isn't a number says nothing about a limit


def _scope(told: dict[str, str]) -> str:
    return "global" if told.get("x-ratelimit-global") else told.get("x-ratelimit-scope", "unknown")
