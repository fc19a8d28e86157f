"""Answers requests that aiohttp's parser rejects before any of our handlers sees them.

aiohttp itself answers with plain text and logs a traceback, although the server hasn't failed. The error's
class gives the reason; the parser's own message quotes the request, so it stays out of the log.
"""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http_exceptions import (
    BadHttpMethod,
    BadStatusLine,
    HttpProcessingError,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
    PayloadEncodingError,
)

from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.errors import ApiError

log = logging.getLogger(__name__)

# Read as: the class of the error, and the problem with the request. The first match counts.
_REASONS: tuple[tuple[type[HttpProcessingError], str], ...] = (
    (LineTooLong, "Its request line or one of its headers is longer than 8190 bytes."),
    (InvalidURLError, "The address in its request line is not a valid URL."),
    (
        BadHttpMethod,
        "It does not begin with a method such as GET; use http:// or https:// as the server does.",
    ),
    (BadStatusLine, "Its request line must be like `GET /api/jobs HTTP/1.1`."),
    (InvalidHeader, "One of its headers cannot be read."),
    (PayloadEncodingError, "Its body is not what its headers announce."),
)
_OTHER = "Its headers or the chunks of its body cannot be read."
_PEERS_FAULT = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


def is_peers_fault(error: BaseException | None) -> bool:
    """Return whether the client caused an error by what it sent or by disconnecting."""
    return isinstance(error, _PEERS_FAULT)


def refuse_unreadable(request: web.BaseRequest, error: BaseException | None) -> web.Response:
    """Return the answer to a request that is not valid HTTP/1.1, and log it in one line."""
    reason = next((text for kind, text in _REASONS if isinstance(error, kind)), _OTHER)
    log.info("a request from %s is not valid HTTP and was refused: %s", request.remote, reason)
    refused = ApiError(400, "bad_request", f"The request is not valid HTTP/1.1. {reason}")
    return json_answer(refused.to_json(), status=400)


def refuse_expectation() -> web.Response:
    """Return the answer to an ``Expect`` header other than ``100-continue``."""
    refused = ApiError(
        417, "expectation_failed", "The header Expect can only be 100-continue; leave it out.", "Expect"
    )
    return json_answer(refused.to_json(), status=417)
