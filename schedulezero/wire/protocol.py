"""Converts between frames and messages: the only module that knows how JSON is sent over ZeroMQ.

A message is one JSON object in one frame. A REQ peer puts an empty delimiter before it, possibly preceded by
routing frames. Everything up to the delimiter is the envelope; it is returned unchanged, so that answers
reach their calls.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from schedulezero.model import JsonObject
from schedulezero.sentences import present_fields
from schedulezero.wire.storable import Unstorable, clean_text, read_json

MAX_FRAME_BYTES = 1024 * 1024
"""The largest message that either side accepts (1 MiB)."""

OUTGOING_HEADER = "X-ScheduleZero-Outgoing"
"""Header of every request that we make to a third-party web service. Our REST API refuses requests with
it, so that a person who chooses the address of a web call can't use our own API through us.
"""

PING: JsonObject = {"method": "ping", "params": {}}
PONG: JsonObject = {"success": True, "message": "pong"}

_DELIMITER = b""
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
LONGEST_RUN_ID = 300
"""The most characters of a run's id, which is its job's id and an instant."""


class BadFrame(ValueError):
    """A frame isn't a message; the text says why, for the peer that sent it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to run a method, as a handler receives it."""

    method: str
    params: JsonObject
    run_id: str | None = None
    job_id: str | None = None
    attempt: int = 1
    round: int = 1
    context: JsonObject = field(default_factory=dict[str, Any])


def encode(message: JsonObject) -> bytes:
    """Return a message as the bytes of its frame.

    Raises TypeError or ValueError if JSON can't represent it.
    """
    return _encoder.encode(message).encode("utf-8", "replace")


def decode(payload: bytes) -> JsonObject:
    """Return a frame's bytes as a message; raises BadFrame with the reason if they are invalid."""
    if len(payload) > MAX_FRAME_BYTES:
        raise BadFrame(f"The message has {len(payload)} bytes; at most {MAX_FRAME_BYTES} are accepted.")
    try:
        message: Any = read_json(payload)
    except Unstorable as error:
        raise BadFrame(f"The message holds {error}.") from error
    except ValueError as error:
        raise BadFrame("The message is not valid JSON.") from error
    if not isinstance(message, dict):
        raise BadFrame('The message is not a JSON object such as {"method": "ping", "params": {}}.')
    return cast(JsonObject, message)


def split_envelope(frames: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """Split a multipart message into its envelope (including the delimiter) and its payload.

    The envelope of a peer that sends no delimiter (a bare DEALER) is just its identity. Raises BadFrame if
    the payload is missing or has more than one frame.
    """
    if _DELIMITER in frames[1:]:
        position = frames.index(_DELIMITER, 1)
        envelope, payload = list(frames[: position + 1]), frames[position + 1 :]
    else:
        envelope, payload = list(frames[:1]), frames[1:]
    if len(payload) != 1:
        raise BadFrame(f"A message is one frame; {len(payload)} came.")
    return envelope, payload[0]


def envelope_of(frames: Sequence[bytes]) -> list[bytes]:
    """Return the envelope of a message with an unusable payload, so that it can be answered anyway."""
    if _DELIMITER in frames[1:]:
        return list(frames[: frames.index(_DELIMITER, 1) + 1])
    return list(frames[:1])


def parse_call(message: JsonObject) -> Call:
    """Return a message as a call of a method; raises BadFrame with the key that is missing or mistyped."""
    method = message.get("method")
    if not isinstance(method, str) or not method:
        raise BadFrame('The message needs "method", the name of the method to call, as a text.')
    params = message.get("params", {})
    if params is None:
        params = {}
    if not isinstance(params, dict):
        raise BadFrame(f'"params" of {method[:100]!r} must be a JSON object, not {_json_type(params)}.')
    if message.get("job_id") in (".", ".."):
        raise BadFrame('"job_id" must be an id that a path can hold, not only dots.')
    context = message.get("context")
    return Call(
        method=method,
        params=cast(JsonObject, params),
        run_id=_text(message.get("run_id")),
        job_id=_text(message.get("job_id")),
        attempt=_count(message.get("attempt")),
        round=_count(message.get("round")),
        context=cast(JsonObject, context) if isinstance(context, dict) else {},
    )


def failure(error: str, **extra: Any) -> JsonObject:
    """Return an answer that counts as failed, with the reason as text, code and values."""
    return {"success": False, **present_fields("error", clean_text(error)), **extra}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= LONGEST_RUN_ID else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 1


def _json_type(value: Any) -> str:
    names = {"list": "a list", "str": "a text", "bool": "a boolean", "int": "a number", "float": "a number"}
    return names.get(type(value).__name__, "null")
