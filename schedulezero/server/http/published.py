"""Which requests belong to dialect B, the published server's, and the form of its errors.

The path decides. ``GET /api/executions`` exists in both dialects: it is ours if the query has something that
only ours knows, as each request of our client has (``guild_id``).
"""

from __future__ import annotations

from aiohttp import web

from schedulezero.model import JsonObject, RunState
from schedulezero.server.decisions.refusal import Refusal

EXECUTIONS = "/api/executions"
ERRORS = f"{EXECUTIONS}/errors"
PATHS = frozenset(
    {"/api/schedule", "/api/schedules", "/api/run_now", EXECUTIONS, f"{EXECUTIONS}/stats", ERRORS}
    | {f"{EXECUTIONS}/clear"}
)
_BELOW = "/api/schedules/"
_OURS_ONLY = frozenset({"guild_id", "message_id", "cursor", "total"})
_OUR_STATES = frozenset(state.value for state in RunState)


def is_published(request: web.Request) -> bool:
    """Return whether a request is answered in the form of the published server."""
    path = request.path
    if path in (EXECUTIONS, ERRORS):
        query = request.query
        return not (_OURS_ONLY & query.keys() or query.get("status") in _OUR_STATES)
    return path in PATHS or path.startswith(_BELOW)


def refusal_json(request: web.Request, refusal: Refusal, status: int) -> JsonObject:
    """Return a refusal as the JSON of an answer, in the form of the request's dialect.

    In dialect B, ``code`` is the HTTP status as a number. The word for programs, which that dialect doesn't
    have, is its ``kind``.
    """
    answer = refusal.to_json()
    if is_published(request):
        answer["error"] = {**answer["error"], "code": status, "kind": refusal.code}
    return answer
