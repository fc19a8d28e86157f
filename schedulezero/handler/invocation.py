"""One call of one job function, and its one answer, which describes every outcome in words.

On the wire, an answer counts as failed only if ``success`` is false. So every failure becomes such an answer:
an exception, an ``{"error": …}`` result, or a result that JSON can't represent.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from schedulezero.errors import JobFailed, ParameterError, Uncertain
from schedulezero.handler.job_meta import with_meta
from schedulezero.handler.repetitions import Asked, asked
from schedulezero.interrupts import is_its_own
from schedulezero.methods.spec import JobFunction, MethodSpec, spec_of
from schedulezero.methods.values import MissingKey, check_params
from schedulezero.model import JsonObject
from schedulezero.sentences import Sentence, present_fields
from schedulezero.wire.protocol import MAX_FRAME_BYTES, Call, encode, failure
from schedulezero.wire.storable import MOST_VALUES, Unstorable, check, clean_text, too_many

log = logging.getLogger(__name__)


def is_async(function: JobFunction) -> bool:
    """Return whether a job function runs on the event loop."""
    told = getattr(function, "is_async", None)
    if isinstance(told, bool):
        return told  # set by a typed job
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object may be a job, too
    )


def place_of(function: JobFunction) -> str:
    """Return where a job function is defined, for its author: its module and its name there."""
    inner: Any = inspect.unwrap(function)
    names = (getattr(inner, name, None) for name in ("__module__", "__qualname__"))
    return ".".join(str(name) for name in names if name) or type(inner).__name__


def file_of(function: JobFunction) -> str | None:
    """Return the file where a job function is written; None if unknown."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_filename if isinstance(code, types.CodeType) else None


class JobStopped(Exception):
    """A job function raised something that isn't an Exception, such as SystemExit."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.error = error


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call with its function, the function's declaration, and the checked params.

    ``asked`` identifies a call that came without a run id.
    """

    call: Call
    function: JobFunction
    spec: MethodSpec
    params: dict[str, Any]
    asked: Asked | None = None


# A function's declaration never changes; a reloaded sprocket brings new functions.
_known_spec = lru_cache(maxsize=1024)(spec_of)


def prepare(call: Call, function: JobFunction, peer: str | None = None) -> Invocation:
    """Prepare a call for execution; raises ParameterError if its params are invalid.

    Parameters:
        call: the call, as it arrived.
        function: the job function.
        peer: the key that the caller proved; None on a plain wire.
    """
    identity = asked(call, peer) if call.run_id is None else None
    call = with_meta(call)
    try:
        spec = _known_spec(call.method, function)
    except TypeError:  # an unhashable object
        spec = spec_of(call.method, function)
    return Invocation(call, function, spec, check_params(spec, call.params), identity)


def answer_of(call: Call, result: Any) -> JsonObject:
    """Return a job's result as an answer."""
    try:
        return _answer_of(call, result)
    except Exception as error:
        # A custom object whose methods fail when they are read.
        log.warning(
            "the result of %s (run %s) cannot be read",
            call.method,
            call.run_id,
            exc_info=error,
            extra={"run_id": call.run_id},
        )
    except BaseException as error:
        if not is_its_own(error):
            raise
    return failure(
        Sentence(
            "{method} ran, but its result can't be read. Return only strings, numbers, lists and dicts.",
            "result_unreadable",
            method=call.method,
        ),
        retry=False,
    )


def _answer_of(call: Call, result: Any) -> JsonObject:
    if result is None:
        return {"success": True}
    if not isinstance(result, Mapping):
        result = {"result": result}
    found = cast("Mapping[str, Any]", result)
    try:
        if len(found) > MOST_VALUES:
            raise too_many(MOST_VALUES)
        answer: JsonObject = dict(found)
        error = answer.get("error")
        if error and answer.get("success") is not True:
            answer |= present_fields("error", clean_text(error if isinstance(error, str) else str(error)))
            answer["success"] = False
        else:
            answer.setdefault("success", True)
        check(answer, largest=MAX_FRAME_BYTES)
    except Unstorable as error:
        return failure(
            Sentence(
                "{method} ran, but JSON can't represent its result: it contains {what}. Return only "
                "strings, numbers, lists and dicts.",
                "result_not_json",
                method=call.method,
                what=error.said,
            ),
            retry=False,
        )
    payload = encode(answer)
    size = len(payload)
    if size > MAX_FRAME_BYTES:
        return failure(
            Sentence(
                "{method} ran, but returned {size} bytes; at most {max_frame_bytes} can be sent.",
                "result_too_large",
                method=call.method,
                size=size,
                max_frame_bytes=MAX_FRAME_BYTES,
            ),
            retry=False,
        )
    return json.loads(payload)  # plain values, whatever classes the job used


def answer_of_error(call: Call, error: BaseException) -> JsonObject:
    """Return a job's exception as an answer, with a hint whether a retry can help.

    Parameters:
        call: the call.
        error: what was raised.
    """
    try:
        answer = _answer_of_error(call, error)
        check(answer)
    except Exception:  # noqa: BLE001 - its own methods may fail as well
        return _unshowable(call, error)
    except BaseException as raised:
        if not is_its_own(raised):
            raise
        return _unshowable(call, error)
    return answer


def _unshowable(call: Call, error: BaseException) -> JsonObject:
    return failure(
        Sentence(
            "{method} failed with {name}; the error can't be shown.",
            "failed_unshowable",
            method=call.method,
            name=type(error).__name__,
        )
    )


def _answer_of_error(call: Call, error: BaseException) -> JsonObject:
    if isinstance(error, JobStopped):
        error = error.error
    if isinstance(error, Uncertain):
        return failure(error.message, retry=False, uncertain=True)
    if isinstance(error, JobFailed):
        extra: JsonObject = {} if error.retry else {"retry": False}
        if error.retry_after is not None and math.isfinite(error.retry_after):
            extra["retry_after"] = error.retry_after
            if error.limited:
                extra["limited"] = True
        if error.pause:
            extra["pause"] = True
        return failure(error.message, **extra)
    if isinstance(error, ParameterError):
        return failure(error.message, retry=False)
    log.error(
        "job %s failed (run %s)", call.method, call.run_id, exc_info=error, extra={"run_id": call.run_id}
    )
    if isinstance(error, MissingKey):
        return failure(
            Sentence(
                "{method} needs the parameter {key!r}, which is missing.",
                "parameter_missing_key",
                method=call.method,
                key=error.args[0],
            ),
            retry=False,
        )
    name, text = type(error).__name__, str(error)
    if not text:
        return failure(
            Sentence("{method} failed: {error}.", "job_raised_silently", method=call.method, error=name)
        )
    return failure(
        Sentence(
            "{method} failed: {error}: {text}",
            "job_raised",
            method=call.method,
            error=name,
            text=text,
        )
    )


def stopped(call: Call) -> JsonObject:
    """Return the answer to a call that was cancelled."""
    return failure(
        Sentence(
            "{method} was stopped because the handler is shutting down.",
            "stopped_shutting_down",
            method=call.method,
        )
    )
