"""Lets the simulated Discord refuse or hold back single requests, counted from 1."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import discord
from discord.http import Route

from tests.support.world import World


@dataclass
class _Answer:
    """As much of an answer as discord.py's errors read."""

    status: int
    reason: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


def an_outage() -> Exception:
    return discord.DiscordServerError(_Answer(500, "Internal Server Error"), {"code": 0, "message": "oh"})  # type: ignore[arg-type]


def a_refusal() -> Exception:
    """50013: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json."""
    told = {"code": 50013, "message": "Missing Permissions"}
    return discord.Forbidden(_Answer(403, "Forbidden"), told)  # type: ignore[arg-type]


@contextmanager
def refusing(
    world: World,
    method: str,
    path: str,
    trouble: Callable[[], Exception] = a_refusal,
    *,
    which: Callable[[int], bool] = lambda _: True,
    after: bool = False,
) -> Iterator[list[str]]:
    """Let requests fail inside the block, and yield the paths of all that matched.

    Parameters:
        world: where.
        method: the requests' method.
        path: a regular expression for their whole path.
        trouble: makes the error.
        which: whether one of them fails, by its number.
        after: whether they fail after they had their effect.
    """
    http: Any = world.bot.http
    before, asked = http.request, list[str]()

    async def request(route: Any, **options: Any) -> Any:
        at = _path_of(route)
        if route.method == method and re.fullmatch(path, at):
            asked.append(at)
            if which(len(asked)):
                if after:
                    await before(route, **options)
                raise trouble()
        return await before(route, **options)

    http.request = request
    try:
        yield asked
    finally:
        http.request = before


@contextmanager
def holding(world: World, method: str, path: str) -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Hold the first such request back inside the block; yield two events: it came, and it may go."""
    http: Any = world.bot.http
    before, came, go = http.request, asyncio.Event(), asyncio.Event()

    async def request(route: Any, **options: Any) -> Any:
        if route.method == method and re.fullmatch(path, _path_of(route)) and not came.is_set():
            came.set()
            await go.wait()
        return await before(route, **options)

    http.request = request
    try:
        yield came, go
    finally:
        go.set()
        http.request = before


def _path_of(route: Any) -> str:
    return route.url.removeprefix(Route.BASE).partition("?")[0]
