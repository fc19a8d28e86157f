"""Masks the secrets of jobs for tokens that may only read: whoever may write can find them out anyway.

`schedulezero.server.http.secret_values` says what is a secret. An address is shown as its scheme and host,
any other value as ``…``. All answers to such a token pass through here, so no resource can forget it, and
they are masked before they are written. A job that is saved with the mask keeps the value that it had; where
there is none, the mask is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schedulezero.model import Job, JsonObject
from schedulezero.server.http.answering import JsonAnswer
from schedulezero.server.http.errors import ApiError
from schedulezero.server.http.secret_values import NotItsMask, Place, kept, mask, masked, params_of

READS_ONLY = web.RequestKey("reads_only", bool)
"""Whether a request's token may only read."""
SchemaOf = Callable[[str, str], JsonObject | None]
"""Takes a handler's id and a method; returns the schema of its params, or None if it sent none."""
_IN_PARAMS = "params."


class Masks:
    """Masks secrets in answers, and recognises masks that come back.

    Parameters:
        schema_of: returns what a method says of its params.
        all_schemas: returns what all methods say of theirs.
    """

    def __init__(
        self, schema_of: SchemaOf, all_schemas: Callable[[], Iterable[JsonObject]] = lambda: ()
    ) -> None:
        self._schema_of = schema_of
        self._all_schemas = all_schemas

    def middleware(self) -> Middleware:
        """Return the writing of all JSON, with the masking of what is answered to a token that may only read.

        Nothing below may answer such a token in JSON except with `json_answer`.
        """

        @web.middleware
        async def write(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = await handler(request)
            if isinstance(answer, JsonAnswer):
                await answer.encode(self.masked if request.get(READS_ONLY) else None)
            return answer

        return write

    def masked(self, data: Any) -> Any:
        """Return JSON with the secrets of all jobs, runs and changes in it masked."""
        return self._masked(data, "", {})

    def _masked(self, data: Any, handler_id: str, places: dict[tuple[str, str], Place]) -> Any:
        if isinstance(data, list):
            return [self._masked(item, handler_id, places) for item in cast("list[Any]", data)]
        if not isinstance(data, dict):
            return data
        found = cast(JsonObject, data)
        handler_id = str(found.get("handler_id") or handler_id)

        def shown(of: str, method: str, params: JsonObject) -> JsonObject:
            if not of:  # a part in a change, which doesn't say of which handler it is
                return {name: self._of_any(name, value) for name, value in params.items()}
            place = places.get((of, method))
            if place is None:
                place = places[of, method] = params_of(self._schema_of(of, method))
            return {name: masked(place.below(name), name, value) for name, value in params.items()}

        match found:
            case {"method": str() as method, "params": dict()}:
                others = {key: value for key, value in found.items() if key != "params"}
                params = shown(handler_id, method, cast(JsonObject, found["params"]))
                return {**self._members(others, handler_id, places), "params": params}
            case {"args": [str() as of, str() as method, dict(), job_id]}:  # dialect B's jobs
                others = {key: value for key, value in found.items() if key != "args"}
                params = shown(of, method, cast(JsonObject, found["args"][2]))
                return {**self._members(others, handler_id, places), "args": [of, method, params, job_id]}
            case {"field": str() as field, "old": old, "new": new} if _IN_PARAMS in field:
                name = field.rpartition(_IN_PARAMS)[2]
                return found | {"old": self._of_any(name, old), "new": self._of_any(name, new)}
            case _:
                return self._members(found, handler_id, places)

    def _members(
        self, found: JsonObject, handler_id: str, places: dict[tuple[str, str], Place]
    ) -> JsonObject:
        return {key: self._masked(value, handler_id, places) for key, value in found.items()}

    def _of_any(self, name: str, value: Any) -> Any:
        """Return a value of a change, which doesn't say of which method it is: what any has secret is."""
        shown = masked(params_of(None), name, value)
        for schema in self._all_schemas():
            place = params_of(schema).below(name)
            if place.schemas and (place.is_secret(name) or masked(place, name, value) != value):
                return mask(name, value)
        return shown

    def kept(self, before: Job, after: Job) -> Job:
        """Return a changed job with the secrets it had wherever the change has their masks.

        Raises ApiError 400 for a mask of anything else.
        """
        parts = {part.id: part for part in before.parts}
        whole = replace(
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
        return whole if whole != after else after

    def check(self, job: Job) -> None:
        """Raise ApiError 400 if a new job has a mask where a secret belongs."""
        self.kept(replace(job, params={}, parts=()), job)

    def _kept(
        self, job: Job, method: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        place = params_of(self._schema_of(job.handler_id, method))
        found: dict[str, Any] = {}
        for name, value in after.items():
            try:
                found[name] = kept(place.below(name), name, before.get(name), value)
            except NotItsMask as error:
                raise ApiError(
                    400,
                    "masked_value",
                    f"{error.name!r} is masked for tokens that may only read, and this isn't the mask of its "
                    "present value. Send the value itself.",
                    f"params.{name}",
                ) from error
        return found
