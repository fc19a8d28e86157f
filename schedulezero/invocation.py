"""One call of one job function → one answer. Whatever happens, the answer says it in words.

The wire counts an answer as failed only when ``success`` is false, so every failure is turned into
that: an exception, a ``{"error": …}`` result, a result that JSON cannot hold.
"""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from schedulezero.errors import JobFailed, ParameterError, Uncertain
from schedulezero.methods import JobFunction, MethodSpec, spec_of
from schedulezero.model import JsonObject
from schedulezero.parameter_values import check_params
from schedulezero.protocol import MAX_FRAME_BYTES, Call, encode, failure
from schedulezero.storable import Unstorable, check, clean_text

log = logging.getLogger(__name__)


def is_async(function: JobFunction) -> bool:
    """Whether a job function belongs on the event loop."""
    told = getattr(function, "is_async", None)
    if isinstance(told, bool):
        return told  # a typed job knows
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object may be a job, too
    )


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call with the function that carries it out, what that declares, and the params to call it with."""

    call: Call
    function: JobFunction
    spec: MethodSpec
    params: dict[str, Any]


# A function declares the same for as long as it lives; a reloaded sprocket brings new ones.
_known_spec = lru_cache(maxsize=1024)(spec_of)


def prepare(call: Call, function: JobFunction) -> Invocation:
    """A call, ready to be carried out; ParameterError says what is wrong with its params."""
    try:
        spec = _known_spec(call.method, function)
    except TypeError:  # an object that cannot be hashed
        spec = spec_of(call.method, function)
    return Invocation(call, function, spec, check_params(spec, call.params))


def answer_of(call: Call, result: Any) -> JsonObject:
    """A job's result as an answer."""
    if result is None:
        return {"success": True}
    if not isinstance(result, Mapping):
        result = {"result": result}
    answer: JsonObject = dict(cast("Mapping[str, Any]", result))
    error = answer.get("error")
    if error and answer.get("success") is not True:
        answer["error"] = clean_text(str(error))
        answer["success"] = False
    else:
        answer.setdefault("success", True)
    try:
        check(answer)
    except Unstorable as error:
        return failure(
            f"{call.method} ran, but returned something that JSON cannot hold: {error}. "
            "Return texts, numbers, lists and dicts.",
            retry=False,
        )
    size = len(encode(answer))
    if size > MAX_FRAME_BYTES:
        return failure(
            f"{call.method} ran, but returned {size} bytes; at most {MAX_FRAME_BYTES} can be sent.",
            retry=False,
        )
    return answer


def answer_of_error(call: Call, error: BaseException) -> JsonObject:
    """What a job raised as an answer, with a hint whether trying again can help."""
    if isinstance(error, Uncertain):
        return failure(error.message, retry=False, uncertain=True)
    if isinstance(error, JobFailed):
        extra: JsonObject = {} if error.retry else {"retry": False}
        if error.retry_after is not None and math.isfinite(error.retry_after):
            extra["retry_after"] = error.retry_after
        if error.pause:
            extra["pause"] = True
        return failure(error.message, **extra)
    if isinstance(error, ParameterError):
        return failure(error.message, retry=False)
    log.error("job %s failed (run %s)", call.method, call.run_id, exc_info=error)
    if isinstance(error, KeyError) and error.args and error.args[0] not in call.params:
        return failure(f"{call.method} needs the parameter {error.args[0]!r}, which is missing.", retry=False)
    text = str(error) or "no reason given"
    return failure(f"{call.method} failed: {type(error).__name__}: {text}")
