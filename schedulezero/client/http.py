"""Turns one HTTP request into a JSON object or one of our errors. The only module that uses httpx."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import httpx

from schedulezero.errors import (
    BadAnswer,
    ClientError,
    Conflict,
    NotFound,
    RequestRefused,
    ServerBusy,
    ServerFailed,
    ServerTimeout,
    ServerUnreachable,
)
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence, read_sentence
from schedulezero.wire.storable import Unstorable, check, clean, clean_text, read_json, too_deep

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
_LARGE = 50_000
"""Reading a response of more bytes would hold the event loop, so a thread does it."""

_per_person: ContextVar[bool] = ContextVar("per_person", default=False)


@contextmanager
def held_to_persons_limit(on: bool) -> Generator[None]:
    """Apply the per-person job limit to every request made inside the block."""
    token = _per_person.set(on)
    try:
        yield
    finally:
        _per_person.reset(token)


class Http:
    """JSON over HTTP to one server, with a timeout on every request.

    Parameters:
        endpoint: the server's root, such as ``http://127.0.0.1:8888``.
        token: the bearer token to send; None for none.
        authority: a file with the CA certificates for the server's certificate; None for the public ones.
    """

    def __init__(self, endpoint: str, token: str | None = None, authority: str | None = None) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._client = httpx.AsyncClient(
            base_url=self.endpoint,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            # Without TLS no certificate is checked, and loading the public ones would block the event loop.
            verify=ssl.create_default_context(cafile=authority)
            if authority
            else endpoint.lower().startswith("https:"),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,  # the server is ours; a proxy meant for the web must not be used
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | None = None,
        query: Mapping[str, str | int | None] | None = None,
        timeout: float | None = None,
        actor_id: str | None = None,
        mends: bool = False,
    ) -> JsonObject:
        """Send a request and return the response's JSON object.

        Parameters:
            method: the HTTP method.
            path: the path below the endpoint.
            body: the JSON body.
            query: query parameters; those that are None are omitted.
            timeout: seconds to wait for the response; None for the default.
            actor_id: the user on whose behalf the request is made.
            mends: whether to replace what strict JSON can't hold, such as ``NaN``, rather than refuse the
                whole response: a published server passes on whatever a handler returned.

        Raises a ClientError whose message is a sentence for the user.
        """
        params = {key: value for key, value in (query or {}).items() if value is not None}
        extra: dict[str, Any] = {"timeout": timeout} if timeout is not None else {}
        headers = {"X-ScheduleZero-Actor": actor_id} if actor_id is not None else {}
        if _per_person.get():
            headers["X-ScheduleZero-Per-Person"] = "1"
        if headers:
            extra["headers"] = headers
        try:
            check({**params, "body": body})
        except Unstorable as error:
            said = Sentence("This can't be sent: it contains {what}.", "request_unsendable", what=error.said)
            raise RequestRefused(said, code="bad_value") from error
        try:
            response = await self._client.request(method, path, json=body, params=params, **extra)
        except httpx.TimeoutException as error:
            raise ServerTimeout(
                "The scheduler at {endpoint} isn't responding. Try again in a moment.",
                code="server_silent",
                endpoint=self.endpoint,
            ) from error
        except httpx.TransportError as error:
            raise ServerUnreachable(
                "The scheduler at {endpoint} can't be reached. Is it running?",
                code="server_not_reached",
                endpoint=self.endpoint,
            ) from error
        except httpx.RequestError as error:  # a body that doesn't match its declared encoding
            raise self._not_ours() from error
        if len(response.content) > _LARGE:
            return await asyncio.to_thread(self._answer, response, mends)
        return self._answer(response, mends)

    def _answer(self, response: httpx.Response, mends: bool) -> JsonObject:
        status = response.status_code
        unusable: Unstorable | None = None
        try:
            data: Any = _mended(response.content) if mends else read_json(response.content, most=None)
        except Unstorable as error:
            data, unusable = None, error
        except ValueError:
            data = None
        if status >= 400:
            raise error_of(status, data)
        if unusable is not None:
            raise BadAnswer(
                "The scheduler's response can't be used: it contains {unusable}.",
                code="answer_unusable",
                unusable=unusable.said,
            ) from unusable
        if not isinstance(data, dict):
            raise self._not_ours()
        return cast(JsonObject, data)

    def _not_ours(self) -> BadAnswer:
        return BadAnswer(
            "{endpoint} doesn't seem to be a ScheduleZero scheduler. Check `api_endpoint`.",
            code="not_our_server",
            endpoint=self.endpoint,
        )


def _mended(content: bytes) -> Any:
    """Parse JSON and replace what can't be stored; raise ValueError if it isn't JSON."""
    try:
        return clean(json.loads(content))
    except RecursionError as error:
        raise too_deep() from error


def error_of(status: int, data: Any) -> ClientError:
    """Return the error that an answer with a status of 400 or above stands for."""
    code, message, field = _error(data)
    if status >= 500:
        if not message:
            return ServerFailed(
                Sentence("The scheduler failed to do this and gave no reason.", "server_failed_silently")
            )
        return ServerFailed(
            Sentence("The scheduler failed to do this: {message}", "server_failed_because", message=message)
        )
    message = message or Sentence(
        "The scheduler refused this (HTTP {status}).", "server_refused", status=status
    )
    if status == 429:
        return ServerBusy(message)
    kind = {404: NotFound, 409: Conflict}.get(status, RequestRefused)
    return kind(message, code=code or "refused", field=field)


def _error(data: Any) -> tuple[str | None, str | None, str | None]:
    error = cast(JsonObject, data).get("error") if isinstance(data, dict) else None
    if isinstance(error, str):
        return None, clean_text(error), None
    if not isinstance(error, dict):
        return None, None, None
    parts = cast(JsonObject, error)
    message = read_sentence(parts, "message")
    return (
        _text(parts.get("code")),
        clean_text(message) if message is not None else None,
        _text(parts.get("field")),
    )


def _text(value: Any) -> str | None:
    return clean_text(str(value)) if value is not None else None
