"""``POST /api/preview``: shows how the server reads a text, without saving anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from schedulezero.errors import WhenError
from schedulezero.server.http.answering import json_answer
from schedulezero.server.http.bodies import check_zone, read_body
from schedulezero.server.http.errors import ApiError
from schedulezero.when.language.describe import describe
from schedulezero.when.language.preview import preview
from schedulezero.when.language.say import language_of


class PreviewBody(BaseModel):
    """``POST /api/preview``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(max_length=500)]
    timezone: str | None = None
    locale: Annotated[str, Field(min_length=2, max_length=20)] = "en-US"
    count: Annotated[int, Field(ge=1, le=100)] = 5


class PreviewResource:
    """The route handler of ``/api/preview``."""

    def __init__(self, timezone: str, now: Callable[[], datetime]) -> None:
        self._timezone = timezone
        self._now = now

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.post("/api/preview", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        body = await read_body(request, PreviewBody)
        zone = check_zone(body.timezone, self._timezone)
        try:
            # Parsing, describing and computing a hundred runs can block the loop for too long.
            found = await asyncio.to_thread(
                preview, body.text, zone=zone, locale=body.locale, now=self._now(), count=body.count
            )
        except WhenError as error:
            raise ApiError(400, "not_understood", error.message, "text") from error
        # Programs may read the sentence, too: its clock has 24 hours in each locale.
        sentence = describe(found.trigger, found.zone, language_of(body.locale))
        return json_answer({**found.to_json(), "text": sentence})
