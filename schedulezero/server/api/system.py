"""What the server says about itself: its health, its handlers, its settings, its own description."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from schedulezero.model import JsonObject
from schedulezero.server.api.openapi import DESCRIPTION
from schedulezero.server.registry import Registry


class SystemResource:
    """Handlers of the routes about the server as a whole.

    Parameters:
        registry: the handlers that it knows.
        config: what it runs with; nothing secret in it.
        load: how many runs wait in memory and how many are under way.
    """

    def __init__(self, registry: Registry, config: JsonObject, load: Callable[[], tuple[int, int]]) -> None:
        self._registry = registry
        self._config = config
        self._load = load

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/health", self.health),
            web.get("/api/handlers", self.handlers),
            web.get("/api/config", self.config),
            web.get("/api/openapi.json", self.openapi),
        ]

    async def health(self, request: web.Request) -> web.Response:
        waiting, running = self._load()
        return web.json_response({"status": "ok", "runs_waiting": waiting, "runs_under_way": running})

    async def handlers(self, request: web.Request) -> web.Response:
        return web.json_response({"handlers": [info.to_json() for info in await self._registry.list()]})

    async def config(self, request: web.Request) -> web.Response:
        return web.json_response(self._config)

    async def openapi(self, request: web.Request) -> web.Response:
        return web.json_response(DESCRIPTION)
