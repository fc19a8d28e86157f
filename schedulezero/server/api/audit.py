"""``/api/audit``: who changed what. Entries can only be read and added."""

from __future__ import annotations

from aiohttp import web

from schedulezero.model.audit import read_changes
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import AuditBody, actor_of, query_int, read_body
from schedulezero.server.records.audit import Audit, AuditFilter

_LONGEST_WAIT = 30


class AuditResource:
    """The route handlers of the audit."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/api/audit", self.list), web.post("/api/audit", self.add)]

    async def list(self, request: web.Request) -> web.Response:
        """Return a page, newest first; with ``after``, wait for newer entries, returned oldest first."""
        query = request.query
        limit = query_int(request, "limit", 25, 1, 200)
        if "after" in query:
            after = query_int(request, "after", 0, 0, 999_999_999)
            wait = query_int(request, "wait", 0, 0, _LONGEST_WAIT)
            found = await self._audit.after(after, limit=limit, wait_seconds=wait)
            following = found[-1].sequence if found else min(after, await self._audit.newest())
        else:
            wanted = AuditFilter(query.get("guild_id"), query.get("job_id"), query.get("actor_id"))
            before = query_int(request, "cursor", 0, 0, 999_999_999)
            found, cursor = await self._audit.page(wanted, before=before or None, limit=limit)
            following = cursor
        newest = await self._audit.newest()
        return json_answer(
            {"entries": [entry.to_json() for entry in found], "next": following, "newest": newest}
        )

    async def add(self, request: web.Request) -> web.Response:
        body = await read_body(request, AuditBody)
        await self._audit.add(
            body.action,
            guild_id=body.guild_id,
            name=body.name,
            actor_id=actor_of(request),
            changes=read_changes([change.model_dump() for change in body.changes]),
        )
        return json_answer({"status": "success"}, status=201)
