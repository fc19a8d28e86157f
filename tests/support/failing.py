"""Single requests to Discord that fail, with or without their effect."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import discord
from discord.http import Route

from tests.support.world import World


class _Answer:
    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        self.headers: dict[str, str] = {}


def outage() -> discord.DiscordException:
    answer: Any = _Answer(500, "Internal Server Error")
    return discord.DiscordServerError(answer, {"code": 0, "message": "oh"})


def refusal() -> discord.DiscordException:
    answer: Any = _Answer(403, "Forbidden")
    return discord.Forbidden(answer, {"code": 50013, "message": "Missing Permissions"})


def limit() -> discord.DiscordException:
    return discord.RateLimited(5.0)


@contextmanager
def failing(
    world: World,
    method: str,
    path: str,
    numbers: Collection[int],
    error: Callable[[], discord.DiscordException] = refusal,
) -> Iterator[list[Any]]:
    """Let requests fail, and yield a list of the bodies of all that were sent there.

    Parameters:
        world: The guild.
        method, path: Which requests; the path is a regular expression.
        numbers: Which of them, from 1.
        error: Makes what they raise.
    """
    http: Any = world.bot.http
    before, sent = http.request, list[Any]()

    async def request(route: Route, **options: Any) -> Any:
        if route.method == method and re.fullmatch(
            path, route.url.removeprefix(Route.BASE).partition("?")[0]
        ):
            sent.append(options.get("json"))
            if len(sent) in numbers:
                raise error()
        return await before(route, **options)

    http.request = request
    try:
        yield sent
    finally:
        del http.request
