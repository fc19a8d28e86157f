"""``/api/guilds/{id}/limits``: the limits of a guild or a person, and their current usage."""

from __future__ import annotations

import re

from aiohttp import web

from schedulezero.server.api.rules import guild_id_of
from schedulezero.server.engine.lifecycle import Jobs
from schedulezero.server.http.errors import ApiError


class LimitsResource:
    """The route handler of the limits of a guild or of a person's own jobs."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/api/guilds/{id}/limits", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        person = request.query.get("creator_id")
        if person is not None and not re.fullmatch(r"\d{1,20}", person, re.ASCII):
            raise ApiError(
                400, "bad_query", "'creator_id' must be a person's id, which is a number.", "creator_id"
            )
        return web.json_response((await self._jobs.allowance(guild_id_of(request), person)).to_json())
