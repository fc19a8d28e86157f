"""``/api/executions``: runs and their outcomes. (A run is called an *execution* on the wire.)

Both dialects ask here: `schedulezero.server.http.published` says which one a request belongs to.
"""

from __future__ import annotations

from aiohttp import web

from schedulezero.model import JsonObject, Run, RunState
from schedulezero.server.api.published_runs import ALL, STATES, published_record, statistics
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import actor_of, query_choice, query_int, query_limit
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.published import is_published
from schedulezero.server.records.audit import Audit
from schedulezero.server.records.queries import RunFilter
from schedulezero.server.store.runs import RunStore

_MOST = 1000


async def run_page(store: RunStore, request: web.Request, wanted: RunFilter) -> JsonObject:
    """Return a page of runs in wire format, newest first."""
    limit = query_int(request, "limit", 100, 1, _MOST)
    before = query_int(request, "cursor", 0, 0, 999_999_999)
    page, cursor = await store.runs(wanted, before_sequence=before or None, limit=limit)
    answer: JsonObject = {
        "count": len(page),
        "limit": limit,
        "records": [record(run) for run in page],
        "next_cursor": str(cursor) if cursor else None,
    }
    if query_int(request, "total", 0, 0, 1):
        answer["total"] = await store.total(wanted)
    return answer


def record(run: Run) -> JsonObject:
    """Return a run as a record; ``method_name`` is dialect B's name for its method."""
    return {**run.to_json(), "method_name": run.method}


def _wanted_states(request: web.Request) -> tuple[RunState, ...]:
    """Return the states for dialect B's ``status``; without one, all that it has a word for."""
    word = request.query.get("status")
    if word is not None and word not in STATES:
        known = ", ".join(STATES)
        raise ApiError(400, "bad_query", f"'status' must be one of {known}, not {word[:40]!r}.", "status")
    return STATES[word] if word is not None else ALL


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
        if is_published(request):
            return json_answer(await self._published_page(request, _wanted_states(request), "records"))
        wanted = RunFilter(
            handler_id=request.query.get("handler_id"),
            job_id=request.query.get("job_id"),
            guild_id=request.query.get("guild_id"),
            state=query_choice(request, "status", RunState),
            message_id=request.query.get("message_id"),
        )
        return json_answer(await run_page(self._store, request, wanted))

    async def stats(self, request: web.Request) -> web.Response:
        return json_answer(statistics(await self._store.run_counts()))

    async def errors(self, request: web.Request) -> web.Response:
        if is_published(request):
            return json_answer(await self._published_page(request, STATES["error"], "errors"))
        return json_answer(await run_page(self._store, request, RunFilter(state=RunState.FAILED)))

    async def _published_page(
        self, request: web.Request, states: tuple[RunState, ...], key: str
    ) -> JsonObject:
        limit = query_limit(request, 100, _MOST)
        wanted = RunFilter(request.query.get("handler_id"), request.query.get("job_id"), states=states)
        page, _ = await self._store.runs(wanted, before_sequence=None, limit=limit)
        return {"count": len(page), "limit": limit, key: [published_record(run) for run in page]}

    async def clear(self, request: web.Request) -> web.Response:
        cleared = await self._store.clear_runs()
        await self._audit.add("history_cleared", guild_id=None, actor_id=actor_of(request))
        return json_answer({"status": "success", "cleared": cleared})
