"""``GET /api/troubles``: a long poll for troubles with runs."""

from __future__ import annotations

from aiohttp import web

from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import query_int
from schedulezero.server.records.troubles import Troubles

_LONGEST_WAIT = 30


class TroublesResource:
    """The route handler of ``/api/troubles``.

    Without ``after``, it returns the current end of the outbox at once, for a reader that starts there.
    """

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/api/troubles", self.list)]

    async def list(self, request: web.Request) -> web.Response:
        if "after" not in request.query:
            return json_answer({"troubles": [], "next": await self._troubles.newest()})
        after = query_int(request, "after", 0, 0, 999_999_999)
        found = await self._troubles.after(
            after,
            limit=query_int(request, "limit", 100, 1, 500),
            wait_seconds=query_int(request, "wait", 0, 0, _LONGEST_WAIT),
        )
        return json_answer(
            {
                "troubles": [trouble.to_json() for trouble in found],
                # A smaller number than the reader sent tells it that this database is a new one.
                "next": found[-1].sequence if found else min(after, await self._troubles.newest()),
            }
        )
