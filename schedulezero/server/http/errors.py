"""Turns exceptions into the REST API's error answers: ``{"error": {"code", "message", "field"?}}``.

Requests of dialect B get them in the published server's form (`schedulezero.server.http.published`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schedulezero import metrics
from schedulezero.errors import DatabaseUnavailable, TriggerError, ValueUnusable
from schedulezero.server.decisions.refusal import Conflict, LimitReached, Missing, Refusal
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.published import refusal_json
from schedulezero.storage.outage import Outage
from schedulezero.wire.storable import Unstorable, check_text

log = logging.getLogger(__name__)


_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}, 503: {"Retry-After": "1"}}
"""The headers of an error answer, by status."""


FEEDS = "/calendar/"
"""Where calendar feeds are; what follows in a path is a secret."""


class ApiError(Refusal):
    """A request that is refused at the HTTP level.

    Parameters:
        status: the HTTP status.
        code: a stable word for programs.
        message: what was wrong and what would be right.
        field: the part of the request that was wrong.
    """

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code, message, field)
        self.status = status


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal (RFC 9110, 15.5)."""
    match refusal:
        case ApiError():
            return refusal.status
        case Missing():
            return 404
        case LimitReached() if refusal.code == "too_often":
            return 422
        case Conflict() | LimitReached():
            return 409
        case _:
            return 400


EXPECTED = (Refusal, TriggerError, ValueUnusable, DatabaseUnavailable)
"""The exceptions with which an operation may refuse a request."""


def refusal_of(error: Refusal | TriggerError | ValueUnusable | DatabaseUnavailable) -> Refusal:
    """Return an exception of `EXPECTED` as what the API answers."""
    match error:
        case Refusal():
            if isinstance(error, LimitReached):
                metrics.note_refusal(error.limit)
            return error
        case TriggerError():
            return ApiError(400, "bad_trigger", error.message, error.field)
        case ValueUnusable():
            return ApiError(400, "bad_value", str(error))
        case DatabaseUnavailable():
            return ApiError(503, "database_unavailable", error.message)


@web.middleware
async def texts_middleware(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Reject texts in the path and the query that can't be stored, so can't be ids or filters."""
    for name, text in (*request.match_info.items(), *request.query.items()):
        try:
            check_text(name)
            check_text(text)
        except Unstorable as error:
            raise ApiError(400, "bad_text", f"{name[:40]!r} holds {error}.", name[:40]) from error
    return await handler(request)


def error_middleware(outage: Outage) -> Middleware:
    """Turn every exception into one JSON error; log a trace only for unexpected ones.

    Parameters:
        outage: says once that the database is away, whatever number of requests meet that.
    """

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await _answer(request, handler, outage)
        if request.can_read_body and not answer.prepared:
            # aiohttp closes it, with what is left of the body, and the client has to know.
            answer.force_close()
        return answer

    return answer_errors


async def _answer(request: web.Request, handler: Handler, outage: Outage) -> web.StreamResponse:
    try:
        return await handler(request)
    except EXPECTED as error:
        if isinstance(error, DatabaseUnavailable):
            outage.met(error)
            log.debug("%s %s: %s", request.method, _loggable(request), error)
        refusal = refusal_of(error)
        status = status_of(refusal)
        return json_answer(
            refusal_json(request, refusal, status), status=status, headers=_HEADERS.get(status, {})
        )
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = ApiError(error.status, error.reason.lower().replace(" ", "_"), _sentence(request, error))
        refused = refusal_json(request, answer, error.status)
        return json_answer(refused, status=error.status, headers=_kept(error))
    except Exception:
        log.exception("%s %s failed", request.method, _loggable(request))
        answer = ApiError(500, "internal_error", "The server failed on this request; its log says why.")
        return json_answer(refusal_json(request, answer, 500), status=500)


def _loggable(request: web.Request) -> str:
    return f"{FEEDS}…" if request.path.startswith(FEEDS) else request.path


def _kept(error: web.HTTPException) -> dict[str, str]:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}


def _sentence(request: web.Request, error: web.HTTPException) -> str:
    if error.status == 404:
        return f"There is nothing at {request.path}; GET /api/openapi.json describes what there is."
    if error.status == 405:
        return (
            f"{request.method} is not possible at {request.path}; possible: {error.headers.get('Allow', '')}."
        )
    if error.status == 413:
        return "The body is larger than 1 MiB."
    return error.reason


@web.middleware
async def options_middleware(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer OPTIONS at any path with 204, as the published server does, and without any CORS header."""
    return web.Response(status=204) if request.method == "OPTIONS" else await handler(request)
