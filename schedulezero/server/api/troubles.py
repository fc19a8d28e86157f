"""``GET /api/troubles``: a long poll of what there is to tell of runs."""

from __future__ import annotations

from aiohttp import web

from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import query_int
from schedulezero.server.records.troubles import Troubles

_LONGEST_WAIT = 30


class TroublesResource:
    """Handler of ``/api/troubles``.

    Without ``after`` it answers at once where the outbox ends now, for a reader that begins.
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
                # Less than it was asked for tells the reader that this database began anew.
                "next": found[-1].sequence if found else min(after, await self._troubles.newest()),
            }
        )
