"""Routes about the server itself: health, handlers, methods, settings, OpenAPI description and metrics."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from schedulezero import metrics
from schedulezero.errors import DatabaseUnavailable
from schedulezero.model import JsonObject
from schedulezero.server.handlers.registry import Registry
from schedulezero.server.health import Health, reason_of
from schedulezero.server.http.answering import json_answer
from schedulezero.version import installed_version

log = logging.getLogger(__name__)

_COUNTED_SECONDS = 15.0


class SystemResource:
    """The route handlers about the server as a whole.

    Parameters:
        registry: the known handlers.
        config: the server's settings, without secrets.
        health: the health of this node.
        count_jobs: returns how many jobs are in each state; it goes over all of them, so it is asked rarely.
    """

    def __init__(
        self,
        registry: Registry,
        config: JsonObject,
        health: Health,
        count_jobs: Callable[[], Awaitable[Mapping[str, int]]],
    ) -> None:
        self._registry = registry
        self._config = config
        self._health = health
        self._count_jobs = count_jobs
        self._counted_at = -math.inf

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/health", self.health),
            web.get("/api/health/live", self.live),
            web.get("/api/health/ready", self.ready),
            web.get("/api/handlers", self.handlers),
            web.get("/api/methods", self.methods),
            web.get("/api/config", self.config),
            web.get("/api/openapi.json", self.openapi),
            web.get("/metrics", self.metrics),
        ]

    async def health(self, request: web.Request) -> web.Response:
        return json_answer({**await self._health.report(), "service": "ScheduleZero"})

    async def live(self, request: web.Request) -> web.Response:
        report = await self._health.report()
        return json_answer(report, status=200 if report["live"] else 503)

    async def ready(self, request: web.Request) -> web.Response:
        report = await self._health.report()
        return json_answer(report, status=200 if report["ready"] else 503)

    async def handlers(self, request: web.Request) -> web.Response:
        return json_answer({"handlers": [info.to_json() for info in await self._registry.list()]})

    async def methods(self, request: web.Request) -> web.Response:
        return json_answer({"methods": self._registry.described()})

    async def config(self, request: web.Request) -> web.Response:
        published: JsonObject = {
            "instance_name": "ScheduleZero for Discord",
            "description": "The embedded server of ScheduleZero for Discord.",
            "admin_contact": "N/A",
            "version": installed_version(),
        }
        return json_answer({**published, **self._config})

    async def metrics(self, request: web.Request) -> web.Response:
        report = await self._health.report()
        waiting, under_way = self._health.load()
        metrics.QUEUE_DEPTH.set(waiting)
        metrics.UNDER_WAY.set(under_way)
        await self._note_jobs()
        metrics.READY.clear()
        metrics.READY.labels(reason_of(report)).set(report["ready"])
        metrics.HANDLER_UP.clear()
        for handler_id, up in self._registry.signs_of_life():
            metrics.HANDLER_UP.labels(handler_id).set(up)
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _note_jobs(self) -> None:
        if time.monotonic() - self._counted_at < _COUNTED_SECONDS:
            return
        self._counted_at = time.monotonic()
        try:
            metrics.note_jobs(await self._count_jobs())
        except DatabaseUnavailable as error:
            log.debug("the jobs were not counted, and the last numbers stay: %s", error)  # READY tells why

    async def openapi(self, request: web.Request) -> web.Response:
        from schedulezero.server.api.openapi import DESCRIPTION  # long, and seldom asked for

        return json_answer(DESCRIPTION)
