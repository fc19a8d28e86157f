"""Lets the simulated Discord have trouble: every kind of it that its library and the network can raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from json import JSONDecodeError
from typing import Any

import aiohttp
import discord
from discord.http import Route

from tests.support.world import World


@dataclass
class _Answer:
    """As much of an answer as discord.py's errors read."""

    status: int = 500
    reason: str = "Internal Server Error"
    headers: dict[str, str] = field(default_factory=dict[str, str])


# Read as: a kind of trouble, how to make it, and under which kind it is counted.
TROUBLES: dict[str, tuple[Callable[[], Exception], str]] = {
    "limited": (lambda: discord.RateLimited(300.0), "rate_limited"),
    "500": (lambda: discord.DiscordServerError(_Answer(), {"code": 0, "message": "oh"}), "outage"),  # type: ignore[arg-type]
    "connection": (lambda: aiohttp.ClientConnectionError("gone"), "unreachable"),
    "timeout": (lambda: TimeoutError("late"), "unreachable"),
    "os": (lambda: OSError(104, "reset"), "unreachable"),
    "garbage": (lambda: JSONDecodeError("Expecting value", "<html>", 0), "unreachable"),
}


@contextmanager
def troubled(
    world: World, trouble: Callable[[], Exception], *wanted: tuple[str, str]
) -> Iterator[list[tuple[str, str]]]:
    """Let requests fail inside the block, and yield those that did, as method and path.

    Parameters:
        world: where.
        trouble: makes the error.
        wanted: which requests fail, each as a method and a pattern for the path; all if there are none.
    """
    http: Any = world.bot.http
    asked: list[tuple[str, str]] = []
    before = http.request

    async def request(route: Any, **options: Any) -> Any:
        path = route.url.removeprefix(Route.BASE).partition("?")[0]
        if not wanted or any(route.method == method and fnmatch(path, part) for method, part in wanted):
            asked.append((route.method, path))
            raise trouble()
        return await before(route, **options)

    http.request = request
    try:
        yield asked
    finally:
        del http.request
