"""``/api/guilds/busiest``: the guilds that keep the bot busiest, for its owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from schedulezero.server.http.answering import json_answer
from schedulezero.server.store.runs import RunStore


class BusiestResource:
    """The route handler of the busiest guilds.

    Parameters:
        store: the runs.
        now: returns the current instant.
    """

    def __init__(self, store: RunStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/api/guilds/busiest", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        found = await self._store.busiest(self._now())
        return json_answer({"guilds": [guild.to_json() for guild in found]})
