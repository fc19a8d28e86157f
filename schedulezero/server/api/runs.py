"""``/api/executions``: runs and their outcomes. (A run is called an *execution* on the wire.)"""

from __future__ import annotations

from aiohttp import web

from schedulezero.model import JsonObject, Run, RunState
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import actor_of, query_choice, query_int
from schedulezero.server.records.audit import Audit
from schedulezero.server.records.queries import RunFilter
from schedulezero.server.store.runs import RunStore

_MOST = 1000


async def run_page(store: RunStore, request: web.Request, wanted: RunFilter) -> JsonObject:
    """Return a page of runs in wire format, newest first."""
    limit = query_int(request, "limit", 100, 1, _MOST)
    before = query_int(request, "cursor", 0, 0, 999_999_999)
    page, cursor = await store.runs(wanted, before_sequence=before or None, limit=limit)
    return {
        "count": len(page),
        "limit": limit,
        "records": [record(run) for run in page],
        "next_cursor": str(cursor) if cursor else None,
    }


def record(run: Run) -> JsonObject:
    """Return a run as a record; ``method_name`` is dialect B's name for its method."""
    return {**run.to_json(), "method_name": run.method}


class RunsResource:
    """The route handlers below ``/api/executions``."""

    def __init__(self, store: RunStore, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/executions", self.list),
            web.get("/api/executions/stats", self.stats),
            web.get("/api/executions/errors", self.errors),
            web.post("/api/executions/clear", self.clear),
        ]

    async def list(self, request: web.Request) -> web.Response:
        wanted = RunFilter(
            handler_id=request.query.get("handler_id"),
            job_id=request.query.get("job_id"),
            guild_id=request.query.get("guild_id"),
            state=query_choice(request, "status", RunState),
            message_id=request.query.get("message_id"),
        )
        return json_answer(await run_page(self._store, request, wanted))

    async def stats(self, request: web.Request) -> web.Response:
        counts = await self._store.run_counts()
        by_status = {state.value: counts.get(state.value, 0) for state in RunState}
        return json_answer({"total": sum(by_status.values()), "by_status": by_status})

    async def errors(self, request: web.Request) -> web.Response:
        return json_answer(await run_page(self._store, request, RunFilter(state=RunState.FAILED)))

    async def clear(self, request: web.Request) -> web.Response:
        cleared = await self._store.clear_runs()
        await self._audit.add("history_cleared", guild_id=None, actor_id=actor_of(request))
        return json_answer({"status": "success", "cleared": cleared})
