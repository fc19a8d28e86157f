"""Masks the secrets of jobs for tokens that may only read: whoever may write can find them out anyway.

A secret is a param that its method's JSON Schema marks as ``writeOnly``, or whose method sent no schema and
whose name tells (`schedulezero.methods.secret_params`). An address is shown as its scheme and host, any other
value as ``…``. All answers to such a token pass through here, so no resource can forget it. A job that is
saved with the mask keeps the value that it had; where there is none, the mask is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schedulezero.methods.parameters import Kind, kind_of
from schedulezero.methods.secret_params import is_secret_by_name
from schedulezero.model import Job, JsonObject
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.errors import ApiError
from schedulezero.web.address import shortened

READS_ONLY = web.RequestKey("reads_only", bool)
"""Whether a request's token may only read."""
SchemaOf = Callable[[str, str], JsonObject | None]
"""Takes a handler's id and a method; returns the schema of its params, or None if it sent none."""
_HIDDEN = "…"
_IN_PARAMS = "params."


class Masks:
    """Masks secrets in answers, and recognises masks that come back.

    Parameters:
        schema_of: returns what a method says of its params.
    """

    def __init__(self, schema_of: SchemaOf) -> None:
        self._schema_of = schema_of

    def middleware(self) -> Middleware:
        """Return the masking of all JSON that is answered to a token that may only read."""

        @web.middleware
        async def mask(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            if not request.get(READS_ONLY) or not isinstance(answer, web.Response):
                return answer
            if answer.content_type != "application/json" or not answer.text:
                return answer
            return json_answer(self.masked(json.loads(answer.text)), status=answer.status)

        return mask

    def masked(self, data: Any, handler_id: str = "") -> Any:
        """Return JSON with the secrets of all jobs, runs and changes in it masked."""
        if isinstance(data, list):
            return [self.masked(item, handler_id) for item in cast("list[Any]", data)]
        if not isinstance(data, dict):
            return data
        found = cast(JsonObject, data)
        handler_id = str(found.get("handler_id") or handler_id)
        shown = {key: self.masked(value, handler_id) for key, value in found.items()}
        match found:
            case {"method": str() as method, "params": dict()}:
                shown["params"] = self._shown(handler_id, method, cast(JsonObject, found["params"]))
            case {"args": [str() as of, str() as method, dict(), job_id]}:  # dialect B's jobs
                params = cast(JsonObject, found["args"][2])
                shown["args"] = [of, method, self._shown(of, method, params), job_id]
            case {"field": str() as field, "old": old, "new": new} if _IN_PARAMS in field:
                # A change doesn't say of which method it is.
                name = field.rpartition(_IN_PARAMS)[2]
                if is_secret_by_name(name):
                    shown |= {"old": _mask(name, old), "new": _mask(name, new)}
            case _:
                pass
        return shown

    def kept(self, before: Job, after: Job) -> Job:
        """Return a changed job with the secrets it had wherever the change has their masks.

        Raises ApiError 400 for a mask of anything else.
        """
        parts = {part.id: part for part in before.parts}
        kept = replace(
            after,
            params=self._kept(after, after.method, before.params, after.params),
            parts=tuple(
                replace(
                    part,
                    params=self._kept(
                        after, part.method, parts[part.id].params if part.id in parts else {}, part.params
                    ),
                )
                for part in after.parts
            ),
        )
        return kept if kept != after else after

    def check(self, job: Job) -> None:
        """Raise ApiError 400 if a new job has a mask where a secret belongs."""
        self.kept(replace(job, params={}, parts=()), job)

    def _kept(
        self, job: Job, method: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        found = dict(after)
        for name, value in after.items():
            is_mask = isinstance(value, str) and (value == _HIDDEN or value.endswith(f"/{_HIDDEN}"))
            if not is_mask or value == before.get(name) or not self._is_secret(job.handler_id, method, name):
                continue
            if value != _mask(name, before.get(name)):
                raise ApiError(
                    400,
                    "masked_value",
                    f"{name!r} is masked for tokens that may only read, and this isn't the mask of its "
                    "present value. Send the value itself.",
                    f"params.{name}",
                )
            found[name] = before[name]
        return found

    def _shown(self, handler_id: str, method: str, params: JsonObject) -> JsonObject:
        return {
            name: _mask(name, value) if value and self._is_secret(handler_id, method, name) else value
            for name, value in params.items()
        }

    def _is_secret(self, handler_id: str, method: str, name: str) -> bool:
        schema = self._schema_of(handler_id, method) or {}
        properties = cast("dict[str, JsonObject]", schema.get("properties") or {})
        if name not in properties:
            return is_secret_by_name(name)
        return properties[name].get("writeOnly") is True


def _mask(name: str, value: Any) -> Any:
    if not value:
        return value
    return shortened(str(value)) if kind_of(name, "") is Kind.URL else _HIDDEN
